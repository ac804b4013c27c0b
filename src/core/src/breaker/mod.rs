//! Stage 5: the circuit breaker of one rule – its states, and who is working on a change of state.

mod cut;
mod transition;

pub use cut::{Cut, PROPAGATION, next_back_off};
pub use transition::{Effects, Event, Stage};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// The breaker of one rule. [`Breaker::next`] has all transitions.
///
/// ```text
///           trip, or `disable`          `enable`, or auto-restore
/// closed ───────────────────────▶ open ──────────────────────────▶ restoring
///    ▲                           ▲ │ │ someone else enabled it          │
///    │                      trip │ │ └───────────────┐                  │
///    │                           │ │                 ▼                  │
///    │◀── a clean probation ── half-open ◀──────────────────────────────┘
///    └──────────────────────────── the rule is gone, was already disabled, or must not be touched
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Breaker {
    Closed,
    /// The trip is recorded. What is still to do follows from what is there.
    Open(Box<Cut>),
    /// The rule is being put back since `since`.
    Restoring {
        cut: Box<Cut>,
        since: Timestamp,
    },
    /// The rule is enabled again, with a quarter of its limit, until `until`.
    HalfOpen {
        until: Timestamp,
    },
}

impl Breaker {
    /// The breaker's state in one word, for JSON and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open(_) => "open",
            Self::Restoring { .. } => "restoring",
            Self::HalfOpen { .. } => "half-open",
        }
    }
}

impl fmt::Display for Breaker {
    /// For people: the breaker's state and what it means for the rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed (rule enabled)",
            Self::Open(cut) if cut.disabled_at.is_some() => "open (rule disabled)",
            Self::Open(_) => "open (rule about to be disabled)",
            Self::Restoring { .. } => "restoring (rule about to be enabled)",
            Self::HalfOpen { .. } => "half-open (rule enabled on probation)",
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
