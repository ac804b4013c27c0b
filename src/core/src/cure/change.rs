//! Change of a rule's pattern by a person, as the record keeps it.

use serde::{Deserialize, Serialize};

use super::NoCure;
use crate::model::{RuleDefinition, Timestamp, same_json};

/// Progress of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The cure is about to be put, or was put and not confirmed.
    Applying,
    /// The rule read back with the cure.
    Applied,
    /// The old pattern is about to be put back, or was and not confirmed.
    Undoing,
}

/// Change of the rule's pattern by `budget-guard cure`. It is stored before anything is done to the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternChange {
    /// Pattern as it was, letter for letter.
    pub before: String,
    /// Pattern with the cure.
    pub after: String,
    /// Description of the person who ordered it.
    pub by: String,
    /// Time of the order.
    pub at: Timestamp,
    /// Progress.
    pub stage: Stage,
}

/// Pattern of a rule that may be changed.
///
/// # Errors
/// [`NoCure::Untouchable`] for a rule that an AWS service manages, and for a schedule.
pub fn changeable(rule: &RuleDefinition) -> Result<&str, NoCure> {
    if let Some(service) = &rule.managed_by {
        return Err(NoCure::Untouchable(format!("the AWS service {service} manages the rule")));
    }
    let schedule = || NoCure::Untouchable("the rule is a schedule, which no event fires".to_owned());
    rule.event_pattern.as_deref().ok_or_else(schedule)
}

impl PatternChange {
    /// Returns true if the rule has the cure.
    pub fn is_after(&self, pattern: Option<&str>) -> bool {
        same_json(pattern, Some(&self.after))
    }

    /// Returns true if the rule has the pattern as it was.
    pub fn is_before(&self, pattern: Option<&str>) -> bool {
        same_json(pattern, Some(&self.before))
    }
}
