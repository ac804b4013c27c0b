//! The guard's own parts: calls by others on them, and what the tick finds without any event.

use super::zero_touch::{call, definition, guarded, handle, later};
use super::*;
use budget_guard_core::alerts::AlertJson;
use budget_guard_core::model::Target;

const WATCH: &str = r#"{"detail-type":[{"suffix":"via CloudTrail"}]}"#;
const CHANGES: &str = r#"{"source":["aws.events"]}"#;
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:budget-guard-firings";
const INGEST: &str = "arn:aws:lambda:us-east-1:123456789012:function:budget-guard-ingest";

/// The stack's rules that show it events and changes.
fn eyes() -> [(&'static str, RuleDefinition); 2] {
    let own = |pattern| RuleDefinition { targets: vec![Target::new("ingest", QUEUE)], ..definition(pattern) };
    [("budget-guard-watch", own(WATCH)), ("budget-guard-changes", own(CHANGES))]
}

fn told(world: &World) -> Vec<String> {
    let alerts = world.published(|alert| alert.kind.as_str() == "tampered");
    alerts.into_iter().map(|alert: AlertJson| alert.reason).collect()
}

/// Event of a call by this principal, delivered a while after noon.
fn event(service: &str, name: &str, parameters: serde_json::Value, by: &str) -> serde_json::Value {
    let mut event = call(0);
    event["source"] = json!(format!("aws.{service}"));
    event["detail"] = json!({"eventID": format!("{name}-{by}"), "eventSource": format!("{service}.amazonaws.com"),
        "eventName": name, "requestParameters": parameters, "userIdentity": {"arn": by}});
    event
}

fn deliver(guard: &Guard<World>, event: &serde_json::Value) {
    handle(guard, &batch([event.to_string().as_str()]));
}

#[test]
fn a_call_by_others_on_a_part_of_the_guard_is_told_at_once() {
    let check = |service: &str, name: &str, parameters: serde_json::Value, part: &str| {
        let (world, guard) = guarded(&eyes(), "200/60s");
        let by = |by: &str| event(service, name, parameters.clone(), by);
        deliver(&guard, &by("mallory"));
        let words = format!("on {part}, by mallory");
        assert!(matches!(&told(&world)[..], [one] if one.ends_with(&words)), "{name}: {:?}", told(&world));
        // An update of the stack makes many calls. Another author is another matter.
        deliver(&guard, &by("mallory"));
        assert_eq!(told(&world).len(), 1, "{name}");
        deliver(&guard, &by("eve"));
        assert_eq!(told(&world).len(), 2, "{name}");
        later(&world, 3_600);
        deliver(&guard, &by("mallory"));
        assert_eq!(told(&world).len(), 3, "{name}");
        // What was refused changed nothing, and what the guard itself does is no attack.
        let mut refused = by("ann");
        refused["detail"]["errorCode"] = json!("AccessDenied");
        deliver(&guard, &refused);
        deliver(&guard, &by("arn:aws:sts::123456789012:assumed-role/guard-role/budget-guard-control"));
        assert_eq!(told(&world).len(), 3, "{name}");
    };
    let own = |name: &str| rule(&format!("budget-guard-{name}")).to_string();
    let url = json!({"queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/budget-guard-firings"});
    check("events", "DisableRule", json!({"name": "budget-guard-watch"}), &own("watch"));
    check("events", "DeleteRule", json!({"name": "budget-guard-changes"}), &own("changes"));
    check("events", "PutRule", json!({"name": "budget-guard-watch", "eventPattern": "{}"}), &own("watch"));
    check("events", "RemoveTargets", json!({"rule": "budget-guard-watch", "ids": ["ingest"]}), &own("watch"));
    check("events", "PutTargets", json!({"rule": "budget-guard-changes"}), &own("changes"));
    check("sqs", "SetQueueAttributes", url.clone(), QUEUE);
    check("sqs", "DeleteQueue", url, QUEUE);
    check("lambda", "UpdateFunctionCode20150331v2", json!({"functionName": "budget-guard-ingest"}), INGEST);
    check("lambda", "PutFunctionConcurrency20171031", json!({"functionName": INGEST}), INGEST);
    check(
        "lambda",
        "UpdateEventSourceMapping20150331",
        json!({"functionName": "budget-guard-ingest"}),
        INGEST,
    );
}

#[test]
fn calls_on_parts_of_others_are_none_of_the_guards_business() {
    let (world, guard) = guarded(&eyes(), "200/60s");
    let url = json!({"queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/budget-guard-firings-2"});
    deliver(&guard, &event("sqs", "DeleteQueue", url, "ann"));
    deliver(
        &guard,
        &event("lambda", "DeleteFunction20150331", json!({"functionName": "budget-guard-x"}), "ann"),
    );
    deliver(&guard, &event("events", "DisableRule", json!({"name": "budget-guard-x-watch"}), "ann"));
    deliver(
        &guard,
        &event("events", "TagResource", json!({"resourceARN": rule("budget-guard-watch")}), "ann"),
    );
    assert_eq!(told(&world), Vec::<String>::new());
}

#[test]
fn the_tick_finds_what_no_event_told() {
    let check = |change: &dyn Fn(&World), expected: &str| {
        let (world, guard) = guarded(&eyes(), "200/60s");
        assert_eq!(told(&world), Vec::<String>::new());
        change(&world);
        for _ in 0..3 {
            later(&world, 60);
            handle(&guard, &tick());
        }
        assert!(
            matches!(&told(&world)[..], [one] if one.contains(expected)),
            "{expected}: {:?}",
            told(&world)
        );
        later(&world, 24 * 3_600);
        handle(&guard, &tick());
        assert_eq!(told(&world).len(), 2, "{expected}");
    };
    let watch = rule("budget-guard-watch");
    check(&|world| world.set_state(&watch, RuleState::Disabled), "budget-guard-watch is disabled");
    check(
        &|world| world.put_rule(&watch, definition(WATCH)),
        "budget-guard-watch does not send to its queue",
    );
    check(&|world| world.delete_rule(&watch), "budget-guard-watch does not exist");
    let changes = rule("budget-guard-changes");
    check(&|world| world.set_state(&changes, RuleState::Disabled), "budget-guard-changes is disabled");
}

#[test]
fn a_denied_list_of_rules_rings_once_a_day() {
    let (world, guard) = guarded(&eyes(), "200/60s");
    let denied = |seconds: i64| {
        world.faults.plan(Call::List, 1, Fate::Fails(FaultKind::Denied));
        later(&world, seconds);
        handle(&guard, &tick());
    };
    (0..4).for_each(|_| denied(900));
    assert!(
        matches!(&told(&world)[..], [one] if one.contains("the directory of rules was not refreshed")),
        "{:?}",
        told(&world)
    );
    denied(24 * 3_600);
    assert_eq!(told(&world).len(), 2);
}

/// A rule with the name of a catch-all rule that takes everything neither closes nor hides a gap.
#[test]
fn a_decoy_silences_nothing() {
    let mut rules = eyes().to_vec();
    rules.push(("deploys", definition(r#"{"source":["deploy"]}"#)));
    rules.push(("budget-guard-x-watch", definition(r#"{"source":[{"prefix":""}]}"#)));
    let (world, _) = guarded(&rules, "200/60s");
    let said = world.unwatched_alerts().iter().map(|alert| alert.reason.clone()).collect::<Vec<_>>().join("");
    assert!(said.contains("deploys: not only API calls fire this"), "{said}");
    assert!(said.contains("rule budget-guard-x-watch: the name is the guard's"), "{said}");
    // Nor is it the guard's own that a call on it is told of.
    assert_eq!(told(&world), Vec::<String>::new());
}

#[test]
fn a_queue_that_no_function_reads_is_told() {
    let (world, guard) = guarded(&eyes(), "200/60s");
    world.set_read(false);
    (0..3).for_each(|_| drop(handle(&guard, &tick())));
    assert_eq!(told(&world), [format!("no function of the stack reads the queue {QUEUE}")]);
}

#[test]
fn silence_and_the_age_of_the_directory_are_measured() {
    let (world, guard) = guarded(&eyes(), "200/60s");
    let watch = rule("budget-guard-watch");
    let fired =
        |minutes: std::ops::Range<i64>| minutes.map(|minute| (NOON + SignedDuration::from_mins(minute), 7));
    world.put_history(&watch, fired(-600..0));
    let measured = |seconds: i64| {
        later(&world, seconds);
        let (_, summary) = handle(&guard, &tick());
        // A tick itself takes some seconds.
        (summary.directory_age.map(|seconds| seconds / 60), summary.silent_minutes)
    };
    assert_eq!(measured(60), (Some(1), Some(0)));
    // The list of rules is read again every 15 minutes, and CloudWatch is some minutes behind.
    assert_eq!(measured(3_600 + 600), (Some(0), Some(67)));
    world.put_history(&watch, fired(-600..70));
    assert_eq!(measured(660), (Some(11), Some(0)));
    world.faults.plan(Call::List, 1, Fate::Fails(FaultKind::Denied));
    assert_eq!(measured(3_600).0, Some(71));
}
