//! Positions of strings, objects and lists in a JSON text, as one bit per byte.

use std::ops::Range;

const BLOCK: usize = 64;

/// Marks of one event. The memory is reused for the next event.
#[derive(Debug, Default)]
pub(super) struct Marks {
    blocks: Vec<Marked>,
    /// Range that contains all backslashes. It may be larger than necessary.
    escapes: Range<usize>,
}

/// Marks of one block.
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
    /// Computes the marks of a text.
    pub(crate) fn mark(&mut self, text: &[u8]) {
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
            // All ones if a string continues in the next block.
            within = ((strings as i64) >> 63) as u64;
            Marked { quotes, opens: bits.opens & !strings, closes: bits.closes & !strings }
        }));
        self.escapes = first_escape..last_escape;
    }

    /// Returns true if the range may contain a backslash.
    pub(crate) fn may_have_escapes(&self, start: usize, end: usize) -> bool {
        start < self.escapes.end && end > self.escapes.start
    }

    /// Returns the position of the first unescaped quote at or after `at`.
    pub(crate) fn quote(&self, at: usize) -> Option<usize> {
        let mut block = at / BLOCK;
        let mut bits = self.blocks.get(block)?.quotes >> (at % BLOCK) << (at % BLOCK);
        while bits == 0 {
            block += 1;
            bits = self.blocks.get(block)?.quotes;
        }
        Some(block * BLOCK + bits.trailing_zeros() as usize)
    }

    /// Returns the position after the object or list that begins at `at`. A brace may close a bracket, and the reverse.
    pub(crate) fn after(&self, at: usize) -> Option<usize> {
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

/// Returns the bytes after an odd run of backslashes. `carry` is 1 if such a run ends just before the block; it is set
/// for the next block.
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

/// Returns for each bit whether an odd number of bits up to and including it are set.
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

/// Bit of each byte in its row of eight bytes.
const ROWS: [u8; BLOCK] = {
    let mut rows = [0; BLOCK];
    let mut place = 0;
    while place < BLOCK {
        rows[place] = 1 << (place / 8);
        place += 1;
    }
    rows
};

/// Returns one bit per byte: whether it equals `byte`. The bit of byte 8 y + x is bit 8 x + y. In this form the
/// compiler compares many bytes at once, and no bits have to be gathered one by one.
fn columns(block: &[u8; BLOCK], byte: u8) -> u64 {
    let mut hits = [0; BLOCK];
    for (hit, (other, row)) in hits.iter_mut().zip(block.iter().zip(&ROWS)) {
        *hit = if *other == byte { *row } else { 0 };
    }
    let (rows, _) = hits.as_chunks::<8>();
    rows.iter().fold(0, |columns, row| columns | u64::from_le_bytes(*row))
}

/// Moves bit 8 x + y to 8 y + x by swapping single bits, then pairs, then groups of four.
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
            // At every position within a block, and across two blocks.
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
