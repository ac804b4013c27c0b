//! Plan of one step: the next action for the rule, the counts, and the refusal of an order.

use std::sync::Arc;

use super::{Note, Refusal};
use crate::alerts::Alert;
use crate::archive::Replay;
use crate::model::{OpenSessions, RuleArn, RuleState, Timestamp};

/// Outcome of one step. A plan has at most one action. The answer to it is an observation of the next step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// True if the record changed. It has to be saved before the action is carried out.
    pub save: bool,
    /// Action to carry out. `None` if nothing is left to do.
    pub next: Option<Action>,
    /// Counts of this step.
    pub tally: Tally,
    /// Reason for which the order was refused. `None` if there was no order or it is accepted.
    pub refused: Option<Refusal>,
    /// Notes for the log.
    pub notes: Vec<Note>,
}

/// Request to AWS or to the store, or a wait.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Read the rule with its definition, targets and tags.
    Inspect,
    /// Disable the rule, and read its state afterwards.
    Disable,
    /// Read a rule that is cut, to see if it is still disabled and unchanged.
    Check,
    /// Put the rule back to this state, without other changes. It is read before and after.
    Restore(RuleState),
    /// Publish an alert.
    Publish(Box<Alert>),
    /// Read the number of firings per minute of the last 14 days.
    History,
    /// Read the metrics of the rule and of its functions since the cut.
    SinceCut {
        /// Time of the cut.
        cut_at: Timestamp,
    },
    /// Start a replay of the events that the rule missed, from the archive with this ARN.
    Replay {
        /// ARN of the archive.
        archive: Arc<str>,
        /// Events to be replayed.
        replay: Replay,
    },
    /// Look up the openers of these role sessions.
    Sessions(OpenSessions),
    /// Read the records of the rules upstream: of the rules with one of these actors behind a target, of these rules,
    /// of those that fired them, and so on.
    Trace {
        /// ARNs of the actors.
        actors: Vec<String>,
        /// ARNs of the rules.
        rules: Vec<RuleArn>,
    },
    /// Wait until the lease of another invocation ends or the next attempt is due. Then step again.
    Await {
        /// End of the wait.
        until: Timestamp,
    },
}

/// Counts of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Firings, including duplicates and late ones.
    pub firings: u64,
    /// Firings that were counted before.
    pub duplicates: u64,
    /// Firings after a cut, from before the epoch, or more than 15 minutes old.
    pub late: u64,
    /// Events that cut rules would have received.
    pub missed: u64,
    /// Trips.
    pub trips: u64,
    /// Trips without a cut, because the rule is observed or must not be touched.
    pub would_trip: u64,
    /// Reports of the rule as a suspect.
    pub suspects: u64,
}

impl Tally {
    /// Adds the counts of another step.
    pub fn add(&mut self, other: Self) {
        self.firings += other.firings;
        self.duplicates += other.duplicates;
        self.late += other.late;
        self.missed += other.missed;
        self.trips += other.trips;
        self.would_trip += other.would_trip;
        self.suspects += other.suspects;
    }
}
