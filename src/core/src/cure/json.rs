//! JSON of an event pattern with its members in their order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// JSON value. Members keep their order, and numbers their spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    /// Text of a string, number, flag or null.
    Leaf(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Members of an object, not read yet.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Json {
    /// Reads a JSON text.
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        // This parser limits the depth, and with it the recursion below.
        serde_json::from_str::<serde_json::Value>(text)?;
        Self::read(text)
    }

    fn read(text: &str) -> Result<Self, serde_json::Error> {
        let text = text.trim();
        match text.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text)?;
                let member = |(name, value): (String, &RawValue)| Ok((name, Self::read(value.get())?));
                members.into_iter().map(member).collect::<Result<_, _>>().map(Self::Object)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                items.into_iter().map(|item| Self::read(item.get())).collect::<Result<_, _>>().map(Self::List)
            }
            _ => Ok(Self::Leaf(text.to_owned())),
        }
    }

    /// String as a value.
    pub(super) fn text(text: &str) -> Self {
        Self::Leaf(quoted(text))
    }

    /// Object with one member.
    pub(super) fn member(name: &str, value: Self) -> Self {
        Self::Object(vec![(name.to_owned(), value)])
    }

    /// Returns true if an event with this path is tested, in any alternative.
    pub(super) fn tests(&self, path: &[&str]) -> bool {
        let Some((name, rest)) = path.split_first() else { return true };
        let Self::Object(members) = self else { return false };
        members.iter().any(|(own, value)| match (own.as_str(), value) {
            ("$or", Self::List(branches)) => branches.iter().any(|branch| branch.tests(path)),
            (own, value) => own == *name && value.tests(rest),
        })
    }

    /// Puts a value at a path. Objects on the way are kept. `None` if a value on the way is no object.
    pub(super) fn with(mut self, path: &[&str], value: Self) -> Option<Self> {
        let Some((name, rest)) = path.split_first() else { return Some(value) };
        let Self::Object(members) = &mut self else { return None };
        match members.iter_mut().rev().find(|(own, _)| own == name) {
            Some((_, below)) => {
                let kept = std::mem::replace(below, Self::List(Vec::new()));
                *below = kept.with(rest, value)?;
            }
            None => members.push(((*name).to_owned(), Self::Object(Vec::new()).with(rest, value)?)),
        }
        Some(self)
    }

    /// JSON text on one line, without white space.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Leaf(text) => text.clone(),
            Self::List(items) => format!("[{}]", joined(items.iter().map(Self::line), ",")),
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| format!("{}:{}", quoted(name), value.line());
                format!("{{{}}}", joined(members.iter().map(member), ","))
            }
        }
    }

    /// JSON text for people: a line for each member, and for each list without objects.
    pub(super) fn pretty(&self, indent: usize) -> String {
        let (inner, outer) = ("  ".repeat(indent + 1), "  ".repeat(indent));
        match self {
            Self::Object(members) if !members.is_empty() => {
                let member = |(name, value): &(String, Self)| {
                    format!("{inner}{}: {}", quoted(name), value.pretty(indent + 1))
                };
                format!("{{\n{}\n{outer}}}", joined(members.iter().map(member), ",\n"))
            }
            Self::List(items) if items.iter().any(|item| !matches!(item, Self::Leaf(_))) => {
                let item = |item: &Self| format!("{inner}{}", item.line());
                format!("[\n{}\n{outer}]", joined(items.iter().map(item), ",\n"))
            }
            other => other.line(),
        }
    }
}

fn joined(texts: impl Iterator<Item = String>, between: &str) -> String {
    texts.collect::<Vec<_>>().join(between)
}

/// JSON text of a string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_order_and_its_spelling() {
        let text = r#"{ "z": [1.50, "a\u0041", null], "a": {"c": [], "b": {}} }"#;
        let json = Json::parse(text).expect(text);
        assert_eq!(json.line(), r#"{"z":[1.50,"a\u0041",null],"a":{"c":[],"b":{}}}"#);
        assert_eq!(Json::parse(&json.pretty(0)).expect("JSON"), json);
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
        assert!(Json::parse(r#"{"a":[1]} more"#).is_err());
    }
}
