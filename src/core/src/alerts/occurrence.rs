//! Which one of the alerts of one kind about one subject: the trouble, and the repetition of it.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// Marks that tell apart the alerts of one kind about one subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The step or trouble, where a kind has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Topic>,
    /// Mark of one repetition among others of the same trouble.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repetition: Option<Repetition>,
}

/// Steps and troubles within one kind of alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The rule could not be disabled.
    Disable,
    /// The rule could not be put back.
    Restore,
    /// The event pattern is beyond the guard.
    Pattern,
    /// Tags of the rule are malformed.
    Tags,
    /// A disabled rule still fires.
    NotCut,
    /// A delayed call disabled the rule again.
    Overtaken,
    /// A restore changed more than the state.
    RestoreChanged,
    /// The rule was deleted.
    Deleted,
    /// The budget is OK again.
    Eased,
    /// A person ended the pressure of the budget.
    Cleared,
    /// More budgets are overspent than are kept.
    Full,
}

/// Mark of one repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repetition {
    /// At this time.
    At(Timestamp),
    /// On this day in UTC.
    On(Date),
    /// With content of this hash.
    Hash(u64),
    /// With content of this hash, at this time.
    HashAt(u64, Timestamp),
}

impl Occurrence {
    /// One repetition of a kind that knows a single trouble.
    pub fn repeated(repetition: Repetition) -> Self {
        Self { topic: None, repetition: Some(repetition) }
    }

    /// This trouble, at most once for a subject.
    pub fn of(topic: Topic) -> Self {
        Self { topic: Some(topic), repetition: None }
    }

    /// One repetition of this trouble.
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
            Self::RestoreChanged => "restore-changed",
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
