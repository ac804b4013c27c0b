//! Occurrence of an alert among those of one kind about one subject: the problem, and its repetition.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// Marks that distinguish the alerts of one kind about one subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Step or problem, for kinds that have several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Topic>,
    /// Mark that distinguishes repetitions of the same problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repetition: Option<Repetition>,
}

/// Step or problem within one kind of alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The rule could not be disabled.
    Disable,
    /// The rule could not be put back.
    Restore,
    /// The guard cannot evaluate the event pattern.
    Pattern,
    /// Tags of the rule are malformed.
    Tags,
    /// A disabled rule still fires.
    NotCut,
    /// A delayed call of the guard disabled the rule again.
    Overtaken,
    /// The events that the rule missed could not be replayed.
    Replay,
    /// A restore changed more than the state of the rule.
    RestoreChanged,
    /// The rule was tried.
    Trial,
    /// The calls ended after a cut.
    Ended,
    /// The rule was deleted.
    Deleted,
    /// The budget is no longer overspent.
    Eased,
    /// A person ended the effect of the budget.
    Cleared,
    /// The maximum number of overspent budgets is already kept.
    Full,
}

/// Mark of one repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repetition {
    /// Time.
    At(Timestamp),
    /// Day in UTC.
    On(Date),
    /// Hash of the content.
    Hash(u64),
    /// Hash of the content, and time.
    HashAt(u64, Timestamp),
}

impl Occurrence {
    /// Creates one repetition, for a kind with a single problem.
    pub fn repeated(repetition: Repetition) -> Self {
        Self { topic: None, repetition: Some(repetition) }
    }

    /// Creates an occurrence of this problem that a subject has at most once.
    pub fn of(topic: Topic) -> Self {
        Self { topic: Some(topic), repetition: None }
    }

    /// Creates one repetition of this problem.
    pub fn of_repeated(topic: Topic, repetition: Repetition) -> Self {
        Self { topic: Some(topic), repetition: Some(repetition) }
    }

    pub(super) fn is_single(&self) -> bool {
        *self == Self::default()
    }
}

impl Topic {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Restore => "restore",
            Self::Pattern => "pattern",
            Self::Tags => "tags",
            Self::NotCut => "not-cut",
            Self::Overtaken => "overtaken",
            Self::Replay => "replay",
            Self::RestoreChanged => "restore-changed",
            Self::Trial => "trial",
            Self::Ended => "ended",
            Self::Deleted => "deleted",
            Self::Eased => "eased",
            Self::Cleared => "cleared",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Repetition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => time.fmt(f),
            Self::On(day) => day.fmt(f),
            Self::Hash(hash) => write!(f, "{hash:010x}"),
            Self::HashAt(hash, time) => write!(f, "{hash:010x}/{time}"),
        }
    }
}
