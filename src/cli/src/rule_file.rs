//! Reads a file of rules or of one event pattern, and reports mistakes with their place.

use std::path::Path;

use budget_guard_core::model::{Excerpt, plural};
use budget_guard_core::replay::{PatternText, RuleSpec, RulesError, TextPosition, read_rules};
use budget_guard_lint::terraform_rules;
use eventbridge_pattern::{Pattern, PatternError};
use serde::Serialize;

use crate::excerpt::excerpt;
use crate::files::whole_text;
use crate::input;
use crate::output;
use crate::problem::Problem;

/// Maximum number of rules that are named as broken; the others are only counted.
const NAMED: usize = 10;

/// Rules of a file, with its text for error messages.
#[derive(Debug)]
pub(crate) struct RuleFile {
    /// Rules in the order of the file. Their patterns are not compiled yet.
    pub rules: Vec<RuleSpec>,
    /// False if some rules are missing or could not be read, which was reported.
    pub is_whole: bool,
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
    /// Reads and parses the file. Rules that are missing or cannot be read are reported, and cost only themselves.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let text = whole_text(path)?;
        let text = terraform_rules(&text).unwrap_or(text);
        let path = input::name(path);
        let shown = |error: &RulesError| format!("{path}: {error}{}", excerpt(&text, error.place));
        let list = read_rules(&text).map_err(|error| {
            Problem::usage(shown(&error)).hint("budget-guard rules export > rules.jsonl makes such a file")
        })?;
        for error in list.broken.iter().take(NAMED) {
            output::warning(format_args!("left out a rule: {}", shown(error)));
        }
        if list.broken.len() > NAMED {
            let more = plural((list.broken.len() - NAMED) as u64, "more rule");
            output::warning(format_args!("left out {more} of {path}, not named here"));
        }
        if list.has_next_page {
            output::warning(format_args!(
                "rules are missing in {path}: its NextToken names a next page; all of them: budget-guard rules export"
            ));
        }
        let is_whole = list.broken.is_empty() && !list.has_next_page;
        Ok(Self { rules: list.rules, is_whole, text, path })
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
    let text = whole_text(path)?;
    Pattern::compile(&text).map_err(|error| {
        let shown = excerpt(&text, TextPosition { line: error.line, column: error.column });
        Problem::usage(format!("{}: {error}{shown}", input::name(path)))
    })
}
