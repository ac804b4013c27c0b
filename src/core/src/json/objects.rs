//! The JSON objects of a stream, one after the other: JSON lines, an array, or the `Records` of CloudTrail's log files.
//!
//! Only where an object ends is found out here; whoever reads the object says whether it is JSON. The stream is never
//! held as a whole.

mod end;

use std::io::{ErrorKind, Read};

use memchr::memchr;

use crate::model::Seen;
use end::{Scan, object_end, open, string_end};

/// CloudTrail's own limit for a record is 256 KB, EventBridge's for an event 1 MB.
const MAX_VALUE: usize = 16 << 20;
const FIRST_BUFFER: usize = 128 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What counts as a value, beside objects that stand for themselves and the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwrap {
    Nothing,
    /// The elements of the array `Records`, in objects that have one.
    Records,
}

impl Unwrap {
    fn how(self) -> fn(&[u8]) -> Scan {
        match self {
            Self::Nothing => object_end,
            Self::Records => open,
        }
    }
}

/// Reads object after object.
#[derive(Debug)]
pub struct JsonObjects<R> {
    input: R,
    unwrap: Unwrap,
    buffer: Vec<u8>,
    /// What is left to read of the buffer.
    left: std::ops::Range<usize>,
    /// How many bytes came before the buffer.
    before: u64,
    is_at_end: bool,
    within: Within,
    /// Objects that stood for themselves: after the first, a broken one costs its line, not the file.
    lines: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Stream,
    /// In an array; `true` after an element.
    Array(bool),
    Records(bool),
    /// In the object that held `Records`, behind them.
    Rest,
    Done,
}

/// Why a stream, or one line of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    #[error("{0}")]
    Read(#[from] std::io::Error),
    #[error("not JSON at byte {at}: saw {seen}, expected {expected}")]
    NotJson { at: u64, seen: Seen, expected: &'static str },
    #[error("it ends early, at byte {at}, in the middle of its JSON")]
    EndsEarly { at: u64 },
    #[error("the object at byte {at} is larger than 16 MiB, which no event is")]
    TooLarge { at: u64 },
}

impl<R: Read> JsonObjects<R> {
    pub fn new(input: R, unwrap: Unwrap) -> Self {
        Self {
            input,
            unwrap,
            buffer: Vec::new(),
            left: 0..0,
            before: 0,
            is_at_end: false,
            within: Within::Stream,
            lines: 0,
        }
    }

    /// The next object, from `{` to `}`. After an error there may be more to read: the rest of a stream of lines.
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

    /// Whether there may be more to read, after an error too.
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
                (Within::Stream, b'{') => match self.look(self.unwrap.how())? {
                    Scan::Records(at) => {
                        self.take(at + 1);
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
                (Within::Array(false) | Within::Records(false), b'{') => {
                    if let Scan::End(end) = self.look(object_end)? {
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

    /// Past one byte, into another state.
    fn enter(&mut self, within: Within) {
        self.take(1);
        self.within = within;
    }

    /// Looks at the bytes from here on, at as many as that takes.
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

    /// What follows `Records` in its object.
    fn skip_rest(&mut self) -> Result<(), ObjectsError> {
        let length = match self.peek()? {
            Some(b'}') => {
                self.enter(Within::Stream);
                return Ok(());
            }
            Some(b']') => return Err(self.not_json(0, "}")),
            Some(b'{' | b'[') => self.look(object_end)?,
            Some(b'"') => self.look(string_end)?,
            _ => Scan::End(1),
        };
        if let Scan::End(end) = length {
            self.take(end);
        }
        Ok(())
    }

    /// To the beginning of the next line, if there is one.
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

    /// The next byte that is not white space; it is not consumed.
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

    /// The byte order mark that some tools begin a file with.
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

    /// Reads on; `false` at the end of the stream.
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
        let seen = Seen::bytes(&self.buffer[(self.left.start + at).min(self.left.end)..self.left.end]);
        ObjectsError::NotJson { at: self.offset() + at as u64, seen, expected }
    }
}

#[cfg(test)]
mod tests;
