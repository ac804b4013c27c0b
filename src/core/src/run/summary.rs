//! Summary of one invocation, for its reply, its log line and its metrics.

use serde::Serialize;

use super::Driven;
use crate::guard::Tally;
use crate::model::{Fault, RuleArn};

/// Counts of one invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages of a queue batch.
    pub messages: u64,
    /// Messages or payloads that could not be decoded or attributed.
    pub decode_errors: u64,
    /// Messages returned to the queue, and rules that could not be processed.
    pub failed: u64,
    /// Firings left out because they come from the replay of an archive.
    pub replays: u64,
    /// Firings left out because a call of the guard caused them.
    pub own_calls: u64,
    /// Events that the guard's catch-all rule delivered, without the name of a rule.
    pub bus_events: u64,
    /// Events of the bus that fire at least one guarded rule.
    pub matched: u64,
    /// Events of the bus that arrived before a directory of rules was stored.
    pub unattributed: u64,
    /// Firings left out because the rule that they name does not send to the guard's queue.
    pub unattached: u64,
    /// Events of the bus left out because they happened in another account.
    pub foreign: u64,
    /// Matches left out because plain rules do not receive calls named `Get…`, `List…` or `Describe…`.
    pub read_only: u64,
    /// Pairs of an event and a rule for which the match could not be decided.
    pub unknown: u64,
    /// Observations of rules whose mode is `ignore`.
    pub ignored: u64,
    /// Rules whose work did not fit into the invocation's time, and is left for the next tick.
    pub postponed: u64,
    /// Counts of the steps of all rules.
    pub tally: Tally,
    /// Rules that tripped.
    pub tripped: Vec<RuleArn>,
    /// Rules that looked like a loop but were not cut.
    pub suspects: Vec<RuleArn>,
    /// Age of the directory in seconds, at a tick.
    pub directory_age: Option<u64>,
    /// Minutes without events of the bus, at a tick: 0 unless it is longer than ever before. `None` if it is not known.
    pub silent_minutes: Option<u64>,
    /// Notes for the log, one sentence each.
    pub notes: Vec<String>,
}

/// Reply to Lambda.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// Reply to the event source mapping of the queue.
    Batch {
        /// Messages that have to be delivered again.
        #[serde(rename = "batchItemFailures")]
        failures: Vec<Failure>,
    },
    /// Reply to any other payload.
    Counts {
        /// Number of firings, including duplicates and late ones.
        firings: u64,
        /// Rules that tripped.
        tripped: Vec<RuleArn>,
        /// Rules that looked like a loop but were not cut.
        suspects: Vec<RuleArn>,
    },
}

/// Message that has to be delivered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// SQS message id.
    #[serde(rename = "itemIdentifier")]
    pub message_id: String,
}

impl Reply {
    /// Creates the reply for these messages.
    pub fn batch(message_ids: impl Iterator<Item = String>) -> Self {
        Self::Batch { failures: message_ids.map(|message_id| Failure { message_id }).collect() }
    }
}

impl Summary {
    /// Adds the result of one rule.
    ///
    /// # Errors
    /// The fault, if the observations of the rule were not saved.
    pub(super) fn take(&mut self, rule: &RuleArn, result: Result<Driven, Fault>) -> Result<(), Fault> {
        let driven = result?;
        self.tally.add(driven.tally);
        self.ignored += driven.ignored;
        self.postponed += u64::from(driven.is_postponed);
        if driven.tally.trips > 0 {
            self.tripped.push(rule.clone());
        }
        if driven.tally.would_trip + driven.tally.suspects > 0 {
            self.suspects.push(rule.clone());
        }
        self.notes.extend(driven.notes.iter().map(ToString::to_string));
        Ok(())
    }

    /// Returns the reply to a payload that is no queue batch.
    pub fn reply(&self) -> Reply {
        Reply::Counts {
            firings: self.tally.firings,
            tripped: self.tripped.clone(),
            suspects: self.suspects.clone(),
        }
    }
}
