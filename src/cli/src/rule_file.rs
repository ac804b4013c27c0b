//! A file of rules or of one event pattern, and what is wrong with it.

use std::path::Path;

use budget_guard_core::model::Seen;
use budget_guard_core::replay::{ListedRule, PatternText, Place, read_rules};
use eventbridge_pattern::{Pattern, PatternError};
use serde::Serialize;

use crate::excerpt::excerpt;
use crate::problem::Problem;

/// The rules of a file, those whose patterns compile apart from those whose do not.
#[derive(Debug)]
pub struct RuleFile {
    pub rules: Vec<ListedRule>,
    text: String,
    path: String,
}

/// A rule about which nothing can be said: its pattern does not compile.
#[derive(Debug, Clone, Serialize)]
pub struct BadPattern {
    pub rule: String,
    /// Where in the pattern; both count from 1, columns in characters.
    pub line: usize,
    pub column: usize,
    pub problem: String,
    /// For people: with its place in the file, and the line itself.
    #[serde(skip)]
    pub message: String,
}

impl RuleFile {
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let text = read(path)?;
        let path = path.display().to_string();
        let rules = read_rules(&text).map_err(|error| {
            let excerpt = excerpt(&text, error.place);
            Problem::usage(format!("{path}: {error}{excerpt}"))
                .hint("aws events list-rules > rules.json makes such a file")
        })?;
        Ok(Self { rules, text, path })
    }

    pub fn compile(&self, rule: &ListedRule, pattern: &PatternText) -> Result<Pattern, BadPattern> {
        pattern.compile().map_err(|error| {
            let (place, shown) = match pattern.place_in_file(&error) {
                Some(place) => {
                    (format!("line {}, column {}", place.line, place.column), excerpt(&self.text, place))
                }
                None => {
                    let place = Place { line: error.line, column: error.column };
                    let where_in = format!("line {}, column {} of its pattern", place.line, place.column);
                    (where_in, excerpt(&pattern.text, place))
                }
            };
            let PatternError { line, column, problem } = error;
            let message = format!("{}: rule {}: {place}: {problem}{shown}", self.path, Seen::new(&rule.name));
            BadPattern { rule: rule.name.clone(), line, column, problem, message }
        })
    }
}

/// The one pattern of a file.
pub fn pattern(path: &Path) -> Result<Pattern, Problem> {
    let text = read(path)?;
    Pattern::compile(&text).map_err(|error| {
        let shown = excerpt(&text, Place { line: error.line, column: error.column });
        Problem::usage(format!("{}: {error}{shown}", path.display()))
    })
}

/// A file that somebody named has to be there and to be text.
fn read(path: &Path) -> Result<String, Problem> {
    let bytes =
        std::fs::read(path).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))?;
    String::from_utf8(bytes).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))
}
