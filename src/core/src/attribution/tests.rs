//! Messages that are a firing, a change or neither, and trust in their senders.

use serde_json::json;

use super::*;
use crate::model::Call;
use crate::sources::{EventJson, Payload, decode, decode_body};

fn home() -> Home {
    Home {
        own: Own::example(),
        trusted_sources: vec!["trails.".into()],
        ..Home::new("aws", "us-east-1", "123456789012")
    }
}

fn event(principal: &'static str) -> BusEvent<'static> {
    let caller = Caller { principal: principal.into(), issued_to: None };
    BusEvent {
        event_id: "c-1".into(),
        at: "2026-11-20T10:00:00Z".parse().unwrap(),
        caller,
        call: None,
        made: None,
        trace: None,
        is_replay: false,
        rule_call: None,
        sender: None,
    }
}

fn on_bus(event: BusEvent<'static>) -> Received<'static> {
    let account = Some("123456789012".into());
    Received::Bus(Bus {
        event,
        account,
        is_withheld: false,
        money: None,
        carried: None,
        json: EventJson::plain(b"{}"),
    })
}

fn change_on(bus: &'static str) -> RuleCall<'static> {
    RuleCall::Changed { bus: bus.into(), rule: "fix-acl".into(), change: Change::Definition }
}

fn check_received(rule: &str, event: BusEvent<'static>, expected: &str) {
    let rule = rule.parse().unwrap();
    let seen = match attribute(Received::Attached { rule, event }, &home()) {
        Ok(Attributed::Attached(firing) | Attributed::Forwarded(firing)) => {
            format!("firing of {}", firing.rule.name())
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    };
    assert!(seen.starts_with(expected), "{seen}");
}

#[test]
fn counts_only_what_may_be_acted_on() {
    let ours = "arn:aws:events:us-east-1:123456789012:rule/fix-acl";
    check_received(ours, event("arn:aws:iam::123456789012:user/ann"), "firing of fix-acl");
    check_received(ours, BusEvent { is_replay: true, ..event("ann") }, "Skipped(Replay)");
    check_received(
        ours,
        event("arn:aws:sts::123456789012:assumed-role/guard-role/budget-guard-ingest"),
        "Skipped(OwnCall)",
    );
    check_received(
        ours,
        event("arn:aws:sts::999999999999:assumed-role/guard-role/budget-guard-ingest"),
        "firing of fix-acl",
    );
    // A name proves nothing.
    check_received(
        ours,
        event("arn:aws:sts::123456789012:assumed-role/any/budget-guard-ingest"),
        "firing of fix-acl",
    );
    for foreign in [
        "arn:aws:events:us-east-1:999999999999:rule/fix-acl",
        "arn:aws:events:eu-west-1:123456789012:rule/fix-acl",
        "arn:aws-cn:events:us-east-1:123456789012:rule/fix-acl",
    ] {
        check_received(foreign, event("ann"), &format!("ruleArn is {foreign}, a rule of account"));
    }
}

#[test]
fn a_firing_is_carried_by_those_alone_who_are_trusted() {
    let check = |source: &str, carried: &str, expected: &str| {
        let detail: serde_json::Value = serde_json::from_str(carried).unwrap();
        let carrier = json!({
            "id": "o-1", "source": source, "detail-type": "x via CloudTrail", "account": "123456789012",
            "time": "2026-11-20T10:00:00Z", "detail": detail,
        });
        assert_eq!(told(&carrier.to_string()), expected, "{source}");
    };
    let [attached, _] = claims("aws.s3", "ann");
    check("trails.eu", &attached, "c-1: GetBucketAcl by ann, issued to arn:fixer");
    check("shop", &attached, "o-1: no call by source shop, issued to nobody");
    let broken = r#"{"ruleArn": "nope", "event": {}}"#;
    check("shop", broken, "o-1: no call by source shop, issued to nobody");
    let problem = "detail.ruleArn: \"nope\" is not a rule ARN (fewer than six parts); expected \
                   arn:aws:events:REGION:ACCOUNT:rule/[BUS/]NAME";
    check("trails.eu", broken, problem);
}

/// Call by the rule's own target, in an event with this source: attached to the rule, and as it is on the bus.
fn claims(source: &str, principal: &str) -> [String; 2] {
    let issued_to = if principal == "ann" { "arn:fixer" } else { "" };
    let event = json!({
        "id": "e-1", "source": source, "detail-type": "AWS API Call via CloudTrail", "account": "123456789012",
        "time": "2026-11-20T10:00:00Z",
        "detail": {
            "eventID": "c-1", "eventSource": "s3.amazonaws.com", "eventName": "GetBucketAcl", "readOnly": true,
            "managementEvent": true, "requestParameters": {"bucketName": "uploads"},
            "userIdentity": {"arn": principal, "inScopeOf": {"credentialsIssuedTo": issued_to}},
        },
    });
    [json!({"ruleArn": "arn:aws:events:us-east-1:123456789012:rule/fix-acl", "event": event}), event]
        .map(|payload| payload.to_string())
}

fn told(payload: &str) -> String {
    let told = |id: &str, caller: &Caller<'_>, call: &Option<Call<'_>>| {
        let issued_to = caller.issued_to.as_deref().unwrap_or("nobody");
        let call = call.as_ref().map_or("no call", |call| &call.operation);
        format!("{id}: {call} by {}, issued to {issued_to}", caller.principal)
    };
    match attribute(decode_body(payload).unwrap(), &home()) {
        Ok(Attributed::Attached(firing) | Attributed::Forwarded(firing)) => {
            told(&firing.event_id, &firing.caller, &firing.call)
        }
        Ok(Attributed::Bus { event: Ok(Bus { event, is_withheld, .. }), .. }) => {
            let withheld = if is_withheld { ", withheld" } else { "" };
            told(&event.event_id, &event.caller, &event.call) + withheld
        }
        Ok(Attributed::Skipped(skipped) | Attributed::Bus { event: Err(skipped), .. }) => {
            format!("{skipped:?}")
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn only_events_of_aws_and_of_whom_it_trusts_are_taken_at_their_word() {
    let check = |source: &str, principal: &str, expected: [&str; 2]| {
        let seen = claims(source, principal).map(|payload| told(&payload));
        assert_eq!(seen, expected, "{source}");
    };
    let believed = "c-1: GetBucketAcl by ann, issued to arn:fixer";
    check("aws.s3", "ann", [believed, &format!("{believed}, withheld")]);
    check("trails.eu", "ann", [believed, believed]);
    let session = "arn:aws:sts::123456789012:assumed-role/guard-role/budget-guard-ingest";
    for source in ["custom.s3", "aws.partner/example.com/s3", "AWS.s3", "trails", session] {
        let doubted = format!("e-1: no call by source {source}, issued to nobody");
        check(source, "ann", [&doubted, &doubted]);
        check(source, session, [&doubted, &doubted]);
    }
}

/// Time at which an event counts that is dated `dated` and reached the queue at noon.
fn counted_at(source: &str, dated: &str, wrap: impl Fn(&serde_json::Value) -> serde_json::Value) -> String {
    let event = json!({"id": "e-1", "source": source, "detail-type": "x via CloudTrail", "account": "123456789012",
        "time": dated, "detail": {"eventID": "c-1"}});
    let record = json!({"messageId": "m", "eventSource": "aws:sqs", "body": wrap(&event).to_string(),
        "attributes": {"SentTimestamp": "1795176000000"}});
    let payload = json!({"Records": [record]}).to_string();
    let Ok(Payload::Queue(messages)) = decode(payload.as_bytes()) else { panic!("{payload}") };
    match attribute(messages[0].received().unwrap(), &home()) {
        Ok(Attributed::Attached(firing) | Attributed::Forwarded(firing)) => firing.at.to_string(),
        Ok(Attributed::Bus { event: Ok(bus), .. }) => bus.event.at.to_string(),
        other => panic!("{payload}: {other:?}"),
    }
}

#[test]
fn the_time_of_an_event_is_that_of_aws_or_of_whom_it_trusts() {
    const NOON: &str = "2026-11-20T12:00:00Z";
    let rule = "arn:aws:events:us-east-1:123456789012:rule/fix-acl";
    let attached = |event: &serde_json::Value| json!({"ruleArn": rule, "event": event});
    let forwarded = |event: &serde_json::Value| {
        json!({"id": "o-1", "source": "trails.eu", "detail-type": "x", "account": "123456789012",
            "time": "2026-11-20T11:59:00Z", "detail": attached(event)})
    };
    // An hour late, an hour early, and far from both.
    for dated in
        ["2026-11-20T11:00:00Z", "2026-11-20T13:00:00Z", "1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z"]
    {
        let check = |source: &str, expected: &str| {
            let seen = [
                counted_at(source, dated, Clone::clone),
                counted_at(source, dated, attached),
                counted_at(source, dated, forwarded),
            ];
            assert_eq!(seen, [expected; 3], "{source}, dated {dated}");
        };
        check("shop", NOON);
        check("aws.partner/example.com/shop", NOON);
        check("AWS.s3", NOON);
        check("aws.s3", dated);
        check("trails.eu", dated);
    }
}

#[test]
fn a_change_of_a_rule_is_recognised() {
    let check = |bus: &'static str, expected: &str| {
        let change = change_on(bus);
        let seen = match attribute(on_bus(BusEvent { rule_call: Some(change), ..event("ann") }), &home()) {
            // The event also fires the rules that watch such calls.
            Ok(Attributed::Bus { changed: Some(Changed { rule, by, .. }), event: Ok(_), .. }) => {
                format!("{rule} by {by}")
            }
            other => format!("{other:?}"),
        };
        assert_eq!(seen, format!("arn:aws:events:us-east-1:123456789012:rule/{expected} by ann"));
    };
    check("default", "fix-acl");
    check("orders", "orders/fix-acl");
    check("arn:aws:events:us-east-1:123456789012:event-bus/orders", "orders/fix-acl");
    // An attached rule makes up its message, so it reports no change.
    let theirs = "arn:aws:events:us-east-1:123456789012:rule/audit";
    check_received(
        theirs,
        BusEvent { rule_call: Some(change_on("default")), ..event("ann") },
        "firing of audit",
    );
    let decoy = "arn:aws:events:us-east-1:123456789012:rule/budget-guard-x-changes";
    check_received(
        decoy,
        BusEvent { rule_call: Some(change_on("default")), ..event("ann") },
        "firing of budget-guard-x-changes",
    );
}

#[test]
fn what_does_not_count_on_the_bus_is_told_apart() {
    let check = |bus: Bus<'static>, expected: &str| {
        let seen = match attribute(Received::Bus(bus), &home()) {
            Ok(Attributed::Bus { changed, event, .. }) => {
                let changed = changed.map_or("no change".to_owned(), |changed| {
                    format!("{:?} of {}", changed.change, changed.rule.name())
                });
                let counts = event.map_or_else(|skipped| format!("{skipped:?}"), |_| "counts".to_owned());
                format!("{counts}, {changed}")
            }
            other => format!("{other:?}"),
        };
        assert_eq!(seen, expected);
    };
    let bus = |event: BusEvent<'static>| match on_bus(event) {
        Received::Bus(bus) => bus,
        other => panic!("{other:?}"),
    };
    let guard = "arn:aws:sts::123456789012:assumed-role/guard-role/budget-guard-ingest";
    let put = || Some(change_on("default"));
    let tagged = |arn: &'static str| {
        Some(RuleCall::Changed { bus: "default".into(), rule: arn.into(), change: Change::Tags })
    };
    check(bus(event("ann")), "counts, no change");
    check(bus(BusEvent { rule_call: put(), ..event("ann") }), "counts, Definition of fix-acl");
    check(bus(BusEvent { rule_call: put(), ..event(guard) }), "OwnCall, Definition of fix-acl");
    check(bus(BusEvent { rule_call: put(), is_replay: true, ..event("ann") }), "Replay, no change");
    check(bus(BusEvent { rule_call: Some(RuleCall::WithoutEffect), ..event("ann") }), "counts, no change");
    let ours = "arn:aws:events:us-east-1:123456789012:rule/orders/fix-acl";
    check(bus(BusEvent { rule_call: tagged(ours), ..event("ann") }), "counts, Tags of fix-acl");
    let theirs = "arn:aws:events:us-east-1:999999999999:rule/fix-acl";
    check(bus(BusEvent { rule_call: tagged(theirs), ..event("ann") }), "counts, no change");
    let a_bus = "arn:aws:events:us-east-1:123456789012:event-bus/orders";
    check(bus(BusEvent { rule_call: tagged(a_bus), ..event("ann") }), "counts, no change");
    let foreign = Some("999999999999".into());
    check(
        Bus { account: foreign, ..bus(BusEvent { rule_call: put(), ..event("ann") }) },
        "Foreign, no change",
    );
    check(Bus { account: None, ..bus(event("ann")) }, "Foreign, no change");
}

#[test]
fn each_queue_carries_its_own_content() {
    const FIRINGS: &str = "arn:aws:sqs:us-east-1:123456789012:budget-guard-firings";
    const ATTACHED: &str = "arn:aws:sqs:us-east-1:123456789012:budget-guard-attached";
    let known = Home { attached_queue: Some(ATTACHED.into()), ..home() };
    let firing = || Received::Attached {
        rule: "arn:aws:events:us-east-1:123456789012:rule/fix-acl".parse().unwrap(),
        event: event("ann"),
    };
    let check = |home: &Home, queue: &str, received: Received<'_>, expected: &str| {
        let seen = home.admits(queue, &received).map_err(|error| error.to_string());
        assert_eq!(seen.err().unwrap_or_default(), expected, "{queue}: {received:?}");
    };
    check(&known, ATTACHED, firing(), "");
    check(&known, FIRINGS, on_bus(event("ann")), "");
    check(&known, FIRINGS, Received::Tick { at: event("ann").at }, "");
    let only = "it is taken from the queue for attached rules only, which `budget-guard attach` uses";
    check(
        &known,
        FIRINGS,
        firing(),
        &format!("a firing of an attached rule came through \"{FIRINGS}\"; {only}"),
    );
    // Without a queue: a direct invocation in the shape of a batch.
    check(&known, "", firing(), &format!("a firing of an attached rule came through \"\"; {only}"));
    let transformer = "it is taken from the guard's own rules only; attach the rule with `budget-guard attach`, which sets the input transformer";
    for received in [on_bus(event("ann")), Received::Tick { at: event("ann").at }] {
        let expected =
            format!("a message without ruleArn and event came through \"{ATTACHED}\"; {transformer}");
        check(&known, ATTACHED, received, &expected);
    }
    check(&home(), FIRINGS, firing(), "");
}
