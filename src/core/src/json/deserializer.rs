//! Deserializer for serde on top of the scanner, so that each shape is declared once.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::scanner::Scanner;
use super::verbatim::{UNREAD, VERBATIM};

/// Error for input that is not plain JSON, or has another shape. `serde_json` then decides.
#[derive(Debug)]
pub(crate) struct GiveUp;

impl fmt::Display for GiveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not plain")
    }
}

impl std::error::Error for GiveUp {}

impl de::Error for GiveUp {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de, const QUOTED: bool> Deserializer<'de> for &mut Scanner<'de, QUOTED> {
    type Error = GiveUp;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GiveUp> {
        match self.peek().ok_or(GiveUp)? {
            b'{' => self.members(|members| visitor.visit_map(members)),
            b'[' => self.members(|members| visitor.visit_seq(members)),
            b't' => self.exactly(b"true").ok_or(GiveUp).and_then(|()| visitor.visit_bool(true)),
            b'f' => self.exactly(b"false").ok_or(GiveUp).and_then(|()| visitor.visit_bool(false)),
            b'n' => self.exactly(b"null").ok_or(GiveUp).and_then(|()| visitor.visit_unit()),
            b'-' | b'0'..=b'9' => Err(GiveUp),
            _ => self.text().ok_or(GiveUp).and_then(|text| visitor.visit_borrowed_str(text)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GiveUp> {
        self.skip().ok_or(GiveUp)?;
        visitor.visit_unit()
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GiveUp> {
        visitor.visit_borrowed_bytes(self.plain().ok_or(GiveUp)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GiveUp> {
        match self.peek() {
            Some(b'n') => self.deserialize_any(visitor),
            _ => visitor.visit_some(self),
        }
    }

    /// Raw values of `serde_json` are newtypes as well, and only `serde_json` can create them.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, GiveUp> {
        if !QUOTED || (name != VERBATIM && name != UNREAD) {
            return Err(GiveUp);
        }
        self.peek().ok_or(GiveUp)?;
        let start = self.at();
        if name == UNREAD {
            self.skip().ok_or(GiveUp)?;
            return visitor.visit_borrowed_bytes(self.since(start));
        }
        match self.text_or_skip().ok_or(GiveUp)? {
            Some(text) => visitor.visit_borrowed_str(text),
            None => visitor.visit_borrowed_bytes(self.since(start)),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct enum
    }
}

impl<'de, const QUOTED: bool> Scanner<'de, QUOTED> {
    /// Passes all members of the object or array at the current position to `visit`.
    fn members<T>(
        &mut self,
        visit: impl FnOnce(&mut Members<'_, 'de, QUOTED>) -> Result<T, GiveUp>,
    ) -> Result<T, GiveUp> {
        let close = if self.expect(b'{').is_some() { b'}' } else { b']' };
        if close == b']' {
            self.expect(b'[').ok_or(GiveUp)?;
        }
        let mut members = Members { json: self, close, is_first: true, is_done: false };
        let value = visit(&mut members)?;
        if members.is_done { Ok(value) } else { Err(GiveUp) }
    }
}

struct Members<'s, 'de, const QUOTED: bool> {
    json: &'s mut Scanner<'de, QUOTED>,
    close: u8,
    is_first: bool,
    is_done: bool,
}

impl<const QUOTED: bool> Members<'_, '_, QUOTED> {
    /// Returns true, in front of the next member, if there is one.
    fn has_next(&mut self) -> Result<bool, GiveUp> {
        let next = self.json.peek().ok_or(GiveUp)?;
        if next == self.close && !self.is_done {
            self.is_done = true;
            self.json.expect(next).ok_or(GiveUp)?;
            return Ok(false);
        }
        if !std::mem::take(&mut self.is_first) {
            self.json.expect(b',').ok_or(GiveUp)?;
        }
        Ok(true)
    }
}

impl<'de, const QUOTED: bool> MapAccess<'de> for &mut Members<'_, 'de, QUOTED> {
    type Error = GiveUp;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, GiveUp> {
        if !self.has_next()? {
            return Ok(None);
        }
        let key = seed.deserialize(&mut *self.json)?;
        self.json.expect(b':').ok_or(GiveUp)?;
        Ok(Some(key))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, GiveUp> {
        seed.deserialize(&mut *self.json)
    }
}

impl<'de, const QUOTED: bool> SeqAccess<'de> for &mut Members<'_, 'de, QUOTED> {
    type Error = GiveUp;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, GiveUp> {
        if self.has_next()? { seed.deserialize(&mut *self.json).map(Some) } else { Ok(None) }
    }
}
