//! Neighbours of a loop: rules that receive the calls of another rule's target. They wait while that rule is cut, and
//! are then judged by the calls of others alone.

use jiff::SignedDuration;

use crate::breaker::Event;
use crate::record::{Outcome, Quiet, QuietReason, Wait};
use crate::verdict::{EvidenceKind, Trace};

use super::Step;
use super::chains::OTHERS_TURN;

/// Longest wait for the end of the other rule's calls.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// Time after its last trip after which a wait is over.
const FORGOTTEN: SignedDuration = SignedDuration::from_mins(16);
/// Time until the rule is judged again.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);

impl Step<'_> {
    /// Returns true if the trip rests on the number of firings, and targets of other rules made most of them.
    pub(super) fn is_neighbour(&self) -> bool {
        let is_by_number = self
            .record
            .last_trip
            .as_ref()
            .is_some_and(|trip| trip.evidence.own.is_none() && trip.evidence.kind == EvidenceKind::Burst);
        let (siblings, all) = self.siblings();
        is_by_number && siblings > 0 && siblings * 2 >= all
    }

    /// Number of firings by targets of other rules, and of all firings, within the last window of the limit.
    fn siblings(&self) -> (u64, u64) {
        self.record.turns.siblings_within(self.record.window.limit().window)
    }

    /// The rules whose targets made the calls were read. Without a cut one of them, the rule waits a minute, because it
    /// may be about to be cut: the order within a batch must not matter.
    pub(super) fn judge_neighbour(&mut self, trace: &Trace) {
        let culprits = trace.first.iter().flat_map(|(_, rules)| rules);
        let culprit = culprits
            .filter(|rule| trace.upstream.iter().any(|one| one.is_open && one.rule == **rule))
            .min()
            .cloned();
        let begun = self.record.wait.filter(|wait| self.now.duration_since(wait.last) < FORGOTTEN);
        let since = begun.map_or(self.now, |wait| wait.since);
        self.record.wait = Some(Wait { since, last: self.now });
        let waited = self.now.duration_since(since);
        let (siblings, all) = self.siblings();
        let because = match &culprit {
            Some(rule) if waited < LONGEST => {
                format!("most of these calls are those of rule {}, which is cut", crate::alerts::quoted(rule))
            }
            Some(rule) if self.is_few_without(siblings, all) => {
                format!(
                    "without the calls of rule {}, which is cut, they are too few",
                    crate::alerts::quoted(rule)
                )
            }
            None if waited < OTHERS_TURN => {
                "most of these calls are those of another rule's target, which may be about to be cut"
                    .to_owned()
            }
            _ => {
                self.record.wait = None;
                self.transition(Event::Claimed);
                return self.proceed();
            }
        };
        self.record.recent_trips.pop();
        self.end_trip(Outcome::Spared { because });
        self.transition(Event::Spared);
        self.record.quiet = Some(Quiet { until: self.now + AGAIN, because: QuietReason::Neighbour });
    }

    /// Returns true if the firings without those of other rules' targets are below the limit.
    fn is_few_without(&self, siblings: u64, all: u64) -> bool {
        let Some(trip) = &self.record.last_trip else { return false };
        let others = trip.evidence.count.saturating_mul(all.saturating_sub(siblings)) / all.max(1);
        others < u64::from(self.record.window.limit().count.get())
    }
}
