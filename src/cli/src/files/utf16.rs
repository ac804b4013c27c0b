//! UTF-16 with its byte order mark, as Windows PowerShell writes it.

use std::io::{self, Read};

/// Reader that turns UTF-16 into UTF-8. The first two bytes are the byte order mark.
pub(super) struct Utf16<R> {
    input: R,
    is_big: Option<bool>,
    /// Bytes of a unit, or units of a character, that continue in the next read.
    rest: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> Utf16<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, is_big: None, rest: Vec::new(), ready: Vec::new(), given: 0 }
    }

    /// Decodes the next part. Returns false at the end.
    fn refill(&mut self) -> io::Result<bool> {
        let mut bytes = std::mem::take(&mut self.rest);
        let kept = bytes.len();
        bytes.resize(kept + (64 << 10), 0);
        let count = self.input.read(&mut bytes[kept..])?;
        bytes.truncate(kept + count);
        if count == 0 && bytes.is_empty() {
            return Ok(false);
        }
        if self.is_big.is_none() && bytes.len() >= 2 {
            self.is_big = Some(bytes[0] == 0xfe);
            bytes.drain(..2);
        }
        let is_big = self.is_big == Some(true);
        let mut units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| [pair[0], pair[1]])
            .map(|pair| if is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
            .collect();
        let mut whole = units.len() * 2;
        // Half of a pair waits for the other half, unless the stream ends.
        if count > 0 && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
            whole -= 2;
        }
        if count > 0 {
            self.rest = bytes.split_off(whole);
        }
        self.ready = String::from_utf16_lossy(&units).into_bytes();
        self.given = 0;
        Ok(true)
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if !self.refill()? {
                return Ok(0);
            }
        }
        let count = (self.ready.len() - self.given).min(buffer.len());
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reader that gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn both_orders_are_read_in_any_pieces() {
        let text = "{\"a\":\"ä😀\"}";
        for is_big in [false, true] {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            let bytes: Vec<u8> = units
                .flat_map(|unit: u16| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect();
            let mut seen = String::new();
            Utf16::new(Slow(&bytes)).read_to_string(&mut seen).unwrap();
            assert_eq!(seen, text);
        }
    }
}
