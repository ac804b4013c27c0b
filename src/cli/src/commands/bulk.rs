//! Changes to several rules, one after the other. A failure is reported, and the rest goes on.

use budget_guard_core::model::RuleArn;
use serde::Serialize;

use crate::args::Attachment;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::RuleName;

/// Result of a change to one rule.
pub(super) struct Done {
    /// ARN of the rule.
    pub rule: RuleArn,
    /// Result as one word, for JSON output.
    pub result: &'static str,
    /// Result as text that follows the rule's name.
    pub text: String,
}

/// Result for one rule in `--output json`.
#[derive(Debug, Serialize)]
struct RuleResult {
    /// Null if the rule was not found.
    arn: Option<RuleArn>,
    name: String,
    bus: String,
    result: &'static str,
    reason: Option<String>,
}

/// Collects the results of all rules.
pub(super) struct Report<'a> {
    context: &'a Context,
    results: Vec<RuleResult>,
    exit: Exit,
}

/// Parses all names, before any change.
pub(super) fn names(attachment: &Attachment) -> Result<Vec<RuleName>, Problem> {
    let bus = attachment.on.bus.as_deref();
    attachment.rules.iter().map(|rule| RuleName::parse(rule, bus)).collect()
}

impl<'a> Report<'a> {
    /// Report without results.
    pub(super) fn new(context: &'a Context) -> Self {
        Self { context, results: Vec::new(), exit: Exit::Done }
    }

    /// Adds and prints the result for one rule.
    pub(super) fn add(&mut self, name: &RuleName, result: Result<Done, Problem>) -> Result<(), Problem> {
        let (arn, result, reason) = match result {
            Ok(done) => {
                if !self.context.is_json() {
                    output::line(format_args!("{}: {}", done.rule.path(), done.text))?;
                }
                (Some(done.rule), done.result, None)
            }
            Err(problem) => {
                output::problem(&problem);
                self.exit = self.exit.worst(problem.exit);
                let result = if problem.exit == Exit::Refused { "refused" } else { "failed" };
                (name.arn().cloned(), result, Some(problem.message))
            }
        };
        let (name, bus) = (name.name().to_owned(), name.bus().to_owned());
        self.results.push(RuleResult { arn, name, bus, result, reason });
        Ok(())
    }

    /// Prints the JSON output, and returns the exit code.
    pub(super) fn finish(self) -> Result<Exit, Problem> {
        if self.context.is_json() {
            output::json(&self.results)?;
        }
        Ok(self.exit)
    }
}
