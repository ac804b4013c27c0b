//! Cost alerts: text of AWS Budgets, Cost Anomaly Detection, CloudWatch billing alarms, in every envelope.
//!
//! Every message of a topic yields an alert, in the worst case its text, so that no alert is lost if AWS changes a
//! word. Nothing here is trusted: any principal that may publish can write this text, so the Budgets API is asked.

mod json;
mod notice;
mod show;
mod sns;
mod words;

pub use json::{AlarmState, BillingAlarm, CostAnomaly, RootCause};
pub(super) use notice::may_be_one as may_be_notice;
pub use notice::{BudgetNotice, NoticePeriod};
pub(super) use sns::{Sns, from_event, from_object, from_topic};

use crate::escape::is_visible;
use crate::model::Timestamp;

/// Maximum number of characters kept of unrecognised text.
const MAX_TEXT: usize = 1_000;

/// Message with a cost alert, and its origin as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostMessage {
    /// ARN of the topic. `None` for raw delivery and for events.
    pub topic_arn: Option<String>,
    /// Id that SNS assigned to the message. It is the same in every delivery. `None` for what cannot be an id.
    pub message_id: Option<String>,
    /// Time at which SNS accepted the message.
    pub sent: Option<Timestamp>,
    /// Content of the message.
    pub alert: CostAlert,
}

/// Content of a message about costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CostAlert {
    /// Notification of AWS Budgets.
    Budget(BudgetNotice),
    /// Anomaly of AWS Cost Anomaly Detection.
    Anomaly(CostAnomaly),
    /// CloudWatch alarm on `AWS/Billing`.
    BillingAlarm(BillingAlarm),
    /// Confirmation of a subscription or its end, sent by a topic. Its link is never followed.
    Subscription {
        /// ARN of the topic. Empty if the message has none.
        topic_arn: String,
    },
    /// Alert of the guard itself, whose topic must not feed it.
    OwnAlert {
        /// Deduplication id of the alert.
        dedup_id: String,
    },
    /// Message of unknown content.
    Unrecognised(Unrecognised),
}

/// Message of a topic that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecognised {
    /// Text of the message, at most 1,000 characters, without control characters except line breaks.
    pub text: String,
    /// Description of the message, which completes "a topic sent …".
    pub why: String,
}

impl Unrecognised {
    fn new(text: &str, why: impl Into<String>) -> Self {
        let mut chars = text.trim().chars();
        let is_shown = |c: char| c == '\n' || is_visible(c);
        let mut shown: String =
            chars.by_ref().take(MAX_TEXT).map(|c| if is_shown(c) { c } else { ' ' }).collect();
        if chars.next().is_some() {
            shown.push('…');
        }
        Self { text: shown, why: why.into() }
    }
}

/// Parses the text of a topic's message. `subject` is the subject of the message.
pub fn read(subject: Option<&str>, text: &str) -> CostAlert {
    read_raw(text).or_else(|| notice::from_subject(subject?).map(CostAlert::Budget)).unwrap_or_else(|| {
        CostAlert::Unrecognised(Unrecognised::new(text, "a message that is none of AWS's about money"))
    })
}

/// Parses text that need not be about costs. `None` if it is not.
pub(super) fn read_raw(text: &str) -> Option<CostAlert> {
    if text.trim_start().starts_with('{') { json::read(text) } else { read_plain(text) }
}

/// Same for text that is not JSON.
pub(super) fn read_plain(text: &str) -> Option<CostAlert> {
    notice::read(text).map(CostAlert::Budget)
}

#[cfg(test)]
mod tests;
