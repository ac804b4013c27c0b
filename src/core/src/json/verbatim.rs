//! JSON values kept as the bytes of the payload, and parsed only when needed.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

use crate::model::Fingerprint;

/// JSON value as bytes of the payload.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// Content of a string without escapes.
    Text(&'a str),
    /// Any other value of plain JSON.
    Plain(&'a [u8]),
    /// Value inside a string of another JSON document.
    Quoted(&'a [u8]),
}

/// Name of the newtype that asks the scanner for a value as bytes.
pub(crate) const VERBATIM: &str = "budget-guard verbatim";

/// JSON value that was skipped and may be parsed later.
#[derive(Debug)]
pub(crate) struct Unread<'a>(pub Value<'a>);

/// Name of the newtype that asks the scanner to skip a value and keep its bytes.
pub(crate) const UNREAD: &str = "budget-guard unread";

/// Mark of values that CloudTrail conceals. Source: observed in records of AWS Systems Manager, Amazon RDS and others.
const HIDDEN: &[u8] = b"HIDDEN_DUE_TO_SECURITY_REASONS";

/// Distances by which the mark moves, by the byte under its last one (Boyer-Moore-Horspool). Most values are short, so
/// a searcher prepared for long texts costs more than it saves.
const STEPS: [u8; 256] = {
    let mut steps = [HIDDEN.len() as u8; 256];
    let mut n = 0;
    while n + 1 < HIDDEN.len() {
        steps[HIDDEN[n] as usize] = (HIDDEN.len() - 1 - n) as u8;
        n += 1;
    }
    steps
};

/// Returns true if CloudTrail conceals a value in the text.
#[inline]
pub(crate) fn is_hidden(text: &[u8]) -> bool {
    text.len() >= HIDDEN.len() && has_mark(text)
}

/// Returns true if the mark is in the text. Out of line, because most values are shorter.
#[inline(never)]
fn has_mark(text: &[u8]) -> bool {
    let mut end = HIDDEN.len();
    while let Some(last) = text.get(end - 1) {
        if text[..end].ends_with(HIDDEN) {
            return true;
        }
        end += usize::from(STEPS[usize::from(*last)]);
    }
    false
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;

        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
                Ok(Value::Text(text))
            }
            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Value<'de>, E> {
                Ok(Value::Quoted(bytes))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, json: D) -> Result<Value<'de>, D::Error> {
                let text = <&RawValue>::deserialize(json)?.get();
                let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                Ok(match inner.filter(|inner| !inner.contains('\\')) {
                    Some(inner) => Value::Text(inner),
                    None => Value::Plain(text.as_bytes()),
                })
            }
        }

        deserializer.deserialize_newtype_struct(VERBATIM, ValueVisitor)
    }
}

impl Default for Unread<'_> {
    fn default() -> Self {
        Self(Value::Plain(b"null"))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Unread<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UnreadVisitor;

        impl<'de> Visitor<'de> for UnreadVisitor {
            type Value = Unread<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Unread<'de>, E> {
                Ok(Unread(Value::Quoted(bytes)))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, json: D) -> Result<Unread<'de>, D::Error> {
                <&RawValue>::deserialize(json).map(|json| Unread(Value::Plain(json.get().as_bytes())))
            }
        }

        deserializer.deserialize_newtype_struct(UNREAD, UnreadVisitor)
    }
}

impl<'a> Value<'a> {
    /// Returns the text of a string, `None` for other values. Escapes are decoded by `serde_json`.
    pub(crate) fn text<E: Error>(self) -> Result<Option<Cow<'a, str>>, E> {
        match self {
            Self::Text(text) => Ok(Some(text.into())),
            Self::Plain(json @ [b'"', ..]) => Ok(serde_json::from_slice(json).ok().map(Cow::Owned)),
            Self::Quoted([b'\\', ..]) => Err(E::custom("escapes")),
            _ => Ok(None),
        }
    }

    pub(crate) fn is_container(self) -> bool {
        matches!(self, Self::Plain([b'{' | b'[', ..]) | Self::Quoted([b'{' | b'[', ..]))
    }

    pub(crate) fn is_object(self) -> bool {
        matches!(self, Self::Plain([b'{', ..]) | Self::Quoted([b'{', ..]))
    }

    /// Bytes of the value in the payload. A string is without its quotes.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Plain(json) | Self::Quoted(json) => json,
        }
    }

    /// Value as JSON without the outer quotes. `None` if those contain malformed escapes.
    pub(crate) fn json(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => serde_json::to_string(text).ok().map(Cow::Owned),
            Self::Plain(json) => std::str::from_utf8(json).ok().map(Cow::Borrowed),
            Self::Quoted(json) => {
                let quoted = [b"\"", json, b"\""].concat();
                serde_json::from_slice(&quoted).ok().map(Cow::Owned)
            }
        }
    }

    /// Adds the value to a fingerprint. Quoted and plain values have the same one.
    pub(crate) fn add_to(self, fingerprint: &mut Fingerprint) {
        match self {
            Self::Text(text) => {
                fingerprint.delimit(1);
                fingerprint.add(text.as_bytes());
            }
            Self::Plain(json) => {
                fingerprint.delimit(2);
                fingerprint.add(json);
            }
            Self::Quoted(mut json) => {
                fingerprint.delimit(2);
                // Removes each backslash of the outer string, and keeps the character after it.
                while let Some(at) = json.iter().position(|byte| *byte == b'\\') {
                    fingerprint.add(&json[..at]);
                    fingerprint.add(json.get(at + 1..at + 2).unwrap_or_default());
                    json = json.get(at + 2..).unwrap_or_default();
                }
                fingerprint.add(json);
            }
        }
    }
}
