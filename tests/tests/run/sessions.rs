//! Role chaining: a target that calls with a role that it assumes itself.

use super::zero_touch::{PATTERN, call, definition, guarded, handle, later};
use super::*;
use budget_guard_core::directory::Head;
use budget_guard_core::model::{Actor, Target};
use budget_guard_core::ports::TrailRecord;
use budget_guard_core::stored::{Blob, Stored};
use budget_guard_tests::memory::Fate;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
const HUB: &str = "arn:aws:iam::123456789012:role/hub";
const MEMBER: &str = "arn:aws:iam::123456789012:role/member";

fn identity(role: &str, session: &str, key: &str) -> serde_json::Value {
    let name = role.rsplit('/').next().unwrap();
    json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::123456789012:assumed-role/{name}/{session}"),
        "accessKeyId": key, "sessionContext": {"sessionIssuer": {"arn": role}}})
}

/// The n-th call with the assumed role, one every 10 seconds.
fn member_call(n: usize, key: &str) -> serde_json::Value {
    let mut event = call(n);
    event["time"] = json!(NOON + SignedDuration::from_secs(10 * n as i64));
    event["detail"]["eventSource"] = json!("s3.amazonaws.com");
    event["detail"]["requestParameters"] = json!({"bucketName": "uploads", "AccessControlPolicy": ""});
    event["detail"]["userIdentity"] = identity(MEMBER, "CloudCustodian", key);
    event
}

/// Record of the call that opened a session.
fn assumes(role: &str, key: &str, by: serde_json::Value) -> serde_json::Value {
    let name = role.rsplit('/').next().unwrap();
    json!({"eventID": format!("assumes-{key}"), "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
        "userIdentity": by, "requestParameters": {"roleArn": role}, "readOnly": true, "managementEvent": true,
        "responseElements": {"credentials": {"accessKeyId": key},
            "assumedRoleUser": {"arn": format!("arn:aws:sts::123456789012:assumed-role/{name}/CloudCustodian")}}})
}

fn fixer() -> serde_json::Value {
    identity("arn:aws:iam::123456789012:role/fixer-role", "fixer", "ASIAFIXER")
}

fn stage() -> (World, Guard<World>) {
    let mut rule = definition(PATTERN);
    let mut target = Target::new("1", FUNCTION.to_owned());
    target.actors = vec![
        Actor::new(FUNCTION, Some("arn:aws:iam::123456789012:role/fixer-role"))
            .with_time_limit(Some(budget_guard_core::model::Seconds::new(3))),
    ];
    rule.targets.push(target);
    guarded(&[("fix-acl", rule)], "200/60s")
}

fn put(world: &World, role: &str, record: &serde_json::Value) {
    world.put_opening(role, TrailRecord { at: NOON, json: record.to_string() });
}

/// Plays Ann's call and then this number of calls with the assumed role. Returns their number until the cut.
fn played(
    world: &World,
    guard: &Guard<World>,
    keys: impl Fn(usize) -> String,
    calls: usize,
) -> Option<usize> {
    handle(guard, &batch([call(0).to_string().as_str()]));
    (1..=calls).find(|n| {
        later(world, 10);
        handle(guard, &batch([member_call(*n, &keys(*n)).to_string().as_str()]));
        world.rule_state(&rule("fix-acl")) == Some(RuleState::Disabled)
    })
}

#[test]
fn what_a_target_does_under_an_assumed_role_is_its_own() {
    let check = |story: &str,
                 openings: &[(&str, serde_json::Value)],
                 expected: Option<usize>,
                 asked: usize| {
        let (world, guard) = stage();
        openings.iter().for_each(|(role, record)| put(&world, role, record));
        assert_eq!(played(&world, &guard, |_| "ASIAMEMBER".to_owned(), 12), expected, "{story}");
        assert_eq!(world.faults.count(budget_guard_tests::memory::Call::AssumeRoleCalls), asked, "{story}");
        let alerts = world.alerts();
        if expected.is_some() {
            let trip = world.record(&rule("fix-acl")).unwrap().last_trip.unwrap();
            assert!(
                trip.evidence.callers.iter().any(|one| one.is_target),
                "{story}: {:?}",
                trip.evidence.callers
            );
            assert_eq!(trip.evidence.call.as_deref(), Some("s3 PutBucketAcl"), "{story}");
        }
        assert_eq!(
            alerts.iter().filter(|alert| alert.kind == AlertKind::Tripped).count(),
            expected.map_or(0, |_| 1)
        );
    };
    check("by the target", &[(MEMBER, assumes(MEMBER, "ASIAMEMBER", fixer()))], Some(8), 1);
    let hub = || identity(HUB, "any", "ASIAHUB");
    let chain = [(MEMBER, assumes(MEMBER, "ASIAMEMBER", hub())), (HUB, assumes(HUB, "ASIAHUB", fixer()))];
    check("through another role", &chain, Some(8), 2);
    let ann =
        json!({"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/ann", "accessKeyId": "AKIAANN"});
    check("by a person", &[(MEMBER, assumes(MEMBER, "ASIAMEMBER", ann))], None, 1);
    check("another session of the role", &[(MEMBER, assumes(MEMBER, "ASIAOTHER", fixer()))], None, 1);
    check("not told", &[], None, 1);
}

#[test]
fn an_opening_that_arrives_over_the_bus_costs_no_question() {
    let (world, guard) = stage();
    let mut event = call(900);
    event["source"] = json!("aws.sts");
    event["detail"] = assumes(MEMBER, "ASIAMEMBER", fixer());
    handle(&guard, &batch([event.to_string().as_str()]));
    assert_eq!(played(&world, &guard, |_| "ASIAMEMBER".to_owned(), 12), Some(8));
    assert_eq!(world.faults.count(budget_guard_tests::memory::Call::AssumeRoleCalls), 0);
}

#[test]
fn that_a_plain_rule_receives_openings_is_noted_once() {
    let check = |watch: Option<RuleState>, source: &str, expected: bool| {
        let rules = watch.map(|state| {
            let pattern = r#"{"detail-type":[{"suffix":"via CloudTrail"}]}"#;
            ("budget-guard-watch", RuleDefinition { state, ..definition(pattern) })
        });
        let (world, guard) = guarded(&rules.into_iter().collect::<Vec<_>>(), "200/60s");
        for n in 0..2 {
            let mut event = call(n);
            event["source"] = json!(source);
            event["time"] = json!(NOON + SignedDuration::from_secs(n as i64));
            event["detail"] = assumes(MEMBER, "ASIAMEMBER", fixer());
            handle(&guard, &batch([event.to_string().as_str()]));
        }
        let head = Head::decode(&Blob::from(world.head_json().unwrap())).unwrap();
        assert_eq!(head.assume_role_at, expected.then_some(NOON), "{watch:?} {source}");
    };
    check(Some(RuleState::Enabled), "aws.sts", true);
    check(Some(RuleState::EnabledWithAllCloudtrailManagementEvents), "aws.sts", false);
    check(None, "aws.sts", false);
    check(Some(RuleState::Enabled), "shop", false);
}

#[test]
fn a_forged_opening_proves_nothing() {
    let (world, guard) = stage();
    let mut event = call(900);
    event["source"] = json!("my.sts");
    event["detail"] = assumes(MEMBER, "ASIAMEMBER", fixer());
    handle(&guard, &batch([event.to_string().as_str()]));
    assert_eq!(played(&world, &guard, |_| "ASIAMEMBER".to_owned(), 12), None);
}

#[test]
fn a_question_that_fails_is_asked_again() {
    let (world, guard) = stage();
    put(&world, MEMBER, &assumes(MEMBER, "ASIAMEMBER", fixer()));
    world.faults.plan(
        budget_guard_tests::memory::Call::AssumeRoleCalls,
        1,
        Fate::Fails(FaultKind::Throttled),
    );
    // A minute later.
    assert_eq!(played(&world, &guard, |_| "ASIAMEMBER".to_owned(), 40), Some(14));
    assert_eq!(world.faults.count(budget_guard_tests::memory::Call::AssumeRoleCalls), 2);
}

#[test]
fn each_turn_may_have_a_session_of_its_own() {
    let (world, guard) = stage();
    (1..=12).for_each(|n| put(&world, MEMBER, &assumes(MEMBER, &format!("ASIA{n}"), fixer())));
    assert_eq!(played(&world, &guard, |n| format!("ASIA{n}"), 12), Some(8));
}

#[test]
fn roles_are_asked_about_half_a_second_apart_and_for_five_seconds_at_most() {
    let check = |roles: usize, request_millis: i64, asked: usize, took_millis: i128| {
        let (world, guard) = stage();
        world.slow_trail(SignedDuration::from_millis(request_millis));
        handle(&guard, &batch([call(0).to_string().as_str()]));
        later(&world, 900);
        // One turn a minute, each with another role.
        let calls = (1..=12).map(|n| {
            let mut event = member_call(n, "");
            event["time"] = json!(NOON + SignedDuration::from_mins(n as i64));
            let role = format!("{MEMBER}-{}", n % roles);
            event["detail"]["userIdentity"] =
                identity(&role, "CloudCustodian", &format!("ASIA{}", n % roles));
            event.to_string()
        });
        let calls: Vec<String> = calls.collect();
        let began = world.now();
        handle(&guard, &batch(calls.iter().map(String::as_str)));
        let took = world.now().duration_since(began).as_millis();
        let story = format!("{roles} roles, each request takes {request_millis} ms");
        assert_eq!(
            (world.faults.count(budget_guard_tests::memory::Call::AssumeRoleCalls), took),
            (asked, took_millis),
            "{story}"
        );
    };
    check(1, 0, 1, 0);
    check(4, 0, 4, 1_500);
    check(4, 1_000, 4, 5_500);
    check(4, 2_000, 3, 7_000);
    check(4, 6_000, 1, 6_000);
}
