//! A strict and lossless JSON reader: it keeps the spelling of numbers and repeated keys.

/// A JSON value. Strings and keys are decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Number as it is spelled.
    Number(String),
    /// Decoded string.
    String(String),
    /// Array.
    Array(Vec<Json>),
    /// Members in order, with duplicates.
    Object(Vec<(String, Json)>),
}

/// Reason why a text could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Not JSON.
    Malformed,
    /// Too deep for this recursive reader. The text may be valid.
    TooDeep,
}

const MAX_DEPTH: usize = 200;

/// Reads the value at the start of the text. Returns it with the rest of the text.
pub fn read(text: &str) -> Result<(Json, &str), Unreadable> {
    let mut reader = Reader { left: text };
    let value = reader.value(0)?;
    Ok((value, reader.left))
}

struct Reader<'a> {
    left: &'a str,
}

impl Reader<'_> {
    /// Next character after white space, without consuming it.
    fn peek(&mut self) -> Result<char, Unreadable> {
        self.left = self.left.trim_start_matches([' ', '\t', '\n', '\r']);
        self.left.chars().next().ok_or(Unreadable::Malformed)
    }

    fn take(&mut self, expected: &str) -> bool {
        let rest = self.left.strip_prefix(expected);
        self.left = rest.unwrap_or(self.left);
        rest.is_some()
    }

    fn expect(&mut self, expected: &str) -> Result<(), Unreadable> {
        if self.take(expected) { Ok(()) } else { Err(Unreadable::Malformed) }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Unreadable> {
        if depth > MAX_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        match self.peek()? {
            '{' => self.object(depth),
            '[' => self.array(depth),
            '"' => self.string().map(Json::String),
            'n' => self.expect("null").map(|()| Json::Null),
            't' => self.expect("true").map(|()| Json::Bool(true)),
            'f' => self.expect("false").map(|()| Json::Bool(false)),
            _ => self.number().map(Json::Number),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Unreadable> {
        let mut members = Vec::new();
        self.expect("{")?;
        if self.peek()? == '}' {
            return self.expect("}").map(|()| Json::Object(members));
        }
        loop {
            self.peek()?;
            let key = self.string()?;
            self.peek()?;
            self.expect(":")?;
            members.push((key, self.value(depth + 1)?));
            self.peek()?;
            if !self.take(",") {
                return self.expect("}").map(|()| Json::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, Unreadable> {
        let mut items = Vec::new();
        self.expect("[")?;
        if self.peek()? == ']' {
            return self.expect("]").map(|()| Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.peek()?;
            if !self.take(",") {
                return self.expect("]").map(|()| Json::Array(items));
            }
        }
    }

    fn string(&mut self) -> Result<String, Unreadable> {
        self.expect("\"")?;
        let mut units = Vec::new();
        loop {
            let next = self.left.chars().next().ok_or(Unreadable::Malformed)?;
            self.left = &self.left[next.len_utf8()..];
            match next {
                // Lone surrogates occur in real events. They are decoded to a character that equals no other text.
                '"' => return Ok(String::from_utf16_lossy(&units)),
                '\\' => units.push(self.escape()?),
                '\0'..='\x1f' => return Err(Unreadable::Malformed),
                plain => units.extend_from_slice(plain.encode_utf16(&mut [0; 2])),
            }
        }
    }

    /// Escape sequence after a backslash, as one UTF-16 unit.
    fn escape(&mut self) -> Result<u16, Unreadable> {
        let kind = self.left.chars().next().ok_or(Unreadable::Malformed)?;
        self.left = &self.left[kind.len_utf8()..];
        let plain = match kind {
            '"' | '\\' | '/' => kind,
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits = self.left.get(..4).ok_or(Unreadable::Malformed)?;
                let are_hex = digits.chars().all(|digit| digit.is_ascii_hexdigit());
                self.left = &self.left[4..];
                return u16::from_str_radix(digits, 16).ok().filter(|_| are_hex).ok_or(Unreadable::Malformed);
            }
            _ => return Err(Unreadable::Malformed),
        };
        Ok(plain as u16)
    }

    fn number(&mut self) -> Result<String, Unreadable> {
        let start = self.left;
        self.take("-");
        if !self.take("0") {
            self.digits()?;
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            let _sign = self.take("+") || self.take("-");
            self.digits()?;
        }
        Ok(start[..start.len() - self.left.len()].to_owned())
    }

    /// Consumes one digit or more.
    fn digits(&mut self) -> Result<(), Unreadable> {
        let rest = self.left.trim_start_matches(|c: char| c.is_ascii_digit());
        let count = self.left.len() - rest.len();
        self.left = rest;
        if count == 0 { Err(Unreadable::Malformed) } else { Ok(()) }
    }
}
