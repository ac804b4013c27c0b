//! Attached rules that the directory does not have yet. They are read at once, so that their callers can be judged.

use super::zero_touch::{PATTERN, call, definition, guarded, handle, later};
use super::*;
use budget_guard_core::model::{Actor, Target};
use budget_guard_core::verdict::EvidenceKind;

const ANN: &str = "arn:aws:iam::123456789012:user/ann";
const OWN: &str = "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer";
const FIXER: &str = "arn:aws:lambda:us-east-1:123456789012:function:fixer";

/// A rule whose only target is the fixer.
fn fixing() -> RuleDefinition {
    let actors = vec![Actor::new(FIXER, Some("arn:aws:iam::123456789012:role/fixer-role"))];
    let targets = vec![Target { actors, ..Target::new("1", FIXER) }];
    RuleDefinition { targets, ..definition(PATTERN) }
}

/// Firings of attached rules: one call by Ann, and then the same by `principal`.
fn fired(rules: &[RuleArn], ids: std::ops::Range<usize>, principal: &str) -> Vec<u8> {
    let firing = |(rule, id): (&RuleArn, usize)| {
        let mut event = call(id);
        event["detail"]["eventSource"] = json!("s3.amazonaws.com");
        event["detail"]["requestParameters"] = json!({"bucketName": "uploads"});
        event["detail"]["userIdentity"] = json!({"arn": if id == 0 { ANN } else { principal }});
        json!({"ruleArn": rule, "event": event}).to_string()
    };
    let bodies: Vec<String> =
        ids.flat_map(|id| rules.iter().map(move |rule| (rule, id))).map(firing).collect();
    batch(bodies.iter().map(String::as_str))
}

#[test]
fn who_fires_it_is_known_from_the_first_batch_on() {
    let check = |path: &str, principal: &str, kind: AlertKind, evidence: EvidenceKind| {
        let (world, guard) = guarded(&[("other", definition(r#"{"source":["shop"]}"#))], "10/60s");
        let arn = rule(path);
        world.put_rule(&arn, fixing());
        handle(&guard, &fired(std::slice::from_ref(&arn), 0..40, principal));
        let alerts = world.alerts();
        let seen = alerts.iter().map(|alert| (alert.kind, alert.evidence.as_ref().map(|found| found.kind)));
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [(kind, Some(evidence))],
            "{path} fired by {principal}: {alerts:?}"
        );
        assert_eq!(world.broken_promises(), Vec::<String>::new());
    };
    check("orders/fix", OWN, AlertKind::Tripped, EvidenceKind::Surplus);
    check("fix", OWN, AlertKind::Tripped, EvidenceKind::Surplus);
    // By its rate, a rule is cut only for its own calls, once its actors are known.
    check("orders/fix", ANN, AlertKind::Suspect, EvidenceKind::Burst);
    check("fix", ANN, AlertKind::Suspect, EvidenceKind::Burst);
}

#[test]
fn each_rule_is_read_once_and_a_few_at_a_time() {
    let (world, guard) = guarded(&[("other", definition(PATTERN))], "200/60s");
    let rules: Vec<RuleArn> = (0..8).map(|n| rule(&format!("orders/fix-{n}"))).collect();
    rules.iter().for_each(|arn| world.put_rule(arn, fixing()));
    let read = |payload: &[u8], expected: usize, story: &str| {
        let before = world.faults.count(Call::Inspect);
        let (reply, _) = handle(&guard, payload);
        assert_eq!(reply, json!({"batchItemFailures": []}), "{story}");
        assert_eq!(world.faults.count(Call::Inspect) - before, expected, "{story}");
    };
    read(&fired(&rules[..2], 0..3, ANN), 2, "never seen");
    read(&fired(&rules[..2], 3..6, ANN), 0, "known");
    read(&fired(&rules, 6..9, ANN), 3, "as many as have a turn");
    read(&fired(&rules, 9..12, ANN), 0, "asked a moment ago");
    later(&world, 60);
    read(&fired(&rules, 12..15, ANN), 3, "a minute later the others");
    let gone = [rule("orders/gone")];
    read(&fired(&gone, 0..3, ANN), 1, "deleted meanwhile");
    read(&fired(&gone, 3..6, ANN), 0, "still deleted");
}

#[test]
fn a_rule_that_cannot_be_read_counts_as_before() {
    for (call, nth) in [(Call::Inspect, 1), (Call::SaveChunk, 1), (Call::SaveHead, 1)] {
        for kind in [FaultKind::Throttled, FaultKind::Denied, FaultKind::Timeout] {
            let story = format!("{kind:?} in call {nth} of {call:?}");
            let (world, guard) = guarded(&[("other", definition(r#"{"source":["shop"]}"#))], "10/60s");
            let arn = rule("orders/fix");
            world.put_rule(&arn, fixing());
            world.faults.plan(call, nth, Fate::Fails(kind));
            let (reply, summary) = handle(&guard, &fired(std::slice::from_ref(&arn), 0..40, OWN));
            assert_eq!((reply, summary.tally.firings), (json!({"batchItemFailures": []}), 40), "{story}");
            assert_eq!(world.rule_state(&arn), Some(RuleState::Disabled), "{story}");
        }
    }
}

/// A drill: a rule with only the guard as target, fired by events of the drill's own source.
#[test]
fn a_rule_without_other_targets_is_cut_by_its_rate() {
    let (world, guard) = guarded(&[("other", definition(r#"{"source":["shop"]}"#))], "200/60s");
    let arn = rule("drill");
    let queue = Target::new("budget-guard", "arn:aws:sqs:us-east-1:123456789012:budget-guard-firings");
    let tags = [("budget-guard:limit".to_owned(), "5/60s".to_owned())].into();
    let made = definition(r#"{"source":["budget-guard.drill"]}"#);
    world.put_rule(&arn, RuleDefinition { targets: vec![queue], tags, ..made });
    let firing = |id: usize| {
        let event = json!({"id": format!("e-{id}"), "source": "budget-guard.drill", "detail-type": "Drill via CloudTrail",
            "account": "123456789012", "time": NOON, "detail": {"drill": "drill"}});
        json!({"ruleArn": arn, "event": event}).to_string()
    };
    let bodies: Vec<String> = (0..7).map(firing).collect();
    handle(&guard, &batch(bodies.iter().map(String::as_str)));
    assert_eq!(world.faults.count(Call::Inspect), 2, "read at once, and before the cut");
    assert_eq!(world.rule_state(&arn), Some(RuleState::Disabled), "{:?}", world.alerts());
}
