//! The shape of a pattern: fields that all have to match, and `$or` between some of them.

use super::PatternError;
use super::json::Reader;
use super::operators::{RESERVED, tests};
use super::value::Test;

/// As deep as the JSON reader of the reference engine goes.
const MAX_DEPTH: usize = 1_000;

/// One field and what it may be.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// The names down to it, joined by dots.
    pub path: Box<str>,
    pub tests: Vec<Test>,
    /// The list as it was written: fields with the same text ask the same.
    pub written: Box<str>,
}

/// What all has to match, as written: a later field takes the place of an earlier one of the same path.
pub(super) type All = Vec<Item>;

#[derive(Debug, Clone)]
pub(super) enum Item {
    /// The number of a field.
    Field(u32),
    /// One of these at least.
    Or(Vec<All>),
}

/// Reads a pattern. What follows the closing brace is not looked at: the reference engine does not either.
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
    /// Of objects and alternatives.
    depth: usize,
    /// In the path.
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
    /// Whether only values pass that the field describes.
    pub fn names_values(&self) -> bool {
        self.tests.iter().all(Test::names_values)
    }
}

/// Whether every way through the alternatives has such a field.
pub(super) fn each_way_has(all: &All, is_such: &impl Fn(&u32) -> bool) -> bool {
    all.iter().any(|item| match item {
        Item::Field(field) => is_such(field),
        Item::Or(branches) => branches.iter().all(|branch| each_way_has(branch, is_such)),
    })
}
