//! Reads a file of rules or of one event pattern, and reports mistakes with their place.

use std::path::Path;

use budget_guard_core::model::Excerpt;
use budget_guard_core::replay::{PatternText, RuleSpec, TextPosition, read_rules};
use eventbridge_pattern::{Pattern, PatternError};
use serde::Serialize;

use crate::excerpt::excerpt;
use crate::input::read_whole;
use crate::problem::Problem;

/// Rules of a file, with its text for error messages.
#[derive(Debug)]
pub(crate) struct RuleFile {
    /// Rules in the order of the file. Their patterns are not compiled yet.
    pub rules: Vec<RuleSpec>,
    text: String,
    path: String,
}

/// A rule with a pattern that does not compile.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BadPattern {
    /// Name of the rule.
    pub rule: String,
    /// Line of the mistake in the pattern, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Description of the mistake.
    pub problem: String,
    /// Message for people, with the place in the file and an excerpt.
    #[serde(skip)]
    pub message: String,
}

impl RuleFile {
    /// Reads and parses the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let text = read(path)?;
        let path = path.display().to_string();
        let rules = read_rules(&text).map_err(|error| {
            let excerpt = excerpt(&text, error.place);
            Problem::usage(format!("{path}: {error}{excerpt}"))
                .hint("aws events list-rules > rules.json makes such a file")
        })?;
        Ok(Self { rules, text, path })
    }

    /// Compiles the pattern of a rule.
    pub(crate) fn compile(&self, rule: &RuleSpec, pattern: &PatternText) -> Result<Pattern, BadPattern> {
        pattern.compile().map_err(|error| {
            let (place, shown) = match pattern.place_in_file(&error) {
                Some(place) => {
                    (format!("line {}, column {}", place.line, place.column), excerpt(&self.text, place))
                }
                None => {
                    let place = TextPosition { line: error.line, column: error.column };
                    let where_in = format!("line {}, column {} of its pattern", place.line, place.column);
                    (where_in, excerpt(&pattern.text, place))
                }
            };
            let PatternError { line, column, problem } = error;
            let message =
                format!("{}: rule {}: {place}: {problem}{shown}", self.path, Excerpt::new(&rule.name));
            BadPattern { rule: rule.name.clone(), line, column, problem, message }
        })
    }
}

/// Reads a file with one pattern.
pub(crate) fn pattern(path: &Path) -> Result<Pattern, Problem> {
    let text = read(path)?;
    Pattern::compile(&text).map_err(|error| {
        let shown = excerpt(&text, TextPosition { line: error.line, column: error.column });
        Problem::usage(format!("{}: {error}{shown}", path.display()))
    })
}

/// Reads a file as UTF-8. A missing or binary file is invalid input.
fn read(path: &Path) -> Result<String, Problem> {
    String::from_utf8(read_whole(path)?)
        .map_err(|error| Problem::usage(format!("{}: {error}", path.display())))
}
