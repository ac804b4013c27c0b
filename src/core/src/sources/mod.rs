//! Stage 1: payload bytes → messages. The only stage that can fail, and the first parser of untrusted bytes.

mod batch;
mod bus;
mod call;
pub mod cost;
mod envelope;
mod error;
mod field;
mod message;
mod opening;
mod parameters;
mod parse_cache;
mod put;
mod resource;
mod rule_call;
mod search;

pub use bus::{Bus, EventJson, ForwardedFiring};
pub use error::DecodeError;
pub use message::{Body, Message};
pub use opening::{Opening, opening};
pub use rule_call::{Change, RuleCall};

use std::borrow::Cow;

use crate::model::{Call, Caller, Excerpt, FiringId, RuleArn, Session, Timestamp, TraceRoot};
use cost::CostMessage;
use envelope::{Detail, Event, Identity, Record, Top};
use field::{Field, Nested};
use message::message;
use parse_cache::ParseCache;

/// Payload of one Lambda invocation.
#[expect(clippy::large_enum_variant, reason = "there is one for each invocation")]
#[derive(Debug)]
pub enum Payload<'a> {
    /// Batch of a queue: `Records[].eventSource` is `aws:sqs`. Messages are independent of each other.
    Queue(Vec<Message<'a>>),
    /// Messages of a topic that invokes the function directly: `Records[].Sns`. SNS sends one at a time.
    Topic(Vec<CostMessage>),
    /// Any other known payload.
    Single(Received<'a>),
}

/// Content of one payload or message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received<'a> {
    /// Firing of an attached rule, which sent its ARN and the event through an input transformer.
    Attached {
        /// Rule that fired.
        rule: RuleArn,
        /// Event that fired it.
        event: BusEvent<'a>,
    },
    /// EventBridge event as it was on the bus. It fires every rule that matches it.
    Bus(Bus<'a>),
    /// Schedule event, which finishes pending work.
    Tick {
        /// Event time.
        at: Timestamp,
    },
    /// Cost alert. Boxed, because most messages are firings.
    Cost(Box<CostMessage>),
}

/// Fields of an EventBridge event that the guard uses.
///
/// Source: "AWS service event metadata" and "CloudTrail record contents" (AWS documentation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEvent<'a> {
    /// `detail.eventID`, else the envelope's `id`.
    pub event_id: Cow<'a, str>,
    /// Envelope's `time`. The caller of `PutEvents` chooses it.
    pub at: Timestamp,
    /// Caller of the API call, else the event's source.
    pub caller: Caller<'a>,
    /// API call that CloudTrail recorded. `None` for other events.
    pub call: Option<Call<'a>>,
    /// Session or events that the call created. Boxed, because they are rare.
    pub made: Option<Box<Made<'a>>>,
    /// Trace of the event, from the queue message. `None` for events that an AWS service sent.
    pub trace: Option<TraceRoot>,
    /// True if EventBridge marked the event as one of an archive replay.
    pub is_replay: bool,
    /// API call about an EventBridge rule. `None` for other events.
    pub rule_call: Option<RuleCall<'a>>,
    /// Sender of an event that is not from AWS, and that may have made up all fields above. Boxed, because it is rare.
    pub sender: Option<Box<Sender<'a>>>,
}

/// Results of an API call that cause other firings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made<'a> {
    /// Session that an `AssumeRole` call opened.
    Session(Session<'a>),
    /// Ids of the events that a `PutEvents` call put on buses.
    Events(Vec<FiringId>),
}

/// Principal, other than AWS, that put an event on a bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender<'a> {
    /// Envelope's `source`. The sender chooses it, but EventBridge refuses sources of AWS.
    pub source: Cow<'a, str>,
    /// Envelope's `id`, which EventBridge assigns.
    pub envelope_id: Cow<'a, str>,
    /// Time at which the guard's queue received the event. `None` for an event that came without a queue.
    pub sent_at: Option<Timestamp>,
}

/// Returns true if only AWS can put an event with this source on a bus.
///
/// Sources: "PutEventsRequestEntry" (Amazon EventBridge API reference), which takes no source that begins with `aws.`;
/// "Receiving events from a SaaS partner" (Amazon EventBridge user guide), whose sources begin with `aws.partner/`.
fn is_of_aws(source: &str) -> bool {
    source.starts_with("aws.") && !source.starts_with("aws.partner/")
}

/// Decodes the payload of one Lambda invocation.
///
/// # Errors
///
/// The payload has no known shape. Errors of single messages are in [`Message::body`].
pub fn decode(payload: &[u8]) -> Result<Payload<'_>, DecodeError> {
    if let Some(messages) = batch::batch(payload) {
        return Ok(Payload::Queue(messages));
    }
    let top: Top<'_> = parse(payload)?;
    match top.records {
        Nested::Object(records) if records.first().is_some_and(|first| first.event_source.is("aws:sns")) => {
            topic(records).map(Payload::Topic)
        }
        Nested::Object(records) => queue(records).map(Payload::Queue),
        Nested::Other(seen) => Err(DecodeError::WrongType { field: "Records", seen, expected: "an array" }),
        Nested::Absent => single(top, payload, &mut ParseCache::default()).map(Payload::Single),
    }
}

/// Decodes the body of one message.
///
/// # Errors
///
/// The body has no known shape.
pub fn decode_body(body: &str) -> Result<Received<'_>, DecodeError> {
    match parse(body.as_bytes()) {
        Ok(top) => single(top, body.as_bytes(), &mut ParseCache::default()),
        // AWS Budgets sends plain text, which raw message delivery passes on unchanged.
        Err(error @ DecodeError::NotJson { .. }) if !body.trim_start().starts_with('{') => {
            cost::read_plain(body).map(bare).ok_or(error)
        }
        Err(error) => Err(error),
    }
}

fn bare<'a>(alert: cost::CostAlert) -> Received<'a> {
    Received::Cost(Box::new(CostMessage::bare(alert)))
}

fn parse<'a>(bytes: &'a [u8]) -> Result<Top<'a>, DecodeError> {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => serde_json::from_slice(bytes).map_err(|error| DecodeError::json(bytes, &error)),
        // Not a payload. The error tells if it is at least JSON.
        _ => match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Ok(_) => Err(DecodeError::NotAnObject { seen: Excerpt::bytes(bytes) }),
            Err(error) => Err(DecodeError::json(bytes, &error)),
        },
    }
}

fn queue<'a>(records: Vec<Record<'a>>) -> Result<Vec<Message<'a>>, DecodeError> {
    if records.is_empty() {
        return Err(DecodeError::EmptyBatch);
    }
    let text = |body: Field<'a>| body.text("Records[].body", "text").map(Body::Text);
    records.into_iter().map(|record| message(record, text)).collect()
}

fn topic(records: Vec<Record<'_>>) -> Result<Vec<CostMessage>, DecodeError> {
    let read = |record: Record<'_>| {
        come_from(&record.event_source, "aws:sns")?;
        cost::from_topic(*record.sns.object("Records[].Sns", "an SNS message")?, "Records[].Sns.Message")
    };
    records.into_iter().map(read).collect()
}

fn come_from(source: &Field<'_>, expected: &str) -> Result<(), DecodeError> {
    match source {
        Field::Text(source) if source == expected => Ok(()),
        Field::Text(source) => Err(DecodeError::UnknownSource { seen: Excerpt::new(source) }),
        field => Err(field.missing("Records[].eventSource", "\"aws:sqs\" or \"aws:sns\"")),
    }
}

/// Reads one message from `top`. `bytes` are its JSON, or empty during the one pass over a batch. A message that needs
/// them is an error there, and is read again by itself.
fn single<'a>(mut top: Top<'a>, bytes: &'a [u8], last: &mut ParseCache) -> Result<Received<'a>, DecodeError> {
    if top.rule_arn.is_present() || top.event.is_present() {
        let rule = last.rule(top.rule_arn, "ruleArn")?;
        let event = top.event.object("event", "an EventBridge event")?;
        return Ok(Received::Attached { rule, event: bus_event(event, last)?.0 });
    }
    let account = std::mem::take(&mut top.account);
    match top.into_event() {
        Some(envelope) => event(envelope, account, bytes, last),
        None => match cost::from_object(bytes)? {
            Some(message) => Ok(Received::Cost(Box::new(message))),
            None => Err(DecodeError::unknown_shape(bytes)),
        },
    }
}

fn event<'a>(
    mut event: Event<'a>,
    account: Field<'a>,
    bytes: &'a [u8],
    last: &mut ParseCache,
) -> Result<Received<'a>, DecodeError> {
    if event.source.is("aws.events") && event.detail_type.is("Scheduled Event") {
        return Ok(Received::Tick { at: last.time(event.time, "time")? });
    }
    let carried = carried(&mut event, last).map(Box::new);
    let money = if event.may_be_about_money() {
        if bytes.is_empty() {
            return Err(DecodeError::unknown_shape(bytes));
        }
        cost::from_event(bytes).map(Box::new)
    } else {
        None
    };
    let (event, is_withheld) = bus_event(event, last)?;
    let account = match account {
        Field::Text(account) => Some(account),
        _ => None,
    };
    Ok(Received::Bus(Bus { event, account, is_withheld, money, carried, json: EventJson::plain(bytes) }))
}

/// Firing of an attached rule that the event forwards. Trust in the sender is decided in the next stage.
fn carried<'a>(
    event: &mut Event<'a>,
    last: &mut ParseCache,
) -> Option<Result<ForwardedFiring<'a>, DecodeError>> {
    let Nested::Object(detail) = &mut event.detail else { return None };
    let Detail { rule_arn: Field::Text(arn), event: Some(carried), .. } = &mut **detail else { return None };
    let mut read = || {
        let rule = last.rule(Field::Text(std::mem::take(arn)), "detail.ruleArn")?;
        let carried: Event<'_> = serde_json::from_str(carried.get())
            .map_err(|error| DecodeError::json(carried.get().as_bytes(), &error))?;
        Ok(ForwardedFiring { rule, event: bus_event(carried, last)?.0 })
    };
    Some(read())
}

/// Fields of the event, and true if it is a management event that rules in the state `ENABLED` do not receive.
fn bus_event<'a>(event: Event<'a>, last: &mut ParseCache) -> Result<(BusEvent<'a>, bool), DecodeError> {
    let at = last.time(event.time, "time")?;
    let envelope_id = event.id.text("id", "text")?;
    let is_of_events = event.source.is("aws.events");
    let source = event.source.or("unknown".into());
    let is_of_aws = is_of_aws(&source);
    let sender =
        || Box::new(Sender { source: source.clone(), envelope_id: envelope_id.clone(), sent_at: None });
    let sender = (!is_of_aws).then(sender);
    let nobody = || Caller { principal: source.clone(), issued_to: None };
    let (event_id, caller, rule_call, call, made, is_withheld) = match event.detail {
        Nested::Object(mut detail) => {
            let rule_call = if is_of_events { detail.rule_call() } else { None };
            // Only CloudTrail's `eventID` identifies the event. In other events the sender chooses it.
            let is_trail = match &event.detail_type {
                Field::Text(text) => Some(text.ends_with("via CloudTrail")),
                _ => None,
            };
            let named = std::mem::take(&mut detail.event_id);
            let id = if is_trail == Some(false) { envelope_id } else { named.or(envelope_id) };
            let (caller, identity) = match std::mem::take(&mut detail.user_identity) {
                Nested::Object(identity) => identity.caller(&source),
                _ => (nobody(), Identity::default()),
            };
            let is_withheld = is_of_aws && is_trail != Some(false) && detail.is_withheld();
            let is_call = is_trail == Some(true);
            let made = if is_call { detail.made().map(Box::new) } else { None };
            let call = if is_call { detail.call(&identity) } else { None };
            (id, caller, rule_call, call, made, is_withheld)
        }
        _ => (envelope_id, nobody(), None, None, None, false),
    };
    // Redacted events have empty ids. They count once per timestamp.
    let event_id = if event_id.is_empty() { Cow::Owned(format!("without id at {at}")) } else { event_id };
    let is_replay = event.replay_name.0;
    let trace = None;
    Ok((BusEvent { event_id, at, caller, call, made, trace, is_replay, rule_call, sender }, is_withheld))
}

#[cfg(test)]
mod tests;
