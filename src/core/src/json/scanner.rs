//! JSON reader that inspects as few bytes as possible, in plain JSON or in a quoted string of another document.
//!
//! It accepts nothing that `serde_json` rejects. `None` means that the input is unusual, and that `serde_json` has to
//! be asked.

/// Factor that repeats a byte eight times.
const EACH: u64 = 0x0101_0101_0101_0101;
/// Highest bit of each byte.
const HIGHEST: u64 = 0x80 * EACH;

/// JSON scanner. With `QUOTED` it reads inside a JSON string, where a quote is `\"` and a backslash is `\\`. Other
/// escapes of that outer string are not supported, because JSON does not need them.
#[derive(Debug)]
pub(crate) struct Scanner<'a, const QUOTED: bool> {
    bytes: &'a [u8],
    start: usize,
    at: usize,
    /// Bytes skipped in strings, eight at a time, combined by OR. It shows if there was anything but ASCII.
    seen: u64,
}

impl<'a> Scanner<'a, false> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self::within(bytes)
    }

    /// Reads a string that contains JSON. After `None` the scanner is still in front of the string.
    pub(crate) fn quoted<T>(&mut self, read: impl FnOnce(&mut Scanner<'a, true>) -> Option<T>) -> Option<T> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let mut inner = Scanner { bytes: self.bytes, start, at: start, seen: 0 };
        let value = read(&mut inner)?;
        inner.expect(b'"')?;
        if !inner.is_text() {
            return None;
        }
        self.at = inner.at;
        Some(value)
    }
}

impl<'a, const QUOTED: bool> Scanner<'a, QUOTED> {
    /// Creates a scanner of bytes that another scanner has skipped.
    pub(crate) fn within(bytes: &'a [u8]) -> Self {
        Self { bytes, start: 0, at: 0, seen: 0 }
    }

    /// Index of the next byte.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    /// Returns true if everything read is UTF-8. Strings are skipped without that check.
    pub(crate) fn is_text(&self) -> bool {
        self.seen & HIGHEST == 0 || std::str::from_utf8(self.since(self.start)).is_ok()
    }

    /// Returns the next byte that is not white space, without consuming it.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' => self.at += 1,
                b'\n' | b'\r' | b'\t' if !QUOTED => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    pub(crate) fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Reads an object. `member` gets each key, and reads or skips the value.
    pub(crate) fn object(&mut self, mut member: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.list(b'{', b'}', |json| {
            let key = json.plain()?;
            json.expect(b':')?;
            member(json, key)
        })
    }

    /// Reads an array, calling `element` for each element.
    pub(crate) fn array(&mut self, element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.list(b'[', b']', element)
    }

    fn list(&mut self, open: u8, close: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(open)?;
        if self.peek()? != close {
            item(self)?;
            while self.peek()? == b',' {
                self.at += 1;
                item(self)?;
            }
        }
        self.expect(close)
    }

    /// Reads a string without escapes.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.plain()?).ok()
    }

    /// Reads a string without escapes, and without checking that it is UTF-8.
    pub(crate) fn plain(&mut self) -> Option<&'a [u8]> {
        self.peek()?;
        self.quote()?;
        let start = self.at;
        self.find_special()?;
        let text = self.since(start);
        self.quote()?;
        Some(text)
    }

    /// Reads a string without escapes, or skips any other value.
    pub(crate) fn text_or_skip(&mut self) -> Option<Option<&'a str>> {
        if self.peek()? != if QUOTED { b'\\' } else { b'"' } {
            return self.skip().map(|()| None);
        }
        let start = self.at;
        if let Some(text) = self.text() {
            return Some(Some(text));
        }
        self.at = start;
        self.skip_string().map(|()| None)
    }

    /// Skips one value of any kind.
    pub(crate) fn skip(&mut self) -> Option<()> {
        // Bit stack of the open containers, innermost lowest: 1 is an object, 0 an array. The highest 1 marks its end.
        let mut open = 1u64;
        loop {
            let first = self.peek()?;
            let close = if first == b'{' { b'}' } else { b']' };
            if first != b'{' && first != b'[' {
                self.skip_scalar(first)?;
            } else {
                self.at += 1;
                if self.peek()? != close {
                    let is_object = first == b'{';
                    open = (open.leading_zeros() > 0).then_some(open << 1 | u64::from(is_object))?;
                    if is_object {
                        self.skip_key()?;
                    }
                    continue;
                }
                self.at += 1;
            }
            // The end of a value may also end the containers around it.
            loop {
                if open == 1 {
                    return Some(());
                }
                let is_object = open & 1 == 1;
                let next = self.peek()?;
                self.at += 1;
                match next {
                    b',' if is_object => {
                        self.skip_key()?;
                        break;
                    }
                    b',' => break,
                    b'}' if is_object => open >>= 1,
                    b']' if !is_object => open >>= 1,
                    _ => return None,
                }
            }
        }
    }

    fn skip_key(&mut self) -> Option<()> {
        self.skip_string()?;
        self.expect(b':')
    }

    fn skip_scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b't' => self.exactly(b"true"),
            b'f' => self.exactly(b"false"),
            b'n' => self.exactly(b"null"),
            b'-' | b'0'..=b'9' => self.skip_number(),
            _ => self.skip_string(),
        }
    }

    fn skip_number(&mut self) -> Option<()> {
        self.one_of(b"-");
        if !self.one_of(b"0") {
            self.digits()?;
        }
        if self.one_of(b".") {
            self.digits()?;
        }
        if self.one_of(b"eE") {
            self.one_of(b"+-");
            self.digits()?;
        }
        Some(())
    }

    /// Skips at least one digit.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn one_of(&mut self, these: &[u8]) -> bool {
        let is_one = self.bytes.get(self.at).is_some_and(|byte| these.contains(byte));
        self.at += usize::from(is_one);
        is_one
    }

    pub(crate) fn exactly(&mut self, these: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(these).then(|| self.at += these.len())
    }

    fn quote(&mut self) -> Option<()> {
        self.exactly(if QUOTED { br#"\""# } else { br#"""# })
    }

    pub(crate) fn skip_string(&mut self) -> Option<()> {
        self.peek()?;
        self.quote()?;
        loop {
            let special = self.find_special()?;
            if QUOTED && self.exactly(br#"\""#).is_some() {
                return Some(());
            }
            // In quotes, any other backslash begins an escaped character.
            let special = if QUOTED { self.unquoted()? } else { special };
            self.at += 1;
            match special {
                b'"' => return Some(()),
                b'\\' => self.skip_escape()?,
                _ => return None,
            }
        }
    }

    /// Skips the escape after a backslash.
    fn skip_escape(&mut self) -> Option<()> {
        let escaped = match *self.bytes.get(self.at)? {
            b'\\' if QUOTED => self.unquoted()?,
            // The outer string ends here.
            b'"' if QUOTED => return None,
            byte => byte,
        };
        self.at += 1;
        match escaped {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.bytes.get(self.at..self.at + 4)?;
                self.at += 4;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    /// Moves to the quote or backslash that a backslash of the outer string escapes.
    fn unquoted(&mut self) -> Option<u8> {
        self.exactly(br"\")?;
        self.bytes.get(self.at).copied().filter(|byte| matches!(byte, b'"' | b'\\'))
    }

    /// Moves to the next quote, backslash or control character, and returns it.
    fn find_special(&mut self) -> Option<u8> {
        let left = self.bytes.get(self.at..)?;
        let (chunks, tail) = left.as_chunks();
        let mut seen = self.seen;
        for (n, chunk) in chunks.iter().enumerate() {
            let bytes = u64::from_le_bytes(*chunk);
            seen |= bytes;
            // Sets the highest bit of bytes below `n`. Higher bytes may be set wrongly, but the lowest one is right.
            let less = |bytes: u64, n: u64| bytes.wrapping_sub(n * EACH) & !bytes;
            let backslashes = less(bytes ^ (u64::from(b'\\') * EACH), 1);
            // With the second bit flipped, quotes follow the control characters, and spaces do not.
            let others = less(bytes ^ (2 * EACH), u64::from(b'"' ^ 2) + 1);
            let special = (backslashes | others) & HIGHEST;
            if special != 0 {
                let at = special.trailing_zeros() as usize / 8;
                self.at += 8 * n + at;
                self.seen = seen;
                return chunk.get(at).copied();
            }
        }
        self.at += 8 * chunks.len();
        self.seen = seen;
        for byte in tail {
            if matches!(byte, b'"' | b'\\' | 0..b' ') {
                return Some(*byte);
            }
            self.seen |= u64::from(*byte);
            self.at += 1;
        }
        None
    }
}
