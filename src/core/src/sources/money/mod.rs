//! Alerts about money: AWS Budgets text, Cost Anomaly Detection, CloudWatch billing alarms – however they travel.
//!
//! Whatever comes from a topic is read into something, at worst into its text: an alert must not get lost because AWS
//! changed a word. Nothing here is believed: anyone who may publish can write this text, so the Budgets API is asked.

mod json;
mod notice;
mod show;
mod sns;
mod words;

pub use json::{AlarmState, BillingAlarm, CostAnomaly, RootCause};
pub(super) use notice::may_be_one as may_be_notice;
pub use notice::{BudgetNotice, NoticePeriod};
pub(super) use sns::{Sns, from_event, from_object, from_topic};

use crate::model::Timestamp;

/// Of a text that is not understood, so many characters are kept.
const MAX_TEXT: usize = 1_000;

/// What one message says about money, and where it came from as far as that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyMessage {
    /// `None` for raw delivery and for events.
    pub topic_arn: Option<String>,
    /// SNS's id of the message, the same in every delivery of it.
    pub message_id: Option<String>,
    /// When SNS took the message.
    pub sent: Option<Timestamp>,
    pub alert: MoneyAlert,
}

/// What a message about money says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyAlert {
    /// AWS Budgets.
    Budget(BudgetNotice),
    /// AWS Cost Anomaly Detection.
    Anomaly(CostAnomaly),
    /// A CloudWatch alarm on `AWS/Billing`.
    BillingAlarm(BillingAlarm),
    /// Somebody asks whether this endpoint wants a topic's messages. The link in it is never followed.
    Subscription {
        topic_arn: String,
    },
    /// One of the guard's own alerts: its topic must not feed it.
    OwnAlert {
        dedup_id: String,
    },
    Unrecognised(Unrecognised),
}

/// A message of a topic that nobody here can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecognised {
    /// At most 1,000 characters of it, without control characters but line ends.
    pub text: String,
    /// What it is taken for.
    pub why: String,
}

impl Unrecognised {
    fn new(text: &str, why: impl Into<String>) -> Self {
        let mut chars = text.trim().chars();
        let is_shown = |c: char| c == '\n' || c.escape_debug().eq([c]) || matches!(c, '"' | '\'' | '\\');
        let mut shown: String =
            chars.by_ref().take(MAX_TEXT).map(|c| if is_shown(c) { c } else { ' ' }).collect();
        if chars.next().is_some() {
            shown.push('…');
        }
        Self { text: shown, why: why.into() }
    }
}

/// What the text of a topic's message says; `subject` is the message's.
pub fn read(subject: Option<&str>, text: &str) -> MoneyAlert {
    read_raw(text).or_else(|| notice::from_subject(subject?).map(MoneyAlert::Budget)).unwrap_or_else(|| {
        MoneyAlert::Unrecognised(Unrecognised::new(text, "a message that is none of AWS's about money"))
    })
}

/// What a text says of which nobody has said that it is about money.
pub(super) fn read_raw(text: &str) -> Option<MoneyAlert> {
    if text.trim_start().starts_with('{') { json::read(text) } else { read_plain(text) }
}

/// The same for text that is not JSON.
pub(super) fn read_plain(text: &str) -> Option<MoneyAlert> {
    notice::read(text).map(MoneyAlert::Budget)
}

#[cfg(test)]
mod tests;
