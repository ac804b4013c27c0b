//! Shapes in which tools export CloudTrail's records: each value of a file is unwrapped until a record is found.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::aside::Aside;
use super::{columns, payload};

/// Maximum number of wrappings around a record. A subscription in a queue behind a topic has 6.
const MAX_DEPTH: usize = 8;
/// Members that hold a record, an event or more of them, as JSON or as JSON text.
///
/// They are, in this order: `lookup-events`, CloudTrail Lake, EventBridge's archive of a message in a queue, SNS,
/// CloudWatch Logs and its Insights, Elasticsearch (a line, a search), Splunk (a line, its text), and the events of
/// Lambda for a subscription and for Kinesis.
pub(super) const WRAPPERS: [&str; 14] = [
    "CloudTrailEvent",
    "eventJson",
    "eventData",
    "Body",
    "body",
    "Message",
    "message",
    "@message",
    "_source",
    "hits",
    "result",
    "_raw",
    "awslogs",
    "kinesis",
];
/// Members with an array of such values.
const ARRAYS: [&str; 8] =
    ["Records", "Events", "events", "logEvents", "Messages", "QueryResultRows", "results", "records"];
/// Members with a payload in base64: of Lambda's events and Firehose, and of `kinesis get-records`.
const PAYLOADS: [&str; 2] = ["data", "Data"];

/// Start of the message with which CloudWatch Logs tests a subscription.
const CONTROL: &str = "\"CWL CONTROL MESSAGE";

/// Content of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// CloudTrail record, as its JSON text.
    Record(&'a str),
    /// EventBridge event, as its JSON text.
    Event {
        /// The event.
        event: &'a str,
        /// Its `detail`, if that is a record.
        record: Option<&'a str>,
    },
    /// Content that is no record by its nature.
    Aside(Aside),
}

/// Members of an object, not parsed further.
type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// Finds the records in a value. Returns false if the value, or any part of it, has no known shape.
pub(crate) fn unwrap(value: &[u8], found: &mut dyn FnMut(Found<'_>)) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| step(text, 0, found))
}

fn step(text: &str, depth: usize, found: &mut dyn FnMut(Found<'_>)) -> bool {
    let text = text.trim();
    if depth > MAX_DEPTH {
        return false;
    }
    match text.as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<String>(text) {
            // A string within a string is no export.
            Ok(inner) => inner.trim_start().starts_with(['{', '[']) && step(&inner, depth + 1, found),
            Err(_) => false,
        },
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(parts) => match row(&parts) {
                Some(members) => object(text, &members, depth, found),
                None => each(&parts, depth, found),
            },
            Err(_) => false,
        },
        Some(b'{') => match serde_json::from_str::<Members<'_>>(text) {
            Ok(members) => object(text, &members, depth, found),
            Err(_) => false,
        },
        _ => false,
    }
}

fn each(parts: &[&RawValue], depth: usize, found: &mut dyn FnMut(Found<'_>)) -> bool {
    let mut is_whole = true;
    for part in parts {
        is_whole &= step(part.get(), depth + 1, found);
    }
    is_whole
}

/// Row of CloudTrail Lake, which is an array of objects with one column each, or of CloudWatch Logs Insights, whose
/// columns are `field` and `value`.
fn row<'a>(parts: &[&'a RawValue]) -> Option<Members<'a>> {
    let mut row = Members::new();
    for part in parts {
        let mut column: Members<'a> = serde_json::from_str(part.get()).ok()?;
        if let (Some(name), Some(value), 2) = (column.get("field"), column.get("value"), column.len()) {
            row.insert(serde_json::from_str(name.get()).ok()?, value);
            continue;
        }
        let (name, value) = column.pop_first().filter(|_| column.is_empty())?;
        row.insert(name, value);
    }
    (row.len() == parts.len() && !row.keys().any(|name| ARRAYS.contains(&&**name))).then_some(row)
}

fn object(text: &str, members: &Members<'_>, depth: usize, found: &mut dyn FnMut(Found<'_>)) -> bool {
    let has = |name: &str| members.contains_key(name);
    let is = |name: &str, value: &str| members.get(name).is_some_and(|raw| raw.get() == value);
    let is_control = members.get("message").is_some_and(|raw| raw.get().starts_with(CONTROL));
    if is_control {
        found(Found::Aside(Aside::Control));
        return true;
    }
    if let Some(aside) = aside(&has, &is) {
        found(Found::Aside(aside));
        return true;
    }
    if has("eventID") && has("eventTime") && has("eventSource") && text.starts_with('{') {
        if let Some(record) = columns::record(members) {
            return deliver(record, found);
        }
        found(Found::Record(text));
        return true;
    }
    if let (true, Some(detail)) = (has("detail-type"), members.get("detail")) {
        let is_record =
            serde_json::from_str::<BTreeMap<Cow<'_, str>, IgnoredAny>>(detail.get()).is_ok_and(|detail| {
                ["eventID", "eventTime", "eventSource"].iter().all(|name| detail.contains_key(*name))
            });
        found(Found::Event { event: text, record: is_record.then_some(detail.get()) });
        return true;
    }
    for name in WRAPPERS {
        if let Some(inner) = members.get(name)
            && step(inner.get(), depth + 1, found)
        {
            return true;
        }
    }
    for name in ARRAYS {
        if let Some(Ok(parts)) =
            members.get(name).map(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()))
        {
            return each(&parts, depth, found);
        }
    }
    for name in PAYLOADS {
        let encoded = members.get(name).and_then(|raw| serde_json::from_str::<Cow<'_, str>>(raw.get()).ok());
        if let Some(text) = encoded.and_then(|encoded| payload::text(&encoded)) {
            return step(&text, depth + 1, found);
        }
    }
    columns::record(members).is_some_and(|record| deliver(record, found))
}

fn deliver(record: Result<String, Aside>, found: &mut dyn FnMut(Found<'_>)) -> bool {
    match &record {
        Ok(record) => found(Found::Record(record)),
        Err(aside) => found(Found::Aside(*aside)),
    }
    true
}

fn aside(has: &dyn Fn(&str) -> bool, is: &dyn Fn(&str, &str) -> bool) -> Option<Aside> {
    let is_insight = has("insightDetails") && !has("eventSource");
    match () {
        () if is_insight || is("eventType", r#""AwsCloudTrailInsight""#) => Some(Aside::Insight),
        () if is("eventCategory", r#""Aggregated""#) => Some(Aside::Aggregated),
        () if has("digestStartTime") && has("logFiles") => Some(Aside::Digest),
        () if has("configurationItems") || has("configurationItemCaptureTime") => Some(Aside::Config),
        () if is("messageType", r#""CONTROL_MESSAGE""#) => Some(Aside::Control),
        () if has("s3") && is("eventSource", r#""aws:s3""#) => Some(Aside::Notification),
        () => None,
    }
}
