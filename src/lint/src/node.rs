//! Values of a YAML or JSON file with their places.

/// Position in a file. Lines and columns count from 1; 0 if the file gives none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub value: Value,
    pub place: Place,
    /// Place after the last character. For a block of YAML: after its last value.
    pub end: Place,
    /// True for a mapping or list in braces or brackets.
    pub is_flow: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Flag(bool),
    /// Number as it is spelled.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// Members in the order of the file.
    Map(Vec<(String, Node)>),
}

/// Reason why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub place: Place,
    pub problem: String,
}

impl Node {
    /// Value that the file does not contain as such.
    pub(crate) fn new(value: Value, place: Place) -> Self {
        Self { value, place, end: place, is_flow: false }
    }

    /// Reads a JSON text that stands at a place. Its members keep their order where the text is YAML as well.
    pub(crate) fn parse_json(text: &str, place: Place) -> Result<Self, serde_json::Error> {
        let json: serde_json::Value = serde_json::from_str(text)?;
        Ok(Self::parse(text).unwrap_or_else(|_| Self::from_json(&json, place)))
    }

    /// Converts a JSON value, which has no places.
    pub(crate) fn from_json(json: &serde_json::Value, place: Place) -> Self {
        let value = match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Flag(*flag),
            serde_json::Value::Number(number) => Value::Number(number.to_string()),
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Array(items) => {
                Value::List(items.iter().map(|item| Self::from_json(item, place)).collect())
            }
            serde_json::Value::Object(members) => {
                let member = |(name, value): (&String, _)| (name.clone(), Self::from_json(value, place));
                Value::Map(members.iter().map(member).collect())
            }
        };
        Self::new(value, place)
    }

    /// Another value at the same place.
    pub(crate) fn with(&self, value: Value) -> Self {
        Self { value, place: self.place, end: self.end, is_flow: self.is_flow }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Value at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// Members of a mapping; empty for any other value.
    pub(crate) fn members(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Map(members) => members,
            _ => &[],
        }
    }

    /// Items of a list. Any other value is its own only item, as IAM and CloudFormation allow.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Only member of a mapping.
    pub(crate) fn single(&self) -> Option<(&str, &Self)> {
        match self.members() {
            [(name, value)] => Some((name, value)),
            _ => None,
        }
    }

    /// JSON text without white space.
    pub(crate) fn json(&self) -> String {
        match &self.value {
            Value::Null => "null".to_owned(),
            Value::Flag(flag) => flag.to_string(),
            Value::Number(spelled) => spelled.clone(),
            Value::Text(text) => quoted(text),
            Value::List(items) => format!("[{}]", items.iter().map(Self::json).collect::<Vec<_>>().join(",")),
            Value::Map(members) => {
                let member = |(name, value): &(String, Self)| format!("{}:{}", quoted(name), value.json());
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// JSON text of a string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
