//! Stage 5: the circuit breaker of one rule: its states and their transitions.

mod cut;
mod stored;
mod transition;

pub use cut::{Cut, Disabled, PROPAGATION, Restore, next_back_off};
pub use transition::{Effects, Event};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{RuleDefinition, Timestamp};
use stored::StoredBreaker;

/// The breaker of one rule. [`Breaker::next`] has all transitions.
///
/// ```text
///           trip, or `disable`          `enable`, or auto-restore
/// closed ───────────────────────▶ open ──────────────────────────▶ restoring
///    ▲                           ▲ │ │ others enabled it                │
///    │                      trip │ │ └───────────────┐                  │
///    │                           │ │                 ▼                  │
///    │◀── a clean probation ── half-open ◀──────────────────────────────┘
///    └──────────────────────────── the rule is gone, was already disabled, or must not be touched
///
/// open:       inspecting ── the rule is read ──▶ disabling ── it reads back as disabled ──▶ disabled
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredBreaker", into = "StoredBreaker")]
pub enum Breaker {
    /// The rule is enabled, and no cut is under way.
    Closed,
    /// A trip is recorded. The cut tells its progress.
    Open(Cut),
    /// The rule is being restored.
    Restoring(Box<Restore>),
    /// The rule is enabled again, with a quarter of its limit.
    HalfOpen {
        /// End of the probation.
        until: Timestamp,
    },
}

impl Breaker {
    /// State in one word, for JSON and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open(_) => "open",
            Self::Restoring(_) => "restoring",
            Self::HalfOpen { .. } => "half-open",
        }
    }

    /// The disabled rule, if the breaker is open and the cut is complete.
    pub fn disabled(&self) -> Option<&Disabled> {
        match self {
            Self::Open(cut) => cut.disabled(),
            Self::Closed | Self::Restoring(_) | Self::HalfOpen { .. } => None,
        }
    }

    /// The same, to note what is seen of it.
    pub fn disabled_mut(&mut self) -> Option<&mut Disabled> {
        match self {
            Self::Open(Cut::Disabled(disabled)) => Some(disabled),
            _ => None,
        }
    }

    /// Rule before the guard touched it. `None` if it is not cut, or not read yet.
    pub fn found(&self) -> Option<&RuleDefinition> {
        match self {
            Self::Open(cut) => cut.found(),
            Self::Restoring(restore) => Some(&restore.found),
            Self::Closed | Self::HalfOpen { .. } => None,
        }
    }
}

impl fmt::Display for Breaker {
    /// For people: the breaker's state and what it means for the rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed (rule enabled)",
            Self::Open(Cut::Disabled(_)) => "open (rule disabled)",
            Self::Open(_) => "open (rule about to be disabled)",
            Self::Restoring(_) => "restoring (rule about to be enabled)",
            Self::HalfOpen { .. } => "half-open (rule enabled on probation)",
        })
    }
}

/// One enabled life of a rule. A trip ends it; a restore starts the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// Number of the life, from 1.
    pub number: u64,
    /// Time from which firings count. `None` in the first life, whose beginning was not observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
}

impl Epoch {
    /// First life of a rule.
    pub const FIRST: Self = Self { number: 1, began: None };

    /// Life that follows this one, from this time on.
    pub fn next(self, began: Timestamp) -> Self {
        Self { number: self.number + 1, began: Some(began) }
    }
}
