//! The identity of an alert: what it is about, of which kind, and which one of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::occurrence::{Occurrence, Topic};
use crate::model::RuleArn;

/// Kind of an alert. The words are the `kind` attribute of the SNS message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// A rule was disabled.
    Tripped,
    /// A rule would have been disabled, but is observed or must not be touched.
    WouldTrip,
    /// A rule fires as a slow loop would; a person should look.
    Suspect,
    /// A rule was put back.
    Restored,
    /// Someone else enabled or deleted a rule that the guard had cut.
    Undone,
    /// A rule has been disabled for long.
    Reminder,
    /// Something the guard should have done did not work.
    Failed,
    /// A rule is fired mostly by its own target.
    Advice,
    /// A budget is overspent, is OK again, or is said to be overspent.
    Budget,
    /// Rules fire on more than the guard is shown.
    Unwatched,
}

impl AlertKind {
    /// The word of the kind, as subscriptions filter by it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tripped => "tripped",
            Self::WouldTrip => "would-trip",
            Self::Suspect => "suspect",
            Self::Restored => "restored",
            Self::Undone => "undone",
            Self::Reminder => "reminder",
            Self::Failed => "failed",
            Self::Advice => "advice",
            Self::Budget => "budget",
            Self::Unwatched => "unwatched",
        }
    }
}

/// Identity of an alert: the same event always has the same key. Its text is the `dedup_id` of the SNS message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertKey {
    pub subject: Subject,
    pub kind: AlertKind,
    #[serde(default, skip_serializing_if = "Occurrence::is_single")]
    pub occurrence: Occurrence,
}

/// Thing that an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A rule in one epoch of its life.
    Rule { rule: RuleArn, epoch: u64 },
    /// A budget of the account, by its name.
    Budget(String),
    /// A message about money, by its id at SNS.
    Message(String),
    /// A message about money without an id, by a hash of its content.
    Text(u64),
    /// The events that the guard is shown.
    Coverage,
    /// Unknown beyond the `dedup_id`: an earlier version stored nothing else.
    Stored(String),
}

impl AlertKey {
    /// Returns true if both tell of the same trouble of the same subject: then one of the two is enough.
    pub fn repeats(&self, earlier: &Self) -> bool {
        let trouble = |key: &Self| (key.kind, key.occurrence.topic);
        trouble(self) == trouble(earlier) && self.subject == earlier.subject
    }

    /// The rule that the alert is about; `None` if it is about no single rule.
    pub fn rule(&self) -> Option<&RuleArn> {
        match &self.subject {
            Subject::Rule { rule, .. } => Some(rule),
            _ => None,
        }
    }
}

/// The `dedup_id`. It is public interface, and known to the subscribers of today.
impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_str();
        let topic = self.occurrence.topic.map(|topic| topic.as_str().to_owned());
        let repetition = self.occurrence.repetition.map(|repetition| repetition.to_string());
        let (begin, marks) = match &self.subject {
            Subject::Rule { rule, epoch } => (format!("{rule}/{epoch}/{kind}"), [topic, repetition]),
            Subject::Budget(name) if self.occurrence.topic == Some(Topic::Full) => {
                (format!("{kind}/full/{name}"), [repetition, None])
            }
            Subject::Budget(name) => (format!("{kind}/{name}"), [repetition, topic]),
            Subject::Message(id) => (format!("{kind}/message/{id}"), [None, None]),
            Subject::Text(hash) => (format!("{kind}/text/{hash:010x}"), [None, None]),
            Subject::Coverage => (kind.to_owned(), [topic, repetition]),
            Subject::Stored(id) => (id.clone(), [None, None]),
        };
        f.write_str(&begin)?;
        marks.iter().flatten().try_for_each(|mark| write!(f, "/{mark}"))
    }
}
