//! A rule that receives another rule's loop, and a loop that an attacker hides with calls of their own.

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_tests::alert::Alert;
use budget_guard_tests::{Failure, payload};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::stage::{Stage, event, minutes_ago, time_of};
use super::{ANN, CUT_AFTER, SOON, put_acl};

/// The listener's limit is reached while the loop is not yet proved.
#[tokio::test]
async fn a_rule_that_receives_a_loop_waits_for_the_cut_of_the_rule_that_causes_it() -> Result<(), Failure> {
    let stage = Stage::start().await?;
    stage.world.catch_all().await?;
    let takes = || ("s3", json!(["PutBucketAcl"]));
    let fixer = stage.machine("default", "fix-acl", takes(), "acl-fixer").await?;
    let listener = stage.machine("default", "count-acl", takes(), "acl-counter").await?;
    stage.tag(&listener, "budget-guard:limit", "5/60s").await?;
    stage.tick().await;

    let opened = event(&fixer.rule, ANN, put_acl("public-read"), minutes_ago(20)?);
    let heard = stage
        .go_round(&[&fixer], opened, |machine, heard| {
            let at = time_of(heard).ok()? + SignedDuration::from_secs(6);
            Some(machine.calls(put_acl("private"), at, true))
        })
        .await?;
    assert_eq!(heard, [CUT_AFTER]);
    assert_eq!(stage.state(&fixer).await?, RuleState::Disabled);
    assert_eq!(stage.state(&listener).await?, RuleState::Enabled);
    let alert = stage.alert().await?;
    assert_eq!((alert.kind(), &alert.attributes["rule_arn"]), ("tripped", &fixer.rule));
    let trip = stage.record(&listener).await?.last_trip.ok_or("the listener's limit was not reached")?;
    assert!(trip.reason.contains("5"), "{}", trip.reason);
    Ok(())
}

/// Own calls for three hours, every two seconds, and in each minute a call of an attacker that may be the reason of the next.
#[tokio::test]
async fn a_loop_behind_bait_is_a_suspect_with_the_reason_why_it_is_not_proved() -> Result<(), Failure> {
    // As a busy rule it would be a suspect already.
    let stage = Stage::with(&[("BUDGET_GUARD_SUSTAINED", "off")]).await?;
    stage.world.catch_all().await?;
    let fixer = stage.machine("default", "fix-acl", ("s3", json!(["PutBucketAcl"])), "acl-fixer").await?;
    stage.tick().await;
    let began = minutes_ago(200)?;
    let mut calls: Vec<Value> = Vec::new();
    for second in (0..190 * 60).step_by(2) {
        let at = began + SignedDuration::from_secs(second);
        if second % 50 == 0 {
            calls.push(event(&fixer.rule, ANN, put_acl("bait"), at));
        }
        calls.push(fixer.calls(put_acl(&format!("private-{second}")), at, true));
    }
    for batch in calls.chunks(1_000) {
        let bodies: Vec<String> = batch.iter().map(Value::to_string).collect();
        let outcome =
            stage.api.invoke_within(payload::sqs_batch(&stage.world.guard_queue, &bodies), SOON).await;
        assert_eq!(outcome.json()["batchItemFailures"], json!([]), "{:#?}", stage.bootstrap.logs());
    }
    let alerts = stage.world.wait_for_alerts(2, SOON).await?;
    assert_eq!(alerts.iter().map(Alert::kind).collect::<Vec<_>>(), ["advice", "suspect"]);
    let alert = &alerts[1];
    let missing = alert.message["evidence"]["own"]["missing"].as_str().unwrap_or_default();
    assert!(missing.contains("as bait would"), "{:#}", alert.message);
    assert_eq!(stage.state(&fixer).await?, RuleState::Enabled);
    Ok(())
}
