//! Construction of an event that a pattern matches.

use std::collections::BTreeMap;

use super::glob::Glob;
use super::satisfy::{Facts, Known};
use super::syntax::Field;
use super::value::{Exact, Literal, Test, Value};

/// Object of an event under construction. Leaves are JSON texts.
#[derive(Debug, Default)]
struct Object {
    leaves: BTreeMap<String, String>,
    objects: BTreeMap<String, Object>,
}

impl Object {
    /// Puts a JSON text at a path. `None` if a scalar stands in the way.
    fn put(&mut self, path: &str, json: String) -> Option<()> {
        match path.split_once('.') {
            Some((name, _)) if self.leaves.contains_key(name) => None,
            Some((name, rest)) => self.objects.entry(name.to_owned()).or_default().put(rest, json),
            None if self.objects.contains_key(path) => None,
            None => {
                self.leaves.insert(path.to_owned(), json);
                Some(())
            }
        }
    }

    fn json(&self) -> String {
        let leaves = self.leaves.iter().map(|(name, json)| format!("{}:{json}", quoted(name)));
        let objects = self.objects.iter().map(|(name, object)| format!("{}:{}", quoted(name), object.json()));
        format!("{{{}}}", leaves.chain(objects).collect::<Vec<_>>().join(","))
    }
}

/// Constructs an event that has the facts and passes the fields, as far as simple values do.
pub(super) fn event<'a>(fields: impl Iterator<Item = &'a Field>, facts: &Facts) -> Option<String> {
    let mut object = Object::default();
    let mut tested = Vec::new();
    for field in fields {
        tested.push(&*field.path);
        let candidates: Vec<Sample> = match facts.about(&field.path) {
            Some(known) => samples(known, &field.tests),
            None => field.tests.iter().flat_map(free).collect(),
        };
        let passes = |sample: &Sample| field.tests.iter().any(|test| sample.passes(test));
        if let Some(json) = candidates.iter().find(|sample| passes(sample))?.json() {
            object.put(&field.path, json)?;
        }
    }
    for (path, known) in facts.fields.iter().filter(|(path, _)| !tested.contains(&path.as_str())) {
        if let Some(json) = samples(known, &[]).first().and_then(Sample::json) {
            object.put(path, json)?;
        }
    }
    Some(object.json())
}

/// Value to try.
#[derive(Debug)]
enum Sample {
    Text(String),
    Number(String),
    Literal(Literal),
    Absent,
}

impl Sample {
    fn passes(&self, test: &Test) -> bool {
        match self {
            Self::Text(text) => test.passes(Value::Text(text.as_bytes())),
            Self::Number(spelled) => test.passes(Value::Number(spelled.as_bytes())),
            Self::Literal(literal) => test.passes(Value::Literal(*literal)),
            Self::Absent => matches!(test, Test::Absent),
        }
    }

    fn json(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(quoted(text)),
            Self::Number(spelled) => Some(spelled.clone()),
            Self::Literal(Literal::True) => Some("true".to_owned()),
            Self::Literal(Literal::False) => Some("false".to_owned()),
            Self::Literal(Literal::Null) => Some("null".to_owned()),
            Self::Absent => None,
        }
    }
}

/// Values with this property: one that passes one of the tests, if there is one, and others.
fn samples(known: &Known, tests: &[Test]) -> Vec<Sample> {
    match known {
        Known::Absent => vec![Sample::Absent],
        Known::Flag(flag) => vec![Sample::Literal(if *flag { Literal::True } else { Literal::False })],
        Known::Text(text) => vec![Sample::Text(text.clone())],
        Known::Like(form) => {
            let glob = Glob::new(form);
            let common = tests.iter().filter_map(|test| glob.common(test));
            common.chain(glob.examples()).map(Sample::Text).collect()
        }
    }
}

/// Values of a free field to try for a test.
fn free(test: &Test) -> Vec<Sample> {
    let any = Glob::new("*");
    match test {
        Test::Absent => vec![Sample::Absent],
        Test::Exact(Exact::Number(bits)) => vec![Sample::Number(f64::from_bits(*bits).to_string())],
        Test::Exact(Exact::Spelled(spelled)) => vec![Sample::Number(spelled.to_string())],
        Test::Exact(Exact::Literal(literal)) => vec![Sample::Literal(*literal)],
        Test::Exact(Exact::Address(address)) => vec![Sample::Text(address.to_string())],
        Test::Cidr(block) => vec![Sample::Text(block.network().to_string())],
        Test::Numeric(range) => {
            let (low, high) = (range.low.0, range.high.0);
            let between = [low, high, low + 1.0, high - 1.0, low.midpoint(high), 0.0];
            let finite = between.into_iter().filter(|number| number.is_finite());
            finite.map(|number| Sample::Number(number.to_string())).collect()
        }
        test => any.common(test).into_iter().chain(any.examples()).map(Sample::Text).collect(),
    }
}

/// JSON text of a string.
fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}
