//! A notification of AWS Budgets on the stack's own topic has no effect before AWS confirms it.

use std::time::Duration;

use aws_sdk_budgets::types::{NotificationState, NotificationType};
use aws_sdk_eventbridge::types::RuleState;
use budget_guard_aws::DynamoStore;
use budget_guard_core::record::Record;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;
use tokio::time::{Instant, sleep};

use crate::{LIMIT, PATIENCE, Stage, ZERO_TOUCH};
use budget_guard_tests::alert::Alert;
use budget_guard_tests::{Failure, budgets, while_doing};

const NOTICE: &str = "Budget Name: team blue\nAlert Type: ACTUAL\nAlert Threshold: > $80.00\n";
/// Number of firings below the limit, and above the quarter of it that remains under pressure.
const FIRINGS: usize = LIMIT / 2;
/// Time to wait for an alert that should not come.
const QUIET: Duration = Duration::from_secs(1);

impl Stage {
    /// Number of firings in the rule's record.
    async fn counted(&self) -> Result<u64, Failure> {
        let store = DynamoStore::new(&self.emulator.sdk_config(), &self.world.table);
        let record = load::<Record>(&store, Key::Record(&self.rule.parse()?)).await?;
        Ok(record.map_or(0, |(record, _)| record.window.count_at_newest()))
    }

    /// Publishes the notification of AWS Budgets about an overspent budget.
    async fn notify(&self) -> Result<Vec<Alert>, Failure> {
        let publish = self.world.sns.publish().topic_arn(self.stack.output("BudgetTopicArn")?);
        let sent = publish.subject("AWS Budgets: team blue").message(NOTICE).send().await;
        sent.map_err(while_doing("notifying the stack"))?;
        let mut alerts = self.world.wait_for_alerts(1, PATIENCE).await?;
        sleep(QUIET).await;
        alerts.extend(self.world.alerts().await?);
        Ok(alerts)
    }
}

#[tokio::test]
async fn a_budget_alert_is_told_and_counts_once_aws_confirms_it() -> Result<(), Failure> {
    let stage = Stage::start(ZERO_TOUCH).await?;
    let events: Vec<_> = (0..FIRINGS).map(|_| stage.event()).collect();
    stage.world.put_events("default", &events).await?;
    let deadline = Instant::now() + PATIENCE;
    while stage.counted().await? < FIRINGS as u64 {
        assert!(Instant::now() < deadline, "{} of {FIRINGS} firings are counted", stage.counted().await?);
        sleep(Duration::from_millis(100)).await;
    }

    let alerts = stage.notify().await?;
    assert_eq!(alerts.iter().map(Alert::kind).collect::<Vec<_>>(), ["budget"]);
    assert_eq!(alerts[0].message["outcome"], "unconfirmed");
    let reason = alerts[0].message["reason"].as_str().unwrap_or_default();
    assert!(
        reason.contains("has no budget \"team blue\"") && reason.ends_with("Nothing was cut"),
        "{reason}"
    );
    assert_eq!(stage.state("fix-acl").await?, RuleState::Enabled);

    let raised = budgets::alert(NotificationType::Actual, 80.0, NotificationState::Alarm)?;
    budgets::create(&stage.emulator, "team blue", "91.25", None, [raised]).await?;
    let alerts = stage.notify().await?;
    let mut kinds: Vec<&str> = alerts.iter().map(Alert::kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["budget", "tripped"], "{alerts:#?}");
    let budget = alerts.iter().find(|alert| alert.kind() == "budget").ok_or("no alert about money")?;
    assert_eq!(budget.message["outcome"], "pressure");
    assert_eq!(budget.message["cut"][0]["rule"]["arn"], stage.rule);
    assert_eq!(stage.state("fix-acl").await?, RuleState::Disabled);
    assert_eq!(stage.state("honest").await?, RuleState::Enabled);
    Ok(())
}
