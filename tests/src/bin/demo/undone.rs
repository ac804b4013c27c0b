//! The act about a wrong cut: an honest burst is cut by a tag's limit, and the guard puts the rule back.

use budget_guard_core::model::whole_seconds;
use budget_guard_core::record::Record;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::people;
use super::story::{ALERT_PATIENCE, FRAME, PATIENCE, Story};
use budget_guard_tests::Failure;
use budget_guard_tests::alert::Alert;

/// First and last second of the burst, before now.
const BURST: (i64, i64) = (790, 735);
const BURST_CALLS: i64 = 60;
/// Time of the cut, in seconds before now.
const CUT: i64 = 730;
/// First and last second of the calls after the cut, before now.
const MEANWHILE: (i64, i64) = (720, 5);
const MISSED: i64 = 240;

impl Story<'_, '_> {
    /// Shows an honest burst that is cut, and the cut that is undone.
    pub async fn undo_a_wrong_cut(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.burst);
        self.screen.act("8. An honest burst is cut, and the guard finds out").await;
        let before = stage.definition(rule).await?;
        let tags = people::LOG_GRANTS_TAGS.map(|(key, value)| format!("{key}={value}")).join(", ");
        self.screen.fact(rule.arn.name(), &format!("{before}, tags: {tags}"));
        self.screen.note(
            "log-grants hears of each AttachRolePolicy. A deployment of carol's makes \
             60 of these calls within a minute, more than the tag allows, and goes on at one in three seconds. Its 13 minutes are \
             played at once: the calls carry earlier times and go to the guard directly, and the time of the cut in the \
             guard's record is moved back.",
        );
        self.cut_the_burst().await?;
        self.wait_for_the_outcome().await?;
        let is_back = stage.definition(rule).await? == before;
        self.report.expect(is_back, format!("{} is as it was before the cut", rule.arn.name()));
        self.screen.note("carol's next call reaches the rule's target again:");
        stage.happens(people::carol_grants(rule.arn.as_str(), 0)?).await?;
        self.wait_for_deliveries(rule).await?;
        let got = rule.target.firings();
        self.report.expect(got == 1, format!("firings of {} since: {got}", rule.arn.name()));
        self.run("budget-guard status log-grants").await?;
        self.screen.line("");
        self.name_the_replay().await
    }

    /// Prints the command that gives the rule the missed events, where an archive has them.
    async fn name_the_replay(&self) -> Result<(), Failure> {
        let rule = &self.stage.burst.arn;
        let record = self.stage.record(&self.stage.burst).await?.ok_or("the guard's record is gone")?;
        let cut_at = record.aftermath.as_ref().ok_or("the record names no missed events")?.cut_at;
        let restored_at = record.epoch.began.ok_or("the record names no restore")?;
        let (from, to) = (whole_seconds(cut_at), whole_seconds(restored_at));
        self.screen.note(
            "Its target still lacks the missed events. A stack with ArchiveDays=7 keeps them, and this replays them to \
             the rule alone:",
        );
        let bus = rule.as_str().replace(&format!("rule/{}", rule.name()), "event-bus/default");
        let destination = json!({ "Arn": bus, "FilterArns": [rule.as_str()] });
        for line in [
            "aws events start-replay --replay-name budget-guard-log-grants \\".to_owned(),
            format!("  --event-start-time {from} --event-end-time {to} \\"),
            "  --event-source-arn ARCHIVE_ARN \\".to_owned(),
            format!("  --destination '{destination}'"),
        ] {
            self.screen.line(&format!("   {line}"));
        }
        Ok(())
    }

    /// Lets the burst happen until the rule is cut, and dates the cut back.
    async fn cut_the_burst(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.burst);
        stage.guard_gets(&grants(rule.arn.as_str(), BURST, BURST_CALLS)?).await?;
        let alerts = stage.world.wait_for_alerts(1, ALERT_PATIENCE).await?;
        let kinds: Vec<&str> = alerts.iter().map(Alert::kind).collect();
        self.report.expect(kinds == ["tripped"], format!("alerts: {}", kinds.join(", ")));
        let why = alerts.first().and_then(|alert| alert.message["reason"].as_str()).unwrap_or_default();
        self.report.expect(
            why.starts_with("40 distinct firings within 60s, at the limit of 40"),
            format!("why: {why}"),
        );
        self.expect_state(rule, "DISABLED").await?;
        self.alerts.extend(alerts);
        // The record is saved once more after the alert is published.
        self.wait_for_record(|record| record.outbox.is_empty()).await?;
        stage.date_cut_back(rule, SignedDuration::from_secs(CUT)).await
    }

    /// Lets the calls go on without the rule until the guard has put it back.
    async fn wait_for_the_outcome(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.burst);
        stage.guard_gets(&grants(rule.arn.as_str(), MEANWHILE, MISSED)?).await?;
        self.wait_for_deliveries(rule).await?;
        stage.tick().await?;
        let mut alerts = stage.world.wait_for_alerts(2, ALERT_PATIENCE).await?;
        // A topic may change the order of messages of the same time.
        alerts.sort_by(|one, other| one.kind().cmp(other.kind()));
        let [outcome, restored] = alerts.as_slice() else {
            return Err(format!("of two alerts about the wrong cut, {} came", alerts.len()).into());
        };
        self.quote(outcome)?;
        self.quote(restored)?;
        let kinds = [outcome.kind(), restored.kind()];
        self.report.expect(kinds == ["exonerated", "restored"], format!("alerts: {}", kinds.join(", ")));
        let reason = restored.message["reason"].as_str().unwrap_or_default();
        let missed = format!("It missed {MISSED} events: {MISSED} by others");
        self.report.expect(reason.ends_with(&missed), format!("the alert: {missed}"));
        self.expect_state(rule, "ENABLED").await?;
        self.alerts.extend(alerts);
        Ok(())
    }

    /// Waits for the guard's record of the rule to be as wanted.
    async fn wait_for_record(&self, is_wanted: impl Fn(&Record) -> bool) -> Result<(), Failure> {
        let deadline = self.stage.now() + PATIENCE;
        while self.stage.now() < deadline {
            let record = self.stage.record(&self.stage.burst).await?;
            if record.as_ref().is_some_and(&is_wanted) {
                return Ok(());
            }
            sleep(FRAME).await;
        }
        Err("the alert was never noted as published".into())
    }
}

/// Evenly spaced calls of the deployment, from the first to the last of these seconds before now.
fn grants(rule_arn: &str, (from, to): (i64, i64), count: i64) -> Result<Vec<Value>, Failure> {
    (0..count).map(|n| people::carol_grants(rule_arn, from - (from - to) * n / (count - 1))).collect()
}
