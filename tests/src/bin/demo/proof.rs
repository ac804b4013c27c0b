//! The acts about the proof: a function whose own calls fire its rule is cut after a handful of firings, the pattern is
//! cured, and the rule put back.

use std::time::Duration;

use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::Timestamp;
use budget_guard_core::record::Record;
use budget_guard_core::verdict::EvidenceKind;
use tokio::time::sleep;

use super::people;
use super::report::Cut;
use super::stage::Definition;
use super::story::{ALERT_PATIENCE, PATIENCE, QUIET, Story};
use budget_guard_tests::Failure;

/// Maximum number of firings of a proved loop, with those on their way during the cut.
const MOST_FIRINGS: usize = 20;

impl Story<'_, '_> {
    /// Starts the loop and watches it until the cut.
    pub async fn let_it_loop(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.proved);
        self.screen.act("2. ann opens a bucket, the repair fires the rule, and it goes round").await;
        self.screen.note("Firings per second, and what the guard has counted of its limit of a rate:");
        let since = stage.now();
        stage.happens(people::ann_opens_a_bucket(rule.arn.as_str())).await?;
        self.watch_until_cut(rule, since).await
    }

    /// Checks that the rule was disabled by proof and fires no more.
    pub async fn prove_that_it_is_cut(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.proved);
        self.screen.act("3. Cut by proof, far below any limit of a rate").await;
        self.wait_for_deliveries(rule).await?;
        let record = stage.record(rule).await?.ok_or("the guard's record is gone")?;
        let trip = record.last_trip.clone().ok_or("the guard's record says of no trip")?;
        let times = rule.target.deliveries();
        let seen: u32 = trip.evidence.callers.iter().map(|caller| caller.count).sum();
        self.proved_cut = Cut::new(&times, &record, usize::try_from(seen)?);
        let (fired, under_way) = (times.len(), times.len().saturating_sub(usize::try_from(seen)?));
        let on_their_way = format!("{fired}, {under_way} of them on their way when the rule was cut");
        self.screen.fact("firings", &on_their_way);
        self.screen.fact("disabled", &self.proved_cut.sentence());
        let is_proof = matches!(trip.evidence.kind, EvidenceKind::Turns | EvidenceKind::Surplus);
        self.report.expect(is_proof, format!("why: {}", trip.reason));
        self.report.expect(fired <= MOST_FIRINGS, format!("cut within {MOST_FIRINGS} firings: {fired}"));
        self.expect_state(rule, "DISABLED").await?;
        self.screen.note("ann opens the bucket once more:");
        self.expect_silence(rule, people::ann_opens_a_bucket(rule.arn.as_str())).await
    }

    /// Shows and checks the alert.
    pub async fn read_the_alert(&mut self) -> Result<(), Failure> {
        self.screen.act("4. The e-mail that the person on call gets").await;
        self.alerts = self.stage.world.wait_for_alerts(1, ALERT_PATIENCE).await?;
        let Some(alert) = self.alerts.first() else {
            self.report.expect(false, "an alert arrives");
            return Ok(());
        };
        let form = self.quote(alert)?;
        let record = self.stage.record(&self.stage.proved).await?;
        let epoch = record.and_then(|record| record.last_trip).map_or(0, |trip| trip.epoch);
        let dedup_id = format!("{}/{epoch}/tripped", self.stage.proved.arn);
        let ids = [alert.attributes.get("dedup_id"), Some(&form.dedup_id)];
        let is_one = self.alerts.len() == 1 && ids == [Some(&dedup_id); 2];
        self.report.expect(is_one, format!("{} alert, under the id of this very trip", self.alerts.len()));
        Ok(())
    }

    /// Runs `status` and `explain`.
    pub async fn ask_the_guard(&mut self) -> Result<(), Failure> {
        self.screen.act("5. The same on the command line").await;
        self.run("budget-guard status").await?;
        self.run("budget-guard explain fix-acl").await
    }

    /// Cures the pattern, restores the rule, and compares it with its first definition.
    pub async fn cure_it_and_put_it_back(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.proved);
        self.screen.act("6. The pattern is cured, and the rule put back").await;
        self.screen.note(
            "The function stays as it is. The pattern leaves out the calls of its role, and nobody else's:",
        );
        self.run("budget-guard cure fix-acl").await?;
        self.run("budget-guard cure fix-acl --apply").await?;
        stage.cloudtrail_tells("PutRule", rule).await?;
        let undo = self.alerts.first().and_then(|alert| alert.message["undo"].as_str());
        let undo = undo.ok_or("the alert names no command to undo it")?.to_owned();
        self.run(&undo).await?;
        self.screen.line("");
        let now = stage.definition(rule).await?;
        self.screen.fact(rule.arn.name(), &now.to_string());
        let is_cured = now.pattern.as_ref().is_some_and(|pattern| pattern.contains(people::FIXER_ROLE));
        self.report.expect(is_cured, "the pattern leaves out the role of acl-fixer");
        let is_back = Definition { pattern: self.before.pattern.clone(), ..now } == self.before;
        self.report.expect(is_back, "state, targets, transformers and tags are as before");
        if !is_back {
            return Err("the rule was not put back".into());
        }
        stage.cloudtrail_tells("EnableRule", rule).await?;
        let record = stage.record(rule).await?.ok_or("the guard's record is gone")?;
        let count = record.window.count_at(stage.now());
        let is_new = matches!(record.breaker, Breaker::HalfOpen { .. }) && count == 0;
        self.report.expect(is_new, format!("the breaker is {}, counting from {count}", record.breaker));
        self.act_once_more().await
    }

    /// Lets the cured rule fire once.
    async fn act_once_more(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.proved);
        // Event times are whole seconds: in the second of the restore, this event would count as an older one.
        sleep(Duration::from_secs(1)).await;
        self.screen.note("ann opens the bucket, acl-fixer repairs it, and that is that:");
        let (fired, since) = (rule.target.firings(), stage.now());
        stage.happens(people::ann_opens_a_bucket(rule.arn.as_str())).await?;
        let is_enough =
            |record: &Record, now: Timestamp| record.window.count_at(now) >= 1 && now >= since + QUIET;
        self.watch(rule, since, PATIENCE, is_enough).await?;
        let more = rule.target.firings() - fired;
        self.report.expect(more == 1, format!("firings of {} since: {more}", rule.arn.name()));
        let record = stage.record(rule).await?.ok_or("the guard's record is gone")?;
        let (count, limit) = (record.window.count_at(stage.now()), record.window.limit());
        self.report.expect(count == 1, format!("the guard counts {count} against {limit}"));
        self.expect_state(rule, "ENABLED").await
    }
}
