//! Trials with the real `bootstrap`: a suspect is off for some minutes. One falls silent and is cut; another calls on, and gets
//! what it missed.

use std::collections::BTreeSet;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_aws::SystemClock;
use budget_guard_core::ports::Clock;
use budget_guard_tests::Failure;
use budget_guard_tests::alert::Alert;
use serde_json::{Value, json};

use super::stage::{Machine, Stage, minutes_ago};
use super::{MINUTE, SOON, put_acl};

async fn kinds(stage: &Stage, count: usize) -> Result<Vec<String>, Failure> {
    let alerts = stage.world.wait_for_alerts(count, SOON).await?;
    Ok(alerts.iter().map(|alert: &Alert| alert.kind().to_owned()).collect())
}

/// Own calls with other words each time, one a minute, without the beginning.
async fn go_round_unseen(stage: &Stage, fixer: &Machine) -> Result<(), Failure> {
    let began = minutes_ago(14)?;
    for minute in 0..14 {
        let call = fixer.calls(put_acl(&format!("private-{minute}")), began + MINUTE * minute, true);
        stage.happen("default", &[call]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_suspect_is_tried_and_cut_if_it_falls_silent() -> Result<(), Failure> {
    let stage = Stage::with(&[("BUDGET_GUARD_TRIAL", "true")]).await?;
    stage.world.catch_all().await?;
    let takes = ("s3", json!(["PutBucketAcl"]));
    let fixer = stage.machine("default", "fix-acl", takes, "acl-fixer").await?;
    stage.tick().await;
    go_round_unseen(&stage, &fixer).await?;
    assert_eq!(kinds(&stage, 1).await?, ["suspect"]);
    assert_eq!(stage.state(&fixer).await?, RuleState::Enabled);

    stage.tick_for_rule().await?;
    assert_eq!(kinds(&stage, 1).await?, ["trial"], "{:#?}", stage.bootstrap.logs());
    assert_eq!(stage.state(&fixer).await?, RuleState::Disabled);

    // The time without the rule is over. It comes back, and stays silent.
    stage.tried_before(&fixer, MINUTE * 20).await?;
    assert_eq!(kinds(&stage, 1).await?, ["restored"], "{:#?}", stage.bootstrap.logs());
    assert_eq!(stage.state(&fixer).await?, RuleState::Enabled);
    stage.tried_before(&fixer, MINUTE * 60).await?;
    let alerts = stage.world.wait_for_alerts(1, SOON).await?;
    assert_eq!(alerts.iter().map(Alert::kind).collect::<Vec<_>>(), ["tripped"]);
    let history = alerts[0].message["evidence"]["history"].as_str().unwrap_or_default();
    assert!(history.contains("stopped when the rule was off"), "{history}");
    assert_eq!(stage.state(&fixer).await?, RuleState::Disabled);
    Ok(())
}

#[tokio::test]
async fn what_a_rule_missed_during_its_trial_comes_to_it_afterwards() -> Result<(), Failure> {
    let archive = "arn:aws:events:us-east-1:000000000000:archive/calls";
    let stage = Stage::with(&[("BUDGET_GUARD_TRIAL", "true"), ("BUDGET_GUARD_ARCHIVE_ARN", archive)]).await?;
    stage.world.catch_all().await?;
    stage.archive("calls").await?;
    let takes = ("s3", json!(["PutBucketAcl"]));
    let fixer = stage.machine("default", "fix-acl", takes, "acl-fixer").await?;
    stage.tick().await;
    go_round_unseen(&stage, &fixer).await?;
    assert_eq!(kinds(&stage, 1).await?, ["suspect"]);
    stage.heard_by(&fixer).await?;
    // Events carry whole seconds, and the replay begins with the second of the trial.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    stage.tick_for_rule().await?;
    assert_eq!(kinds(&stage, 1).await?, ["trial"], "{:#?}", stage.bootstrap.logs());

    // Three calls come after the first minutes, for which events may still fire the rule.
    stage.off_since(&fixer, MINUTE * 6).await?;
    let call = |n: i32| fixer.calls(put_acl(&format!("later-{n}")), SystemClock.now(), true);
    let calls: Vec<Value> = (0..3).map(call).collect();
    stage.happen("default", &calls).await?;
    assert_eq!(stage.heard_by(&fixer).await?, Vec::<Value>::new(), "the rule is off");
    stage.tried_before(&fixer, MINUTE * 20).await?;
    assert_eq!(kinds(&stage, 1).await?, ["restored"], "{:#?}", stage.bootstrap.logs());
    stage.tried_before(&fixer, MINUTE * 60).await?;
    let alerts = stage.world.wait_for_alerts(1, SOON).await?;
    assert_eq!(alerts.iter().map(Alert::kind).collect::<Vec<_>>(), ["inconclusive"]);
    let reason = alerts[0].message["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("The events that it missed are replayed to it at "), "{reason}");

    stage.replay_now(&fixer).await?;
    let heard = stage.heard_soon(&fixer, 3).await?;
    let ids = |events: &[Value]| {
        events.iter().map(|event| event["detail"]["eventID"].to_string()).collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(&heard), ids(&calls));
    let is_named = |event: &Value| {
        event["replay-name"].as_str().is_some_and(|name| name.starts_with("budget-guard-fix-acl-"))
    };
    assert!(heard.iter().all(is_named), "{heard:#?}");
    assert_eq!(stage.record(&fixer).await?.replay, None);
    assert_eq!(stage.state(&fixer).await?, RuleState::Enabled);
    Ok(())
}
