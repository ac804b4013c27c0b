//! The story: its beginning, its summary, and the steps that all acts use. They print results that were read back from
//! the emulator or the guard.

use std::time::Duration;

use budget_guard_core::alerts::AlertJson;
use budget_guard_core::model::Timestamp;
use budget_guard_core::record::Record;
use jiff::SignedDuration;
use serde_json::Value;
use tokio::time::sleep;

use super::report::{self, Cut, Line, Report};
use super::screen::{Row, Screen};
use super::stage::{Definition, Rule, Stage};
use budget_guard_tests::Failure;
use budget_guard_tests::alert::Alert;

/// Time between two looks at the guard's state.
pub(super) const FRAME: Duration = Duration::from_millis(50);
/// Time limit for the cut of a loop.
pub(super) const LOOP_PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// Time limit for deliveries and small changes.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_secs(20);
/// Time limit for an alert.
pub(super) const ALERT_PATIENCE: Duration = Duration::from_secs(10);
/// Time for a hundred firings, if the rule still fired.
pub(super) const QUIET: SignedDuration = SignedDuration::from_millis(1_500);

/// The story so far.
pub struct Story<'a, 'r> {
    /// The stage.
    pub(super) stage: &'a Stage,
    /// Output.
    pub(super) screen: &'a Screen,
    /// Expectations so far.
    pub(super) report: &'a mut Report<'r>,
    began: Timestamp,
    /// Definition of `fix-acl` before the first act.
    pub(super) before: Definition,
    /// Alerts so far.
    pub(super) alerts: Vec<Alert>,
    /// Time until the cut of `fix-acl`.
    pub(super) proved_cut: Cut,
    /// Time until the cut of `encrypt-buckets`.
    pub(super) fast_cut: Cut,
}

impl<'a, 'r> Story<'a, 'r> {
    /// Shows two of the rules and begins the story.
    pub async fn begin(
        stage: &'a Stage,
        screen: &'a Screen,
        report: &'a mut Report<'r>,
    ) -> Result<Self, Failure> {
        screen.heading("1. Two rules, with nothing of the guard's on them");
        for rule in [&stage.proved, &stage.honest] {
            screen.fact(rule.arn.name(), &stage.definition(rule).await?.to_string());
        }
        screen.note(
            "The function acl-fixer answers every PutBucketAcl with a repair, which is a PutBucketAcl. notify-deploys hears \
             of carol's deployments and does nothing wrong. One rule of the guard's own sends every event of CloudTrail \
             to the guard, which knows by their patterns which rules each of them fires.",
        );
        let before = stage.definition(&stage.proved).await?;
        let (began, alerts) = (stage.now(), Vec::new());
        let (proved_cut, fast_cut) = (Cut::default(), Cut::default());
        Ok(Self { stage, screen, report, began, before, alerts, proved_cut, fast_cut })
    }

    /// Prints the summary.
    pub async fn sum_up(&mut self) -> Result<(), Failure> {
        self.screen.act("Summary").await;
        self.alerts.extend(self.stage.world.alerts().await?);
        let mut lines = Vec::new();
        let stage = self.stage;
        for (rule, firings, cut) in [
            (&stage.proved, stage.proved.target.firings(), self.proved_cut),
            (&stage.fast, stage.fast.target.firings(), self.fast_cut),
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
        let expected = [
            "budget",
            "cured",
            "exonerated",
            "restored",
            "restored",
            "suspect",
            "tripped",
            "tripped",
            "tripped",
            "tripped",
        ];
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

    /// Shows a rule and the honest one until the guard's record of the first is as wanted. Returns false after the time
    /// limit.
    pub(super) async fn watch(
        &self,
        rule: &Rule,
        since: Timestamp,
        patience: SignedDuration,
        is_enough: impl Fn(&Record, Timestamp) -> bool,
    ) -> Result<bool, Failure> {
        let rules = [rule, &self.stage.honest];
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

    /// Shows a rule until it is disabled.
    pub(super) async fn watch_until_cut(&mut self, rule: &Rule, since: Timestamp) -> Result<(), Failure> {
        let is_cut = |record: &Record, _| report::disabled_at(record).is_some();
        if !self.watch(rule, since, LOOP_PATIENCE, is_cut).await? {
            self.report.expect(false, format!("the guard cuts {}", rule.arn.name()));
            return Err("the loop still turns".into());
        }
        Ok(())
    }

    /// Checks that a rule which was disabled fires no more after this event, and that the honest rule goes on.
    pub(super) async fn expect_silence(&mut self, rule: &Rule, event: Value) -> Result<(), Failure> {
        let stage = self.stage;
        let (fired, honest) = (rule.target.firings(), stage.honest.target.firings());
        let since = stage.now();
        stage.happens(event).await?;
        self.watch(rule, since, QUIET, |_, _| false).await?;
        let more = rule.target.firings() - fired;
        self.report.expect(more == 0, format!("firings of {} since: {more}", rule.arn.name()));
        let (name, more) = (stage.honest.arn.name(), stage.honest.target.firings() - honest);
        self.report.expect(more > 0, format!("firings of {name} meanwhile: {more}"));
        self.expect_state(&stage.honest, "ENABLED").await
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
