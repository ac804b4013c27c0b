//! Identity of an alert: its subject, its kind, and the occurrence.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::occurrence::{Occurrence, Topic};
use crate::model::RuleArn;

/// Kind of an alert. Its word is the `kind` attribute of the SNS message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// A rule was disabled.
    Tripped,
    /// A rule would have been disabled, but its mode is `observe` or it must not be touched.
    WouldTrip,
    /// A rule fires like a slow loop. A person should check it.
    Suspect,
    /// A suspect is off for a short time, to see whether its calls stop.
    Trial,
    /// The calls stopped when the rule was cut.
    Confirmed,
    /// The calls go on although the rule is cut.
    Exonerated,
    /// The outcome of a cut proves nothing.
    Inconclusive,
    /// A rule was put back.
    Restored,
    /// Another principal enabled or deleted a rule that the guard had cut.
    Undone,
    /// A rule has been disabled for a long time.
    Reminder,
    /// An action of the guard failed.
    Failed,
    /// A rule is fired mostly by its own target.
    Advice,
    /// A person changed the rule's pattern to end a loop, or put it back.
    Cured,
    /// A budget is overspent, is reported to be overspent, or is no longer overspent.
    Budget,
    /// Rules also fire on events that the guard does not receive.
    Unwatched,
    /// The guard has cut too many rules, and cuts nothing more by itself.
    Paused,
    /// A tag of the guard on a rule, or a part of its stack, was changed by others.
    Tampered,
}

impl AlertKind {
    /// Returns the word of the kind, which subscriptions filter by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tripped => "tripped",
            Self::WouldTrip => "would-trip",
            Self::Suspect => "suspect",
            Self::Trial => "trial",
            Self::Confirmed => "confirmed",
            Self::Exonerated => "exonerated",
            Self::Inconclusive => "inconclusive",
            Self::Restored => "restored",
            Self::Undone => "undone",
            Self::Reminder => "reminder",
            Self::Failed => "failed",
            Self::Advice => "advice",
            Self::Cured => "cured",
            Self::Budget => "budget",
            Self::Unwatched => "unwatched",
            Self::Paused => "paused",
            Self::Tampered => "tampered",
        }
    }
}

/// Identity of an alert. The same event always has the same key. Its text is the `dedup_id` of the SNS message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertKey {
    /// Subject of the alert.
    pub subject: Subject,
    /// Kind of the alert.
    pub kind: AlertKind,
    /// Occurrence among the alerts of this kind about this subject.
    #[serde(default, skip_serializing_if = "Occurrence::is_single")]
    pub occurrence: Occurrence,
}

/// Subject of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Rule in one of its epochs.
    Rule {
        /// ARN of the rule.
        rule: RuleArn,
        /// Number of the epoch.
        epoch: u64,
    },
    /// Budget of the account, by its name.
    Budget(String),
    /// Message about costs, by its SNS message id.
    Message(String),
    /// Message about costs without an id, or changes to the guard itself, by a hash of the content.
    Text(u64),
    /// Events that the guard receives.
    Coverage,
    /// The guard itself.
    Guard,
    /// `dedup_id` alone, as an earlier version stored it.
    Stored(String),
}

impl AlertKey {
    /// Returns true if both report the same problem of the same subject. The later one then replaces the earlier one.
    pub fn repeats(&self, earlier: &Self) -> bool {
        let trouble = |key: &Self| (key.kind, key.occurrence.topic);
        trouble(self) == trouble(earlier) && self.subject == earlier.subject
    }

    /// Returns the rule that the alert is about. `None` if it is about no single rule.
    pub fn rule(&self) -> Option<&RuleArn> {
        match &self.subject {
            Subject::Rule { rule, .. } => Some(rule),
            _ => None,
        }
    }
}

/// Text of the `dedup_id`. It is public interface: subscribers depend on it.
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
            Subject::Text(hash) => (format!("{kind}/text/{hash:010x}"), [topic, repetition]),
            Subject::Coverage | Subject::Guard => (kind.to_owned(), [topic, repetition]),
            Subject::Stored(id) => (id.clone(), [None, None]),
        };
        f.write_str(&begin)?;
        marks.iter().flatten().try_for_each(|mark| write!(f, "/{mark}"))
    }
}
