//! Structure of a pattern: fields that all have to match, and `$or` between some of them.

use super::PatternError;
use super::json::Reader;
use super::operators::{RESERVED, tests};
use super::value::Test;

/// Maximum depth, the same as that of the reference engine's JSON reader.
const MAX_DEPTH: usize = 1_000;

/// One field with its tests.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Names down to the field, joined by dots.
    pub path: Box<str>,
    /// Tests of the list. A value has to pass one of them.
    pub tests: Vec<Test>,
    /// Text of the list. Fields with the same path and text have the same condition.
    pub written: Box<str>,
}

/// Items that all have to match, as written. A later field replaces an earlier one of the same path.
pub(super) type All = Vec<Item>;

#[derive(Debug, Clone)]
pub(super) enum Item {
    /// Index of a field.
    Field(u32),
    /// Alternatives. At least one has to match.
    Or(Vec<All>),
}

/// Reads a pattern. As in the reference engine, text after the closing brace is ignored.
pub(super) fn parse(text: &str) -> Result<(Vec<Field>, All), PatternError> {
    let mut json = Reader::new(text);
    let mut parser = Parser { path: String::new(), fields: Vec::new(), depth: 0, names: 0, in_or: false };
    let mut all = All::new();
    if json.peek() != Some(b'{') {
        return Err(json.expected("an object with the fields to match"));
    }
    parser.object(&mut json, &mut all)?;
    Ok((parser.fields, all))
}

struct Parser {
    path: String,
    fields: Vec<Field>,
    /// Depth of objects and alternatives.
    depth: usize,
    /// Number of names in the present path.
    names: usize,
    in_or: bool,
}

impl Parser {
    fn object(&mut self, json: &mut Reader<'_>, all: &mut All) -> Result<(), PatternError> {
        let start = json.place();
        json.expect(b'{', "an object")?;
        if json.peek() == Some(b'}') {
            return Err(json.problem(start, "an empty object where at least one field is expected"));
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let problem = format!("objects nested deeper than {MAX_DEPTH}; fewer levels are expected");
            return Err(json.problem(start, problem));
        }
        loop {
            self.member(json, all)?;
            if !json.accept(b',') {
                break;
            }
        }
        self.depth -= 1;
        json.expect(b'}', "`,` or `}`")
    }

    fn member(&mut self, json: &mut Reader<'_>, all: &mut All) -> Result<(), PatternError> {
        let at = json.place();
        let name = json.key()?;
        if name == "$or" {
            return self.or(json, all);
        }
        if self.in_or && RESERVED.contains(&&*name) {
            return Err(
                json.problem(at, format!("{name:?} is an operator; within $or a field name is expected"))
            );
        }
        let outer = self.path.len();
        if self.names > 0 {
            self.path.push('.');
        }
        self.path.push_str(&name);
        self.names += 1;
        match json.peek() {
            Some(b'{') => self.object(json, all)?,
            Some(b'[') => {
                let start = json.place();
                let tests = tests(json)?;
                all.push(Item::Field(self.fields.len() as u32));
                let (path, written) = (self.path.as_str().into(), json.since(start).into());
                self.fields.push(Field { path, tests, written });
            }
            _ => return Err(json.expected("a list of values or an object of fields")),
        }
        self.path.truncate(outer);
        self.names -= 1;
        Ok(())
    }

    fn or(&mut self, json: &mut Reader<'_>, all: &mut All) -> Result<(), PatternError> {
        let start = json.place();
        let was_in_or = std::mem::replace(&mut self.in_or, true);
        let mut branches = Vec::new();
        if json.peek() != Some(b'[') {
            return Err(json.expected("a list of objects, the alternatives of $or,"));
        }
        json.list(|json| {
            let mut branch = All::new();
            self.object(json, &mut branch)?;
            branches.push(branch);
            Ok(())
        })?;
        if branches.len() < 2 {
            let seen = branches.len();
            return Err(
                json.problem(start, format!("$or with {seen} alternatives where at least 2 are expected"))
            );
        }
        self.in_or = was_in_or;
        all.push(Item::Or(branches));
        Ok(())
    }
}

impl Field {
    /// Returns true if only values pass that the field describes.
    pub(crate) fn names_values(&self) -> bool {
        self.tests.iter().all(Test::names_values)
    }
}

/// Returns true if each alternative has a field with this property.
pub(super) fn each_way_has(all: &All, is_such: &impl Fn(&u32) -> bool) -> bool {
    all.iter().any(|item| match item {
        Item::Field(field) => is_such(field),
        Item::Or(branches) => branches.iter().all(|branch| each_way_has(branch, is_such)),
    })
}
