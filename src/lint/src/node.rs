//! Values of a YAML or JSON file with their places.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

/// Maximum depth of lists and mappings.
const MAX_DEPTH: usize = 200;
/// Maximum number of values, those repeated by aliases included.
const MAX_VALUES: usize = 2_000_000;

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

    /// Reads a text of YAML or JSON with one document.
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut reader = Reader { events: Parser::new_from_str(text), anchors: HashMap::new(), values: 0 };
        loop {
            match reader.next()? {
                (Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd | Event::DocumentEnd, span) => {
                    return Err(Unreadable { place: start(span), problem: "the file is empty".to_owned() });
                }
                (event, span) => {
                    let node = reader.node(event, span, 0)?;
                    reader.end()?;
                    return Ok(node);
                }
            }
        }
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

struct Reader<'t> {
    events: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: HashMap<usize, Node>,
    values: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Unreadable> {
        let end = || Unreadable { place: Place::default(), problem: "the file ends too early".to_owned() };
        self.events.next().ok_or_else(end)?.map_err(|error| Unreadable::from(&error))
    }

    /// Reads on to the end of the only document.
    fn end(&mut self) -> Result<(), Unreadable> {
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (_, span) => {
                    let problem = "a second document; expected one in a file".to_owned();
                    return Err(Unreadable { place: start(span), problem });
                }
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Unreadable> {
        self.values += 1;
        let bad = |problem: String| Err(Unreadable { place: start(span), problem });
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return bad(format!("more than {MAX_DEPTH} levels or {MAX_VALUES} values; fewer are expected"));
        }
        let (node, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref());
                (Node { value, place: start(span), end: end(span), is_flow: false }, anchor, tag)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) if self.values + count(node) <= MAX_VALUES => {
                    self.values += count(node);
                    return Ok(node.clone());
                }
                Some(_) => return bad(format!("aliases make more than {MAX_VALUES} values of this file")),
                None => return bad("an alias without an anchor before it".to_owned()),
            },
            Event::SequenceStart(anchor, tag) => (self.list(span, depth)?, anchor, tag),
            Event::MappingStart(anchor, tag) => (self.map(span, depth)?, anchor, tag),
            other => return bad(format!("saw {other:?}; expected a value")),
        };
        let node = match tag {
            Some(tag) => tagged(node, &tag),
            None => node,
        };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, opened: Span, depth: usize) -> Result<Node, Unreadable> {
        let mut items = Vec::new();
        let closed = loop {
            match self.next()? {
                (Event::SequenceEnd, span) => break span,
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        };
        let last = items.last().map(|item: &Node| item.end);
        Ok(Node { value: Value::List(items), ..around(opened, closed, last) })
    }

    fn map(&mut self, opened: Span, depth: usize) -> Result<Node, Unreadable> {
        let mut members: Vec<(String, Node)> = Vec::new();
        let closed = loop {
            let (event, span) = match self.next()? {
                (Event::MappingEnd, span) => break span,
                key => key,
            };
            let Event::Scalar(name, ..) = event else {
                let problem = "a key that is no text; expected a name".to_owned();
                return Err(Unreadable { place: start(span), problem });
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            // YAML's merge key.
            if name == "<<" {
                let merged =
                    value.members().iter().filter(|(name, _)| !members.iter().any(|own| own.0 == *name));
                let merged: Vec<_> = merged.cloned().collect();
                members.extend(merged);
                continue;
            }
            members.retain(|own| own.0 != name);
            members.push((name.into_owned(), value));
        };
        let last = members.iter().map(|(_, value)| value.end).max();
        Ok(Node { value: Value::Map(members), ..around(opened, closed, last) })
    }
}

/// Node without a value, from the places where it opens and closes. A block has no closing character.
fn around(opened: Span, closed: Span, last: Option<Place>) -> Node {
    let is_flow = !closed.is_empty();
    let end = if is_flow { end(closed) } else { last.unwrap_or(start(opened)) };
    Node { value: Value::Null, place: start(opened), end, is_flow }
}

fn count(node: &Node) -> usize {
    let below = match &node.value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(members) => members.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    };
    1_usize.saturating_add(below)
}

fn start(span: Span) -> Place {
    Place { line: span.start.line(), column: span.start.col() + 1 }
}

fn end(span: Span) -> Place {
    Place { line: span.end.line(), column: span.end.col() + 1 }
}

/// Value of a scalar by the core schema of YAML 1.2. Quoted text stays text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    if style != ScalarStyle::Plain || tag.is_some() {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Flag(true),
        "false" | "False" | "FALSE" => Value::Flag(false),
        _ if serde_json::from_str::<serde_json::Number>(text).is_ok() => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

/// Writes CloudFormation's short form `!Name` as the long one. YAML's own tags (`!!str`) are dropped.
///
/// Source: "Intrinsic function reference" (AWS CloudFormation template reference).
fn tagged(node: Node, tag: &Tag) -> Node {
    if tag.handle != "!" {
        return node;
    }
    let name = match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    };
    let value = match (&*name, node.text().and_then(|text| text.split_once('.'))) {
        ("Fn::GetAtt", Some((resource, attribute))) => {
            let part = |text: &str| Node::new(Value::Text(text.to_owned()), node.place);
            Node { value: Value::List(vec![part(resource), part(attribute)]), ..node.clone() }
        }
        _ => node.clone(),
    };
    Node { value: Value::Map(vec![(name, value)]), is_flow: true, ..node }
}

impl From<&ScanError> for Unreadable {
    fn from(error: &ScanError) -> Self {
        let marker = error.marker();
        Self {
            place: Place { line: marker.line(), column: marker.col() + 1 },
            problem: format!("neither YAML nor JSON: {}", error.info()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let seen = match Node::parse(text) {
            Ok(node) => node.json(),
            Err(bad) => format!("{}:{} {}", bad.place.line, bad.place.column, bad.problem),
        };
        assert!(seen.starts_with(expected), "{text}\n{seen}");
    }

    #[test]
    fn yaml_and_json_become_the_same_values() {
        check("a: 1\nb: [x, \"2\", true, null, 'no']\n", r#"{"a":1,"b":["x","2",true,null,"no"]}"#);
        check("{\"a\": {\"b\": [\"\\u00e9\", -1.50e3]}}", r#"{"a":{"b":["é",-1.50e3]}}"#);
        check(
            "a: &x {b: c}\nd: *x\ne:\n  <<: *x\n  f: 1\n",
            r#"{"a":{"b":"c"},"d":{"b":"c"},"e":{"b":"c","f":1}}"#,
        );
        check("a: |\n  two\n  lines\n", r#"{"a":"two\nlines\n"}"#);
        check("v: 2012-10-17\n", r#"{"v":"2012-10-17"}"#);
    }

    #[test]
    fn short_forms_become_long_ones() {
        check("a: !Ref B", r#"{"a":{"Ref":"B"}}"#);
        check("a: !GetAtt B.Arn", r#"{"a":{"Fn::GetAtt":["B","Arn"]}}"#);
        check("a: !GetAtt [B, Arn]", r#"{"a":{"Fn::GetAtt":["B","Arn"]}}"#);
        check("a: !Sub '${B}-x'", r#"{"a":{"Fn::Sub":"${B}-x"}}"#);
        check(
            "a: !If [C, !Ref B, !Ref AWS::NoValue]",
            r#"{"a":{"Fn::If":["C",{"Ref":"B"},{"Ref":"AWS::NoValue"}]}}"#,
        );
    }

    #[test]
    fn what_is_neither_has_a_place() {
        check("", "1:1 the file is empty");
        check("a: [1\nb: 2", "2:");
        check("{\"a\": 1}\n{\"b\": 2}", "2:1 ");
        check("a: 1\n---\nb: 2\n", "2:1 a second document");
        check("a: *x", "1:4 neither");
    }

    #[test]
    fn places_are_those_of_the_file() {
        let text = "a:\n  b:\n    c: [x]\n    d: y\ne: {f: g}\n";
        let node = Node::parse(text).unwrap();
        let check = |path: &[&str], place: (usize, usize), end: (usize, usize)| {
            let node = node.at(path).unwrap();
            let seen = ((node.place.line, node.place.column), (node.end.line, node.end.column));
            assert_eq!(seen, (place, end), "{path:?}");
        };
        check(&["a", "b"], (3, 5), (4, 9));
        check(&["a", "b", "c"], (3, 8), (3, 11));
        check(&["e"], (5, 4), (5, 10));
    }
}
