//! Coverage gaps: rules that also fire on events which the guard does not receive, cut to the size of an alert.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{RuleArn, TextId};

/// Maximum number of rules named in one sentence. The others are counted.
const NAMED: usize = 3;
/// Maximum number of rules in an alert, so that a message fits into 256 KB in all of its forms. The others are counted.
const LISTED: usize = 100;
/// Stack parameter with which the guard receives calls named `Get…`, `List…` or `Describe…`.
pub const READS_SETTING: &str = "WatchReadOnlyCalls=true";
/// Stack parameter with which the guard receives all events.
pub const ALL_SETTING: &str = "Watch=all";

/// Rules by the kind of gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Rules that also fire on calls named `Get…`, `List…` or `Describe…`.
    pub reads: Named,
    /// Rules that also fire on events other than API calls.
    pub events: Named,
    /// Rules with targets whose actors are not known.
    pub actors: Named,
    /// Rules that have the guard's name and are no part of its stack.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub lookalikes: Named,
    /// All of these rules, each once and sorted, up to the maximum.
    pub rules: Vec<RuleArn>,
    /// Number of rules beyond that maximum.
    pub unlisted: u64,
    /// Hash of all rules and of the stack parameters that they need.
    pub hash: u64,
}

/// First of several rules, and the number of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Rules to name.
    pub first: Vec<RuleArn>,
    /// Number of the other rules.
    pub others: usize,
}

impl Named {
    fn of(rules: &[RuleArn]) -> Self {
        Self { first: rules.iter().take(NAMED).cloned().collect(), others: rules.len().saturating_sub(NAMED) }
    }

    fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}

impl Coverage {
    /// Creates it from rules that need read-only calls, rules that need other events, rules whose actors are not known,
    /// and rules that only have the guard's name.
    pub fn of(reads: &[RuleArn], events: &[RuleArn], actors: &[RuleArn], lookalikes: &[RuleArn]) -> Self {
        let rules: BTreeSet<&RuleArn> = reads.iter().chain(events).chain(actors).chain(lookalikes).collect();
        let mut coverage = Self {
            reads: Named::of(reads),
            events: Named::of(events),
            actors: Named::of(actors),
            lookalikes: Named::of(lookalikes),
            rules: rules.iter().take(LISTED).map(|rule| (*rule).clone()).collect(),
            unlisted: rules.len().saturating_sub(LISTED) as u64,
            hash: 0,
        };
        let names = rules.iter().map(|rule| rule.as_str());
        let parts: Vec<&str> = names.chain(coverage.settings()).collect();
        coverage.hash = TextId::of(&parts.join(" ")).bits();
        coverage
    }

    /// Returns the stack parameters that close the gaps, as `make deploy` takes them.
    pub fn settings(&self) -> Vec<&'static str> {
        let reads = (!self.reads.first.is_empty()).then_some(READS_SETTING);
        reads.into_iter().chain((!self.events.first.is_empty()).then_some(ALL_SETTING)).collect()
    }
}
