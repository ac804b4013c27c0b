//! Zero-touch: the guard gets every event of the bus, and finds the rules that it fires.

use super::*;
use budget_guard_core::policy::BurstLimit;

pub(super) const PATTERN: &str = r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#;

pub(super) fn definition(pattern: &str) -> RuleDefinition {
    RuleDefinition { event_pattern: Some(pattern.to_owned()), ..World::rule(RuleState::Enabled) }
}

/// Event of a call to S3, as the catch-all rule sends it.
pub(super) fn call(id: usize) -> serde_json::Value {
    json!({
        "version": "0", "id": format!("envelope-{id}"), "source": "aws.s3", "account": "123456789012", "time": NOON,
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventID": format!("event-{id}"), "eventName": "PutBucketAcl", "userIdentity": {"arn": "ann"},
            "readOnly": false, "managementEvent": true},
    })
}

/// Event of a call about a rule.
pub(super) fn rule_call(name: &str, parameters: serde_json::Value, at: Timestamp) -> String {
    let mut event = call(0);
    event["source"] = json!("aws.events");
    event["time"] = json!(at);
    event["detail"] = json!({"eventID": format!("{name}-{at}"), "eventSource": "events.amazonaws.com",
        "eventName": name, "requestParameters": parameters, "userIdentity": {"arn": "ann"}});
    event.to_string()
}

fn calls(ids: std::ops::Range<usize>) -> Vec<u8> {
    let bodies: Vec<String> = ids.map(|id| call(id).to_string()).collect();
    batch(bodies.iter().map(String::as_str))
}

pub(super) fn handle(guard: &Guard<World>, payload: &[u8]) -> (serde_json::Value, Summary) {
    let (reply, summary) = run(guard.handle(payload)).unwrap();
    (serde_json::to_value(reply.unwrap()).unwrap(), summary)
}

/// World with these rules, and a guard that has built the directory at a tick.
pub(super) fn guarded(rules: &[(&str, RuleDefinition)], limit: &str) -> (World, Guard<World>) {
    let world = World::new(NOON);
    rules.iter().for_each(|(path, definition)| world.put_rule(&rule(path), definition.clone()));
    let guard = guard(&world, limit);
    handle(&guard, &tick());
    (world, guard)
}

fn count(world: &World, path: &str) -> u64 {
    world.record(&rule(path)).map_or(0, |record| record.window.count_at(NOON))
}

/// Moves the clock, so that the knowledge of other processes becomes old.
pub(super) fn later(world: &World, seconds: i64) {
    world.advance(SignedDuration::from_secs(seconds));
}

#[test]
fn only_the_rule_that_loops_is_cut() {
    let mut rules: Vec<(String, RuleDefinition)> =
        (0..300).map(|n| (format!("r{n}"), definition(&format!(r#"{{"source":["s{n}"]}}"#)))).collect();
    rules.push(("fix-acl".into(), definition(PATTERN)));
    let rules: Vec<(&str, RuleDefinition)> =
        rules.iter().map(|(path, definition)| (path.as_str(), definition.clone())).collect();
    let (world, guard) = guarded(&rules, "10/60s");
    let mut bodies: Vec<String> = (0..40).map(|id| call(id).to_string()).collect();
    for n in 0..9 {
        let mut other = call(100 + n);
        other["source"] = json!("s7");
        bodies.push(other.to_string());
    }
    let (reply, summary) = handle(&guard, &batch(bodies.iter().map(String::as_str)));
    assert_eq!(reply, json!({"batchItemFailures": []}));
    assert_eq!((summary.bus_events, summary.matched, summary.unattributed, summary.unknown), (49, 49, 0, 0));
    assert_eq!((summary.tripped, summary.tally.firings), (vec![rule("fix-acl")], 49));
    assert_cut(&world, &rule("fix-acl"), "bus events");
    assert_eq!((count(&world, "r7"), world.rule_state(&rule("r7"))), (9, Some(RuleState::Enabled)));
    assert_eq!(world.alerts().len(), 1);

    // The rule is disabled: events of the bus fire it no longer, in this process or another.
    let other = super::guard(&world, "10/60s");
    for guard in [&guard, &other] {
        let (_, summary) = handle(guard, &calls(500..520));
        assert_eq!((summary.bus_events, summary.matched, summary.tally.late), (20, 0, 0));
    }
}

#[test]
fn what_does_not_count_is_told_apart() {
    let third =
        RuleDefinition { state: RuleState::EnabledWithAllCloudtrailManagementEvents, ..definition(PATTERN) };
    let managed = RuleDefinition { managed_by: Some("x.amazonaws.com".into()), ..definition(PATTERN) };
    let schedule = RuleDefinition {
        event_pattern: None,
        schedule_expression: Some("rate(1 minute)".into()),
        ..definition(PATTERN)
    };
    let rules = [
        ("plain", definition(PATTERN)),
        ("third", third),
        ("managed", managed),
        ("schedule", schedule),
        ("budget-guard-catch-all", definition(PATTERN)),
        ("orders/custom", definition(PATTERN)),
        ("broken", definition(r#"{"source":[{"no-such":1}]}"#)),
    ];
    let (_, guard) = guarded(&rules, "200/60s");
    let check = |change: &dyn Fn(&mut serde_json::Value), expected: [u64; 8]| {
        let mut event = call(1);
        change(&mut event);
        let (reply, seen) = handle(&guard, &batch([event.to_string().as_str()]));
        assert_eq!(reply, json!({"batchItemFailures": []}), "{event}");
        let seen = [
            seen.tally.firings,
            seen.matched,
            seen.read_only,
            seen.unknown,
            seen.foreign,
            seen.own_calls,
            seen.replays,
            seen.unattributed,
        ];
        assert_eq!(seen, expected, "{event}");
    };
    check(&|_| {}, [2, 1, 0, 1, 0, 0, 0, 0]);
    // CloudTrail's own `readOnly` has no effect.
    check(&|event| event["detail"]["readOnly"] = json!(true), [2, 1, 0, 1, 0, 0, 0, 0]);
    check(&|event| event["source"] = json!("shop"), [0, 0, 0, 1, 0, 0, 0, 0]);
    check(&|event| event["account"] = json!("999999999999"), [0, 0, 0, 0, 1, 0, 0, 0]);
    check(&|event| event["replay-name"] = json!("again"), [0, 0, 0, 0, 0, 0, 1, 0]);
    let own = "arn:aws:sts::123456789012:assumed-role/guard-role/budget-guard-ingest";
    check(&|event| event["detail"]["userIdentity"]["arn"] = json!(own), [0, 0, 0, 0, 0, 1, 0, 0]);
    // Not a call, and from a custom source: it fires every rule that matches it.
    check(
        &|event| {
            event["detail-type"] = json!("OrderChanged");
            event["detail"] = json!({"readOnly": true, "managementEvent": true, "eventName": "PutBucketAcl"});
        },
        [2, 1, 0, 1, 0, 0, 0, 0],
    );
}

#[test]
fn plain_rules_are_fired_by_what_a_plain_rule_has_brought_and_else_by_name() {
    let third = RuleState::EnabledWithAllCloudtrailManagementEvents;
    let in_state = |state| RuleDefinition { state, ..definition(r#"{"source":["aws.kms"]}"#) };
    let check = |watch: Option<RuleState>, name: &str, is_management: bool, expected: [u64; 2]| {
        let mut rules = vec![("plain", in_state(RuleState::Enabled)), ("third", in_state(third))];
        rules.extend(watch.map(|state| ("budget-guard-watch", in_state(state))));
        let (_, guard) = guarded(&rules, "200/60s");
        let mut event = call(1);
        event["source"] = json!("aws.kms");
        event["detail"]["eventSource"] = json!("kms.amazonaws.com");
        event["detail"]["eventName"] = json!(name);
        event["detail"]["readOnly"] = json!(true);
        event["detail"]["managementEvent"] = json!(is_management);
        let (_, seen) = handle(&guard, &batch([event.to_string().as_str()]));
        assert_eq!([seen.tally.firings, seen.read_only], expected, "{watch:?} {name}");
    };
    for watch in [Some(RuleState::Enabled), Some(third), None] {
        check(watch, "Decrypt", true, [2, 0]);
        check(watch, "GetParametersForImport", false, [2, 0]);
    }
    check(Some(RuleState::Enabled), "DescribeKey", true, [2, 0]);
    check(Some(third), "DescribeKey", true, [1, 1]);
    check(None, "DescribeKey", true, [1, 1]);
}

#[test]
fn without_a_directory_events_are_counted_apart_until_the_tick() {
    let world = world_with(&rule("fix-acl"), definition(PATTERN));
    let guard = guard(&world, "10/60s");
    let (reply, summary) = handle(&guard, &calls(0..5));
    assert_eq!((reply, summary.unattributed), (json!({"batchItemFailures": []}), 5));
    handle(&super::guard(&world, "10/60s"), &tick());
    later(&world, 10);
    let (_, summary) = handle(&guard, &calls(0..40));
    assert_eq!(
        (summary.unattributed, summary.tripped),
        (0, vec![rule("fix-acl")]),
        "in a process that saw none before"
    );
}

#[test]
fn a_directory_that_cannot_be_read_loses_nothing() {
    let (world, warm) = guarded(&[("fix-acl", definition(PATTERN))], "10/60s");
    later(&world, 10);
    world.faults.plan(Call::Head, 1, Fate::Fails(FaultKind::Throttled));
    let (reply, _) = handle(&warm, &calls(0..2));
    assert_eq!(reply["batchItemFailures"].as_array().unwrap().len(), 2);
    world.faults.plan(Call::Chunk, 1, Fate::Fails(FaultKind::Throttled));
    let (reply, _) = handle(&guard(&world, "10/60s"), &calls(0..2));
    assert_eq!(reply["batchItemFailures"].as_array().unwrap().len(), 2);
    // Attached rules need no directory.
    world.faults.plan(Call::Head, 1, Fate::Fails(FaultKind::Throttled));
    let (reply, summary) = handle(&guard(&world, "10/60s"), &firings(&rule("fix-acl"), 0..2));
    assert_eq!((reply, summary.tally.firings), (json!({"batchItemFailures": []}), 2));
}

#[test]
fn attached_and_matched_is_counted_once() {
    let (world, guard) = guarded(&[("fix-acl", definition(PATTERN))], "10/60s");
    let event = call(1);
    let attached = json!({"ruleArn": rule("fix-acl"), "event": event}).to_string();
    let event = event.to_string();
    let (_, summary) = handle(&guard, &batch([attached.as_str(), event.as_str(), event.as_str()]));
    assert_eq!((summary.tally.firings, summary.tally.duplicates), (3, 2));
    assert_eq!(count(&world, "fix-acl"), 1);
}

#[test]
fn a_message_of_two_rules_goes_back_once_and_may_come_again() {
    let rules = [("one", definition(PATTERN)), ("two", definition(PATTERN))];
    for fails in [&[1][..], &[2], &[1, 2], &[]] {
        let (world, guard) = guarded(&rules, "200/60s");
        fails.iter().for_each(|nth| world.faults.plan(Call::Load, *nth, Fate::Fails(FaultKind::Throttled)));
        let (reply, summary) = handle(&guard, &calls(0..3));
        let back = usize::from(!fails.is_empty()) * 3;
        assert_eq!(reply["batchItemFailures"].as_array().unwrap().len(), back, "loads {fails:?}");
        assert_eq!(summary.failed, back as u64);
        handle(&guard, &calls(0..3));
        assert_eq!((count(&world, "one"), count(&world, "two")), (3, 3), "loads {fails:?}");
    }
}

#[test]
fn changes_that_pass_on_the_bus_are_known_at_once() {
    let (world, guard) = guarded(&[("other", definition(PATTERN))], "200/60s");
    let check = |name: &str, parameters: serde_json::Value, firings: u64| {
        later(&world, 1);
        let now = run(async { budget_guard_core::ports::Clock::now(&world) }).unwrap();
        let mut event = call(0);
        (event["time"], event["detail"]["eventID"]) = (json!(now), json!(format!("after {name} {now}")));
        let change = rule_call(name, parameters, now);
        let (reply, summary) = handle(&guard, &batch([change.as_str(), event.to_string().as_str()]));
        assert_eq!(reply, json!({"batchItemFailures": []}));
        assert_eq!(summary.tally.firings, firings, "{name}");
    };
    let new = rule("new");
    world.put_rule(&new, definition(PATTERN));
    check("PutRule", json!({"name": "new"}), 2);
    world.set_state(&new, RuleState::Disabled);
    check("DisableRule", json!({"name": "new", "eventBusName": "default"}), 1);
    world.set_state(&new, RuleState::Enabled);
    check("EnableRule", json!({"name": "new"}), 2);
    let tagged = RuleDefinition {
        tags: [("budget-guard:mode".to_owned(), "ignore".to_owned())].into(),
        ..definition(PATTERN)
    };
    world.put_rule(&new, tagged);
    check("TagResource", json!({"resourceARN": new}), 1);
    world.put_rule(&new, definition(PATTERN));
    check("UntagResource", json!({"resourceARN": new}), 2);
    assert_eq!(world.faults.count(Call::List), 1, "nothing is listed for that");
    world.delete_rule(&new);
    check("DeleteRule", json!({"name": "new"}), 1);
    // The event of the change may fire rules as well.
    world.put_rule(&rule("audit"), definition(r#"{"source":["aws.events"]}"#));
    check("PutRule", json!({"name": "audit"}), 2);
}

#[test]
fn many_changes_at_once_wait_for_the_tick() {
    let (world, guard) = guarded(&[("other", definition(PATTERN))], "200/60s");
    let names: Vec<String> = (0..20).map(|n| format!("new-{n}")).collect();
    names.iter().for_each(|name| world.put_rule(&rule(name), definition(PATTERN)));
    let bodies: Vec<String> =
        names.iter().map(|name| rule_call("PutRule", json!({"name": name}), NOON)).collect();
    let (reply, _) = handle(&guard, &batch(bodies.iter().map(String::as_str)));
    assert_eq!((reply, world.faults.count(Call::Inspect)), (json!({"batchItemFailures": []}), 0));
    handle(&guard, &tick());
    let (_, summary) = handle(&guard, &calls(0..1));
    assert_eq!(summary.tally.firings, 21);
}

#[test]
fn a_change_is_not_lost_when_a_call_fails() {
    for (call, fails) in [
        (Call::Inspect, false),
        (Call::Head, true),
        (Call::SaveChunk, true),
        (Call::SaveHead, true),
        (Call::DeleteChunk, false),
    ] {
        let (world, guard) = guarded(&[("other", definition(PATTERN))], "200/60s");
        world.put_rule(&rule("new"), definition(PATTERN));
        later(&world, 5);
        world.faults.plan(call, 1, Fate::Fails(FaultKind::Throttled));
        let change = rule_call("PutRule", json!({"name": "new"}), NOON);
        let (reply, _) = handle(&guard, &batch([change.as_str()]));
        assert_eq!(!reply["batchItemFailures"].as_array().unwrap().is_empty(), fails, "{call:?}");
        if fails {
            handle(&guard, &batch([change.as_str()]));
        }
        handle(&guard, &tick());
        let (_, summary) = handle(&guard, &calls(0..1));
        assert_eq!(summary.tally.firings, 2, "{call:?}");
    }
}

#[test]
fn a_rule_put_back_is_fired_again() {
    let (world, guard) = guarded(&[("fix-acl", definition(PATTERN))], "10/60s");
    handle(&guard, &calls(0..40));
    assert_eq!(handle(&guard, &calls(50..51)).1.matched, 0);
    let arn = rule("fix-acl");
    let order = [Observation::Order(Order::Enable { force: true })];
    run(drive(&guard, &arn, guard.defaults.clone(), &order)).unwrap().unwrap();
    assert_eq!(world.rule_state(&arn), Some(RuleState::Enabled));
    assert_eq!(handle(&guard, &calls(60..61)).1.matched, 1);
}

#[test]
fn tags_come_from_the_directory() {
    let ignored = RuleDefinition {
        tags: [("budget-guard:limit".to_owned(), "5000/60s".to_owned())].into(),
        ..definition(PATTERN)
    };
    let (world, guard) = guarded(&[("busy", ignored)], "10/60s");
    let before = world.faults.count(Call::Tags);
    handle(&guard, &calls(0..40));
    assert_eq!((world.faults.count(Call::Tags) - before, world.alerts().len()), (0, 0));
    let limit: BurstLimit = "5000/60s".parse().unwrap();
    assert_eq!(world.record(&rule("busy")).unwrap().limit, limit);
}

#[test]
fn a_pattern_beyond_the_guard_is_told_once_a_day() {
    let (world, guard) = guarded(&[("broken", definition(r#"{"source":[{"no-such":1}]}"#))], "10/60s");
    let alerts = |count: usize| {
        let alerts = world.alerts();
        assert_eq!(alerts.len(), count);
        let alert = alerts.last().unwrap();
        assert_eq!((alert.kind, &alert.rule.as_ref().unwrap().arn), (AlertKind::Failed, &rule("broken")));
        assert!(
            alert.reason.contains("is not guarded: its event pattern is not understood (line 1"),
            "{}",
            alert.reason
        );
        assert!(alert.hint.as_ref().unwrap().contains("budget-guard attach broken --region us-east-1"));
    };
    alerts(1);
    assert_eq!(handle(&guard, &calls(0..3)).1.unknown, 3);
    for _ in 0..10 {
        later(&world, 2 * 3_600);
        handle(&guard, &tick());
    }
    alerts(1);
    for _ in 0..3 {
        later(&world, 2 * 3_600);
        handle(&guard, &tick());
    }
    alerts(2);
}
