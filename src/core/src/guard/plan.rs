//! The plan: the next thing to do for one rule, what was counted, and what was refused.

use super::{Note, Refusal};
use crate::alerts::Alert;
use crate::model::{OpenSessions, RuleArn, RuleState, Timestamp};

/// The outcome of one step. A plan has at most one action; its answer is the next step's observation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The record changed and has to be saved, before the action is carried out.
    pub save: bool,
    pub next: Option<Action>,
    pub tally: Tally,
    pub refused: Option<Refusal>,
    /// What people should find in the log.
    pub notes: Vec<Note>,
}

/// A question to AWS, or a change there.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Read the rule: description, targets, tags.
    Inspect,
    /// Disable the rule, then read its state back.
    Disable,
    /// Read the rule that the guard cut: is it still disabled, has it changed?
    Check,
    /// Read the rule, put it back to this state with everything else as it stands, and read it again.
    Restore(RuleState),
    Publish(Box<Alert>),
    /// Read how often the rule fired in the last 14 days, minute by minute.
    History,
    /// Find out who opened these sessions of roles.
    Sessions(OpenSessions),
    /// Read the records of the rules upstream: those with one of these actors behind a target, these, those that fired
    /// them, and so on.
    Trace {
        actors: Vec<String>,
        rules: Vec<RuleArn>,
    },
    /// Somebody else is at work on this rule: look again then.
    Await {
        until: Timestamp,
    },
}

/// What one step counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Firings seen, duplicates and late ones included.
    pub firings: u64,
    pub duplicates: u64,
    /// After a cut, from before the epoch, or more than 15 minutes old.
    pub late: u64,
    pub trips: u64,
    /// Would have tripped, but the rule is observed or must not be touched.
    pub would_trip: u64,
    /// Fires as a slow loop would.
    pub suspects: u64,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.firings += other.firings;
        self.duplicates += other.duplicates;
        self.late += other.late;
        self.trips += other.trips;
        self.would_trip += other.would_trip;
        self.suspects += other.suspects;
    }
}
