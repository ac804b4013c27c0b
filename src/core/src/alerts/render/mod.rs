//! Alerts in words: the public JSON first, and from it the texts for people. No other room builds sentences for them.

mod budget;
mod chat;
mod coverage;
mod json;
mod rule;
mod text;

pub use json::{AlertJson, BudgetOutcome, StateRef};
pub use text::{details, quoted};

pub(super) use budget::not_taken;

use super::Alert;
use crate::model::RuleArn;

/// An alert as SNS takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line of printable ASCII, at most 99 characters.
    pub subject: String,
    /// JSON with a text for each protocol, for `MessageStructure: json`.
    pub body: String,
    /// The alert as the public JSON has it.
    pub alert: AlertJson,
}

/// Words of an alert that differ from kind to kind.
struct Words {
    /// One sentence with the numbers.
    reason: String,
    /// The next thing to do, when it is not an undo.
    hint: Option<String>,
}

impl Words {
    fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: Some(hint.into()) }
    }
}

/// Renders an alert for all subscribers.
///
/// # Errors
/// Evidence that cannot be written as JSON.
pub fn message(alert: &Alert) -> Result<Message, serde_json::Error> {
    let alert = AlertJson::of(alert);
    Ok(Message { subject: alert.subject(), body: chat::body(&alert)?, alert })
}

impl Message {
    /// Attributes of the SNS message, by which subscriptions filter.
    pub fn attributes(&self) -> Vec<(&'static str, &str)> {
        let rule = self.alert.rule.as_ref().map(|rule| ("rule_arn", rule.arn.as_str()));
        let mut attributes = vec![("kind", self.alert.kind.as_str()), ("dedup_id", &self.alert.dedup_id)];
        attributes.extend(rule);
        attributes
    }
}

/// A `budget-guard` command for one rule, as a person would type it.
pub fn command(verb: &str, rule: &RuleArn) -> String {
    let bus = if rule.is_on_default_bus() { String::new() } else { format!(" --bus {}", rule.bus()) };
    format!("budget-guard {verb} {}{bus} --region {}", rule.name(), rule.region())
}
