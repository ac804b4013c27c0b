//! Layout of a stored breaker: one object with the fields of all stages, as the first version wrote it.

use serde::{Deserialize, Serialize};

use super::{Breaker, Cut, Disabled, Restore};
use crate::model::{RuleDefinition, Timestamp};

/// A breaker as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(super) enum StoredBreaker {
    Closed,
    Open(Box<StoredCut>),
    Restoring { cut: Box<StoredCut>, since: Timestamp },
    HalfOpen { until: Timestamp },
}

/// A cut as it is stored. The fields that are there tell its stage.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct StoredCut {
    #[serde(default)]
    found: Option<RuleDefinition>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_claimed: bool,
    #[serde(default)]
    disabled_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_check: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_reminder: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restore_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fired_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    firing_reported: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed_by: Option<String>,
}

impl From<StoredCut> for Cut {
    fn from(stored: StoredCut) -> Self {
        match (stored.found, stored.disabled_at) {
            (None, _) => Self::Inspecting { is_claimed: stored.is_claimed },
            (Some(found), None) => Self::Disabling { found: Box::new(found) },
            (Some(found), Some(at)) => {
                let planned = Disabled::new(found, at, stored.restore_at);
                Self::Disabled(Box::new(Disabled {
                    next_check: stored.next_check.unwrap_or(planned.next_check),
                    next_reminder: stored.next_reminder.unwrap_or(planned.next_reminder),
                    fired_at: stored.fired_at,
                    firing_reported: stored.firing_reported,
                    changed_by: stored.changed_by,
                    ..planned
                }))
            }
        }
    }
}

impl From<Cut> for StoredCut {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Inspecting { is_claimed } => Self { is_claimed, ..Self::default() },
            Cut::Disabling { found } => Self { found: Some(*found), ..Self::default() },
            Cut::Disabled(disabled) => Self {
                found: Some(disabled.found),
                is_claimed: false,
                disabled_at: Some(disabled.at),
                next_check: Some(disabled.next_check),
                next_reminder: Some(disabled.next_reminder),
                restore_at: disabled.restore_at,
                fired_at: disabled.fired_at,
                firing_reported: disabled.firing_reported,
                changed_by: disabled.changed_by,
            },
        }
    }
}

impl From<Restore> for StoredCut {
    fn from(restore: Restore) -> Self {
        Self {
            found: Some(restore.found),
            disabled_at: restore.disabled_at,
            next_check: restore.next_check,
            next_reminder: restore.next_reminder,
            restore_at: restore.restore_at,
            ..Self::default()
        }
    }
}

impl From<StoredBreaker> for Breaker {
    fn from(stored: StoredBreaker) -> Self {
        match stored {
            StoredBreaker::Closed => Self::Closed,
            StoredBreaker::Open(cut) => Self::Open(Cut::from(*cut)),
            StoredBreaker::Restoring { cut, since } => match cut.found {
                Some(found) => Self::Restoring(Box::new(Restore {
                    found,
                    since,
                    disabled_at: cut.disabled_at,
                    next_check: cut.next_check,
                    next_reminder: cut.next_reminder,
                    restore_at: cut.restore_at,
                })),
                // No version restores a rule that it has not read. Such a cut begins again.
                None => Self::Open(Cut::default()),
            },
            StoredBreaker::HalfOpen { until } => Self::HalfOpen { until },
        }
    }
}

impl From<Breaker> for StoredBreaker {
    fn from(breaker: Breaker) -> Self {
        match breaker {
            Breaker::Closed => Self::Closed,
            Breaker::Open(cut) => Self::Open(Box::new(cut.into())),
            Breaker::Restoring(restore) => {
                let since = restore.since;
                Self::Restoring { cut: Box::new((*restore).into()), since }
            }
            Breaker::HalfOpen { until } => Self::HalfOpen { until },
        }
    }
}
