//! Outcomes of two cuts: of a rule whose events end with it, and of one that is cut by hand and whose events go on.

use std::time::Duration;

use budget_guard_aws::SystemClock;
use budget_guard_core::aftermath::{Aftermath, CutOutcome};
use budget_guard_core::alerts::quoted;
use budget_guard_core::guard::Order;
use budget_guard_core::model::{Fault, RuleArn, Seconds};
use budget_guard_core::ports::Clock;
use budget_guard_core::run::read_directory;
use serde::Serialize;

use super::rule::{Drill, PAUSE, since};
use crate::commands::order;
use crate::commands::progress::Progress;
use crate::output;
use crate::problem::Problem;
use crate::queue::QueueArn;

/// Number of events before the cut by hand.
const BEFORE: u32 = 3;
/// Time between two events that go on.
const EVERY: Duration = Duration::from_secs(10);
/// Time between two looks at the records.
const LOOK: Duration = Duration::from_secs(1);
/// Time after which both outcomes are usually known, in seconds.
const USUAL: u64 = 14 * 60;

/// Outcome of one cut, as in `--output json`.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// Rule that was cut.
    pub rule: RuleArn,
    /// Outcome in one or two words.
    pub outcome: &'static str,
    /// The same with its numbers, as a sentence.
    pub sentence: String,
    /// Number of events that the rule missed.
    pub missed: u64,
    /// True if the guard has judged the cut.
    #[serde(skip)]
    pub is_judged: bool,
    /// True if the guard found the cut wrong.
    #[serde(skip)]
    pub clears: bool,
}

impl Outcome {
    fn new(rule: &RuleArn, after: Option<&Aftermath>) -> Self {
        let outcome = after.map(|after| after.outcome).unwrap_or_default();
        Self {
            rule: rule.clone(),
            outcome: outcome.word(),
            sentence: outcome.to_string(),
            missed: after.map_or(0, |after| after.missed.total()),
            is_judged: outcome != CutOutcome::NotYetKnown,
            clears: outcome.clears(),
        }
    }
}

impl Drill<'_> {
    /// Waits until the guard knows the rules, and checks that it sees the events that they will miss.
    pub(super) async fn wait_until_shown(
        &self,
        rules: [&RuleArn; 2],
        within: Seconds,
    ) -> Result<(), Problem> {
        let began = SystemClock.now();
        output::note(
            "Waiting until the guard knows the rules: from CloudTrail within a minute or two, else within 15.",
        );
        while since(began) < f64::from(within.get()) {
            let directory = read_directory(&self.guard.ports.store, &self.session.own).await;
            let directory = directory.map_err(|fault| self.session.problem(&fault))?;
            let known = directory.filter(|directory| rules.iter().all(|rule| directory.get(rule).is_some()));
            match known {
                Some(directory) if rules.iter().all(|rule| directory.shows_missed(rule)) => return Ok(()),
                Some(_) => return Err(unseen()),
                None => tokio::time::sleep(LOOK).await,
            }
        }
        let message = "the guard did not come to know the drill's rules";
        Err(Problem::failed(format!("{message} within {within}"))
            .hint("CloudTrail tells it of new rules only where a trail is logging; else it lists all rules every 15 minutes: --within 30m")
            .hint("look at the log of the function whose name ends in -control"))
    }

    /// Fires a rule a few times and cuts it by hand.
    pub(super) async fn cut_by_hand(&mut self, queue: &QueueArn, rule: &RuleArn) -> Result<(), Problem> {
        let session = self.session;
        let failed = |fault: Fault| session.problem_with(rule, &fault);
        self.attach(queue, rule).await.map_err(failed)?;
        for _ in 0..BEFORE {
            self.put_event(rule).await.map_err(failed)?;
            tokio::time::sleep(PAUSE).await;
        }
        let reason = "a drill: its events go on without it".to_owned();
        let driven =
            Box::pin(order::carry_out(session, &mut self.guard, rule, Order::Disable { reason })).await?;
        let record = order::accepted(&driven, rule, |_| None)?;
        if record.breaker.disabled().is_none() {
            return Err(order::not_done(session, &driven, "the rule could not be disabled yet"));
        }
        output::note(format_args!("Rule {} is cut by hand.", quoted(rule)));
        Ok(())
    }

    /// Waits for the outcomes of both cuts, while the events of the second rule go on.
    pub(super) async fn outcomes(
        &self,
        rules: [&RuleArn; 2],
        within: Seconds,
    ) -> Result<[Outcome; 2], Problem> {
        let began = SystemClock.now();
        let mut progress = Progress::new("watching both cuts".to_owned(), USUAL.min(within.get().into()));
        let (mut put_at, [_, goes_on]) = (None, rules);
        loop {
            if put_at.is_none_or(|at| since(at) >= EVERY.as_secs_f64()) {
                put_at = Some(SystemClock.now());
                let put = self.put_event(goes_on).await;
                put.map_err(|fault| self.session.problem_with(goes_on, &fault))?;
            }
            let outcomes = [self.outcome(rules[0]).await?, self.outcome(goes_on).await?];
            let is_over = since(began) >= f64::from(within.get());
            if is_over || outcomes.iter().all(|one| one.is_judged) {
                return Ok(outcomes);
            }
            progress.at(since(began) as u64);
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn outcome(&self, rule: &RuleArn) -> Result<Outcome, Problem> {
        let record = self.record(rule).await.map_err(|fault| self.session.problem_with(rule, &fault))?;
        Ok(Outcome::new(rule, record.as_ref().and_then(|record| record.aftermath.as_deref())))
    }
}

/// Problem of a guard that does not see the events of a rule that is off.
fn unseen() -> Problem {
    Problem::failed(
        "the guard does not see the events of a rule that is off, so it cannot judge a cut: it has no enabled catch-all rule",
    )
    .hint("the guard's rules are known by BUDGET_GUARD_OWN_ARNS, which make exports prints")
    .hint("deploy the stack with Watch=cloudtrail or Watch=all; a drill without --outcome works without")
}
