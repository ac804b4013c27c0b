//! JSON objects of a stream in sequence: JSON lines, an array, or the records in files of CloudTrail and of the tools
//! that export them.
//!
//! The reader only finds the end of each object. The caller parses it, and decides if it is JSON. The stream is never
//! held as a whole.

mod end;

use std::io::{ErrorKind, Read};

use memchr::memchr;

use crate::model::Excerpt;
use end::{Scan, object_end, open, string_end};

/// Maximum size of an object. CloudTrail's limit for a record is 256 KB, EventBridge's for an event 1 MB.
const MAX_VALUE: usize = 16 << 20;
/// Maximum length of the time before an object, in bytes.
const MAX_TIME: usize = 64;
const FIRST_BUFFER: usize = 128 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reader of the objects of a stream. Objects with an array of records, such as `Records`, are opened, and its elements
/// returned. Elements may be strings and arrays too, and a line may begin with a time.
#[derive(Debug)]
pub struct JsonObjects<R> {
    input: R,
    buffer: Vec<u8>,
    /// Unread range of the buffer.
    left: std::ops::Range<usize>,
    /// Number of bytes of the stream before the buffer.
    before: u64,
    is_at_end: bool,
    within: Within,
    /// Number of top-level objects. After the first, a broken one costs its line, not the file.
    lines: u64,
    token: Token,
}

/// Token of the next page, after the records of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    /// The key was seen, and its value comes next.
    Key,
    Given,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Stream,
    /// In an array; `true` after an element.
    Array(bool),
    Records(bool),
    /// In the object that contained `Records`, after that array.
    Rest,
    Done,
}

/// Error of a stream, or of one line of it.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// The stream could not be read.
    #[error("{0}")]
    Read(#[from] std::io::Error),
    /// The stream is not JSON at an offset.
    #[error("not JSON at byte {at}: saw {seen}, expected {expected}")]
    NotJson {
        /// Offset in the stream, in bytes.
        at: u64,
        /// Excerpt of the stream at that offset.
        seen: Excerpt,
        /// Expected text, as in `JSON` or `}`.
        expected: &'static str,
    },
    /// The stream ends inside an object or array.
    #[error("it ends early, at byte {at}, in the middle of its JSON")]
    EndsEarly {
        /// Offset of the end, in bytes.
        at: u64,
    },
    /// An object is larger than the limit of 16 MiB.
    #[error("the object at byte {at} is larger than 16 MiB, which no event is")]
    TooLarge {
        /// Offset of the object, in bytes.
        at: u64,
    },
}

impl<R: Read> JsonObjects<R> {
    /// Creates a reader of `input`. Nothing is read yet.
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            left: 0..0,
            before: 0,
            is_at_end: false,
            within: Within::Stream,
            lines: 0,
            token: Token::None,
        }
    }

    /// Returns true if the last page names a next one with `NextToken`, so that records are missing.
    pub fn has_next_page(&self) -> bool {
        self.token == Token::Given
    }

    /// Returns the next object, from `{` to `}`, or another element of an array of records. `None` at the end
    /// of the stream.
    ///
    /// # Errors
    ///
    /// The stream cannot be read or is not JSON. [`Self::goes_on`] returns true if reading can continue after a broken
    /// line.
    #[expect(
        clippy::should_implement_trait,
        reason = "the value lives in the buffer, so this is no Iterator"
    )]
    pub fn next(&mut self) -> Result<Option<&[u8]>, ObjectsError> {
        match self.find() {
            Ok(Some(found)) => Ok(Some(&self.buffer[found])),
            Ok(None) => Ok(None),
            Err(error) => {
                let is_line = matches!(error, ObjectsError::NotJson { .. }) && self.within == Within::Stream;
                if !(is_line && self.lines > 0 && self.skip_line()?) {
                    self.within = Within::Done;
                }
                Err(error)
            }
        }
    }

    /// Returns true if the stream was read to its end and holds no byte.
    pub fn is_empty(&self) -> bool {
        self.is_at_end && self.before == 0 && self.left.end == 0
    }

    /// Returns true if there may be more to read, even after an error.
    pub fn goes_on(&self) -> bool {
        self.within != Within::Done
    }

    fn find(&mut self) -> Result<Option<std::ops::Range<usize>>, ObjectsError> {
        loop {
            if self.within == Within::Done {
                return Ok(None);
            }
            let Some(byte) = self.peek()? else {
                let at = self.offset();
                let is_whole = self.within == Within::Stream;
                return if is_whole { Ok(None) } else { Err(ObjectsError::EndsEarly { at }) };
            };
            match (self.within, byte) {
                (Within::Stream, b'{') => match self.look(open)? {
                    Scan::Records(at) => {
                        self.take(at + 1);
                        self.token = Token::None;
                        self.within = Within::Records(false);
                    }
                    Scan::End(end) => {
                        self.lines += 1;
                        return Ok(Some(self.take(end)));
                    }
                    Scan::More | Scan::Bad(_) => {}
                },
                (Within::Stream, b'[') => self.enter(Within::Array(false)),
                (Within::Array(_), b']') => self.enter(Within::Stream),
                (Within::Records(_), b']') => self.enter(Within::Rest),
                (Within::Array(true), b',') => self.enter(Within::Array(false)),
                (Within::Records(true), b',') => self.enter(Within::Records(false)),
                (Within::Stream, b'0'..=b'9') if self.skip_time()? => {}
                (Within::Array(false) | Within::Records(false), _) if matches!(byte, b'{' | b'"' | b'[') => {
                    let look = if byte == b'"' { string_end } else { object_end };
                    if let Scan::End(end) = self.look(look)? {
                        let is_array = self.within == Within::Array(false);
                        self.within = if is_array { Within::Array(true) } else { Within::Records(true) };
                        return Ok(Some(self.take(end)));
                    }
                }
                (Within::Rest, _) => self.skip_rest()?,
                (within, _) => {
                    let expected = match within {
                        Within::Array(true) | Within::Records(true) => ", or ]",
                        Within::Stream => "an object or an array",
                        _ => "an object",
                    };
                    return Err(self.not_json(0, expected));
                }
            }
        }
    }

    /// Skips the time at the start of a line, as exports of CloudWatch Logs have it. Returns false if no object follows.
    fn skip_time(&mut self) -> Result<bool, ObjectsError> {
        while self.left.len() < MAX_TIME && self.fill()? {}
        let bytes = &self.buffer[self.left.clone()];
        let is_time = |byte: &u8| byte.is_ascii_digit() || b"-:.,+TZ \t".contains(byte);
        let length = bytes.iter().take(MAX_TIME).take_while(|byte| is_time(byte)).count();
        let is_line = bytes.get(length) == Some(&b'{');
        self.take(if is_line { length } else { 0 });
        Ok(is_line)
    }

    /// Consumes one byte and changes the state.
    fn enter(&mut self, within: Within) {
        self.take(1);
        self.within = within;
    }

    /// Scans from the current position, and reads as much as that needs.
    fn look(&mut self, look: fn(&[u8]) -> Scan) -> Result<Scan, ObjectsError> {
        loop {
            match look(&self.buffer[self.left.clone()]) {
                Scan::More => {
                    let at = self.offset();
                    if self.left.len() >= MAX_VALUE {
                        return Err(ObjectsError::TooLarge { at });
                    }
                    if !self.fill()? {
                        return Err(ObjectsError::EndsEarly { at: at + self.left.len() as u64 });
                    }
                }
                Scan::Bad(at) => return Err(self.not_json(at, "JSON")),
                found => return Ok(found),
            }
        }
    }

    /// Skips the members after `Records` in their object.
    fn skip_rest(&mut self) -> Result<(), ObjectsError> {
        let length = match self.peek()? {
            Some(b'}') => {
                self.enter(Within::Stream);
                return Ok(());
            }
            Some(b']') => return Err(self.not_json(0, "}")),
            Some(b'{' | b'[') => self.look(object_end)?,
            Some(b'"') => self.look(string_end)?,
            byte => {
                if byte == Some(b',') && self.token == Token::Key {
                    self.token = Token::None;
                }
                Scan::End(1)
            }
        };
        if let Scan::End(end) = length
            && self.token != Token::Given
        {
            let text = &self.buffer[self.left.start..self.left.start + end];
            let is_key = matches!(text, br#""NextToken""# | br#""nextToken""#);
            match self.token {
                _ if is_key => self.token = Token::Key,
                Token::Key if text.starts_with(b"\"") => self.token = Token::Given,
                _ => {}
            }
        }
        if let Scan::End(end) = length {
            self.take(end);
        }
        Ok(())
    }

    /// Skips to the start of the next line. Returns false if there is none.
    fn skip_line(&mut self) -> Result<bool, ObjectsError> {
        loop {
            if let Some(end) = memchr(b'\n', &self.buffer[self.left.clone()]) {
                self.take(end + 1);
                return Ok(true);
            }
            self.take(self.left.len());
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// Returns the next byte that is not white space, without consuming it.
    fn peek(&mut self) -> Result<Option<u8>, ObjectsError> {
        loop {
            let bytes = &self.buffer[self.left.clone()];
            if let Some(at) = bytes.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
                let byte = bytes[at];
                if byte == BYTE_ORDER_MARK[0] && self.skip_mark()? {
                    continue;
                }
                self.take(at);
                return Ok(Some(byte));
            }
            self.take(self.left.len());
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Skips the byte order mark with which some tools begin a file.
    fn skip_mark(&mut self) -> Result<bool, ObjectsError> {
        while self.left.len() < BYTE_ORDER_MARK.len() && self.fill()? {}
        let is_mark = self.offset() == 0 && self.buffer[self.left.clone()].starts_with(BYTE_ORDER_MARK);
        if is_mark {
            self.take(BYTE_ORDER_MARK.len());
        }
        Ok(is_mark)
    }

    fn take(&mut self, length: usize) -> std::ops::Range<usize> {
        let taken = self.left.start..self.left.start + length;
        self.left.start = taken.end;
        taken
    }

    /// Reads more bytes. Returns false at the end of the stream.
    fn fill(&mut self) -> Result<bool, ObjectsError> {
        if self.is_at_end {
            return Ok(false);
        }
        if self.left.start > 0 {
            self.before += self.left.start as u64;
            self.buffer.copy_within(self.left.clone(), 0);
            self.left = 0..self.left.len();
        }
        if self.left.end == self.buffer.len() {
            self.buffer.resize((self.buffer.len() * 2).max(FIRST_BUFFER), 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.left.end..]) {
                Ok(0) => {
                    self.is_at_end = true;
                    return Ok(false);
                }
                Ok(count) => {
                    self.left.end += count;
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn offset(&self) -> u64 {
        self.before + self.left.start as u64
    }

    fn not_json(&self, at: usize, expected: &'static str) -> ObjectsError {
        let seen = Excerpt::bytes(&self.buffer[(self.left.start + at).min(self.left.end)..self.left.end]);
        ObjectsError::NotJson { at: self.offset() + at as u64, seen, expected }
    }
}

#[cfg(test)]
mod tests;
