//! Reader of `requestParameters`: the values that identify the resource, and the fingerprint of all of them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::field::{Nested, Shape};
use super::resource::{ParameterRole, ResourceBuilder, role, role_below};
use super::search::Search;
use crate::json::{Value, is_hidden};
use crate::model::Fingerprint;

/// Maximum number of nested values searched for identifying ones, if the top level has none.
const MAX_LOOKS: u32 = 64;
/// Maximum depth of that search.
const MAX_DEPTH: u32 = 6;
/// Maximum number of top-level objects and lists searched.
const MAX_CONTAINERS: usize = 4;

/// Values read from `requestParameters`.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a> {
    pub about_rule: AboutRule<'a>,
    pub found: ResourceBuilder<'a>,
    /// Fingerprint of all members except the caller's tokens. Their order makes no difference, because CloudTrail
    /// writes equal calls in several orders. `None` if there are no parameters, or CloudTrail conceals a part of them.
    pub fingerprint: Option<u32>,
}

/// Parameters that name the rule of a call. Source: `PutRule`, `PutTargets`, `TagResource` and related operations
/// (EventBridge API), in CloudTrail's spelling.
#[derive(Debug, Default)]
pub(super) struct AboutRule<'a> {
    pub name: Option<Cow<'a, str>>,
    /// Name of the rule, in calls about targets.
    pub rule: Option<Cow<'a, str>>,
    /// Name or ARN of the bus.
    pub event_bus_name: Option<Cow<'a, str>>,
    /// ARN of the rule, in calls about tags.
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

/// Key of an object.
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
    let mut fingerprint = 0u32;
    let mut references = ResourceBuilder::default();
    let mut containers: [Option<(Key<'a>, Value<'a>)>; MAX_CONTAINERS] = Default::default();
    let mut free = containers.iter_mut();
    let (mut are_recorded, mut are_hidden) = (false, false);
    while let Some(Key(key)) = map.next_key()? {
        let value: Value<'a> = map.next_value()?;
        are_recorded = true;
        are_hidden |= is_hidden(&key) || is_hidden(value.bytes());
        let role = role(&key);
        if role != ParameterRole::Token {
            let mut member = Fingerprint::default();
            member.add(&key);
            value.add_to(&mut member);
            member.delimit(3);
            fingerprint = fingerprint.wrapping_add(member.finish());
        }
        if let Some(place) = read.about_rule.place(&key) {
            *place = value.text()?;
        }
        if let ParameterRole::Identity | ParameterRole::Reference = role
            && let Some(text) = value.text()?
        {
            if role == ParameterRole::Identity { read.found.add(text) } else { references.add(text) }
        }
        if value.is_container()
            && let Some(place) = free.next()
        {
            *place = Some((Key(key), value));
        }
    }
    if are_recorded && !are_hidden {
        read.fingerprint = Some(fingerprint);
    }
    if read.found.is_empty() {
        read.found = references;
    }
    if read.found.is_empty() {
        let add = |_, value| {
            if let Value::Text(text) = value {
                read.found.add(text.into());
            }
        };
        let mut search = Search { looks: MAX_LOOKS, depth: MAX_DEPTH, role: role_below, found: add };
        for (Key(key), value) in containers.iter().flatten() {
            search.look(*value, role_below(key));
        }
    }
    Ok(read)
}
