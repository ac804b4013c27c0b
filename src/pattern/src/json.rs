//! Strict JSON reader for patterns. Every error has its position, and numbers keep their spelling.

use std::borrow::Cow;

use super::PatternError;

/// Reader at a position of the text.
#[derive(Debug, Clone)]
pub(super) struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the position of the next token, in bytes.
    pub(crate) fn place(&mut self) -> usize {
        self.peek();
        self.at
    }

    /// Returns the text read since `start`.
    pub(crate) fn since(&self, start: usize) -> &'t str {
        &self.text[start..self.at]
    }

    /// Returns the next byte that is not white space, without consuming it.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += space;
        rest.get(space).copied()
    }

    /// Returns the error that something other than `expected` stands here.
    pub(crate) fn expected(&mut self, expected: &str) -> PatternError {
        self.peek();
        let seen = match self.text[self.at..].chars().next() {
            None => "the end of the text".to_owned(),
            Some('"') => match self.clone().string() {
                Ok(text) => format!("the string {:?}", shortened(&text)),
                Err(_) => "a broken string".to_owned(),
            },
            Some('{') => "an object".to_owned(),
            Some('[') => "a list".to_owned(),
            Some(c) if c.is_ascii_alphanumeric() || c == '-' => {
                let end = |c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c));
                let word = self.text[self.at..].split(end).next().unwrap_or_default();
                format!("`{}`", shortened(word))
            }
            Some(c) => format!("`{}`", c.escape_debug()),
        };
        self.problem(self.at, format!("{seen} where {expected} is expected"))
    }

    /// Returns an error at a position of the text, in bytes.
    pub(crate) fn problem(&self, at: usize, problem: impl Into<String>) -> PatternError {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        PatternError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem: problem.into(),
        }
    }

    /// Consumes this byte, or returns an error.
    pub(crate) fn expect(&mut self, byte: u8, expected: &str) -> Result<(), PatternError> {
        if self.peek() != Some(byte) {
            return Err(self.expected(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// Consumes the next byte if it is this one. Returns true if it is.
    pub(crate) fn accept(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Reads a list. Returns the number of its items.
    pub(crate) fn list(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), PatternError>,
    ) -> Result<usize, PatternError> {
        self.expect(b'[', "a list")?;
        if self.accept(b']') {
            return Ok(0);
        }
        let mut items = 0;
        loop {
            item(self)?;
            items += 1;
            if !self.accept(b',') {
                self.expect(b']', "`,` or `]`")?;
                return Ok(items);
            }
        }
    }

    /// Reads a key with the colon after it.
    pub(crate) fn key(&mut self) -> Result<Cow<'t, str>, PatternError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a field name in double quotes"));
        }
        let key = self.string()?;
        self.expect(b':', "`:`")?;
        Ok(key)
    }

    /// Reads a string, and decodes its escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'t, str>, PatternError> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        let mut decoded: Option<String> = None;
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') else {
                return Err(self.problem(start - 1, "a string that does not end; `\"` is expected"));
            };
            if let Some(text) = &mut decoded {
                text.push_str(&rest[..end]);
            }
            self.at += end;
            match rest.as_bytes()[end] {
                b'"' => {
                    self.at += 1;
                    return Ok(
                        decoded.map_or_else(|| Cow::Borrowed(&self.text[start..self.at - 1]), Cow::Owned)
                    );
                }
                b'\\' => {
                    let read = self.text[start..self.at].to_owned();
                    let escaped = self.escape()?;
                    decoded.get_or_insert(read).push(escaped);
                }
                control => {
                    let problem =
                        format!("the control character {control:#04x} in a string; write it as an escape");
                    return Err(self.problem(self.at, problem));
                }
            }
        }
    }

    /// Reads the rest of an escape, and returns its character.
    fn escape(&mut self) -> Result<char, PatternError> {
        let rest = &self.text.as_bytes()[self.at..];
        let Some((decoded, length)) = unescape(rest) else {
            let seen: String = self.text[self.at..].chars().take(2).collect();
            let problem = format!(
                "`{seen}` in a string; after a backslash one of `\"\\/bfnrt` or `u` and four hexadecimal digits is expected"
            );
            return Err(self.problem(self.at, problem));
        };
        self.at += length;
        Ok(decoded)
    }

    /// Reads a number, and returns it as it is spelled.
    pub(crate) fn number(&mut self) -> Result<&'t str, PatternError> {
        self.peek();
        let rest = &self.text[self.at..];
        let Some(length) = number_length(rest.as_bytes()) else {
            return Err(self.expected("a number as JSON writes them"));
        };
        self.at += length;
        Ok(&rest[..length])
    }

    /// Consumes this word if it comes next. Returns true if it does.
    pub(crate) fn word(&mut self, word: &str) -> bool {
        self.peek();
        let rest = &self.text[self.at..];
        let is_next = rest.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Decodes the escape at the beginning of `rest`. Returns its character and its length in bytes. Half of a surrogate
/// pair, which no text can hold, becomes U+FFFD.
pub(super) fn unescape(rest: &[u8]) -> Option<(char, usize)> {
    let plain = match rest.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = hex(rest.get(2..6)?)?;
            let second = match rest.get(6..8) {
                Some(br"\u") => rest.get(8..12).and_then(hex),
                _ => None,
            };
            return Some(match (first, second) {
                (0xD800..0xDC00, Some(second @ 0xDC00..0xE000)) => {
                    let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    (char::from_u32(code)?, 12)
                }
                _ => (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
            });
        }
        _ => return None,
    };
    Some((plain, 2))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
}

/// Returns the length of the number at the beginning of `text`, in bytes. `None` if there is no valid JSON number.
pub(super) fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && text[at] == b'0') {
        return None;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        at += 1 + fraction;
        if fraction == 0 {
            return None;
        }
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        at += exponent;
        if exponent == 0 {
            return None;
        }
    }
    let goes_on = text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
    (!goes_on).then_some(at)
}
