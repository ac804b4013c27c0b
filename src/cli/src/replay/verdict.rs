//! Verdict on a rule's firings in the logs.

use std::fmt;

use budget_guard_core::model::{MeanDurations, MicroUsd};
use budget_guard_core::prices::FiringCost;
use budget_guard_core::replay::{RuleReport, RuleSpec, WouldTrip};
use serde::{Serialize, Serializer};

use crate::commands::acting::Knowledge;

/// Verdict on a rule in these logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It would have been cut, because its own calls prove a loop.
    Proved,
    /// It would have been cut by its rate.
    OverLimit,
    /// It fired and would not have been cut, but its own calls are not all known, so that it may be a loop.
    Unproved,
    /// The logs hold no record of the rule's account and Region.
    NotInLogs,
    /// It did not fire, or its firings are no loop and below the limit.
    Quiet,
}

impl Verdict {
    /// Verdict on a rule, in the place with this trip.
    pub(super) fn new(rule: &RuleSpec, outcome: &RuleReport, trip: Option<&WouldTrip>) -> Self {
        match trip {
            Some(would) if would.trip.evidence.proves_loop() => Self::Proved,
            Some(_) => Self::OverLimit,
            None if !outcome.is_covered => Self::NotInLogs,
            None if outcome.firings() > 0 && !is_told(rule) => Self::Unproved,
            None if outcome.places.iter().any(|place| place.is_doubtful) => Self::Unproved,
            None => Self::Quiet,
        }
    }

    /// Word in JSON.
    fn key(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::OverLimit => "over-limit",
            Self::Unproved => "unproved",
            Self::NotInLogs => "not-in-logs",
            Self::Quiet => "quiet",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proved => "proved loop",
            Self::OverLimit => "over limit",
            Self::NotInLogs => "not in logs",
            Self::Unproved | Self::Quiet => self.key(),
        })
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

/// Returns true if the file tells all actors behind the rule's targets.
pub(super) fn is_told(rule: &RuleSpec) -> bool {
    Knowledge::of_listed(rule) == Some(Knowledge::Known)
}

/// Cost of a rule's firings at list price, before and after its trip.
#[derive(Debug, Serialize)]
pub(super) struct TripCost {
    /// Price of the firings up to the trip, which the guard does not save.
    #[serde(rename = "before_micro_usd")]
    pub before: MicroUsd,
    /// Price of the firings after the trip, which the guard would have saved.
    #[serde(rename = "after_micro_usd")]
    pub after: MicroUsd,
    /// Price of a firing by its parts.
    pub firing: FiringCost,
}

impl TripCost {
    /// Cost of a trip. `None` if the file has no targets.
    pub(super) fn new(rule: &RuleSpec, would: &WouldTrip) -> Option<Self> {
        let evidence = &would.trip.evidence;
        let call = evidence.call.as_deref().filter(|_| evidence.own_calls().0 > 0);
        // The logs do not tell how long functions run.
        let firing = rule.cost_basis()?.firing(&MeanDurations::new(), call);
        let of = |firings| firing.per_million().per_million_times(firings);
        Some(Self { before: of(would.firings_before), after: of(would.firings_after), firing })
    }
}
