//! Stage 5: the circuit breaker of one rule – its states, and who is working on a change of state.

mod lease;

pub use lease::{LEASE, Lease};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{RuleDefinition, Timestamp};

/// The breaker of one rule.
///
/// ```text
///           trip, or `disable`                `enable`
/// closed ───────────────────────▶ open ───────────────────▶ restoring ──▶ closed (next epoch)
///    ▲                             │
///    └─────────────────────────────┘ the rule is gone, already disabled, or must not be touched
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Breaker {
    Closed,
    /// The trip is recorded. What is still to do follows from what is there.
    Open {
        /// The rule as it was found, before it was touched. Until it is read, nothing has been done to the rule.
        found: Option<Box<RuleDefinition>>,
        /// When the rule was read back as disabled.
        disabled_at: Option<Timestamp>,
    },
    /// A person asked for the rule back; `found` is being put back since `since`.
    Restoring {
        found: Box<RuleDefinition>,
        since: Timestamp,
    },
}

impl Breaker {
    /// The breaker's state in one word, for JSON and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::Restoring { .. } => "restoring",
        }
    }
}

impl fmt::Display for Breaker {
    /// For people: the breaker's state and what it means for the rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed (rule enabled)",
            Self::Open { disabled_at: Some(_), .. } => "open (rule disabled)",
            Self::Open { .. } => "open (rule about to be disabled)",
            Self::Restoring { .. } => "restoring (rule about to be enabled)",
        })
    }
}

/// One enabled life of a rule. A trip ends it; a restore starts the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    pub number: u64,
    /// Firings from before this never count. `None`: the rule's first life, whose beginning nobody saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
}

impl Epoch {
    pub const FIRST: Self = Self { number: 1, began: None };

    pub fn next(self, began: Timestamp) -> Self {
        Self { number: self.number + 1, began: Some(began) }
    }
}
