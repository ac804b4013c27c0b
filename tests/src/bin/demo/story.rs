//! The acts of the story. They print results that were read back from the emulator or the guard.

use std::time::Duration;

use budget_guard_core::alerts::AlertJson;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::Timestamp;
use budget_guard_core::record::{Record, Trip};
use jiff::SignedDuration;
use tokio::time::sleep;

use super::people;
use super::report::{self, Cut, Line, Report};
use super::screen::{Row, Screen};
use super::stage::{Definition, Rule, Stage};
use budget_guard_tests::Failure;
use budget_guard_tests::alert::Alert;

/// Time between two looks at the guard's state.
pub(super) const FRAME: Duration = Duration::from_millis(50);
const LOOP_PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// Time limit for deliveries and small changes.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_secs(20);
/// Time limit for an alert.
pub(super) const ALERT_PATIENCE: Duration = Duration::from_secs(10);
/// Time for a hundred firings, if the rule still fired.
pub(super) const QUIET: SignedDuration = SignedDuration::from_millis(1_500);
/// Maximum number of firings of a loop that is cut in time.
const MOST_FIRINGS: usize = 800;

/// The story so far.
pub struct Story<'a, 'r> {
    /// The stage.
    pub(super) stage: &'a Stage,
    /// Output.
    pub(super) screen: &'a Screen,
    /// Expectations so far.
    pub(super) report: &'a mut Report<'r>,
    began: Timestamp,
    /// Definition of the looping rule before the first act.
    before: Definition,
    trip: Option<Trip>,
    /// Alerts so far.
    pub(super) alerts: Vec<Alert>,
    cut: Cut,
}

impl<'a, 'r> Story<'a, 'r> {
    /// Shows the two rules and begins the story.
    pub async fn begin(
        stage: &'a Stage,
        screen: &'a Screen,
        report: &'a mut Report<'r>,
    ) -> Result<Self, Failure> {
        screen.heading("1. Two rules, with nothing of the guard's on them");
        for rule in [&stage.looping, &stage.honest] {
            screen.fact(rule.arn.name(), &stage.definition(rule).await?.to_string());
        }
        screen.note(
            "acl-fixer answers every PutBucketAcl with a repair, which is a PutBucketAcl. notify-deploys hears of \
             carol's deployments and does nothing wrong. One rule of the guard's own sends every event of CloudTrail to \
             the guard, which knows by their patterns which rules each of them fires.",
        );
        let before = stage.definition(&stage.looping).await?;
        let (began, alerts) = (stage.now(), Vec::new());
        Ok(Self { stage, screen, report, began, before, trip: None, alerts, cut: Cut::default() })
    }

    /// Starts the loop and watches it until the cut.
    pub async fn let_it_loop(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.looping);
        self.screen.act("2. ann opens a bucket, the repair fires the rule, and it goes round").await;
        self.screen.note("Firings per second, and what the guard has counted of its limit:");
        let since = stage.now();
        stage.happens(people::ann_opens_a_bucket(rule.arn.as_str())).await?;
        let cut =
            self.watch(since, LOOP_PATIENCE, |looping, _| report::disabled_at(looping).is_some()).await?;
        if !cut {
            self.report.expect(false, format!("the guard cuts {}", rule.arn.name()));
            return Err("the loop still turns".into());
        }
        Ok(())
    }

    /// Checks that the rule is disabled and fires no more.
    pub async fn prove_that_it_is_cut(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.looping);
        self.screen.act("3. Is it really cut?").await;
        self.wait_for_deliveries(rule).await?;
        let record = stage.record(rule).await?.ok_or("the guard's record is gone")?;
        let trip = record.last_trip.clone().ok_or("the guard's record says of no trip")?;
        let times = rule.target.deliveries();
        self.cut = Cut::new(&times, &record, &trip);
        let (fired, counted) = (times.len() as u64, trip.evidence.count);
        let under_way = fired.saturating_sub(counted);
        self.screen
            .fact("firings", &format!("{fired}, {under_way} of them on their way when the rule was cut"));
        self.screen.fact("disabled", &self.cut.sentence());
        let limit = trip.evidence.limit.unwrap_or_default();
        let is_right = counted == limit && counted + record.late <= fired;
        self.report.expect(is_right, format!("{counted} counted of {fired}, at the limit of {limit}"));
        self.trip = Some(trip);
        self.report.expect(times.len() <= MOST_FIRINGS, format!("cut within {MOST_FIRINGS} firings"));
        self.expect_state(rule, "DISABLED").await?;

        self.screen.note("ann opens the bucket once more:");
        let (fired, honest) = (rule.target.firings(), stage.honest.target.firings());
        let since = stage.now();
        stage.happens(people::ann_opens_a_bucket(rule.arn.as_str())).await?;
        self.watch(since, QUIET, |_, _| false).await?;
        let (fired_now, honest_now) = (rule.target.firings(), stage.honest.target.firings());
        self.report.expect(
            fired_now == fired,
            format!("firings of {} since: {}", rule.arn.name(), fired_now - fired),
        );
        let (name, more) = (stage.honest.arn.name(), honest_now - honest);
        self.report.expect(more > 0, format!("firings of {name} meanwhile: {more}"));
        self.expect_state(&stage.honest, "ENABLED").await
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
        let epoch = self.trip.as_ref().map_or(0, |trip| trip.epoch);
        let dedup_id = format!("{}/{epoch}/tripped", self.stage.looping.arn);
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

    /// Restores the rule and compares it with its first definition.
    pub async fn put_it_back(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.looping);
        self.screen.act("6. The bug is fixed, and the rule put back").await;
        rule.target.fix_the_bug();
        self.screen
            .note("acl-fixer now leaves a private bucket alone. The command is the one in the e-mail:");
        let undo = self.alerts.first().and_then(|alert| alert.message["undo"].as_str());
        let undo = undo.ok_or("the alert names no command to undo it")?.to_owned();
        self.run(&undo).await?;
        self.screen.line("");
        let now = stage.definition(rule).await?;
        self.screen.fact(rule.arn.name(), &now.to_string());
        let is_back = now == self.before;
        self.report.expect(is_back, "state, pattern, targets, transformers and tags are as before");
        if !is_back {
            return Err("the rule was not put back".into());
        }
        stage.cloudtrail_tells("EnableRule", rule).await?;
        let record = stage.record(rule).await?.ok_or("the guard's record is gone")?;
        let count = record.window.count_at(stage.now());
        let is_new = matches!(record.breaker, Breaker::HalfOpen { .. }) && count == 0;
        self.report.expect(is_new, format!("the breaker is {}, counting from {count}", record.breaker));
        Ok(())
    }

    /// Lets the corrected rule fire once.
    pub async fn act_once_more(&mut self) -> Result<(), Failure> {
        let (stage, rule) = (self.stage, &self.stage.looping);
        // Event times are whole seconds: in the second of the restore, this event would count as an older one.
        sleep(Duration::from_secs(1)).await;
        self.screen.note("ann opens the bucket, acl-fixer repairs it, and that is that:");
        let (fired, since) = (rule.target.firings(), stage.now());
        stage.happens(people::ann_opens_a_bucket(rule.arn.as_str())).await?;
        let is_enough = |looping: &Record, now| looping.window.count_at(now) >= 2 && now >= since + QUIET;
        self.watch(since, PATIENCE, is_enough).await?;
        let more = rule.target.firings() - fired;
        self.report.expect(more == 2, format!("firings of {} since: {more}", rule.arn.name()));
        let record = stage.record(rule).await?.ok_or("the guard's record is gone")?;
        let (count, limit) = (record.window.count_at(stage.now()), record.window.limit());
        self.report.expect(count == 2, format!("the guard counts {count} against {limit}"));
        self.expect_state(rule, "ENABLED").await?;
        self.run("budget-guard status").await
    }

    /// Prints the summary.
    pub async fn sum_up(&mut self) -> Result<(), Failure> {
        self.screen.act("Summary").await;
        self.alerts.extend(self.stage.world.alerts().await?);
        let mut lines = Vec::new();
        let stage = self.stage;
        for (rule, firings, cut) in [
            (&stage.looping, stage.looping.target.firings(), self.cut),
            (&stage.slow, self.counted(&stage.slow).await?, Cut::default()),
            (&stage.burst, self.counted(&stage.burst).await?, Cut::default()),
            (&stage.honest, stage.honest.target.firings(), Cut::default()),
        ] {
            let state = stage.definition(rule).await?.state_word();
            lines.push(Line { rule: rule.arn.name().to_owned(), firings, cut, state });
        }
        self.report.summary(&lines, self.stage.now().duration_since(self.began).as_secs_f64());
        // A topic may change the order of messages of the same time.
        let mut kinds: Vec<&str> = self.alerts.iter().map(Alert::kind).collect();
        kinds.sort_unstable();
        let expected =
            ["budget", "exonerated", "restored", "restored", "suspect", "tripped", "tripped", "tripped"];
        self.report.expect(kinds == expected, format!("alerts in all: {}", kinds.join(", ")));
        let honest = self.stage.record(&self.stage.honest).await?;
        let was_cut = honest.as_ref().is_none_or(|record| record.last_trip.is_some());
        self.report.expect(!was_cut, format!("{} was counted, never cut", self.stage.honest.arn.name()));
        Ok(())
    }

    /// Number of firings in the last trip of a rule. Most of them were reported to the guard alone.
    async fn counted(&self, rule: &Rule) -> Result<usize, Failure> {
        let trip = self.stage.record(rule).await?.and_then(|record| record.last_trip);
        Ok(trip.and_then(|trip| usize::try_from(trip.evidence.count).ok()).unwrap_or_default())
    }

    /// Prints subject and text of an alert. Returns its public form.
    pub(super) fn quote(&self, alert: &Alert) -> Result<AlertJson, Failure> {
        let form: AlertJson = serde_json::from_value(alert.message.clone())?;
        self.screen.quote(&format!("Subject: {}\n\n", alert.subject.as_deref().unwrap_or("(none)")));
        self.screen.quote(&form.text());
        Ok(form)
    }

    /// Shows both rules until the guard's record of the first is as wanted. Returns false after the time limit.
    pub(super) async fn watch(
        &self,
        since: Timestamp,
        patience: SignedDuration,
        is_enough: impl Fn(&Record, Timestamp) -> bool,
    ) -> Result<bool, Failure> {
        let rules = [&self.stage.looping, &self.stage.honest];
        let mut live = self.screen.live(since, rules.len());
        loop {
            let records = [self.stage.record(rules[0]).await?, self.stage.record(rules[1]).await?];
            let now = self.stage.now();
            let rows = rules.iter().zip(&records).map(|(rule, record)| Row::new(rule, record.as_ref(), now));
            live.show(now, &rows.collect::<Vec<_>>());
            if records[0].as_ref().is_some_and(|record| is_enough(record, now)) {
                return Ok(true);
            }
            if now >= since + patience {
                return Ok(false);
            }
            sleep(FRAME).await;
        }
    }

    /// Waits until all messages to the rule's target and to the guard are delivered.
    pub(super) async fn wait_for_deliveries(&self, rule: &Rule) -> Result<(), Failure> {
        let deadline = self.stage.now() + PATIENCE;
        while self.stage.messages_under_way(rule).await? > 0 && self.stage.now() < deadline {
            sleep(FRAME).await;
        }
        Ok(())
    }

    /// Checks the state of a rule in EventBridge.
    pub(super) async fn expect_state(&mut self, rule: &Rule, wanted: &str) -> Result<(), Failure> {
        let state = self.stage.definition(rule).await?.state_word();
        self.report.expect(state == wanted, format!("DescribeRule says: {} is {state}", rule.arn.name()));
        Ok(())
    }

    /// Runs a command as it is typed.
    pub(super) async fn run(&mut self, typed: &str) -> Result<(), Failure> {
        self.screen.typed(typed);
        let arguments: Vec<&str> = typed.split_whitespace().skip(1).collect();
        let mut command = self.stage.command(&arguments);
        // On a terminal the command prints directly, because it adapts to its width and colours.
        let status = if self.screen.is_watched() {
            command.status().await?
        } else {
            let output = command.output().await?;
            self.screen.output(&output);
            output.status
        };
        if !status.success() {
            self.report.expect(false, format!("`{typed}` ended with {status}"));
        }
        Ok(())
    }
}
