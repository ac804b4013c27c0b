//! Change of a rule's pattern by a person, as the record keeps it.

use serde::{Deserialize, Serialize};

use crate::model::{Timestamp, same_json};

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
