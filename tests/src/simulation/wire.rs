//! Delivery by EventBridge, CloudTrail and SQS: late, more than once, in any order.

use budget_guard_core::model::{RuleArn, Timestamp};
use serde_json::json;

use super::aws::{START, State};
use super::happenings::{Agenda, Happening, Message};

/// Deliveries of one message.
pub struct Deliveries {
    /// Number of copies.
    pub copies: usize,
    /// Time at which the first copy arrives in the queue, in milliseconds.
    pub first_ms: i64,
}

/// Delivers a message at least once, after a delay, in any order.
pub fn deliver(state: &mut State, agenda: &mut Agenda, id: &str, body: String) -> Deliveries {
    let copies = if state.rng.u32(0..10) == 0 { 2 } else { 1 };
    let mut first_ms = i64::MAX;
    for copy in 0..copies {
        let delay = match state.rng.u32(0..50) {
            0 if state.chaos => state.rng.i64(0..300_000),
            _ => state.rng.i64(50..3_000),
        };
        let is_good = !id.ends_with("-bad");
        let message = Message { id: format!("{id}/{copy}"), body: body.clone(), receives: 0, is_good };
        first_ms = first_ms.min(state.now + delay);
        agenda.add(state.now + delay, Happening::Available(message));
    }
    Deliveries { copies, first_ms }
}

/// Delivers, in most cases, CloudTrail's event of a change to a rule.
pub fn tell_of_change(state: &mut State, agenda: &mut Agenda, rule: &RuleArn) {
    if state.rng.u32(0..4) == 0 {
        return;
    }
    let second = state.now / 1_000;
    let event = json!({
        "id": format!("change-{second}"),
        "source": "aws.events",
        "detail-type": "AWS API Call via CloudTrail",
        "time": time(second),
        "detail": {
            "eventSource": "events.amazonaws.com",
            "eventName": "EnableRule",
            "requestParameters": {"name": rule.name(), "eventBusName": rule.bus()},
        },
    });
    deliver(state, agenda, &format!("change-{second}"), event.to_string());
}

/// Body of an attached event: a call by `caller` (`ROLE/SESSION`). `on` is the resource and, if the parameters of every
/// call differ, a number that is unique to this one.
pub fn body(rule: &RuleArn, id: &str, second: i64, caller: &str, on: Option<(usize, Option<u64>)>) -> String {
    let principal = format!("arn:aws:sts::123456789012:assumed-role/{caller}");
    let mut detail = json!({"eventID": id, "userIdentity": {"arn": principal}});
    if let Some((thing, variation)) = on {
        detail["eventSource"] = json!("s3.amazonaws.com");
        detail["eventName"] = json!("PutBucketAcl");
        let bucket = format!("bucket-{thing}");
        detail["requestParameters"] = json!({"bucketName": bucket, "accessControlList": variation});
    }
    let event = json!({
        "id": format!("envelope-of-{id}"),
        "source": "aws.s3",
        "detail-type": "AWS API Call via CloudTrail",
        "time": time(second),
        "detail": detail,
    });
    json!({"ruleArn": rule, "event": event}).to_string()
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(START.as_second() + second).expect("a time")
}
