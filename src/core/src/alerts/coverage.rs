//! Rules that fire on more than the guard is shown, in as much as an alert holds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{RuleArn, TextId};

/// Maximum number of rules in one sentence; the others are counted.
const NAMED: usize = 3;
/// Maximum number of rules in an alert: they fit into a message in each of its forms. The others are counted.
const LISTED: usize = 100;
/// Parameter of the stack that shows the guard calls named `Get…`, `List…` or `Describe…`.
pub const READS_SETTING: &str = "WatchReadOnlyCalls=true";
/// Parameter of the stack that shows the guard all events.
pub const ALL_SETTING: &str = "Watch=all";

/// Rules by what the guard is not shown of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Rules that calls named `Get…`, `List…` or `Describe…` fire.
    pub reads: Named,
    /// Rules that other events than API calls fire.
    pub events: Named,
    /// Rules with targets whose actors the guard cannot tell.
    pub actors: Named,
    /// All of them once, by name, as far as they are listed.
    pub rules: Vec<RuleArn>,
    /// Number of the rules that are not listed.
    pub unlisted: u64,
    /// Hash of all rules and of the settings that they need.
    pub hash: u64,
}

/// The first of several rules, and the number of the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub first: Vec<RuleArn>,
    pub others: usize,
}

impl Named {
    fn of(rules: &[RuleArn]) -> Self {
        Self { first: rules.iter().take(NAMED).cloned().collect(), others: rules.len().saturating_sub(NAMED) }
    }
}

impl Coverage {
    /// Of rules that need read-only calls, rules that need other events, and rules whose actors are not known.
    pub fn of(reads: &[RuleArn], events: &[RuleArn], actors: &[RuleArn]) -> Self {
        let rules: BTreeSet<&RuleArn> = reads.iter().chain(events).chain(actors).collect();
        let mut coverage = Self {
            reads: Named::of(reads),
            events: Named::of(events),
            actors: Named::of(actors),
            rules: rules.iter().take(LISTED).map(|rule| (*rule).clone()).collect(),
            unlisted: rules.len().saturating_sub(LISTED) as u64,
            hash: 0,
        };
        let names = rules.iter().map(|rule| rule.as_str());
        let parts: Vec<&str> = names.chain(coverage.settings()).collect();
        coverage.hash = TextId::of(&parts.join(" ")).bits();
        coverage
    }

    /// The parameters of the stack that would show all of it, as `make deploy` takes them.
    pub fn settings(&self) -> Vec<&'static str> {
        let reads = (!self.reads.first.is_empty()).then_some(READS_SETTING);
        reads.into_iter().chain((!self.events.first.is_empty()).then_some(ALL_SETTING)).collect()
    }
}
