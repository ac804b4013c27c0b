//! `requestParameters`, walked once: what identifies the resource, and the fingerprint of the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fast::Scanner;
use super::field::{Nested, Shape};
use super::identify::{Found, Role, identifies_below, role};
use crate::model::Fingerprint;

/// How far down, and at how many values, identifying ones are looked for when the top names none.
const MAX_DEPTH: u32 = 6;
const MAX_LOOKS: u32 = 64;
/// Of so many objects and lists at the top.
const MAX_CONTAINERS: usize = 4;

/// What is read of `requestParameters`.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a> {
    pub about_rule: AboutRule<'a>,
    pub found: Found<'a>,
    /// Whether any parameter was recorded.
    pub are_known: bool,
    /// Of all members but the caller's tokens, in their order.
    pub fingerprint: u32,
}

/// How calls name the rule they are about. Source: `PutRule`, `PutTargets`, `TagResource` and their relatives
/// (EventBridge API), in the spelling of CloudTrail.
#[derive(Debug, Default)]
pub(super) struct AboutRule<'a> {
    pub name: Option<Cow<'a, str>>,
    /// As `name`, in calls about targets.
    pub rule: Option<Cow<'a, str>>,
    /// A name or an ARN.
    pub event_bus_name: Option<Cow<'a, str>>,
    /// In calls about tags.
    pub resource_arn: Option<Cow<'a, str>>,
}

impl<'a> AboutRule<'a> {
    fn place(&mut self, key: &[u8]) -> Option<&mut Option<Cow<'a, str>>> {
        match key {
            b"name" => Some(&mut self.name),
            b"rule" => Some(&mut self.rule),
            b"eventBusName" => Some(&mut self.event_bus_name),
            b"resourceARN" => Some(&mut self.resource_arn),
            _ => None,
        }
    }
}

/// A JSON value as it stands in the payload.
#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    /// What is between the quotes, if there are no escapes.
    Text(&'a str),
    Plain(&'a [u8]),
    /// In the quotes of another JSON document.
    Quoted(&'a [u8]),
}

/// By this name the scanner knows that a value is wanted as it stands.
pub(super) const VERBATIM: &str = "budget-guard verbatim";

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

impl<'a> Value<'a> {
    /// The text, if it is one. Escapes in quotes are left to `serde_json`.
    fn text<E: Error>(self) -> Result<Option<Cow<'a, str>>, E> {
        match self {
            Self::Text(text) => Ok(Some(text.into())),
            Self::Plain(json @ [b'"', ..]) => Ok(serde_json::from_slice(json).ok().map(Cow::Owned)),
            Self::Quoted([b'\\', ..]) => Err(E::custom("escapes")),
            _ => Ok(None),
        }
    }

    fn is_container(self) -> bool {
        matches!(self, Self::Plain([b'{' | b'[', ..]) | Self::Quoted([b'{' | b'[', ..]))
    }

    /// Adds the value to a fingerprint: the same, in quotes or not.
    fn add_to(self, fingerprint: &mut Fingerprint) {
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

    fn look_below(self, key: &[u8], looks: &mut u32, found: &mut Found<'a>) {
        let is_named = identifies_below(key);
        match self {
            Self::Text(_) => {}
            Self::Plain(json) => {
                let _ = look(&mut Scanner::<false>::within(json), MAX_DEPTH, is_named, looks, found);
            }
            Self::Quoted(json) => {
                let _ = look(&mut Scanner::<true>::within(json), MAX_DEPTH, is_named, looks, found);
            }
        }
    }
}

/// Adds the identifying values of one value and what is below it. `is_named`: its name says that it identifies.
fn look<'a, const QUOTED: bool>(
    json: &mut Scanner<'a, QUOTED>,
    depth: u32,
    is_named: bool,
    looks: &mut u32,
    found: &mut Found<'a>,
) -> Option<()> {
    *looks = looks.checked_sub(1)?;
    let below = depth.checked_sub(1)?;
    match json.peek()? {
        b'{' => json.object(|json, key| {
            // EC2 writes a value with attributes as `{"content": …}`. Filters name what is searched by.
            let is_named = identifies_below(key) || (is_named && key == b"content");
            if key.starts_with(b"filter") { json.skip() } else { look(json, below, is_named, looks, found) }
        }),
        b'[' => json.array(|json| look(json, below, is_named, looks, found)),
        b't' | b'f' | b'n' | b'-' | b'0'..=b'9' => json.skip(),
        _ if is_named => {
            let start = json.at();
            json.skip_string()?;
            let text = std::str::from_utf8(json.since(start)).ok()?;
            let quote = if QUOTED { r#"\""# } else { "\"" };
            let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
            if !inner.contains('\\') {
                found.add(inner.into());
            }
            Some(())
        }
        _ => json.skip_string(),
    }
}

/// A key of an object.
struct Key<'a>(Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_bytes<E>(self, key: &'de [u8]) -> Result<Key<'de>, E> {
                Ok(Key(key.into()))
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(key.as_bytes().into()))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(key.as_bytes().to_vec().into()))
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}

impl<'de: 'a, 'a> Shape<'de> for Parameters<'a> {
    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Nested<Self>, A::Error> {
        read(map).map(Nested::Object)
    }
}

fn read<'a, 'de: 'a, A: MapAccess<'de>>(mut map: A) -> Result<Parameters<'a>, A::Error> {
    let mut read = Parameters::default();
    let mut fingerprint = Fingerprint::default();
    let mut references = Found::default();
    let mut containers: [Option<(Key<'a>, Value<'a>)>; MAX_CONTAINERS] = Default::default();
    let mut free = containers.iter_mut();
    while let Some(Key(key)) = map.next_key()? {
        read.are_known = true;
        let value: Value<'a> = map.next_value()?;
        let role = role(&key);
        if role != Role::Token {
            fingerprint.add(&key);
            value.add_to(&mut fingerprint);
            fingerprint.mark(3);
        }
        if let Some(place) = read.about_rule.place(&key) {
            *place = value.text()?;
        }
        if let Role::Identity | Role::Reference = role
            && let Some(text) = value.text()?
        {
            if role == Role::Identity { read.found.add(text) } else { references.add(text) }
        }
        if value.is_container()
            && let Some(place) = free.next()
        {
            *place = Some((Key(key), value));
        }
    }
    if read.are_known {
        read.fingerprint = fingerprint.finish();
    }
    if read.found.is_empty() {
        read.found = references;
    }
    let mut looks = MAX_LOOKS;
    for (Key(key), value) in containers.iter().flatten() {
        if !read.found.is_empty() && looks == MAX_LOOKS {
            break;
        }
        value.look_below(key, &mut looks, &mut read.found);
    }
    Ok(read)
}
