//! What one invocation did: for its answer, its log line and its metrics.

use serde::Serialize;

use super::Driven;
use crate::guard::Tally;
use crate::model::{Fault, RuleArn};

/// Counts of one invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages of a queue batch.
    pub messages: u64,
    /// Messages or payloads that could not be understood or attributed.
    pub decode_errors: u64,
    /// Messages given back, and rules that could not be worked on.
    pub failed: u64,
    /// Firings left out because they come from an archive replay.
    pub replays: u64,
    /// Firings left out because the guard's own call caused them.
    pub own_calls: u64,
    /// Events that came from the bus itself, without the name of a rule.
    pub bus_events: u64,
    /// Events of the bus that fire at least one guarded rule.
    pub matched: u64,
    /// Events of the bus that came before there was a directory of rules.
    pub unattributed: u64,
    /// Events of the bus left out because they happened in another account.
    pub foreign: u64,
    /// Matches left out because of the call's name, `Get…`, `List…` or `Describe…`, which plain rules do not receive.
    pub read_only: u64,
    /// Pairs of an event and a rule of which it cannot be said whether they match.
    pub unknown: u64,
    /// Firings of rules whose mode is ignore.
    pub ignored: u64,
    pub tally: Tally,
    pub tripped: Vec<RuleArn>,
    /// Looked like a loop, but were not cut.
    pub suspects: Vec<RuleArn>,
    /// What went wrong or is worth knowing, a sentence each.
    pub notes: Vec<String>,
}

/// The answer to Lambda.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To the queue's event source mapping: which messages have to be delivered again.
    Batch {
        #[serde(rename = "batchItemFailures")]
        failures: Vec<Failure>,
    },
    Counts {
        firings: u64,
        tripped: Vec<RuleArn>,
        suspects: Vec<RuleArn>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    #[serde(rename = "itemIdentifier")]
    pub message_id: String,
}

impl Reply {
    pub fn batch(message_ids: impl Iterator<Item = String>) -> Self {
        Self::Batch { failures: message_ids.map(|message_id| Failure { message_id }).collect() }
    }
}

impl Summary {
    /// Adds what became of one rule; gives the fault back when its observations are not safe in the store.
    pub(super) fn take(&mut self, rule: &RuleArn, result: Result<Driven, Fault>) -> Result<(), Fault> {
        let driven = result?;
        self.tally.add(driven.tally);
        self.ignored += driven.ignored;
        if driven.tally.trips > 0 {
            self.tripped.push(rule.clone());
        }
        if driven.tally.would_trip + driven.tally.suspects > 0 {
            self.suspects.push(rule.clone());
        }
        self.notes.extend(driven.notes.iter().map(ToString::to_string));
        Ok(())
    }

    pub fn reply(&self) -> Reply {
        Reply::Counts {
            firings: self.tally.firings,
            tripped: self.tripped.clone(),
            suspects: self.suspects.clone(),
        }
    }
}
