//! Events that a `PutEvents` call put on buses, from CloudTrail's data event.

use serde::Deserialize;

use super::envelope::Detail;
use crate::model::FiringId;

const OPERATION: &str = "PutEvents";
const SERVICE: &str = "events.amazonaws.com";
/// Maximum number of events per call. Source: "PutEvents" (Amazon EventBridge API reference).
const MAX_EVENTS: usize = 10;

#[derive(Deserialize)]
struct Response {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// Id of the event. Absent if the entry was refused.
    #[serde(default, rename = "eventId")]
    event_id: Option<String>,
}

impl Detail<'_> {
    /// Ids of the events that this call put. `None` for other calls, and for answers that cannot be read.
    pub(super) fn put(&self) -> Option<Vec<FiringId>> {
        if !self.event_name.is(OPERATION) || !self.event_source.is(SERVICE) {
            return None;
        }
        let json = self.response_elements.0.json()?;
        let Response { entries } = serde_json::from_str(&json).ok()?;
        let ids = entries.into_iter().filter_map(|entry| entry.event_id).filter(|id| !id.is_empty());
        Some(ids.take(MAX_EVENTS).map(|id| FiringId::of(&id)).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_answer_names_the_events() {
        let check = |path: &str, value: Value, expected: &[&str]| {
            let mut record = json!({
                "eventSource": SERVICE, "eventName": OPERATION, "eventCategory": "Data",
                "requestParameters": {"entries": [{"source": "shop", "detailType": "placed", "eventBusName": "orders"}]},
                "responseElements": {"failedEntryCount": 1,
                    "entries": [{"eventId": "e-1"}, {"errorCode": "ThrottlingException"}, {"eventId": "e-2"}]},
            });
            if !path.is_empty() {
                *record.pointer_mut(path).unwrap() = value;
            }
            let json = record.to_string();
            let detail: Box<Detail<'_>> = serde_json::from_str(&json).unwrap();
            let expected: Vec<FiringId> = expected.iter().map(|id| FiringId::of(id)).collect();
            assert_eq!(detail.put().unwrap_or_default(), expected, "{path}");
        };
        check("", Value::Null, &["e-1", "e-2"]);
        check("/eventSource", json!("s3.amazonaws.com"), &[]);
        check("/eventName", json!("PutRule"), &[]);
        check("/responseElements", json!(null), &[]);
        check("/responseElements", json!("HIDDEN_DUE_TO_SECURITY_REASONS"), &[]);
        check("/responseElements/entries", json!([{"eventId": 7}]), &[]);
        check("/responseElements/entries", json!([{"eventId": ""}]), &[]);
        let many: Vec<Value> = (0..40).map(|n| json!({"eventId": format!("m-{n}")})).collect();
        let ten: Vec<String> = (0..10).map(|n| format!("m-{n}")).collect();
        check("/responseElements/entries", json!(many), &ten.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
