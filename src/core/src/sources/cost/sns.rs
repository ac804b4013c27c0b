//! Envelopes of cost alerts: SNS messages, EventBridge events, or none.

use serde::Deserialize;

use super::super::DecodeError;
use super::super::field::{Field, Object};
use super::{CostAlert, CostMessage, Unrecognised, read, read_raw};
use crate::escape::is_id;

/// SNS message, delivered to a function (`Records[].Sns`), through a queue or by HTTP.
///
/// Source: "Parsing Amazon SNS message formats" (Amazon SNS developer guide).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sources) struct Sns<'a> {
    #[serde(borrow, default, rename = "Type")]
    kind: Field<'a>,
    #[serde(borrow, default)]
    topic_arn: Field<'a>,
    #[serde(borrow, default)]
    message_id: Field<'a>,
    #[serde(borrow, default)]
    subject: Field<'a>,
    #[serde(borrow, default)]
    message: Field<'a>,
    #[serde(borrow, default)]
    timestamp: Field<'a>,
}

impl Object for Box<Sns<'_>> {}

/// Parses a message of a topic. Errors name its text `field`.
pub(in crate::sources) fn from_topic(sns: Sns<'_>, field: &'static str) -> Result<CostMessage, DecodeError> {
    let some = |field: Field<'_>| match field {
        Field::Text(text) if !text.is_empty() => Some(text.into_owned()),
        _ => None,
    };
    let text = sns.message.text(field, "text")?;
    let topic_arn = some(sns.topic_arn);
    let alert = match sns.kind {
        Field::Text(kind) if kind == "SubscriptionConfirmation" || kind == "UnsubscribeConfirmation" => {
            CostAlert::Subscription { topic_arn: topic_arn.clone().unwrap_or_default() }
        }
        Field::Text(kind) if kind != "Notification" => {
            CostAlert::Unrecognised(Unrecognised::new(&text, "an SNS message that is no notification"))
        }
        _ => read(some(sns.subject).as_deref(), &text),
    };
    let sent = some(sns.timestamp).and_then(|text| text.parse().ok());
    // It becomes part of the alert's own id.
    let message_id = some(sns.message_id).filter(|id| is_id(id));
    Ok(CostMessage { topic_arn, message_id, sent, alert })
}

/// Parses a JSON object: an SNS message, or an alert without an envelope. `None` for any other object.
pub(in crate::sources) fn from_object(bytes: &[u8]) -> Result<Option<CostMessage>, DecodeError> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(None) };
    match serde_json::from_str::<Sns<'_>>(text) {
        Ok(sns) if sns.topic_arn.is_present() && (sns.kind.is_present() || sns.message.is_present()) => {
            from_topic(sns, "Message").map(Some)
        }
        _ => Ok(read_raw(text).map(CostMessage::bare)),
    }
}

/// Parses an EventBridge event that carries an alert. `None` for any other event.
pub(in crate::sources) fn from_event(bytes: &[u8]) -> Option<CostMessage> {
    read_raw(std::str::from_utf8(bytes).ok()?).map(CostMessage::bare)
}

impl CostMessage {
    /// Creates a message of unknown origin.
    pub(in crate::sources) fn bare(alert: CostAlert) -> Self {
        Self { topic_arn: None, message_id: None, sent: None, alert }
    }
}
