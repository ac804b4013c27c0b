//! The act about the rate: a loop whose maker AWS does not tell is cut at the limit.

use super::people;
use super::report::Cut;
use super::story::{ALERT_PATIENCE, Story};
use budget_guard_tests::Failure;

/// Maximum number of firings of a loop that is cut in time.
const MOST_FIRINGS: usize = 800;

impl Story<'_, '_> {
    /// Lets a fast loop turn until its rate is cut.
    pub async fn turn_fast(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.fast);
        // Alerts of the acts before.
        self.alerts.extend(stage.world.alerts().await?);
        self.screen.act("7. A fast loop, whose maker AWS does not tell").await;
        self.screen.fact(rule.arn.name(), &stage.definition(rule).await?.to_string());
        self.screen.note(
            "bob turns the encryption of a bucket off, and the reader of the queue turns it on, which fires the rule \
             again. AWS does not tell who reads a queue, so there is no proof, and the rate decides:",
        );
        let since = stage.now();
        stage.happens(people::bob_turns_encryption_off(rule.arn.as_str())).await?;
        self.watch_until_cut(rule, since).await?;
        self.wait_for_deliveries(rule).await?;
        let record = stage.record(rule).await?.ok_or("the guard's record is gone")?;
        let trip = record.last_trip.clone().ok_or("the guard's record says of no trip")?;
        let times = rule.target.deliveries();
        let (fired, counted) = (times.len() as u64, trip.evidence.count);
        let limit = trip.evidence.limit.unwrap_or_default();
        self.fast_cut = Cut::new(&times, &record, usize::try_from(limit)?);
        let under_way = fired.saturating_sub(counted);
        let on_their_way = format!("{fired}, {under_way} of them on their way when the rule was cut");
        self.screen.fact("firings", &on_their_way);
        self.screen.fact("disabled", &self.fast_cut.sentence());
        let is_right = counted == limit && counted + record.late <= fired;
        self.report.expect(is_right, format!("{counted} counted of {fired}, at the limit of {limit}"));
        self.report.expect(times.len() <= MOST_FIRINGS, format!("cut within {MOST_FIRINGS} firings"));
        self.expect_state(rule, "DISABLED").await?;
        let alerts = stage.world.wait_for_alerts(1, ALERT_PATIENCE).await?;
        let kinds: Vec<&str> = alerts.iter().map(|alert| alert.kind()).collect();
        self.report.expect(kinds == ["tripped"], format!("alerts: {}", kinds.join(", ")));
        self.alerts.extend(alerts);
        self.screen.note("bob turns it off once more:");
        self.expect_silence(rule, people::bob_turns_encryption_off(rule.arn.as_str())).await
    }
}
