//! The replay after the restore: the wait that AWS asks for, the start, and the progress until it ends.

use std::time::Duration;

use aws_sdk_eventbridge::operation::describe_replay::DescribeReplayOutput;
use aws_sdk_eventbridge::types::{ReplayState, RuleState};
use budget_guard_aws::{EventBridgeRules, SystemClock, fault};
use budget_guard_core::alerts::quoted;
use budget_guard_core::model::{Fault, FaultKind, Timestamp, whole_seconds};
use budget_guard_core::ports::Clock;
use jiff::SignedDuration;
use serde::Serialize;

use super::Plan;
use crate::commands::progress::Progress;
use crate::output;
use crate::problem::Problem;
use crate::session::Session;

/// Time between two looks at the replay.
const PAUSE: Duration = Duration::from_secs(2);
/// Time between two steps of the bar during the wait.
const STEP: Duration = Duration::from_secs(1);
/// Maximum number of looks at the replay that fail one after the other. AWS may be busy for a while.
const MAX_FAILED: u32 = 10;

/// The replay in JSON output.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReplayView {
    /// Name of the replay.
    pub name: String,
    /// Name of the archive.
    pub archive: String,
    /// AWS's word for the state of the replay. Null if it was not started.
    pub state: Option<String>,
    /// Beginning of the replayed events: the cut.
    pub from: Timestamp,
    /// End of the replayed events: the restore.
    pub to: Timestamp,
}

/// State of a replay as AWS describes it.
struct Described {
    state: String,
    reason: Option<String>,
    /// Time of the last replayed event.
    up_to: Option<Timestamp>,
}

/// A replay in progress.
struct Run<'a> {
    plan: &'a Plan,
    session: &'a Session,
    rules: &'a EventBridgeRules,
    view: ReplayView,
    /// True once AWS was asked to start the replay.
    is_asked: bool,
}

impl Plan {
    /// Waits, replays the events of the cut up to `to`, and follows the replay until it ends or a person interrupts.
    pub(crate) async fn carry_out(
        &self,
        session: &Session,
        rules: &EventBridgeRules,
        to: Timestamp,
    ) -> (ReplayView, Result<(), Problem>) {
        let (name, archive) = (self.name.clone(), self.archive.name.clone());
        // AWS takes milliseconds.
        let to = Timestamp::from_millisecond(to.as_millisecond()).unwrap_or(to);
        let view = ReplayView { name, archive, state: None, from: self.from, to };
        let mut run = Run { plan: self, session, rules, view, is_asked: false };
        // The handler is installed before the first message, so that no Ctrl-C ends the program without a hint.
        let result = tokio::select! {
            biased;
            Ok(()) = tokio::signal::ctrl_c() => Err(run.interrupted()),
            result = run.run() => result,
        };
        (run.view, result)
    }
}

impl Run<'_> {
    async fn run(&mut self) -> Result<(), Problem> {
        self.wait().await;
        self.start().await?;
        self.follow().await
    }

    /// Waits until the last event is in the archive. Source: "Archiving and replaying events in Amazon EventBridge"
    /// (user guide), which asks for 10 minutes.
    async fn wait(&self) {
        let (delay, to) = (self.plan.delay, self.view.to);
        let due = to + SignedDuration::from(delay);
        output::note(format_args!(
            "Its events from {} on are replayed at {}: AWS asks for {delay}, until the last ones are in the archive.",
            self.view.from,
            whole_seconds(due)
        ));
        let mut progress = Progress::new("waiting for the archive".to_owned(), u64::from(delay.get()));
        while SystemClock.now() < due {
            progress.at(seconds(to, SystemClock.now()));
            SystemClock.sleep_until(due.min(SystemClock.now() + STEP)).await;
        }
    }

    async fn start(&mut self) -> Result<(), Problem> {
        let Plan { rule, name, archive, .. } = self.plan;
        let read =
            self.rules.client().describe_rule().event_bus_name(rule.bus()).name(rule.name()).send().await;
        let read = read.map_err(|error| self.unstarted(self.problem(&fault("DescribeRule", &error))))?;
        if read.state() == Some(&RuleState::Disabled) {
            let message = format!("rule {} is disabled again, so nothing is replayed to it", quoted(rule));
            let hint = format!("once it is enabled, to replay what it missed: {}", self.by_hand());
            return Err(Problem::failed(message).hint(hint));
        }
        self.is_asked = true;
        let span = (self.view.from, self.view.to);
        match self.rules.start_replay(rule, &archive.arn, name, span).await {
            Ok(state) => self.view.state = Some(state),
            Err(fault) => return Err(self.not_started(&fault)),
        }
        output::note(format_args!("Replay {name} is started."));
        Ok(())
    }

    async fn follow(&mut self) -> Result<(), Problem> {
        let (from, to) = (self.view.from, self.view.to);
        let mut progress = Progress::new("replaying".to_owned(), seconds(from, to));
        let mut failed = 0;
        loop {
            match self.describe().await {
                Ok(now) => {
                    failed = 0;
                    progress.at(now.up_to.map_or(0, |up_to| seconds(from, up_to)));
                    self.view.state = Some(now.state.clone());
                    match ReplayState::from(&*now.state) {
                        ReplayState::Completed => return Ok(()),
                        ReplayState::Failed | ReplayState::Cancelled => return Err(self.cut_short(&now)),
                        _ => {}
                    }
                }
                Err(fault) if fault.is_transient() && failed < MAX_FAILED => failed += 1,
                Err(fault) => return Err(self.followable(self.problem(&fault))),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn describe(&self) -> Result<Described, Fault> {
        let reply = self.rules.client().describe_replay().replay_name(&self.plan.name).send().await;
        let DescribeReplayOutput { state, state_reason, event_last_replayed_time, .. } =
            reply.map_err(|error| fault("DescribeReplay", &error))?;
        Ok(Described {
            state: state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            reason: state_reason.filter(|reason| !reason.is_empty()),
            up_to: event_last_replayed_time.and_then(|at| Timestamp::from_nanosecond(at.as_nanos()).ok()),
        })
    }

    fn problem(&self, fault: &Fault) -> Problem {
        self.session.problem(fault)
    }

    /// Problem of a replay that AWS did not start, or perhaps did.
    fn not_started(&self, fault: &Fault) -> Problem {
        let problem = self.problem(fault);
        if fault.kind == FaultKind::Timeout {
            let see = self.plan.command("describe-replay");
            return self.unstarted(problem.hint(format!("to see whether the replay was started: {see}")));
        }
        self.unstarted(problem)
    }

    /// Adds the command for a replay that was not started.
    fn unstarted(&self, problem: Problem) -> Problem {
        problem.hint(format!("the rule is back; to replay what it missed: {}", self.by_hand()))
    }

    /// The AWS CLI's command for the same replay.
    fn by_hand(&self) -> String {
        self.plan.by_hand(&self.plan.name, self.view.from, &self.view.to.to_string())
    }

    /// Adds the commands for a replay that goes on.
    fn followable(&self, problem: Problem) -> Problem {
        let (see, end) = (self.plan.command("describe-replay"), self.plan.command("cancel-replay"));
        problem.hint(format!("the replay goes on; to follow it: {see}")).hint(format!("to end it: {end}"))
    }

    /// Problem of a replay that ended before its last event.
    fn cut_short(&self, now: &Described) -> Problem {
        let Described { state, reason, up_to } = now;
        let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let from = up_to.unwrap_or(self.view.from);
        let name = format!("{}-rest", self.plan.name);
        let rest = self.plan.by_hand(&name, from, &self.view.to.to_string());
        Problem::failed(format!("replay {} ended as {state}{why}", self.plan.name))
            .hint(format!("the rule is back; to replay the events from {from} on: {rest}"))
    }

    fn interrupted(&self) -> Problem {
        if self.view.state.is_some() {
            return self.followable(Problem::failed("interrupted before the end of the replay"));
        }
        let problem = Problem::failed("interrupted before the replay was started");
        if self.is_asked {
            let see = self.plan.command("describe-replay");
            return self.unstarted(problem.hint(format!("to see whether it was started after all: {see}")));
        }
        let due = whole_seconds(self.view.to + SignedDuration::from(self.plan.delay));
        self.unstarted(problem.hint(format!("the last events are in the archive by {due}")))
    }
}

/// Whole seconds from one time to another; 0 if it is earlier.
fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}
