//! Events with false claims: about the caller, the sender of the event, the rule that fired.

use super::zero_touch::{PATTERN, call, definition, guarded, handle, later, rule_call};
use super::*;
use budget_guard_core::model::Target;

const FIXER: &str = "arn:aws:lambda:us-east-1:123456789012:function:acl-fixer";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/any/acl-fixer";
const GUARD: &str = "arn:aws:sts::123456789012:assumed-role/guard-role/budget-guard-ingest";

fn with_fixer(pattern: &str) -> RuleDefinition {
    RuleDefinition { targets: vec![Target::new("t", FIXER)], ..definition(pattern) }
}

/// Event of a repair of the bucket by a function with this role, this many seconds after noon.
fn repair(id: usize, role: &str, function: &str) -> serde_json::Value {
    let mut event = call(id);
    event["time"] = json!(NOON + SignedDuration::from_secs(id as i64));
    event["detail"]["eventSource"] = json!("s3.amazonaws.com");
    event["detail"]["requestParameters"] = json!({"bucketName": "uploads", "x-amz-acl": "private"});
    event["detail"]["userIdentity"] = json!({
        "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/{function}"),
        "sessionContext": {"sessionIssuer": {"arn": format!("arn:aws:iam::123456789012:role/{role}")}},
        "inScopeOf": {"credentialsIssuedTo": format!("arn:aws:lambda:us-east-1:123456789012:function:{function}")},
    });
    event
}

/// A rule on any call is never cut by its rate alone, but only if its own target made the calls.
#[test]
fn a_source_may_be_spelled_like_a_caller() {
    let check = |source: &str| {
        let forwarder = with_fixer(r#"{"detail-type":["AWS API Call via CloudTrail"]}"#);
        let (world, guard) = guarded(&[("forward-all", forwarder)], "10/60s");
        let bodies: Vec<String> = (0..40)
            .map(|id| {
                let mut event = call(id);
                event["source"] = json!(source);
                event.to_string()
            })
            .collect();
        let (_, summary) = handle(&guard, &batch(bodies.iter().map(String::as_str)));
        assert_eq!((summary.own_calls, summary.tally.firings), (0, 40), "{source}");
        assert_eq!(world.rule_state(&rule("forward-all")), Some(RuleState::Enabled), "{source}");
    };
    check("shop");
    check(SESSION);
    check(GUARD);
}

#[test]
fn a_firing_that_anybody_puts_on_the_bus_is_none() {
    let (world, guard) = guarded(&[("fix-acl", with_fixer(PATTERN))], "200/60s");
    let bodies: Vec<String> = (0..5)
        .map(|id| {
            let firing = json!({"ruleArn": rule("fix-acl"), "event": repair(id, "any", "acl-fixer")});
            let event = json!({"version": "0", "id": format!("o-{id}"), "source": "shop",
                "account": "123456789012", "time": NOON, "detail-type": "x via CloudTrail", "detail": firing});
            event.to_string()
        })
        .collect();
    handle(&guard, &batch(bodies.iter().map(String::as_str)));
    assert_eq!(world.rule_state(&rule("fix-acl")), Some(RuleState::Enabled));
    assert!(world.record(&rule("fix-acl")).is_none_or(|record| record.window.count_at_newest() == 0));
}

#[test]
fn a_deployment_by_the_targets_role_is_no_call_of_the_target() {
    let names = ["fix-acl", "b", "c", "d"];
    let mut rules = vec![("fix-acl", with_fixer(PATTERN))];
    rules.extend(names[1..].iter().map(|name| (*name, definition(r#"{"source":["x"]}"#))));
    let (world, guard) = guarded(&rules, "200/60s");
    // More rules have changed targets than are read at once, so the rest is left to the tick.
    let changes = names.map(|name| rule_call("PutTargets", json!({"rule": name}), NOON));
    handle(&guard, &batch(changes.iter().map(String::as_str)));
    later(&world, 10);
    // Meanwhile another function with the same role makes three changes, each of which is answered once.
    for (id, function) in (1..).zip(["deployer", "acl-fixer", "deployer", "acl-fixer", "deployer"]) {
        handle(&guard, &batch([repair(id, "shared", function).to_string().as_str()]));
    }
    later(&world, 20);
    handle(&guard, &tick());
    later(&world, 11);
    handle(&guard, &batch([repair(40, "shared", "acl-fixer").to_string().as_str()]));
    let reasons: Vec<_> = world.alerts().into_iter().map(|alert| alert.reason).collect();
    assert_eq!(world.rule_state(&rule("fix-acl")), Some(RuleState::Enabled), "{reasons:#?}");
}
