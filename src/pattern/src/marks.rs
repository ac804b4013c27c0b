//! Where strings begin and end in a text of JSON, and where objects and lists do: one bit for each byte.

use std::ops::Range;

const BLOCK: usize = 64;

/// Kept from event to event, so that nothing is allocated anew.
#[derive(Debug, Default)]
pub(super) struct Marks {
    blocks: Vec<Marked>,
    /// Where the first backslash is at the earliest, and the place after the last at the latest.
    escapes: Range<usize>,
}

/// The marks of one block.
#[derive(Debug, Clone, Copy)]
struct Marked {
    /// Quotes that are not escaped.
    quotes: u64,
    /// `{` and `[` outside of strings.
    opens: u64,
    /// `}` and `]` outside of strings.
    closes: u64,
}

impl Marks {
    pub fn mark(&mut self, text: &[u8]) {
        self.blocks.clear();
        let (mut within, mut escaped) = (0, 0);
        let (mut place, mut first_escape, mut last_escape) = (0, usize::MAX, 0);
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut last = [0; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        self.blocks.extend(blocks.iter().chain(std::iter::once(&last)).map(|block| {
            let bits = Bits::of(block);
            place += BLOCK;
            if bits.backslashes != 0 {
                first_escape = first_escape.min(place - BLOCK);
                last_escape = place;
            }
            let quotes = bits.quotes & !escapes(bits.backslashes, &mut escaped);
            let strings = parity(quotes) ^ within;
            // All ones if a string goes on in the next block.
            within = ((strings as i64) >> 63) as u64;
            Marked { quotes, opens: bits.opens & !strings, closes: bits.closes & !strings }
        }));
        self.escapes = first_escape..last_escape;
    }

    /// Whether there may be a backslash within; mostly known without a look.
    pub fn may_have_escapes(&self, start: usize, end: usize) -> bool {
        start < self.escapes.end && end > self.escapes.start
    }

    /// The first quote at or after a place.
    pub fn quote(&self, at: usize) -> Option<usize> {
        let mut block = at / BLOCK;
        let mut bits = self.blocks.get(block)?.quotes >> (at % BLOCK) << (at % BLOCK);
        while bits == 0 {
            block += 1;
            bits = self.blocks.get(block)?.quotes;
        }
        Some(block * BLOCK + bits.trailing_zeros() as usize)
    }

    /// The place after the object or list that begins here. Whether an object ends as one is not looked at.
    pub fn after(&self, at: usize) -> Option<usize> {
        let mut block = at / BLOCK;
        let low = at % BLOCK;
        let clear = |bits: u64| bits >> low << low;
        let Marked { opens, closes, .. } = *self.blocks.get(block)?;
        let (mut opens, mut closes) = (clear(opens), clear(closes));
        let mut depth = 0u32;
        loop {
            if depth > closes.count_ones() {
                depth = depth + opens.count_ones() - closes.count_ones();
            } else {
                while closes != 0 {
                    let close = closes & closes.wrapping_neg();
                    let before = opens & (close - 1);
                    depth += before.count_ones();
                    opens ^= before;
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(block * BLOCK + close.trailing_zeros() as usize + 1);
                    }
                    closes ^= close;
                }
                depth += opens.count_ones();
            }
            block += 1;
            Marked { opens, closes, .. } = *self.blocks.get(block)?;
        }
    }
}

/// The bytes that an odd run of backslashes stands before. `carry` is 1 if the first byte of the block is one.
fn escapes(backslashes: u64, carry: &mut u64) -> u64 {
    if backslashes == 0 {
        return std::mem::take(carry);
    }
    let mut escaped = *carry;
    let mut left = backslashes & !escaped;
    *carry = 0;
    while left != 0 {
        let first = left.trailing_zeros();
        let next = 2u64 << first;
        *carry = u64::from(first == 63);
        escaped |= next;
        left &= !next & (left - 1);
    }
    escaped
}

/// Each bit: whether the bits up to it, itself included, are odd in number.
fn parity(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

struct Bits {
    quotes: u64,
    backslashes: u64,
    opens: u64,
    closes: u64,
}

impl Bits {
    fn of(block: &[u8; BLOCK]) -> Self {
        // `{` and `[` differ in one bit, as do `}` and `]`.
        let folded = block.map(|byte| byte | 0x20);
        let columns =
            [columns(block, b'"'), columns(block, b'\\'), columns(&folded, b'{'), columns(&folded, b'}')];
        let [quotes, backslashes, opens, closes] = columns.map(transposed);
        Self { quotes, backslashes, opens, closes }
    }
}

/// Of each byte the bit of its row, of eight bytes.
const ROWS: [u8; BLOCK] = {
    let mut rows = [0; BLOCK];
    let mut place = 0;
    while place < BLOCK {
        rows[place] = 1 << (place / 8);
        place += 1;
    }
    rows
};

/// One bit for each byte: whether it is this one; that of byte 8 y + x is bit 8 x + y. Written so that the compiler
/// compares many at once, and has no bits to gather one by one.
fn columns(block: &[u8; BLOCK], byte: u8) -> u64 {
    let mut hits = [0; BLOCK];
    for (hit, (other, row)) in hits.iter_mut().zip(block.iter().zip(&ROWS)) {
        *hit = if *other == byte { *row } else { 0 };
    }
    let (rows, _) = hits.as_chunks::<8>();
    rows.iter().fold(0, |columns, row| columns | u64::from_le_bytes(*row))
}

/// Moves bit 8 x + y to 8 y + x: swaps single bits, then pairs, then four by four.
fn transposed(mut bits: u64) -> u64 {
    for (distance, which) in
        [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0)]
    {
        let changed = (bits ^ (bits >> distance)) & which;
        bits ^= changed ^ (changed << distance);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end_of_what_is_nested() {
        let check = |text: &str, expected: Option<usize>| {
            // At every place within a block, and across two.
            for shift in 0..2 * BLOCK {
                let shifted = format!("{}{text}", " ".repeat(shift));
                let mut marks = Marks::default();
                marks.mark(shifted.as_bytes());
                assert_eq!(marks.after(shift).map(|end| end - shift), expected, "{text} after {shift}");
            }
        };
        check("{}", Some(2));
        check("[1,2]x", Some(5));
        check(r#"{"a":[{},[{}]],"b":{}} {}"#, Some(22));
        check(r#"{"}":"]"}"#, Some(9));
        check(r#"{"\"}":1}"#, Some(9));
        check(r#"{"\\":"}"}"#, Some(10));
        check(r#"{"\\\"}":"}\\\\"}"#, Some(17));
        check(r#"{"a":1"#, None);
        check(r#"{"a}"#, None);
        check(&format!("{}{}", "[".repeat(100), "]".repeat(100)), Some(200));
        check(&format!("{}{}", r#"{"a":["#.repeat(50), "]}".repeat(50)), Some(400));
    }

    #[test]
    fn finds_quotes_that_are_not_escaped() {
        let check = |text: &str, expected: &[usize]| {
            for shift in 0..2 * BLOCK {
                let shifted = format!("{}{text}", " ".repeat(shift));
                let mut marks = Marks::default();
                marks.mark(shifted.as_bytes());
                let mut found = Vec::new();
                let mut at = 0;
                while let Some(quote) = marks.quote(at) {
                    found.push(quote - shift);
                    at = quote + 1;
                }
                assert_eq!(found, expected, "{text} after {shift}");
            }
        };
        check(r#""a""#, &[0, 2]);
        check(r#""\"""#, &[0, 3]);
        check(r#""\\""#, &[0, 3]);
        check(r#""\\\"\\""#, &[0, 7]);
        check(r#""é\u0022","""#, &[0, 9, 11, 12]);
    }
}
