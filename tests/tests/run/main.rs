//! The shell over ports in memory: races, crashes at every call, bad messages, and the number of calls.

mod attached;
mod attacks;
mod budgets;
mod claims;
mod cost;
mod eyes;
mod forged;
mod load;
mod names;
mod put;
mod refresh;
mod schedules;
mod sessions;
mod tags;
mod unwatched;
mod zero_touch;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use budget_guard_core::alerts::AlertKind;
use budget_guard_core::attribution::Home;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::guard::{Observation, Order};
use budget_guard_core::model::{FaultKind, RuleArn, RuleDefinition, RuleState, Timestamp};
use budget_guard_core::policy::{BurstLimit, Limits, Mode};
use budget_guard_core::ports::Clock;
use budget_guard_core::run::{Guard, HandleError, Reply, Summary, drive};
use budget_guard_tests::memory::{Call, Fate, World};
use budget_guard_tests::own::own;

const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);

fn rule(name: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
}

fn guard(world: &World, limit: &str) -> Guard<World> {
    let names = ["watch", "changes"];
    let present =
        names.into_iter().filter(|name| world.rule_state(&rule(&format!("budget-guard-{name}"))).is_some());
    let present: Vec<&str> = present.collect();
    let home = Home { own: own("123456789012", &present), ..Home::new("aws", "us-east-1", "123456789012") };
    // Limits in tags are small here.
    let limits =
        Limits { tag_floor: BurstLimit::NO_FLOOR, ..Limits::new(Mode::Enforce, limit.parse().unwrap()) };
    Guard::new(world.clone(), home, limits)
}

/// Runs a future. `None` if it cannot continue, which means that the process has died.
fn run<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..100_000).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

fn body(rule: &RuleArn, id: usize) -> String {
    let caller = json!({"arn": "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer"});
    json!({
        "ruleArn": rule,
        "event": {"id": format!("envelope-{id}"), "time": NOON, "detail": {"eventID": format!("event-{id}"), "userIdentity": caller}},
    })
    .to_string()
}

fn batch<'a>(bodies: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let records: Vec<_> = bodies
        .into_iter()
        .enumerate()
        .map(|(n, body)| json!({"messageId": format!("m-{n}"), "eventSource": "aws:sqs", "body": body}))
        .collect();
    json!({ "Records": records }).to_string().into_bytes()
}

fn firings(rule: &RuleArn, ids: std::ops::Range<usize>) -> Vec<u8> {
    let bodies: Vec<String> = ids.map(|id| body(rule, id)).collect();
    batch(bodies.iter().map(String::as_str))
}

fn tick() -> Vec<u8> {
    json!({"source": "aws.events", "detail-type": "Scheduled Event", "time": NOON}).to_string().into_bytes()
}

fn world_with(arn: &RuleArn, definition: RuleDefinition) -> World {
    let world = World::new(NOON);
    world.put_rule(arn, definition);
    world
}

/// Checks everything that must hold at the end of a loop.
fn assert_cut(world: &World, arn: &RuleArn, story: &str) {
    assert_eq!(world.rule_state(arn), Some(RuleState::Disabled), "{story}");
    let record = world.record(arn).unwrap();
    assert!(record.breaker.disabled().is_some(), "{story}: {:?}", record.breaker);
    assert!(record.last_trip.unwrap().reason.contains("distinct firings"), "{story}");
    let alerts = world.alerts();
    let mut ids: Vec<_> = alerts.iter().map(|alert| (alert.kind, alert.dedup_id.as_str())).collect();
    ids.dedup();
    assert_eq!(ids, [(AlertKind::Tripped, format!("{arn}/1/tripped").as_str())], "{story}");
    assert_eq!(world.broken_promises(), Vec::<String>::new(), "{story}");
}

#[test]
fn a_loop_is_cut_within_one_batch() {
    let arn = rule("fix-acl");
    let world = world_with(&arn, World::rule(RuleState::Enabled));
    let (reply, summary) = run(guard(&world, "10/60s").handle(&firings(&arn, 0..40))).unwrap();
    assert_eq!(serde_json::to_value(reply.unwrap()).unwrap(), json!({"batchItemFailures": []}));
    assert_eq!((summary.tripped, summary.tally.firings, summary.tally.late), (vec![arn.clone()], 40, 0));
    assert_cut(&world, &arn, "one batch");
    assert_eq!(world.alerts().len(), 1);
}

#[test]
fn without_a_trip_there_is_one_read_and_one_write_per_rule() {
    let world = World::new(NOON);
    let rules: Vec<RuleArn> = (0..20).map(|n| rule(&format!("r{n}"))).collect();
    rules.iter().for_each(|arn| world.put_rule(arn, World::rule(RuleState::Enabled)));
    let guard = guard(&world, "200/60s");
    let bodies = |round: usize| -> Vec<String> {
        (0..1_000).map(|n| body(&rules[n % 20], round * 1_000 + n)).collect()
    };
    let calls = |world: &World| [Call::Load, Call::Save, Call::Tags].map(|call| world.faults.count(call));
    run(guard.handle(&batch(bodies(0).iter().map(String::as_str)))).unwrap().0.unwrap();
    assert_eq!(calls(&world), [20, 20, 20]);
    run(guard.handle(&batch(bodies(1).iter().map(String::as_str)))).unwrap().0.unwrap();
    assert_eq!(calls(&world), [40, 40, 20], "tags are read once a minute");
    run(guard.handle(&batch(bodies(1).iter().map(String::as_str)))).unwrap().0.unwrap();
    assert_eq!(calls(&world), [60, 40, 20], "nothing new, nothing written");
    world.advance(SignedDuration::from_secs(61));
    run(guard.handle(&firings(&rules[0], 5_000..5_001))).unwrap().0.unwrap();
    assert_eq!(calls(&world), [61, 41, 21]);
}

/// Calls from a loop's firings to its alert.
const CALLS: [Call; 7] =
    [Call::Tags, Call::Load, Call::Watch, Call::Save, Call::Inspect, Call::Disable, Call::Publish];

#[test]
fn whichever_call_the_process_dies_in_the_cut_is_finished() {
    for call in CALLS {
        for nth in 1..=6 {
            for fate in [Fate::DiesBefore, Fate::DiesAfter] {
                let story = format!("{fate:?} call {nth} of {call:?}");
                let arn = rule("fix-acl");
                let world = world_with(&arn, World::rule(RuleState::Enabled));
                world.faults.plan(call, nth, fate);
                let ended = run(guard(&world, "10/60s").handle(&firings(&arn, 0..40)));
                world.faults.clear();
                // The queue delivers the batch again to a new process, and a tick follows.
                if ended.is_none() {
                    run(guard(&world, "10/60s").handle(&firings(&arn, 0..40))).expect(&story).0.unwrap();
                }
                run(guard(&world, "10/60s").handle(&tick())).expect(&story).0.unwrap();
                assert_cut(&world, &arn, &story);
            }
        }
    }
}

#[test]
fn when_only_the_tick_comes_it_finishes_the_cut() {
    for call in [Call::Inspect, Call::Disable, Call::Publish] {
        for fate in [Fate::DiesBefore, Fate::DiesAfter, Fate::Fails(FaultKind::Denied), Fate::ReplyLost] {
            let story = format!("{fate:?} in {call:?}, then only ticks");
            let arn = rule("fix-acl");
            let world = world_with(&arn, World::rule(RuleState::Enabled));
            world.faults.plan(call, 1, fate);
            let _ = run(guard(&world, "10/60s").handle(&firings(&arn, 0..40)));
            world.faults.clear();
            assert_eq!(world.watched_rules(), std::slice::from_ref(&arn), "{story}");
            for _ in 0..2 {
                world.advance(SignedDuration::from_secs(61));
                run(guard(&world, "10/60s").handle(&tick())).expect(&story).0.unwrap();
            }
            assert_eq!(world.rule_state(&arn), Some(RuleState::Disabled), "{story}");
            assert!(world.alerts().iter().any(|alert| alert.kind == AlertKind::Tripped), "{story}");
            assert_eq!(world.broken_promises(), Vec::<String>::new(), "{story}");
        }
    }
}

#[test]
fn failing_calls_are_retried_or_the_messages_go_back() {
    for call in CALLS {
        for nth in 1..=4 {
            for fate in [
                Fate::Fails(FaultKind::Throttled),
                Fate::Fails(FaultKind::Timeout),
                Fate::Fails(FaultKind::Conflict),
                Fate::ReplyLost,
            ] {
                let story = format!("{fate:?} in call {nth} of {call:?}");
                let arn = rule("fix-acl");
                let world = world_with(&arn, World::rule(RuleState::Enabled));
                world.faults.plan(call, nth, fate);
                let guard = guard(&world, "10/60s");
                let (reply, _) = run(guard.handle(&firings(&arn, 0..40))).expect(&story);
                let reply = serde_json::to_value(reply.unwrap()).unwrap();
                let given_back = reply["batchItemFailures"].as_array().unwrap().len();
                assert!(given_back == 0 || given_back == 40, "{story}: {given_back}");
                if given_back > 0 {
                    run(guard.handle(&firings(&arn, 0..40))).expect(&story).0.unwrap();
                }
                run(guard.handle(&tick())).expect(&story).0.unwrap();
                assert_cut(&world, &arn, &story);
            }
        }
    }
}

#[test]
fn fifty_at_once_disable_once_and_alert_once() {
    let arn = rule("fix-acl");
    let world = world_with(&arn, World::rule(RuleState::Enabled));
    let guards: Vec<Guard<World>> = (0..50).map(|_| guard(&world, "200/60s")).collect();
    let payloads: Vec<Vec<u8>> = (0..50).map(|n| firings(&arn, n * 10..n * 10 + 10)).collect();
    let all = guards.iter().zip(&payloads).map(|(guard, payload)| guard.handle(payload));
    let results = run(futures_util::future::join_all(all)).unwrap();
    let mut firings = 0;
    let mut again = Vec::new();
    for ((reply, summary), payload) in results.into_iter().zip(&payloads) {
        match serde_json::to_value(reply.unwrap()).unwrap()["batchItemFailures"].as_array().unwrap().len() {
            0 => firings += summary.tally.firings,
            _ => again.push(payload),
        }
    }
    for payload in &again {
        firings += run(guards[0].handle(payload)).unwrap().1.tally.firings;
    }
    assert_eq!(firings, 500, "no firing is lost");
    assert_cut(&world, &arn, "fifty at once");
    assert_eq!((world.faults.count(Call::Disable), world.alerts().len()), (1, 1));
    assert_eq!(world.record(&arn).unwrap().late, 300, "200 tripped it, the rest is late");
    assert!(world.conflicts() <= 50 * 13, "{} conflicts", world.conflicts());
}

#[test]
fn only_the_bad_message_goes_back() {
    let arn = rule("fix-acl");
    let foreign: RuleArn = "arn:aws:events:us-east-1:999999999999:rule/fix-acl".parse().unwrap();
    let good: Vec<String> = (0..4).map(|id| body(&arn, id)).collect();
    let foreign = body(&foreign, 9);
    let large = format!("{{\"ruleArn\":{:?},\"event\":", "x".repeat(1 << 20));
    let bodies = [&good[0], "not json", &good[1], "{}", &foreign, &good[2], &large, &good[3]];
    let world = world_with(&arn, World::rule(RuleState::Enabled));
    let (reply, summary) = run(guard(&world, "200/60s").handle(&batch(bodies))).unwrap();
    let failures: Vec<_> = ["m-1", "m-3", "m-4", "m-6"].map(|id| json!({"itemIdentifier": id})).into();
    assert_eq!(serde_json::to_value(reply.unwrap()).unwrap(), json!({ "batchItemFailures": failures }));
    assert_eq!((summary.decode_errors, summary.failed, summary.tally.firings), (4, 4, 4));
    assert_eq!(world.record(&arn).unwrap().window.count_at(NOON), 4);
}

#[test]
fn single_payloads_are_answered_with_counts_or_an_error() {
    let arn = rule("fix-acl");
    let world = world_with(&arn, World::rule(RuleState::Enabled));
    let guard = guard(&world, "1/60s");
    let check = |payload: &[u8], expected: &str| {
        let seen = match run(guard.handle(payload)).unwrap().0 {
            Ok(reply) => serde_json::to_string(&reply).unwrap(),
            Err(error) => error.to_string(),
        };
        assert!(seen.starts_with(expected), "{seen}");
    };
    check(&tick(), r#"{"firings":0,"tripped":[],"suspects":[]}"#);
    check(body(&arn, 1).as_bytes(), &format!(r#"{{"firings":1,"tripped":["{arn}"],"suspects":[]}}"#));
    check(b"nonsense", "not JSON");
    check(
        br#"{"id":"e","time":"2026-11-20T12:00:00Z","source":"s","detail-type":"d"}"#,
        r#"{"firings":0,"tripped":[],"suspects":[]}"#,
    );
}

#[test]
fn tags_are_honoured() {
    let check = |tags: &[(&str, &str)], count: usize, cut: bool, kind: Option<AlertKind>| {
        let arn = rule("tagged");
        let mut definition = World::rule(RuleState::Enabled);
        definition.tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let world = world_with(&arn, definition);
        run(guard(&world, "10/60s").handle(&firings(&arn, 0..count))).unwrap().0.unwrap();
        assert_eq!(world.rule_state(&arn) == Some(RuleState::Disabled), cut, "{tags:?}");
        assert_eq!(world.alerts().first().map(|alert| alert.kind), kind, "{tags:?}");
    };
    check(&[], 10, true, Some(AlertKind::Tripped));
    check(&[("budget-guard:limit", "11/60s")], 10, false, None);
    check(&[("budget-guard:limit", "5/60s")], 5, true, Some(AlertKind::Tripped));
    check(&[("budget-guard:mode", "observe")], 10, false, Some(AlertKind::WouldTrip));
    check(&[("budget-guard:mode", "ignore")], 1_000, false, None);
    check(&[("budget-guard:mode", "off")], 10, true, Some(AlertKind::Failed));
}

#[test]
fn nothing_is_cut_before_its_tags_have_been_read() {
    let arn = rule("ignored");
    let mut definition = World::rule(RuleState::Enabled);
    definition.tags.insert("budget-guard:mode".into(), "ignore".into());
    let world = world_with(&arn, definition);
    world.faults.plan(Call::Tags, 1, Fate::Fails(FaultKind::Throttled));
    run(guard(&world, "10/60s").handle(&firings(&arn, 0..40))).unwrap().0.unwrap();
    assert_eq!((world.rule_state(&arn), world.alerts().len()), (Some(RuleState::Enabled), 0));
}

#[test]
fn an_operator_cuts_and_restores() {
    let arn = rule("fix-acl");
    let world = world_with(&arn, World::rule(RuleState::EnabledWithAllCloudtrailManagementEvents));
    let guard = guard(&world, "10/60s");
    let order = |order: Order| {
        run(drive(&guard, &arn, guard.defaults.clone(), &[Observation::Order(order)])).unwrap().unwrap()
    };
    assert!(order(Order::Enable { force: true }).refused.is_some());
    order(Order::Disable { reason: "incident 7".into() });
    assert_eq!(world.rule_state(&arn), Some(RuleState::Disabled));
    world.faults.plan(Call::Restore, 1, Fate::Fails(FaultKind::Throttled));
    assert_eq!(
        order(Order::Enable { force: true }).refused,
        None,
        "a throttled restore is tried again while the person waits"
    );
    assert_eq!(world.rule_state(&arn), Some(RuleState::EnabledWithAllCloudtrailManagementEvents));
    let kinds: Vec<AlertKind> = world.alerts().iter().map(|alert| alert.kind).collect();
    assert_eq!(kinds, [AlertKind::Tripped, AlertKind::Restored]);
    run(guard.handle(&tick())).unwrap().0.unwrap();
    assert_eq!(world.watched_rules(), std::slice::from_ref(&arn), "it is on probation");
    world.advance(SignedDuration::from_mins(16));
    run(guard.handle(&tick())).unwrap().0.unwrap();
    assert_eq!(world.record(&arn).unwrap().breaker, Breaker::Closed);
    assert!(world.watched_rules().is_empty(), "the tick looks after open breakers only");
}

proptest! {
    /// Promise 5: these rules are never disabled, in any combination with other properties.
    #[test]
    fn what_must_not_be_touched_is_not(
        managed in any::<bool>(), own in any::<bool>(), schedule in any::<bool>(), disabled in any::<bool>(),
        mode in prop_oneof![Just(None), Just(Some("observe")), Just(Some("ignore"))],
        extra in 0usize..50,
    ) {
        let arn = rule(if own { "budget-guard-catch-all" } else { "fix-acl" });
        let state = if disabled { RuleState::Disabled } else { RuleState::Enabled };
        let mut definition = World::rule(state);
        definition.managed_by = managed.then(|| "x.amazonaws.com".to_owned());
        if schedule {
            definition.event_pattern = None;
            definition.schedule_expression = Some("rate(1 minute)".to_owned());
        }
        definition.tags.extend(mode.map(|mode| ("budget-guard:mode".to_owned(), mode.to_owned())));
        let world = world_with(&arn, definition);
        run(guard(&world, "10/60s").handle(&firings(&arn, 0..10 + extra))).unwrap().0.unwrap();
        let touchable = !(managed || own || schedule || disabled || mode.is_some());
        prop_assert_eq!(world.faults.count(Call::Disable), usize::from(touchable));
        prop_assert_eq!(world.broken_promises(), Vec::<String>::new());
    }

    /// Promise 7: in any mixture, exactly the bad messages go back and every good one counts.
    #[test]
    fn bad_messages_cost_only_themselves(kinds in proptest::collection::vec((any::<bool>(), "\\PC{0,40}"), 1..40)) {
        let arn = rule("fix-acl");
        let world = world_with(&arn, World::rule(RuleState::Enabled));
        let bodies: Vec<String> = kinds
            .iter()
            .enumerate()
            .map(|(id, (is_good, noise))| if *is_good { body(&arn, id) } else { noise.clone() })
            .collect();
        let (reply, _) = run(guard(&world, "200/60s").handle(&batch(bodies.iter().map(String::as_str)))).unwrap();
        let reply = serde_json::to_value(reply.unwrap()).unwrap();
        let failed: Vec<&str> =
            reply["batchItemFailures"].as_array().unwrap().iter().map(|one| one["itemIdentifier"].as_str().unwrap()).collect();
        let bad: Vec<String> =
            kinds.iter().enumerate().filter(|(_, (good, _))| !good).map(|(n, _)| format!("m-{n}")).collect();
        prop_assert_eq!(failed, bad);
        let counted = world.record(&arn).map_or(0, |record| record.window.count_at(NOON));
        prop_assert_eq!(counted, kinds.iter().filter(|(good, _)| *good).count() as u64);
    }
}
