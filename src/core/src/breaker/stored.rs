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
            (Some(found), Some(at)) => Self::Disabled(Box::new(Disabled {
                found,
                at,
                // Every version plans both. Without them, both are due: a damaged time must not end the process.
                next_check: stored.next_check.unwrap_or(at),
                next_reminder: stored.next_reminder.unwrap_or(at),
                restore_at: stored.restore_at,
                fired_at: stored.fired_at,
                firing_reported: stored.firing_reported,
                changed_by: stored.changed_by,
            })),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_that_are_there_tell_the_stage() {
        let check = |json: &str, expected: &str| {
            let rule = r#"{"state":"ENABLED","targets":[],"tags":{}}"#;
            let json = json.replace("RULE", rule).replace("NOON", r#""2026-11-20T12:00:00Z""#);
            let breaker: Breaker = serde_json::from_str(&json).expect(&json);
            let stage = match &breaker {
                Breaker::Open(Cut::Inspecting { is_claimed }) => format!("inspecting, claimed {is_claimed}"),
                Breaker::Open(Cut::Disabling { .. }) => "disabling".to_owned(),
                Breaker::Open(Cut::Disabled(disabled)) => format!("disabled, check {}", disabled.next_check),
                Breaker::Restoring(restore) => format!("restoring, check {:?}", restore.next_check),
                other => other.word().to_owned(),
            };
            assert_eq!(stage, expected, "{json}");
            let again = serde_json::to_string(&breaker).and_then(|json| serde_json::from_str(&json));
            assert_eq!(again.ok(), Some(breaker), "{json}");
        };
        check(r#"{"state":"closed"}"#, "closed");
        check(r#"{"state":"half-open","until":NOON}"#, "half-open");
        check(r#"{"state":"open","found":null,"disabled_at":null}"#, "inspecting, claimed false");
        check(r#"{"state":"open"}"#, "inspecting, claimed false");
        check(r#"{"state":"open","is_claimed":true}"#, "inspecting, claimed true");
        check(r#"{"state":"open","found":RULE,"is_claimed":true}"#, "disabling");
        let disabled =
            r#"{"state":"open","found":RULE,"disabled_at":NOON,"next_check":"2026-11-20T12:00:45Z"}"#;
        check(disabled, "disabled, check 2026-11-20T12:00:45Z");
        check(r#"{"state":"open","found":RULE,"disabled_at":NOON}"#, "disabled, check 2026-11-20T12:00:00Z");
        let late = r#"{"state":"open","found":RULE,"disabled_at":"9999-12-30T22:00:00Z"}"#;
        check(late, "disabled, check 9999-12-30T22:00:00Z");
        check(r#"{"state":"restoring","cut":{"found":RULE},"since":NOON}"#, "restoring, check None");
        check(r#"{"state":"restoring","cut":{},"since":NOON}"#, "inspecting, claimed false");
    }
}
