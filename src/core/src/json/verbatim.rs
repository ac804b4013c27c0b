//! JSON values as they stand in the payload, not read further until it is asked for.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

use crate::model::Fingerprint;

/// A JSON value as it stands in the payload.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// Text between the quotes, if there are no escapes.
    Text(&'a str),
    Plain(&'a [u8]),
    /// In the quotes of another JSON document.
    Quoted(&'a [u8]),
}

/// By this name the scanner knows that a value is wanted as it stands.
pub(crate) const VERBATIM: &str = "budget-guard verbatim";

/// A JSON value that was passed over and may be read later.
#[derive(Debug)]
pub(crate) struct Unread<'a>(pub Value<'a>);

/// As `VERBATIM`, for values that are passed over.
pub(crate) const UNREAD: &str = "budget-guard unread";

/// Mark of values that CloudTrail conceals. Source: observed in records of AWS Systems Manager, Amazon RDS and others.
const HIDDEN: &[u8] = b"HIDDEN_DUE_TO_SECURITY_REASONS";

/// Steps by which the mark may move on, by the byte that stands under its last one (Boyer-Moore-Horspool). Most values are
/// short: a searcher that is prepared for long texts costs more than it saves.
const STEPS: [u8; 256] = {
    let mut steps = [HIDDEN.len() as u8; 256];
    let mut n = 0;
    while n + 1 < HIDDEN.len() {
        steps[HIDDEN[n] as usize] = (HIDDEN.len() - 1 - n) as u8;
        n += 1;
    }
    steps
};

/// Returns true if there is a value in the text that CloudTrail conceals.
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
    /// The text, if it is one. Escapes in quotes are left to `serde_json`.
    pub fn text<E: Error>(self) -> Result<Option<Cow<'a, str>>, E> {
        match self {
            Self::Text(text) => Ok(Some(text.into())),
            Self::Plain(json @ [b'"', ..]) => Ok(serde_json::from_slice(json).ok().map(Cow::Owned)),
            Self::Quoted([b'\\', ..]) => Err(E::custom("escapes")),
            _ => Ok(None),
        }
    }

    pub fn is_container(self) -> bool {
        matches!(self, Self::Plain([b'{' | b'[', ..]) | Self::Quoted([b'{' | b'[', ..]))
    }

    pub fn is_object(self) -> bool {
        matches!(self, Self::Plain([b'{', ..]) | Self::Quoted([b'{', ..]))
    }

    /// The value as it stands in the payload; a text without its quotes.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Plain(json) | Self::Quoted(json) => json,
        }
    }

    /// The value as JSON, out of the quotes; `None` if what is in them is not well formed.
    pub fn json(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => serde_json::to_string(text).ok().map(Cow::Owned),
            Self::Plain(json) => std::str::from_utf8(json).ok().map(Cow::Borrowed),
            Self::Quoted(json) => {
                let quoted = [b"\"", json, b"\""].concat();
                serde_json::from_slice(&quoted).ok().map(Cow::Owned)
            }
        }
    }

    /// Adds the value to a fingerprint: the same, in quotes or not.
    pub fn add_to(self, fingerprint: &mut Fingerprint) {
        match self {
            Self::Text(text) => {
                fingerprint.mark(1);
                fingerprint.add(text.as_bytes());
            }
            Self::Plain(json) => {
                fingerprint.mark(2);
                fingerprint.add(json);
            }
            Self::Quoted(mut json) => {
                fingerprint.mark(2);
                // Each backslash of the quotes goes, and what it stands before stays.
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
