//! A change to several rules, one after the other: a failure is reported and the rest goes on.

use budget_guard_core::model::RuleArn;
use serde::Serialize;

use crate::args::Attachment;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::RuleName;

/// What was done to one rule.
pub struct Done {
    pub rule: RuleArn,
    /// One word for scripts.
    pub result: &'static str,
    /// For people, after the rule's name.
    pub text: String,
}

/// One rule in `--output json`.
#[derive(Debug, Serialize)]
struct RuleResult {
    /// Null if no such rule was found.
    arn: Option<RuleArn>,
    name: String,
    bus: String,
    result: &'static str,
    reason: Option<String>,
}

/// Gathers what became of each rule.
pub struct Report<'a> {
    context: &'a Context,
    results: Vec<RuleResult>,
    exit: Exit,
}

/// Every name is checked before anything is done.
pub fn names(attachment: &Attachment) -> Result<Vec<RuleName>, Problem> {
    let bus = attachment.on.bus.as_deref();
    attachment.rules.iter().map(|rule| RuleName::parse(rule, bus)).collect()
}

impl<'a> Report<'a> {
    pub fn new(context: &'a Context) -> Self {
        Self { context, results: Vec::new(), exit: Exit::Done }
    }

    pub fn add(&mut self, name: &RuleName, result: Result<Done, Problem>) -> Result<(), Problem> {
        let (arn, result, reason) = match result {
            Ok(done) => {
                if !self.context.is_json() {
                    output::data(&format!("{}: {}\n", done.rule.path(), done.text))?;
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

    pub fn finish(self) -> Result<Exit, Problem> {
        if self.context.is_json() {
            output::json(&self.results)?;
        }
        Ok(self.exit)
    }
}
