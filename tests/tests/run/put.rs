//! Rules of custom buses. Their events name no caller, unless a trail logs PutEvents.

use super::zero_touch::{guarded, later};
use super::*;
use budget_guard_core::model::{Actor, Target};

const FIXER: &str = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
const OWN: &str = "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer";
const ANN: &str = "arn:aws:iam::123456789012:user/ann";

fn stage() -> (World, Guard<World>) {
    let actors = vec![Actor::new(FIXER, Some("arn:aws:iam::123456789012:role/fixer-role"))];
    let targets = vec![Target { actors, ..Target::new("1", FIXER) }];
    let event_pattern = Some(r#"{"source":["shop"]}"#.to_owned());
    let rule = RuleDefinition { targets, event_pattern, ..World::rule(RuleState::Enabled) };
    guarded(&[("orders/fix", rule)], "200/60s")
}

/// The n-th firing, an event of a shop, with the tracing header of its message.
fn placed(n: usize, at: Timestamp, trace: Option<&str>) -> serde_json::Value {
    let event = json!({"version": "0", "id": format!("placed-{n}"), "source": "shop", "detail-type": "placed",
        "account": "123456789012", "time": at, "detail": {"eventID": "any", "userIdentity": {"arn": OWN}}});
    let body = json!({"ruleArn": rule("orders/fix"), "event": event}).to_string();
    let attributes = trace.map_or_else(|| json!({}), |trace| json!({"AWSTraceHeader": trace}));
    json!({"messageId": format!("m-{n}"), "eventSource": "aws:sqs", "attributes": attributes, "body": body})
}

/// CloudTrail's data event about the call that put the n-th event.
fn logged(n: usize, at: Timestamp, by: &str, source: &str) -> serde_json::Value {
    let event = json!({"version": "0", "id": format!("logged-{n}"), "source": source, "account": "123456789012",
        "detail-type": "AWS API Call via CloudTrail", "time": at, "detail": {
            "eventID": format!("put-{n}"), "eventSource": "events.amazonaws.com", "eventName": "PutEvents",
            "eventCategory": "Data", "managementEvent": false, "userIdentity": {"arn": by},
            "requestParameters": {"entries": [{"source": "shop", "detailType": "placed", "eventBusName": "orders"}]},
            "responseElements": {"failedEntryCount": 0, "entries": [{"eventId": format!("placed-{n}")}]}}});
    json!({"messageId": format!("l-{n}"), "eventSource": "aws:sqs", "body": event.to_string()})
}

fn handle(guard: &Guard<World>, records: &[serde_json::Value]) {
    let payload = json!({"Records": records}).to_string();
    assert!(super::zero_touch::handle(guard, payload.as_bytes()).0["batchItemFailures"] == json!([]));
}

/// Plays an event every 50 seconds, too few for any rate limit. Returns the alerts as kind and reason.
fn played(
    trace: impl Fn(usize) -> Option<String>,
    logged: impl Fn(usize, Timestamp) -> Option<serde_json::Value>,
) -> Vec<String> {
    let (world, guard) = stage();
    for n in 0..30 {
        later(&world, 50);
        let at = NOON + SignedDuration::from_secs(50 * n as i64);
        let mut records = vec![placed(n, at, trace(n).as_deref())];
        records.extend(logged(n, at));
        handle(&guard, &records);
    }
    assert_eq!(world.rule_state(&rule("orders/fix")), Some(RuleState::Enabled));
    assert_eq!(world.broken_promises(), Vec::<String>::new());
    world.alerts().iter().map(|alert| format!("{} {}", alert.kind.as_str(), alert.reason)).collect()
}

#[test]
fn a_loop_over_a_custom_bus_is_a_suspect_where_it_can_be_known() {
    let suspect = "suspect 10 turns of events";
    let check = |story: &str, alerts: &[String], expected: Option<&str>| {
        let expected: Vec<&str> = expected.into_iter().collect();
        assert_eq!(alerts.len(), expected.len(), "{story}: {alerts:?}");
        for (alert, expected) in alerts.iter().zip(expected) {
            assert!(alert.starts_with(expected), "{story}: {alert}");
            assert!(alert.contains("its target may also be invoked from elsewhere"), "{story}: {alert}");
        }
    };
    let by =
        |who: &'static str, source: &'static str| move |n, at| (n > 0).then(|| logged(n, at, who, source));
    let no_trace = |_: usize| None;
    check("nothing is told", &played(no_trace, |_, _| None), None);
    check("the target puts them", &played(no_trace, by(OWN, "aws.events")), Some(suspect));
    check("a person puts them", &played(no_trace, by(ANN, "aws.events")), None);
    check("the record is forged", &played(no_trace, by(OWN, "shop")), None);
    let root = |n: usize| Some(format!("Root=1-5759e988-{n:024x};Parent=53995c3f42cd8ad8;Sampled=0"));
    check("one trace", &played(|_| root(1), |_, _| None), Some(suspect));
    check("a trace for each order", &played(root, |_, _| None), None);
}
