//! Shapes in which tools export CloudTrail's records: each value of a file is unwrapped until a record is found.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::columns;

/// Maximum number of wrappings around a record. A subscription in a queue behind a topic has 6.
const MAX_DEPTH: usize = 8;
/// Members that hold a record, an event or more of them, as JSON or as JSON text.
///
/// They are, in this order: `lookup-events`, CloudTrail Lake, EventBridge's archive of a message in a queue, SNS,
/// CloudWatch Logs and its Insights, Elasticsearch (a line, a search), and Splunk (a line, its text).
const WRAPPERS: [&str; 12] = [
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
];
/// Members with an array of such values.
const ARRAYS: [&str; 7] =
    ["Records", "Events", "events", "logEvents", "Messages", "QueryResultRows", "results"];

/// Content of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// CloudTrail record, as its JSON text.
    Record(&'a str),
    /// EventBridge event with a record, as its JSON text, and the record in it.
    Event {
        /// The event.
        event: &'a str,
        /// Its `detail`.
        record: &'a str,
    },
    /// Content that is no record by its nature.
    Aside(Aside),
}

/// Content that is no record of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aside {
    /// Record of CloudTrail Insights.
    Insight,
    /// Record that sums up several calls.
    Aggregated,
    /// Digest file.
    Digest,
    /// File of AWS Config.
    Config,
    /// Notification that S3 has a new object.
    Notification,
    /// Row with columns of Athena's or Lake's own text form.
    Structure,
}

impl Aside {
    /// Returns true if nothing is missing without it.
    pub(crate) fn is_harmless(self) -> bool {
        !matches!(self, Self::Notification | Self::Structure)
    }

    /// Name, reason and next step.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Insight => "Insight records, which report unusual activity and are no calls",
            Self::Aggregated => "aggregated events, which sum up calls and are none",
            Self::Digest => "digest files, which hold hashes and no calls",
            Self::Config => "files of AWS Config, which hold resources and no calls",
            Self::Notification => {
                "notifications of S3, which only name a log file; fetch it: aws s3 cp s3://BUCKET/KEY ."
            }
            Self::Structure => {
                "rows with userIdentity in the form {key=value}; select it as JSON: CAST(useridentity AS JSON)"
            }
        }
    }
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

/// Row of CloudTrail Lake, which is an array of objects with one column each.
fn row<'a>(parts: &[&'a RawValue]) -> Option<Members<'a>> {
    let mut row = Members::new();
    for part in parts {
        let mut column: Members<'a> = serde_json::from_str(part.get()).ok()?;
        let (name, value) = column.pop_first().filter(|_| column.is_empty())?;
        row.insert(name, value);
    }
    (row.len() == parts.len() && !row.keys().any(|name| ARRAYS.contains(&&**name))).then_some(row)
}

fn object(text: &str, members: &Members<'_>, depth: usize, found: &mut dyn FnMut(Found<'_>)) -> bool {
    let has = |name: &str| members.contains_key(name);
    let is = |name: &str, value: &str| members.get(name).is_some_and(|raw| raw.get() == value);
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
        if is_record {
            found(Found::Event { event: text, record: detail.get() });
        }
        return is_record;
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
        () if has("s3") && is("eventSource", r#""aws:s3""#) => Some(Aside::Notification),
        () => None,
    }
}
