//! Why a call to AWS did not do what was asked, in the few kinds that lead to different decisions.

use serde::{Deserialize, Serialize};

/// What a failed call means for the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The rule or bus does not exist (`ResourceNotFoundException`).
    NotFound,
    /// The rule belongs to an AWS service (`ManagedRuleException`).
    Managed,
    /// Someone else is changing the rule at this moment (`ConcurrentModificationException`).
    Conflict,
    /// `ThrottlingException` and its relatives: a later call may succeed.
    Throttled,
    /// The caller lacks the permission (`AccessDeniedException`).
    Denied,
    /// No answer in time. The call may or may not have taken effect.
    Timeout,
    /// Anything else; `message` says what.
    Other,
}

/// A failed call: its kind, and AWS's own words for people and logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    pub kind: FaultKind,
    pub message: String,
}

impl Fault {
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Whether the same call may succeed within seconds.
    pub fn is_passing(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::Conflict | FaultKind::Throttled | FaultKind::Timeout | FaultKind::Other
        )
    }
}
