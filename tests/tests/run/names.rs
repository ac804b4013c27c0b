//! Sessions and rules that have the guard's name: only the ARNs of the stack make them the guard's own.

use super::zero_touch::{PATTERN, call, definition, guarded, handle};
use super::*;
use budget_guard_core::alerts::AlertJson;
use budget_guard_core::model::Target;

const WATCH: &str = r#"{"detail-type":[{"suffix":"via CloudTrail"}]}"#;
const CHANGES: &str = r#"{"source":["aws.events"],"detail":{"eventName":["DisableRule","EnableRule"]}}"#;

/// Calls by a session, forty in a minute.
fn calls_by(session: &str) -> Vec<u8> {
    let bodies: Vec<String> = (0..40)
        .map(|id| {
            let mut event = call(id);
            event["detail"]["userIdentity"]["arn"] =
                json!(format!("arn:aws:sts::123456789012:assumed-role/{session}"));
            event.to_string()
        })
        .collect();
    batch(bodies.iter().map(String::as_str))
}

#[test]
fn a_session_that_has_the_guards_name_counts_like_any_other() {
    let check = |session: &str, expected: [u64; 2]| {
        let (_, guard) = guarded(&[("fix-acl", definition(PATTERN))], "200/60s");
        let (_, seen) = handle(&guard, &calls_by(session));
        assert_eq!([seen.tally.firings, seen.own_calls], expected, "{session}");
    };
    check("mallory/budget-guard-ingest", [40, 0]);
    check("mallory/budget-guard-x", [40, 0]);
    check("guard-role/budget-guard-ingest", [0, 40]);
    check("guard-role/budget-guard-control", [0, 40]);
}

#[test]
fn an_alert_says_that_a_caller_only_has_the_guards_name() {
    let (world, guard) = guarded(&[("fix-acl", definition(PATTERN))], "10/60s");
    handle(&guard, &calls_by("mallory/budget-guard-ingest"));
    let text = world.alerts()[0].text();
    let caller = "assumed-role/mallory/budget-guard-ingest (10 times, not the guard, whose name it has)";
    assert!(text.contains(caller), "{text}");
}

#[test]
fn a_rule_that_has_the_guards_name_is_cut_like_any_other_and_told() {
    let check = |name: &str, expected: RuleState, told: usize| {
        let (world, guard) = guarded(&[(name, definition(PATTERN))], "10/60s");
        let text: Vec<String> = world.unwatched_alerts().iter().map(AlertJson::text).collect();
        let words = format!("rule {name}: the name is the guard's, and no rule of its stack has it");
        assert_eq!(text.iter().filter(|text| text.contains(&words)).count(), told, "{name}: {text:?}");
        handle(&guard, &calls_by("ann/ann"));
        assert_eq!(world.rule_state(&rule(name)), Some(expected), "{name}");
    };
    check("budget-guard-fix-acl", RuleState::Disabled, 1);
    check("budget-guard-x-watch", RuleState::Disabled, 1);
    check("budget-guard-changes", RuleState::Enabled, 0);
    check("fix-acl", RuleState::Disabled, 0);
}

/// A guard of another stack in the same account is an honest machine, whose rules are fired by its own calls as well.
#[test]
fn another_guard_in_the_account_is_no_loop() {
    let actor = |name: &str| {
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
        budget_guard_core::model::Actor::new(&arn, Some("arn:aws:iam::123456789012:role/other-role"))
    };
    let queue = "arn:aws:sqs:us-east-1:123456789012:budget-guard-b-firings";
    let ingest = Target {
        actors: vec![actor("budget-guard-b-ingest").through(queue)],
        ..Target::new("ingest", queue)
    };
    let with_queue = |pattern| RuleDefinition { targets: vec![ingest.clone()], ..definition(pattern) };
    let rules =
        [("budget-guard-b-watch", with_queue(WATCH)), ("budget-guard-b-changes", with_queue(CHANGES))];
    let (world, guard) = guarded(&rules, "200/60s");
    // It cuts and restores forty rules within an hour, amid the calls of others.
    for minute in 0..60 {
        world.advance(SignedDuration::from_mins(1));
        let at = NOON + SignedDuration::from_mins(minute);
        let bodies: Vec<String> = (0..10)
            .map(|n| {
                let mut event = call(minute as usize * 10 + n);
                let is_cut = n == 9 && minute % 3 != 0;
                event["time"] = json!(at + SignedDuration::from_secs(n as i64 * 5));
                if is_cut {
                    event["source"] = json!("aws.events");
                    event["detail"]["eventSource"] = json!("events.amazonaws.com");
                    event["detail"]["eventName"] = json!("DisableRule");
                    event["detail"]["requestParameters"] = json!({"name": format!("r{minute}")});
                    event["detail"]["userIdentity"]["arn"] =
                        json!("arn:aws:sts::123456789012:assumed-role/other-role/budget-guard-b-ingest");
                }
                event.to_string()
            })
            .collect();
        handle(&guard, &batch(bodies.iter().map(String::as_str)));
    }
    for (name, _) in &rules {
        assert_eq!(world.rule_state(&rule(name)), Some(RuleState::Enabled), "{name}");
    }
    // A rule on all calls, without a history here, is a suspect at most.
    assert!(world.alerts().iter().all(|alert| alert.kind == AlertKind::Suspect), "{:?}", world.alerts());
    assert_eq!(world.unwatched_alerts().len(), 1, "told once that they have the guard's name");
}
