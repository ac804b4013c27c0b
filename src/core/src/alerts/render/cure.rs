//! Cure of a loop, for programs and for people.

use serde::{Deserialize, Serialize};

use super::Commands;
use crate::alerts::Remedy;
use crate::model::RuleArn;

/// Cure of a loop as public JSON: a pattern, or the reason why there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CureJson {
    /// Changed event pattern: JSON on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// ARNs of the roles that it leaves out, or their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Facts that were verified, as a clause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
    /// Length and quota, if an account has to raise the quota for this pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<String>,
    /// Command that changes the pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Reason why there is no such pattern, as a clause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl CureJson {
    /// Describes a cure of this rule, with the command of this guard.
    pub fn new(remedy: &Remedy, rule: &RuleArn, commands: &Commands) -> Self {
        match remedy {
            Remedy::Pattern(cure) => Self {
                pattern: Some(cure.pattern.clone()),
                left_out: cure.left_out.clone(),
                verified: Some(cure.verified()),
                quota: cure.quota(),
                command: Some(format!("{} --apply", commands.about("cure", rule))),
                refused: None,
            },
            Remedy::Refused(why) => Self { refused: Some(why.clone()), ..Self::default() },
        }
    }

    /// Lines for people. The pattern has a line of its own.
    pub fn lines(&self) -> Vec<String> {
        let Some(pattern) = &self.pattern else {
            let why = self.refused.as_deref().unwrap_or_default();
            return vec![format!("The pattern cannot end the loop: {why}.")];
        };
        let roles = self.left_out.join(" and ");
        let quota = self.quota.as_ref().map(|quota| format!(" ({quota})")).unwrap_or_default();
        let mut lines = vec![format!(
            "This event pattern ends the loop: it leaves out the calls of {roles}, of all who have that role{quota}."
        )];
        lines.push(format!("  {pattern}"));
        lines.extend(self.verified.as_ref().map(|verified| format!("Verified: {verified}.")));
        lines.extend(
            self.command.iter().flat_map(|command| ["To put it:".to_owned(), format!("  {command}")]),
        );
        lines
    }
}
