//! Payloads with their decoded form or error.

mod calls;
mod wording;

use super::*;

const RULE: &str = "arn:aws:events:us-east-1:123456789012:rule/fix-acl";

fn describe(received: &Received<'_>) -> String {
    let of = |event: &BusEvent<'_>| {
        let replay = if event.is_replay { " replay" } else { "" };
        let scope =
            event.caller.issued_to.as_deref().map(|arn| format!(" issued to {arn}")).unwrap_or_default();
        format!("{} at {} by {}{scope}{replay}", event.event_id, event.at, event.caller.principal)
    };
    let of = |event: &BusEvent<'_>| match &event.rule_call {
        Some(RuleCall::Changed { bus, rule, change: Change::Definition }) => {
            format!("{} changing {rule} on {bus}", of(event))
        }
        Some(RuleCall::Changed { bus, rule, change }) => {
            format!("{} changing {change:?} of {rule} on {bus}", of(event))
        }
        Some(RuleCall::WithoutEffect) => format!("{} without effect", of(event)),
        None => of(event),
    };
    match received {
        Received::Attached { rule, event } => format!("firing of {}: {}", rule.name(), of(event)),
        Received::Bus(Bus { event, carried, .. }) => {
            let carried = match carried.as_deref() {
                None => String::new(),
                Some(Ok(ForwardedFiring { rule, event })) => {
                    format!(", carrying a firing of {}: {}", rule.name(), of(event))
                }
                Some(Err(error)) => format!(", carrying {error}"),
            };
            format!("event {}{carried}", of(event))
        }
        Received::Tick { at } => format!("tick at {at}"),
        Received::Cost(message) => format!("money: {}", message.alert),
    }
}

fn check(body: &str, expected: &str) {
    let seen = match decode_body(body) {
        Ok(received) => describe(&received),
        Err(error) => error.to_string(),
    };
    assert!(
        seen == expected || (expected.ends_with('…') && seen.starts_with(expected.trim_end_matches('…'))),
        "{body}\n saw {seen}"
    );
}

#[test]
fn understands_each_shape() {
    let event = r#"{"id":"e-1","source":"aws.s3","detail-type":"AWS API Call via CloudTrail","time":"2026-11-20T10:00:00Z","detail":{"eventID":"c-1","userIdentity":{"arn":"arn:aws:iam::123456789012:user/ann"}}}"#;
    check(
        &format!(r#"{{"ruleArn":"{RULE}","event":{event}}}"#),
        "firing of fix-acl: c-1 at 2026-11-20T10:00:00Z by arn:aws:iam::123456789012:user/ann",
    );
    check(event, "event c-1 at 2026-11-20T10:00:00Z by arn:aws:iam::123456789012:user/ann");
    check(
        &format!(
            r#"{{"id":"o","source":"guard","detail-type":"firing","time":"2026-11-20T10:00:09Z","detail":{{"ruleArn":"{RULE}","event":{event}}}}}"#
        ),
        "event o at 2026-11-20T10:00:09Z by guard, carrying a firing of fix-acl: c-1 at 2026-11-20T10:00:00Z by arn:aws:iam::123456789012:user/ann",
    );
    check(
        r#"{"source":"aws.events","detail-type":"Scheduled Event","time":"2026-11-20T10:00:00Z"}"#,
        "tick at 2026-11-20T10:00:00Z",
    );
}

#[test]
fn falls_back_when_the_detail_says_little() {
    let with = |detail: &str| {
        format!(
            r#"{{"id":"e-1","source":"shop","detail-type":"order","time":"2026-11-20T10:00:00+01:00",{detail}"x":1}}"#
        )
    };
    let plain = "event e-1 at 2026-11-20T09:00:00Z by shop";
    check(&with(""), plain);
    check(&with(r#""detail":null,"#), plain);
    check(&with(r#""detail":"text","#), plain);
    check(&with(r#""detail":[{"eventID":"c-1"}],"#), plain);
    check(&with(r#""detail":{"eventID":7,"userIdentity":"ann"},"#), plain);
    check(&with(r#""detail":{"eventID":"","userIdentity":{"arn":null}},"#), plain);
    check(
        &with(r#""detail":{"userIdentity":{"invokedBy":"s3.amazonaws.com"}},"#),
        "event e-1 at 2026-11-20T09:00:00Z by s3.amazonaws.com",
    );
    check(&with(r#""detail":{"ruleArn":"not an ARN and no event"},"#), plain);
    let without = r#"{"id":"","source":"shop","detail-type":"order","time":"2026-11-20T10:00:00Z","detail":{"eventID":""}}"#;
    check(without, "event without id at 2026-11-20T10:00:00Z at 2026-11-20T10:00:00Z by shop");
    check(&with(r#""replay-name":"again","#), "event e-1 at 2026-11-20T09:00:00Z by shop replay");
    check(
        &with(r#""detail":{"userIdentity":{"arn":"role","inScopeOf":{"credentialsIssuedTo":"arn:f"}}},"#),
        "event e-1 at 2026-11-20T09:00:00Z by role issued to arn:f",
    );
}

#[test]
fn sees_that_a_rule_was_changed() {
    let with = |source: &str, detail: &str| {
        let time = "2026-11-20T10:00:00Z";
        format!(
            r#"{{"id":"e-1","source":"{source}","detail-type":"AWS API Call via CloudTrail","time":"{time}","detail":{{"eventSource":"events.amazonaws.com",{detail}}}}}"#
        )
    };
    let plain = "event e-1 at 2026-11-20T10:00:00Z by aws.events";
    let enable = r#""eventName":"EnableRule","requestParameters":{"name":"fix-acl","eventBusName":"orders"}"#;
    check(&with("aws.events", enable), &format!("{plain} changing fix-acl on orders"));
    check(
        &with("aws.events", r#""eventName":"PutRule","requestParameters":{"name":"r"}"#),
        &format!("{plain} changing r on default"),
    );
    check(
        &with("aws.events", r#""eventName":"PutRule","requestParameters":null"#),
        &format!("{plain} without effect"),
    );
    check(
        &with("aws.events", r#""eventName":"PutRule","requestParameters":{"name":7}"#),
        &format!("{plain} without effect"),
    );
    let denied = r#""eventName":"EnableRule","errorCode":"AccessDenied","requestParameters":{"name":"r"}"#;
    check(&with("aws.events", denied), &format!("{plain} without effect"));
    check(&with("aws.events", r#""eventName":"ListRules","requestParameters":{"name":"r"}"#), plain);
    check(
        &with("aws.events", r#""eventName":"RemoveTargets","requestParameters":{"rule":"r","ids":["1"]}"#),
        &format!("{plain} changing Targets of r on default"),
    );
    check(
        &with("aws.events", r#""eventName":"PutTargets","requestParameters":{"name":"r"}"#),
        &format!("{plain} without effect"),
    );
    check(
        &with(
            "aws.events",
            &format!(r#""eventName":"TagResource","requestParameters":{{"resourceARN":"{RULE}"}}"#),
        ),
        &format!("{plain} changing Tags of {RULE} on default"),
    );
    // Any principal may put events with a source of its own.
    check(&with("shop", enable), "event e-1 at 2026-11-20T10:00:00Z by shop");
}

#[test]
fn tells_calls_that_plain_rules_do_not_receive() {
    let check_by = |source: &str, kind: &str, detail: &str, expected: bool| {
        let body = format!(
            r#"{{"id":"e","source":"{source}","detail-type":"{kind}","time":"2026-11-20T10:00:00Z","detail":{{{detail}}}}}"#
        );
        let withheld =
            decode_body(&body).map(|received| matches!(received, Received::Bus(bus) if bus.is_withheld));
        assert_eq!(withheld, Ok(expected), "{source} {kind} {detail}");
    };
    let check = |kind: &str, detail: &str, expected: bool| check_by("aws.s3", kind, detail, expected);
    let trail = "AWS API Call via CloudTrail";
    let get = r#""eventSource":"s3.amazonaws.com","eventName":"GetBucketAcl""#;
    check(trail, get, true);
    check(trail, &format!(r#"{get},"managementEvent":true,"eventCategory":"Management""#), true);
    check("AWS Console Action via CloudTrail", &format!(r#""managementEvent":true,{get}"#), true);
    check(trail, &format!(r#"{get},"managementEvent":false,"eventCategory":"Data""#), false);
    check(trail, &format!(r#"{get},"eventCategory":"NetworkActivity""#), false);
    check("order", get, false);
    // The name of the call counts, and not CloudTrail's `readOnly`.
    check(trail, &format!(r#"{get},"readOnly":false"#), true);
    let decrypt =
        r#""eventSource":"kms.amazonaws.com","eventName":"Decrypt","readOnly":true,"managementEvent":true"#;
    check(trail, decrypt, false);
    check(trail, r#""eventSource":"sts.amazonaws.com","eventName":"GetSessionToken""#, false);
    check(trail, r#""eventName":7,"managementEvent":true"#, false);
    // Only events of AWS are withheld.
    check_by("shop", trail, get, false);
}

#[test]
fn an_event_of_the_bus_keeps_its_text() {
    let event = r#"{"id":"e","source":"shop","detail-type":"order","account":"123456789012","time":"2026-11-20T10:00:00Z","detail":{"a":"\"b\\","é":1}}"#
        .to_owned();
    let text = |received: &Received<'_>| match received {
        Received::Bus(bus) => (
            String::from_utf8(bus.json.bytes().into_owned()).unwrap(),
            bus.account.as_deref().map(str::to_owned),
        ),
        other => panic!("{other:?}"),
    };
    let expected = (event.clone(), Some("123456789012".to_owned()));
    assert_eq!(text(&decode_body(&event).unwrap()), expected);
    for escaped in [
        serde_json::to_string(&event).unwrap(),
        serde_json::to_string(&event).unwrap().replace('é', r"\u00e9"),
    ] {
        let batch =
            format!(r#"{{"Records":[{{"messageId":"m","eventSource":"aws:sqs","body":{escaped}}}]}}"#);
        let Ok(Payload::Queue(messages)) = decode(batch.as_bytes()) else { panic!("no batch: {batch}") };
        assert_eq!(text(&messages[0].body.as_ref().unwrap().received().unwrap()), expected);
    }
}

#[test]
fn names_what_is_wrong() {
    check("", "not JSON: EOF while parsing a value at line 1 column 0; the payload begins \"\"");
    check("hello", "not JSON: expected value at line 1 column 1; the payload begins \"hello\"");
    check("[1]", "expected a JSON object, saw \"[1]\"");
    check("\"text\"", r#"expected a JSON object, saw "\"text\"""#);
    check("{}", "an object with no keys; expected…");
    check(r#"{"a":1,"b\n":2}"#, r#"an object with the keys "a", "b\n"; expected a queue batch…"#);
    check(r#"{"Type":"Notification","TopicArn":"arn"}"#, "Message is missing; expected text");
    check(r#"{"ruleArn":5,"event":{}}"#, "ruleArn is a number; expected the ARN of an EventBridge rule");
    check(r#"{"event":{}}"#, "ruleArn is missing; expected the ARN of an EventBridge rule");
    check(r#"{"ruleArn":"nope","event":{}}"#, r#"ruleArn: "nope" is not a rule ARN (fewer than six parts)…"#);
    check(&format!(r#"{{"ruleArn":"{RULE}"}}"#), "event is missing; expected an EventBridge event");
    check(&format!(r#"{{"ruleArn":"{RULE}","event":"x"}}"#), "event is text; expected an EventBridge event");
    check(&format!(r#"{{"ruleArn":"{RULE}","event":{{}}}}"#), "time is missing; expected an RFC 3339 time");
    check(
        &format!(r#"{{"ruleArn":"{RULE}","event":{{"time":"noon"}}}}"#),
        r#"time is "noon"; expected an RFC 3339 time…"#,
    );
    check(
        &format!(r#"{{"ruleArn":"{RULE}","event":{{"time":"2026-11-20T10:00:00Z"}}}}"#),
        "id is missing; expected text",
    );
    check(&format!(r#"{{"ruleArn":"{RULE}","ruleArn":"{RULE}"}}"#), "malformed: duplicate field `ruleArn`…");
    check(r#"{"Records":[{"eventSource":"aws:sqs"}]}"#, r#"an object with the keys "Records"; expected…"#);
}

#[test]
fn survives_size_and_depth() {
    let deep = "[".repeat(100_000);
    check(&deep, "not JSON: …");
    check(&format!(r#"{{"source":"a","detail-type":{deep}"#), "not JSON: …");
    check(&format!(r#"{{"event":{}"#, r#"{"detail":"#.repeat(100_000)), "not JSON: …");
    let large = "x".repeat(1 << 20);
    check(
        &format!(
            r#"{{"id":"e","source":"shop","detail-type":"order","time":"2026-11-20T10:00:00Z","detail":{{"note":"{large}"}}}}"#
        ),
        "event e at…",
    );
    check(&large, "not JSON: expected value at line 1 column 1; the payload begins \"xxxx…");
}

#[test]
fn a_bad_message_does_not_spoil_its_batch() {
    let payload = r#"{"Records":[
        {"messageId":"m-1","eventSource":"aws:sqs","body":"{}"},
        {"messageId":"m-2","eventSource":"aws:sqs","body":{"not":"text"}},
        {"messageId":"m-3","eventSource":"aws:sqs"}]}"#;
    let Ok(Payload::Queue(messages)) = decode(payload.as_bytes()) else { panic!("not a batch") };
    let seen: Vec<String> = messages
        .iter()
        .map(|message| {
            format!(
                "{} {}",
                message.id,
                message.body.as_ref().map_or_else(ToString::to_string, |body| body.to_string())
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            "m-1 {}",
            "m-2 Records[].body is an object; expected text",
            "m-3 Records[].body is missing; expected text"
        ]
    );
}

#[test]
fn the_trace_of_a_message_is_that_of_events_of_no_aws_service() {
    let check = |source: &str, attributes: &str, expected: bool| {
        let event = format!(
            r#"{{"id":"e","source":"{source}","detail-type":"placed","time":"2026-11-20T10:00:00Z","detail":{{}}}}"#
        );
        let body = serde_json::to_string(&event).unwrap();
        let payload = format!(
            r#"{{"Records":[{{"messageId":"m","eventSource":"aws:sqs","attributes":{attributes},"body":{body}}}]}}"#
        );
        let Ok(Payload::Queue(messages)) = decode(payload.as_bytes()) else { panic!("{payload}") };
        let Ok(Received::Bus(bus)) = messages[0].received() else { panic!("{payload}") };
        assert_eq!(bus.event.trace.is_some(), expected, "{payload}");
    };
    let traced =
        r#"{"SentTimestamp":"1","AWSTraceHeader":"Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"}"#;
    check("shop", traced, true);
    check("aws.s3", traced, false);
    check("shop", r#"{"AWSTraceHeader":"Root=1-57"}"#, false);
    check("shop", r#"{"AWSTraceHeader":7}"#, false);
    check("shop", "{}", false);
    check("shop", "null", false);
}

#[test]
fn the_queue_says_when_an_event_of_no_aws_service_came() {
    const NOON: &str = "2026-11-20T12:00:00Z";
    let event = |source: &str| {
        format!(
            r#"{{"id":"e","source":"{source}","detail-type":"placed","time":"1999-01-01T00:00:00Z","detail":{{}}}}"#
        )
    };
    let check = |body: &str, attributes: &str, expected: [Option<&str>; 2]| {
        let body = serde_json::to_string(body).unwrap();
        let payload = format!(
            r#"{{"Records":[{{"messageId":"m","eventSource":"aws:sqs","body":{body},"attributes":{attributes}}}]}}"#
        );
        let Ok(Payload::Queue(messages)) = decode(payload.as_bytes()) else { panic!("{payload}") };
        let sent_at = |event: &BusEvent<'_>| event.sender.as_ref()?.sent_at;
        let seen = match messages[0].received() {
            Ok(Received::Attached { event, .. }) => [sent_at(&event), None],
            Ok(Received::Bus(Bus { event, carried, .. })) => {
                let carried = carried.and_then(|carried| (*carried).ok());
                [sent_at(&event), carried.and_then(|carried| sent_at(&carried.event))]
            }
            other => panic!("{payload}: {other:?}"),
        };
        assert_eq!(seen, expected.map(|at| at.map(|at| at.parse().unwrap())), "{payload}");
    };
    let sent = r#"{"AWSTraceHeader":"Root=1-57","SentTimestamp":"1795176000000"}"#;
    check(&event("shop"), sent, [Some(NOON), None]);
    check(
        &event("shop"),
        r#"{"SentTimestamp":"17951760\u00300001"}"#,
        [Some("2026-11-20T12:00:00.001Z"), None],
    );
    check(&event("aws.partner/example.com/shop"), sent, [Some(NOON), None]);
    check(&event("aws.s3"), sent, [None, None]);
    let attached = |source: &str| format!(r#"{{"ruleArn":"{RULE}","event":{}}}"#, event(source));
    check(&attached("shop"), sent, [Some(NOON), None]);
    check(&attached("aws.s3"), sent, [None, None]);
    let forwarded = |source: &str| {
        let detail = format!(r#""detail":{}"#, attached(source));
        event("trails.eu").replace(r#""detail":{}"#, &detail)
    };
    check(&forwarded("shop"), sent, [Some(NOON), Some(NOON)]);
    check(&forwarded("aws.s3"), sent, [Some(NOON), None]);
    for unreadable in ["soon", "", "1e12", "99999999999999999999", "999999999999999999"] {
        check(&event("shop"), &format!(r#"{{"SentTimestamp":"{unreadable}"}}"#), [None, None]);
    }
    check(&event("shop"), r#"{"SentTimestamp":1795176000000}"#, [None, None]);
    check(&event("shop"), r#"{"AWSTraceHeader":"Root=1-57"}"#, [None, None]);
    check(&event("shop"), "null", [None, None]);
}

#[test]
fn a_batch_that_cannot_be_given_back_is_an_error() {
    let check = |payload: &str, expected: &str| {
        let error = decode(payload.as_bytes()).expect_err(payload).to_string();
        assert!(error.starts_with(expected), "{payload}: {error}");
    };
    check(r#"{"Records":[]}"#, "Records is empty");
    check(r#"{"Records":{}}"#, "Records is an object; expected an array");
    check(r#"{"Records":[1]}"#, "malformed: invalid type: integer `1`");
    check(r#"{"Records":[{"eventSource":"aws:sqs","body":"{}"}]}"#, "Records[].messageId is missing");
    check(r#"{"Records":[{"EventSource":"aws:sns"}]}"#, "Records[].Sns is missing; expected an SNS message");
    check(r#"{"Records":[{"eventSource":"aws:s3"}]}"#, r#"Records[].eventSource is "aws:s3"; expected"#);
    check(r#"{"Records":[{"body":"{}"}]}"#, "Records[].eventSource is missing");
}
