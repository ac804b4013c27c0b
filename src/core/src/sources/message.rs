//! Message of a queue batch: its body, and what the queue says about it.

use std::borrow::Cow;
use std::fmt;

use super::envelope::{Attributes, Record};
use super::field::{Field, Nested};
use super::{Bus, DecodeError, ForwardedFiring, Received, come_from, decode_body};
use crate::model::{Timestamp, TraceRoot};

/// Message of a queue batch.
#[derive(Debug)]
pub struct Message<'a> {
    /// `messageId`, by which a failed message is returned to the queue.
    pub id: Cow<'a, str>,
    /// Body, or the reason for which it is not text.
    pub body: Result<Body<'a>, DecodeError>,
    /// ARN of the queue: `eventSourceARN`. Empty if it is absent or no text.
    pub queue: Cow<'a, str>,
    /// Trace from the message's attribute `AWSTraceHeader`.
    pub trace: Option<TraceRoot>,
    /// Text of the message's attribute `SentTimestamp`: milliseconds since 1970 at which the queue received it. Most
    /// events are from AWS and do not need it, so it is not parsed yet.
    pub sent_at: Option<Cow<'a, str>>,
}

impl Message<'_> {
    /// Content of the message.
    ///
    /// # Errors
    ///
    /// The body has no known shape. A retry does not help.
    pub fn received(&self) -> Result<Received<'_>, DecodeError> {
        let mut received = self.body.as_ref().map_err(Clone::clone)?.received()?;
        let (Received::Attached { event, .. } | Received::Bus(Bus { event, .. })) = &mut received else {
            return Ok(received);
        };
        let Some(sender) = &mut event.sender else { return Ok(received) };
        let sent_at = self.sent_at();
        sender.sent_at = sent_at;
        event.trace = self.trace;
        if let Received::Bus(Bus { carried: Some(carried), .. }) = &mut received
            && let Ok(ForwardedFiring { event, .. }) = &mut **carried
            && let Some(sender) = &mut event.sender
        {
            sender.sent_at = sent_at;
        }
        Ok(received)
    }

    /// Time at which the queue received the message. `None` if the attribute is absent or no time.
    fn sent_at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.sent_at.as_ref()?.parse().ok()?).ok()
    }
}

/// Body of a queue message.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all bodies are read at once, and a box for each would cost more"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'a> {
    /// Text that has not been parsed yet.
    Text(Cow<'a, str>),
    /// Body that was parsed together with the batch.
    Read {
        /// Text of the body as a JSON string, with its quotes.
        quoted: &'a [u8],
        /// Parsed content.
        received: Received<'a>,
    },
}

impl Body<'_> {
    /// Content of the body.
    ///
    /// # Errors
    ///
    /// The body has no known shape. A retry does not help.
    pub fn received(&self) -> Result<Received<'_>, DecodeError> {
        match self {
            Self::Text(text) => decode_body(text),
            Self::Read { received, .. } => Ok(received.clone()),
        }
    }
}

impl fmt::Display for Body<'_> {
    /// Prints the text of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Read { quoted, .. } => {
                let text: String = serde_json::from_slice(quoted).unwrap_or_default();
                f.write_str(&text)
            }
        }
    }
}

/// Message in a record of a batch. `body` reads its body.
pub(super) fn message<'a, B>(
    record: Record<'a, B>,
    body: impl FnOnce(B) -> Result<Body<'a>, DecodeError>,
) -> Result<Message<'a>, DecodeError> {
    come_from(&record.event_source, "aws:sqs")?;
    // Without its id a message cannot be returned alone, so the whole batch fails.
    let id = record.message_id.text("Records[].messageId", "text")?;
    let Attributes { trace_header, sent_at } = match record.attributes {
        Nested::Object(attributes) => attributes,
        _ => Attributes::default(),
    };
    let text = |field| if let Field::Text(text) = field { Some(text) } else { None };
    let trace = text(trace_header).and_then(|header| TraceRoot::of_header(&header));
    let queue = text(record.queue).unwrap_or_default();
    Ok(Message { id, body: body(record.body), queue, trace, sent_at: text(sent_at) })
}
