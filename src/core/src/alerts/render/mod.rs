//! Text of alerts: the public JSON first, and from it the texts for people. No other module builds sentences for them.

mod budget;
mod chat;
mod commands;
mod cost;
mod coverage;
mod cure;
mod json;
mod paused;
mod rule;
mod sms;
mod tampering;
mod text;

pub use commands::Commands;
pub use cost::{cost_lines, list_prices};
pub use cure::CureJson;
pub use json::{AlertJson, BudgetOutcome, StateRef};
pub use text::{details, quoted};

pub(super) use budget::not_taken;

use super::Alert;
use crate::model::RuleArn;

/// Alert as SNS takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Subject: one line of printable ASCII, at most 99 characters.
    pub subject: String,
    /// JSON object with a text for each protocol, for `MessageStructure: json`.
    pub body: String,
    /// Alert as public JSON.
    pub alert: AlertJson,
}

/// Text that differs between kinds.
struct Words {
    /// Reason in one sentence, with its numbers.
    reason: String,
    /// Next step, if it is not an undo command.
    hint: Option<String>,
}

impl Words {
    fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: Some(hint.into()) }
    }
}

/// Renders an alert for all subscribers, with the commands of the guard that publishes it.
///
/// # Errors
/// The alert cannot be written as JSON.
pub fn message(alert: &Alert, commands: &Commands) -> Result<Message, serde_json::Error> {
    let alert = AlertJson::with_commands(alert, commands);
    Ok(Message { subject: alert.subject(), body: chat::body(&alert)?, alert })
}

impl Message {
    /// Returns the attributes of the SNS message, which subscriptions filter by.
    pub fn attributes(&self) -> Vec<(&'static str, &str)> {
        let rule = self.alert.rule.as_ref().map(|rule| ("rule_arn", rule.arn.as_str()));
        let mut attributes = vec![("kind", self.alert.kind.as_str()), ("dedup_id", &self.alert.dedup_id)];
        attributes.extend(rule);
        attributes
    }
}

/// Returns the `budget-guard` command for one rule, for the default guard.
pub fn command(verb: &str, rule: &RuleArn) -> String {
    Commands::default().about(verb, rule)
}

/// Returns a `budget-guard` command without a rule, for a Region and the default guard.
pub fn command_in(verb: &str, region: &str) -> String {
    Commands::default().within(verb, region)
}
