//! A trial with the real `bootstrap`: a suspect is off for some minutes, falls silent, and is cut.

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_tests::Failure;
use budget_guard_tests::alert::Alert;
use serde_json::json;

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
