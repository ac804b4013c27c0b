//! Reader of YAML and JSON that keeps places and CloudFormation's short forms.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::node::{Node, Place, Unreadable, Value};

/// Maximum depth of lists and mappings.
const MAX_DEPTH: usize = 200;
/// Maximum number of values, those repeated by aliases included.
const MAX_VALUES: usize = 2_000_000;
/// Maximum number of lines that are indented to be read.
const MAX_INDENTED: usize = 200;
const INDENTATION: usize = 64;

impl Node {
    /// Reads a text of YAML or JSON with one document.
    ///
    /// Lines within braces may be indented less than the block around them. YAML forbids it, and CloudFormation takes it.
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut indented = BTreeSet::new();
        let mut changed = Cow::Borrowed(text);
        loop {
            let error = match Self::parse_strictly(&changed, &indented) {
                Err(error) if error.problem.ends_with("invalid indentation") => error,
                parsed => return parsed,
            };
            if indented.len() >= MAX_INDENTED || !indented.insert(error.place.line) {
                return Err(error);
            }
            let line = |(number, line): (usize, &str)| match indented.contains(&(number + 1)) {
                true => format!("{}{line}", " ".repeat(INDENTATION)),
                false => line.to_owned(),
            };
            changed = Cow::Owned(text.split_inclusive('\n').enumerate().map(line).collect());
        }
    }

    /// Reads a text with additional space in front of these lines.
    fn parse_strictly(text: &str, indented: &BTreeSet<usize>) -> Result<Self, Unreadable> {
        let events = Parser::new_from_str(text);
        let mut reader = Reader { events, indented, anchors: HashMap::new(), values: 0 };
        loop {
            match reader.next()? {
                (Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd | Event::DocumentEnd, span) => {
                    return Err(Unreadable {
                        place: reader.start(span),
                        problem: "the file is empty".to_owned(),
                    });
                }
                (event, span) => {
                    let node = reader.node(event, span, 0)?;
                    reader.end()?;
                    return Ok(node);
                }
            }
        }
    }
}

struct Reader<'t, 'l> {
    events: Parser<'t, saphyr_parser::StrInput<'t>>,
    /// Lines with additional space in front.
    indented: &'l BTreeSet<usize>,
    anchors: HashMap<usize, Node>,
    values: usize,
}

impl<'t> Reader<'t, '_> {
    fn start(&self, span: Span) -> Place {
        self.place(span.start.line(), span.start.col())
    }

    fn after(&self, span: Span) -> Place {
        self.place(span.end.line(), span.end.col())
    }

    fn place(&self, line: usize, column: usize) -> Place {
        let added = if self.indented.contains(&line) { INDENTATION } else { 0 };
        Place { line, column: (column + 1).saturating_sub(added) }
    }

    /// Node without a value, from the places where it opens and closes. A block has no closing character.
    fn around(&self, opened: Span, closed: Span, last: Option<Place>) -> Node {
        let is_flow = !closed.is_empty();
        let place = self.start(opened);
        let end = if is_flow { self.after(closed) } else { last.unwrap_or(place) };
        Node { value: Value::Null, place, end, is_flow }
    }

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
                    return Err(Unreadable { place: self.start(span), problem });
                }
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Unreadable> {
        self.values += 1;
        let place = self.start(span);
        let bad = |problem: String| Err(Unreadable { place, problem });
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return bad(format!("more than {MAX_DEPTH} levels or {MAX_VALUES} values; fewer are expected"));
        }
        let (node, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref());
                (Node { value, place, end: self.after(span), is_flow: false }, anchor, tag)
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
        Ok(Node { value: Value::List(items), ..self.around(opened, closed, last) })
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
                return Err(Unreadable { place: self.start(span), problem });
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
        Ok(Node { value: Value::Map(members), ..self.around(opened, closed, last) })
    }
}

fn count(node: &Node) -> usize {
    let below = match &node.value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(members) => members.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    };
    1_usize.saturating_add(below)
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
        check("a:\n    b: {\n  c: d,\n  e: [\n  f\n  ]}\n", r#"{"a":{"b":{"c":"d","e":["f"]}}}"#);
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
        let text = "a:\n  b:\n    c: [x]\n    d: y\ne: {f: g}\nh:\n    i: {\n  }\n";
        let node = Node::parse(text).unwrap();
        let check = |path: &[&str], place: (usize, usize), end: (usize, usize)| {
            let node = node.at(path).unwrap();
            let seen = ((node.place.line, node.place.column), (node.end.line, node.end.column));
            assert_eq!(seen, (place, end), "{path:?}");
        };
        check(&["a", "b"], (3, 5), (4, 9));
        check(&["a", "b", "c"], (3, 8), (3, 11));
        check(&["e"], (5, 4), (5, 10));
        check(&["h", "i"], (7, 8), (8, 4));
    }
}
