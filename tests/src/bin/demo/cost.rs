//! The acts about budgets: a loop below any limit, and the budget alert that leads to its cut.

use aws_sdk_budgets::types::{NotificationState, NotificationType};
use budget_guard_core::alerts::{AlertJson, Ranked};

use super::people;
use super::stage::Stage;
use super::story::{ALERT_PATIENCE, QUIET, Story};
use budget_guard_tests::alert::Alert;
use budget_guard_tests::metrics::put_rule_metric;
use budget_guard_tests::{Failure, budgets, payload};

const BUDGET: &str = "all-of-us";
/// Seconds between two turns of the loop.
const TURN: i64 = 20;
/// Number of turns: a quarter of an hour, without those that might count as late.
const TURNS: i64 = 42;
/// Firings of `notify-deploys` per minute that CloudWatch has counted.
const USUAL: u64 = 90;
const MINUTES: i64 = 30;

impl Story<'_, '_> {
    /// Shows a slow loop, which gets an alert and is not cut.
    pub async fn turn_slowly(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.slow);
        // Alerts of the acts before.
        self.alerts.extend(stage.world.alerts().await?);
        self.screen.act("9. A slow loop, which nothing proves").await;
        self.screen.note(
            "AWS does not tell who reads the queue behind tag-instances. The reader tags an instance for each tag, and \
             so on, every 20 seconds for a quarter of an hour. The emulator gives events the time of now, so all but \
             the last go to the guard directly, as its rule would have brought them:",
        );
        let earlier = (1..TURNS).rev().map(|n| people::tagger_tags(rule.arn.as_str(), n * TURN));
        stage.guard_gets(&earlier.collect::<Result<Vec<_>, _>>()?).await?;
        stage.happens(people::tagger_tags(rule.arn.as_str(), 0)?).await?;
        let alerts = stage.world.wait_for_alerts(1, ALERT_PATIENCE).await?;
        let alert = alerts.first().ok_or("nobody was told of the slow loop")?;
        self.quote(alert)?;
        let is_right = alert.kind() == "suspect" && alert.attributes["rule_arn"] == rule.arn.as_str();
        self.report.expect(is_right && alerts.len() == 1, format!("one alert, of the kind {}", alert.kind()));
        self.wait_for_deliveries(rule).await?;
        let record = stage.record(rule).await?.ok_or("the guard has no record of the slow loop")?;
        let trips = record.recent_trips.len();
        self.report.expect(trips == 0, format!("trips of {}: {trips}", rule.arn.name()));
        self.alerts.extend(alerts);
        self.expect_state(rule, "ENABLED").await
    }

    /// Shows a budget alert, and the cut of the slow loop.
    pub async fn run_out_of_money(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.slow);
        self.screen.act("10. The money runs out, and AWS Budgets says so").await;
        self.screen.note(
            "Hours late, without a cause, to a topic: that is a budget alert. It makes limits tighter and suspects \
             loops. The guard first asks AWS Budgets whether it is true. notify-deploys is as busy as CloudWatch has \
             always counted it.",
        );
        remember_honest_work(stage).await?;
        overspend(stage).await?;
        let fired = stage.honest.target.firings();
        let notice =
            payload::budget_notice(stage.emulator.account(), BUDGET, "FORECASTED", "$100.00", "$120.00");
        stage.budgets_writes(&notice).await?;
        let alerts = stage.world.wait_for_alerts(2, ALERT_PATIENCE).await?;
        let mut kinds: Vec<&str> = alerts.iter().map(Alert::kind).collect();
        kinds.sort_unstable();
        self.report.expect(kinds == ["budget", "tripped"], format!("alerts: {}", kinds.join(", ")));
        let budget = alerts.iter().find(|alert| alert.kind() == "budget");
        let budget = budget.ok_or("nobody was told of the budget")?;
        let form: AlertJson = self.quote(budget)?;
        let names = |list: &[Ranked]| -> String {
            list.iter().map(|ranked| ranked.rule.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let (cut, left) = (names(&form.cut), names(&form.ranking));
        self.report.expect(cut == people::TAG_INSTANCES, format!("the alert names as cut: {cut}"));
        let is_left = left.contains(people::NOTIFY_DEPLOYS);
        self.report.expect(is_left, format!("the alert names as left: {left}"));
        self.expect_state(rule, "DISABLED").await?;
        let record = stage.record(rule).await?.ok_or("the guard's record is gone")?;
        let reason = record.last_trip.map(|trip| trip.reason).unwrap_or_default();
        let is_why = reason.ends_with(", while the budget \"all-of-us\" is overspent");
        self.report.expect(is_why, format!("why, in the guard's record: {reason}"));
        self.alerts.extend(alerts);

        self.screen.note("An instance is tagged once more, and honest work goes on:");
        let turned = rule.target.firings();
        self.report.expect(
            turned > 0,
            format!("firings of {} that came over the bus before: {turned}", rule.arn.name()),
        );
        stage.happens(people::tagger_tags(rule.arn.as_str(), 0)?).await?;
        self.watch(rule, stage.now(), QUIET, |_, _| false).await?;
        let turned = rule.target.firings() - turned;
        self.report.expect(turned == 0, format!("firings of {} since: {turned}", rule.arn.name()));
        let more = stage.honest.target.firings() - fired;
        self.report.expect(more > 0, format!("firings of {} meanwhile: {more}", stage.honest.arn.name()));
        self.expect_state(&stage.honest, "ENABLED").await?;
        self.expect_state(&stage.proved, "ENABLED").await?;
        self.run("budget-guard pressure").await
    }
}

/// Puts metrics that show the same honest calls an hour ago.
async fn remember_honest_work(stage: &Stage) -> Result<(), Failure> {
    let minute = stage.now().as_second() / 60 * 60;
    let points: Vec<(i64, u64)> = (61..61 + MINUTES).map(|ago| (minute - ago * 60, USUAL)).collect();
    put_rule_metric(&stage.emulator, "TriggeredRules", None, stage.honest.arn.name(), &points).await
}

/// Creates a budget with an alert in alarm. It is on forecasted spend, because the emulator computes the actual spend,
/// which is 0.
async fn overspend(stage: &Stage) -> Result<(), Failure> {
    let alert = budgets::alert(NotificationType::Forecasted, 100.0, NotificationState::Alarm)?;
    budgets::create(&stage.emulator, BUDGET, "0", None, [alert]).await
}
