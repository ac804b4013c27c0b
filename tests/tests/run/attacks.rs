//! Races and inputs that were found by attack.

use super::*;

#[test]
fn a_limit_tag_that_is_read_only_at_the_cut_counts() {
    let arn = rule("busy");
    let mut definition = World::rule(RuleState::Enabled);
    definition.tags.insert("budget-guard:limit".into(), "5000/60s".into());
    let world = world_with(&arn, definition);
    world.faults.plan(Call::Tags, 1, Fate::Fails(FaultKind::Throttled));
    let (_, summary) = run(guard(&world, "200/60s").handle(&firings(&arn, 0..250))).unwrap();
    assert_eq!(world.rule_state(&arn), Some(RuleState::Enabled), "{:?}", summary.tripped);
}

#[test]
fn custom_events_are_told_apart_by_their_envelope() {
    let arn = rule("orders");
    let world = world_with(&arn, World::rule(RuleState::Enabled));
    let bodies: Vec<String> = (0..1000).map(|n| json!({"ruleArn": arn, "event": {"id": format!("e-{n}"),
        "source": "shop.orders", "detail-type": "OrderChanged", "time": NOON, "detail": {"eventID": "order-7"}}}).to_string()).collect();
    run(guard(&world, "200/60s").handle(&batch(bodies.iter().map(String::as_str)))).unwrap().0.unwrap();
    assert_eq!(world.rule_state(&arn), Some(RuleState::Disabled));
}

/// Any principal with `events:PutEvents` chooses the time of its events. Dated an hour ago, all of them were late.
#[test]
fn a_flood_counts_whatever_time_its_sender_gives_it() {
    let check = |source: &str, dated: i64, expected: RuleState| {
        let arn = rule("orders");
        let world = world_with(&arn, World::rule(RuleState::Enabled));
        let record = |n: usize, at: i64| {
            let dated = if n == 0 { NOON } else { NOON + SignedDuration::from_secs(at) };
            let event = json!({"id": format!("e-{n}"), "source": source, "detail-type": "OrderChanged",
                "time": dated, "detail": {}});
            json!({"messageId": format!("m-{n}"), "eventSource": "aws:sqs",
                "attributes": {"SentTimestamp": NOON.as_millisecond().to_string()},
                "body": json!({"ruleArn": arn, "event": event}).to_string()})
        };
        let records: Vec<_> = (0..5_000).map(|n| record(n, dated)).collect();
        let (reply, summary) =
            run(guard(&world, "200/60s").handle(json!({"Records": records}).to_string().as_bytes())).unwrap();
        reply.unwrap();
        assert_eq!(
            world.rule_state(&arn),
            Some(expected),
            "{source}, {dated} s: {} late",
            summary.tally.late
        );
    };
    for dated in [-3_600, -86_400, 0, 3_600] {
        check("shop.orders", dated, RuleState::Disabled);
    }
    // AWS dates its own events, and those of an hour ago are late.
    check("aws.s3", -3_600, RuleState::Enabled);
}

#[test]
fn a_denied_call_about_a_rule_is_not_an_error() {
    let world = World::new(NOON);
    let body = json!({"id": "e", "source": "aws.events", "detail-type": "AWS API Call via CloudTrail", "time": NOON,
        "detail": {"eventID": "x", "eventSource": "events.amazonaws.com", "eventName": "PutRule", "errorCode": "AccessDenied", "requestParameters": null}}).to_string();
    let (reply, _) = run(guard(&world, "200/60s").handle(&batch([body.as_str()]))).unwrap();
    assert_eq!(serde_json::to_value(reply.unwrap()).unwrap(), json!({"batchItemFailures": []}));
}

#[test]
fn a_cut_rule_is_watched_whatever_the_tick_does_meanwhile() {
    let arn = rule("fix-acl");
    let world = world_with(&arn, World::rule(RuleState::Enabled));
    let guard = guard(&world, "3/60s");
    // The rule is in the list for the tick with a closed record, as after a clean probation.
    run(guard.handle(&firings(&arn, 0..1))).unwrap().0.unwrap();
    let payload = firings(&arn, 1..3);
    let mut future = pin!(guard.handle(&payload));
    let mut cx = Context::from_waker(Waker::noop());
    let mut done = false;
    loop {
        if !done && world.watched_rules().contains(&arn) {
            run(guard.unwatch(&arn)).unwrap();
            done = true;
        }
        if future.as_mut().poll(&mut cx).is_ready() {
            break;
        }
    }
    assert!(world.record(&arn).unwrap().needs_watch());
    assert_eq!(world.watched_rules(), [arn], "the tick never looks after the cut rule");
}
