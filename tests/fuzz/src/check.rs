//! What holds for any bytes: shared by the fuzz target and by the test that replays its corpus.

use std::borrow::Cow;

use budget_guard_core::attribution::{Attributed, Home, attribute};
use budget_guard_core::model::{Call, CallOutcome, RuleArn};
use budget_guard_core::sources::{Body, Bus, DecodeError, Message, Payload, Received, decode, decode_body};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// Every refusal is read by a person, in a log line or a dead-letter queue.
const MAX_MESSAGE_CHARS: usize = 1_000;

/// Panics if the decoder breaks one of its promises on these bytes.
pub fn check(bytes: &[u8]) {
    let (first, again) = (decode(bytes), decode(bytes));
    assert!(same_payload(&first, &again), "decoded twice, it differs:\n{first:?}\n{again:?}");
    match first {
        Err(error) => check_message(&error.to_string()),
        Ok(Payload::Queue(messages)) => {
            assert!(!messages.is_empty(), "a batch without messages was accepted");
            messages.iter().for_each(check_queued);
            check_as_read_slowly(bytes, &messages);
        }
        Ok(Payload::Topic(messages)) => {
            assert!(!messages.is_empty(), "a topic without messages was accepted");
            messages.iter().for_each(|message| check_message(&message.alert.to_string()));
        }
        Ok(Payload::Single(received)) => {
            // Strings that are skipped are not looked into, so bytes that are no text at all may get here.
            if let Ok(text) = std::str::from_utf8(bytes) {
                assert_eq!(decode_body(text).as_ref(), Ok(&received), "as a body it says something else");
                check_wrapped(text, &received);
            }
            check_received(received);
        }
    }
}

fn check_queued(message: &Message<'_>) {
    match &message.body {
        Err(error) => check_message(&error.to_string()),
        Ok(body) => match body.received() {
            Err(error) => check_message(&error.to_string()),
            Ok(received) => {
                check_wrapped(&body.to_string(), &received);
                check_received(received);
            }
        },
    }
}

/// A queue batch as `serde_json` alone reads it.
#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, rename = "messageId")]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventSource", alias = "EventSource")]
    source: Cow<'a, str>,
}

/// Batches are read in one pass where that is possible. It may not make a difference.
fn check_as_read_slowly(bytes: &[u8], messages: &[Message<'_>]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let in_one_pass = messages.iter().any(|message| matches!(message.body, Ok(Body::Read { .. })));
        return assert!(!in_one_pass, "read in one pass, though it is not UTF-8");
    };
    let batch: Batch<'_> = serde_json::from_str(text).expect("serde_json reads every batch that is accepted");
    assert_eq!(batch.records.len(), messages.len());
    for (record, message) in batch.records.iter().zip(messages) {
        assert_eq!((&*record.id, &*record.source), (&*message.id, "aws:sqs"));
        let text: Option<String> = record.body.and_then(|body| serde_json::from_str(body.get()).ok());
        match (&message.body, text) {
            (Ok(body), Some(text)) => {
                assert_eq!(body.to_string(), text);
                assert_eq!(body.received(), decode_body(&text), "read in one pass it says something else");
            }
            (Err(_), None) => {}
            (body, text) => panic!("{body:?} was made of {text:?}"),
        }
    }
}

/// A body says the same whether it comes alone or as text in a queue batch.
fn check_wrapped(body: &str, expected: &Received<'_>) {
    let record = json!({ "messageId": "m-1", "eventSource": "aws:sqs", "body": body });
    let batch = json!({ "Records": [record] }).to_string();
    let Ok(Payload::Queue(messages)) = decode(batch.as_bytes()) else {
        panic!("not taken for a batch: {batch}");
    };
    let [Message { id, body: Ok(unwrapped), .. }] = &messages[..] else {
        panic!("not one message with a body: {messages:?}");
    };
    assert_eq!(id, "m-1");
    assert_eq!(unwrapped.to_string(), body, "the body was changed on its way");
    assert_eq!(unwrapped.received().as_ref(), Ok(expected));
}

fn check_received(received: Received<'_>) {
    if let Received::Attached { rule, event } = &received {
        assert_eq!(rule.to_string().parse().as_ref(), Ok(rule), "the ARN does not survive a round trip");
        assert_eq!(joined(rule), rule.as_str(), "the parts of the ARN do not make the ARN");
        assert!(!event.event_id.is_empty(), "an event without an id cannot be told from another");
    }
    if let Received::Attached { event, .. } | Received::Bus(Bus { event, .. }) = &received
        && let Some(call) = &event.call
    {
        check_call(call);
    }
    match attribute(received, &home()) {
        Ok(Attributed::Forwarded(firing) | Attributed::Attached(firing)) => {
            assert!(home().owns(&firing.rule), "{} is foreign", firing.rule);
        }
        Ok(Attributed::Bus { changed: Some(changed), .. }) => {
            assert!(home().owns(&changed.rule), "{} is foreign", changed.rule);
        }
        Ok(Attributed::Bus { changed: None, .. }) => {}
        Ok(Attributed::Skipped(_) | Attributed::Tick) => {}
        Ok(Attributed::Cost(message)) => check_message(&message.alert.to_string()),
        Err(error) => check_message(&error.to_string()),
    }
}

fn check_call(call: &Call<'_>) {
    if let Some(resource) = &call.resource {
        assert!(!resource.ids.is_empty(), "a resource without an id meets every other: {}", resource.name);
        assert!((1..=128).contains(&resource.name.len()), "a name of {} bytes", resource.name.len());
        assert!(resource.name.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{:?}", resource.name);
    }
    if call.wording.is_some() {
        assert!(call.resource.is_some(), "a call on nothing is equal to another");
        assert_ne!(
            call.outcome,
            CallOutcome::Throttled,
            "a call that will be tried again is equal to another"
        );
    }
}

fn joined(rule: &RuleArn) -> String {
    let bus = if rule.bus() == "default" && !rule.as_str().contains("rule/default/") {
        String::new()
    } else {
        format!("{}/", rule.bus())
    };
    let (partition, region, account) = (rule.partition(), rule.region(), rule.account());
    format!("arn:{partition}:events:{region}:{account}:rule/{bus}{}", rule.name())
}

fn check_message(message: &str) {
    let count = message.chars().count();
    assert!(count < MAX_MESSAGE_CHARS, "a message of {count} characters: {message}");
    assert!(!message.is_empty(), "an error without a word");
    let bad = message.chars().find(|c| !is_printable(*c));
    assert!(bad.is_none(), "{bad:?} in a message: {message:?}");
}

/// One line, and nothing that a terminal obeys: `escape_debug` leaves such a character as it is.
fn is_printable(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\') || c.escape_debug().eq([c])
}

fn same_payload(one: &Result<Payload<'_>, DecodeError>, other: &Result<Payload<'_>, DecodeError>) -> bool {
    match (one, other) {
        (Ok(Payload::Queue(one)), Ok(Payload::Queue(other))) => {
            let same = |(a, b): (&Message<'_>, &Message<'_>)| a.id == b.id && a.body == b.body;
            one.len() == other.len() && one.iter().zip(other).all(same)
        }
        (Ok(Payload::Topic(one)), Ok(Payload::Topic(other))) => one == other,
        (Ok(Payload::Single(one)), Ok(Payload::Single(other))) => one == other,
        (Err(one), Err(other)) => one == other,
        _ => false,
    }
}

fn home() -> Home {
    Home::new("aws", "us-east-1", "123456789012")
}
