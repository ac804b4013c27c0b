//! Notes for the log and the person at the terminal: what went wrong or is worth knowing beside the plan.

use crate::alerts::quoted;
use crate::model::{Fault, RuleArn, RuleState};

/// Attempt of the guard that can fail without keeping the observations from being saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Disabling the rule, or reading it before.
    Disable,
    /// Putting the rule back.
    Restore,
    /// Reading a rule that is cut.
    Check,
    /// Asking CloudTrail who opened sessions.
    Sessions,
    /// Reading the records of the rules upstream.
    FollowChain,
    /// Reading the records of the other rules of a cycle, before the cut.
    CheckCycle,
}

/// One note. As text: a sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// An attempt failed.
    #[error("{}", failure(*.attempt, .rule, .fault))]
    Failed {
        /// The attempt that failed.
        attempt: Attempt,
        /// The rule that it was for.
        rule: RuleArn,
        /// The reason.
        fault: Fault,
    },
    /// An alert could not be published. It is kept.
    #[error("could not publish the alert {dedup_id}: {fault}")]
    NotPublished {
        /// The alert's deduplication id.
        dedup_id: String,
        /// The reason.
        fault: Fault,
    },
    /// The outbox is full: its oldest alert is given up.
    #[error("{kept} alerts wait to be published; the oldest is given up: {reason}")]
    GivenUp {
        /// Maximum number of alerts kept.
        kept: usize,
        /// Reason of the alert that is given up.
        reason: String,
    },
    /// A rule has tripped and was left alone.
    #[error("rule {} was not cut: {because}", quoted(.rule))]
    NotCut {
        /// The rule.
        rule: RuleArn,
        /// The reason, as it is stored with the trip.
        because: String,
    },
    /// Rules of a possible cycle were left out.
    #[error(
        "{left_out} rules that may belong to a cycle with {} were not looked at: too many share an actor",
        quoted(.rule)
    )]
    LeftOut {
        /// Number of rules left out.
        left_out: usize,
        /// The rule that the cycle was looked for.
        rule: RuleArn,
    },
    /// The state of a rule could not be entered in the directory.
    #[error("rule {rule} is {state}; the directory says so only after its next refresh: {fault}")]
    NotEntered {
        /// The rule.
        rule: RuleArn,
        /// State that it was found in or put to.
        state: RuleState,
        /// The reason.
        fault: Fault,
    },
    /// More steps were needed than one invocation takes.
    #[error("rule {rule}: stopped after {steps} steps; the tick goes on")]
    TooManySteps {
        /// The rule.
        rule: RuleArn,
        /// Number of steps taken.
        steps: u32,
    },
    /// Work on a rule ended early, after its observations were saved.
    #[error("stopped half-way, the next invocation or tick goes on: {fault}")]
    Stopped {
        /// The reason.
        fault: Fault,
    },
}

impl Note {
    /// The failed call behind the note, if there is one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Failed { fault, .. }
            | Self::NotPublished { fault, .. }
            | Self::NotEntered { fault, .. }
            | Self::Stopped { fault } => Some(fault),
            Self::GivenUp { .. } | Self::NotCut { .. } | Self::LeftOut { .. } | Self::TooManySteps { .. } => {
                None
            }
        }
    }
}

fn failure(attempt: Attempt, rule: &RuleArn, fault: &Fault) -> String {
    let rule = quoted(rule);
    match attempt {
        Attempt::Disable => format!("could not disable rule {rule}: {fault}"),
        Attempt::Restore => format!("could not restore rule {rule}: {fault}"),
        Attempt::Check => format!("could not look at rule {rule}: {fault}"),
        Attempt::Sessions => {
            format!("CloudTrail was not asked who opened the sessions that fire {rule}: {fault}")
        }
        Attempt::FollowChain => {
            format!("the chain of rules that fires {rule} could not be followed: {fault}")
        }
        Attempt::CheckCycle => format!("could not look at the rules that {rule} goes round with: {fault}"),
    }
}
