//! Notes for the log and the command line: failures and other facts that are not part of the plan.

use crate::alerts::quoted;
use crate::model::{Fault, RuleArn, RuleState};

/// Attempt of the guard that may fail after the observations are saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Reading or disabling the rule.
    Disable,
    /// Putting the rule back.
    Restore,
    /// Reading a rule that is cut.
    Check,
    /// Reading the metrics since the cut.
    SinceCut,
    /// Starting the replay of missed events.
    Replay,
    /// Looking up the openers of sessions in CloudTrail.
    Sessions,
    /// Reading the records of the rules upstream.
    FollowChain,
    /// Reading the records of the other rules of a cycle before the cut.
    CheckCycle,
}

/// Note. Its text is a sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// An attempt failed.
    #[error("{}", failure(*.attempt, .rule, .fault))]
    Failed {
        /// Attempt that failed.
        attempt: Attempt,
        /// ARN of the rule.
        rule: RuleArn,
        /// Fault that is the reason.
        fault: Fault,
    },
    /// An alert could not be published. It is kept.
    #[error("could not publish the alert {dedup_id}: {fault}")]
    NotPublished {
        /// Deduplication id of the alert.
        dedup_id: String,
        /// Fault that is the reason.
        fault: Fault,
    },
    /// The outbox was full, and its oldest alert was removed.
    #[error("{kept} alerts wait to be published; the oldest is given up: {reason}")]
    GivenUp {
        /// Maximum number of alerts kept.
        kept: usize,
        /// Reason in the removed alert.
        reason: String,
    },
    /// Tags are malformed or not obeyed.
    #[error("rule {}: {}", quoted(.rule), .problems.join("; "))]
    Tags {
        /// ARN of the rule.
        rule: RuleArn,
        /// Problems, one sentence each.
        problems: Vec<String>,
    },
    /// A rule tripped and was not cut.
    #[error("rule {} was not cut: {because}", quoted(.rule))]
    NotCut {
        /// ARN of the rule.
        rule: RuleArn,
        /// Reason, as stored with the trip.
        because: String,
    },
    /// Rules of a possible cycle were not checked.
    #[error(
        "{left_out} rules that may belong to a cycle with {} were not looked at: too many share an actor",
        quoted(.rule)
    )]
    LeftOut {
        /// Number of rules that were not checked.
        left_out: usize,
        /// ARN of the rule whose cycle was searched.
        rule: RuleArn,
    },
    /// The state of a rule could not be saved in the directory.
    #[error("rule {rule} is {state}; the directory says so only after its next refresh: {fault}")]
    NotEntered {
        /// ARN of the rule.
        rule: RuleArn,
        /// State that was read or set.
        state: RuleState,
        /// Fault that is the reason.
        fault: Fault,
    },
    /// The work needs more steps than one invocation takes.
    #[error("rule {rule}: stopped after {steps} steps; the tick goes on")]
    TooManySteps {
        /// ARN of the rule.
        rule: RuleArn,
        /// Number of steps taken.
        steps: u32,
    },
    /// Work on a rule stopped early, after its observations were saved.
    #[error("stopped half-way, the next invocation or tick goes on: {fault}")]
    Stopped {
        /// Fault that is the reason.
        fault: Fault,
    },
}

impl Note {
    /// Returns the fault behind the note. `None` if there is none.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Failed { fault, .. }
            | Self::NotPublished { fault, .. }
            | Self::NotEntered { fault, .. }
            | Self::Stopped { fault } => Some(fault),
            Self::GivenUp { .. }
            | Self::Tags { .. }
            | Self::NotCut { .. }
            | Self::LeftOut { .. }
            | Self::TooManySteps { .. } => None,
        }
    }
}

fn failure(attempt: Attempt, rule: &RuleArn, fault: &Fault) -> String {
    let rule = quoted(rule);
    match attempt {
        Attempt::Disable => format!("could not disable rule {rule}: {fault}"),
        Attempt::Restore => format!("could not restore rule {rule}: {fault}"),
        Attempt::Check => format!("could not look at rule {rule}: {fault}"),
        Attempt::SinceCut => format!("the metrics of rule {rule} since its cut could not be read: {fault}"),
        Attempt::Replay => format!("the events that rule {rule} missed are not replayed yet: {fault}"),
        Attempt::Sessions => {
            format!("CloudTrail was not asked who opened the sessions that fire {rule}: {fault}")
        }
        Attempt::FollowChain => {
            format!("the chain of rules that fires {rule} could not be followed: {fault}")
        }
        Attempt::CheckCycle => format!("could not look at the rules that {rule} goes round with: {fault}"),
    }
}
