//! One-pass reader of queue batches. Bodies are read in place, without unquoting them first.
//!
//! A body is read into the types of `envelope`, with the same result as `serde_json`. Everything unusual is left to
//! `serde_json`: escapes in text that is needed, a number instead of text, and every error.

use serde::Deserialize;

use super::envelope::{Attributes, Record, Top};
use super::field::{Field, Nested};
use super::parse_cache::ParseCache;
use super::{Body, EventJson, Message, Received, message, single};
use crate::json::Scanner;

/// Messages of a batch. `None` if the payload is not a batch, or needs `serde_json`.
pub(super) fn batch(payload: &[u8]) -> Option<Vec<Message<'_>>> {
    let mut json = Scanner::new(payload);
    let mut messages = None;
    let mut last = ParseCache::default();
    json.object(|json, key| {
        if key != b"Records" || messages.is_some() {
            return None;
        }
        // Typical size of a firing: two kilobytes.
        let found = messages.insert(Vec::with_capacity(payload.len() / 2_048));
        json.array(|json| {
            found.push(message(record(json, &mut last)?, Ok).ok()?);
            Some(())
        })
    })?;
    messages.filter(|messages| !messages.is_empty() && json.peek().is_none() && json.is_text())
}

fn record<'a>(json: &mut Scanner<'a, false>, last: &mut ParseCache) -> Option<Record<'a, Body<'a>>> {
    let (mut id, mut source, mut queue, mut text, mut attributes) = (None, None, None, None, None);
    json.object(|json, key| match key {
        b"attributes" => once(&mut attributes, attributes_of(json)?),
        b"messageId" => once(&mut id, Field::Text(json.text()?.into())),
        b"eventSource" => once(&mut source, Field::Text(json.text()?.into())),
        b"eventSourceARN" => once(&mut queue, Field::Text(json.text()?.into())),
        b"body" => once(&mut text, body(json, last)?),
        b"EventSource" | b"Sns" => None,
        _ => json.skip(),
    })?;
    let attributes = attributes.map_or(Nested::Absent, Nested::Object);
    let queue = queue.unwrap_or_default();
    Some(Record {
        message_id: id?,
        body: text?,
        attributes,
        event_source: source?,
        queue,
        sns: Nested::Absent,
    })
}

fn attributes_of<'a>(json: &mut Scanner<'a, false>) -> Option<Attributes<'a>> {
    let (mut trace, mut sent_at) = (None, None);
    json.object(|json, key| match key {
        b"AWSTraceHeader" => once(&mut trace, Field::Text(json.text()?.into())),
        b"SentTimestamp" => once(&mut sent_at, Field::Text(json.text()?.into())),
        _ => json.skip(),
    })?;
    Some(Attributes { trace_header: trace.unwrap_or_default(), sent_at: sent_at.unwrap_or_default() })
}

fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// Message in a body. The body's text if the one pass cannot read it.
fn body<'a>(json: &mut Scanner<'a, false>, last: &mut ParseCache) -> Option<Body<'a>> {
    json.peek()?;
    let start = json.at();
    let received = json.quoted(|json| {
        let top = Top::deserialize(json).ok()?;
        single(top, b"", last).ok()
    });
    if let Some(mut received) = received {
        let quoted = json.since(start);
        if let Received::Bus(bus) = &mut received {
            bus.json = EventJson::quoted(quoted);
        }
        return Some(Body::Read { quoted, received });
    }
    json.skip_string()?;
    match serde_json::from_slice(json.since(start)) {
        Ok(Field::Text(text)) => Some(Body::Text(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
