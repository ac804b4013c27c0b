//! Events that no AWS service sent. Their makers are unknown at first. A trace connects events that belong together,
//! and the data events of CloudTrail for `PutEvents` report minutes later which of them the rule's own target put.
//!
//! Neither proves a loop. The target may also serve an API and put each event for one of its callers, and one program
//! may put all events of a trace.

use super::entry::{Entry, Maker, short};
use super::found::{Found, FoundKind, Missing};
use super::judge::judge;
use super::timeline::Timeline;
use super::{Chains, HORIZON_SECONDS, Terms, Turns};
use crate::model::{Cause, Firing, Put, Timestamp};

/// Minimum time between two updates of `put_told`, in seconds. Each update costs a write.
const NOTE_AGAIN: i64 = HORIZON_SECONDS / 2;

impl Turns {
    /// Returns true if this event is stored by itself: it has a trace, or CloudTrail reports the makers of such events.
    pub(super) fn keeps_event(&self, firing: &Firing<'_>) -> bool {
        let at = firing.at.as_second();
        let is_told = || self.put_told.is_some_and(|told| at < told + HORIZON_SECONDS);
        firing.call.is_none() && (matches!(firing.cause, Cause::Traced(_)) || is_told())
    }

    /// Marks stored events as put by the rule's own target. Events that arrive later, or that are no longer stored one
    /// by one, remain reasons. Returns true if the stored state changed.
    pub fn put(&mut self, put: &Put) -> bool {
        let at = put.at.as_second();
        let mut is_new = self.put_told.is_none_or(|told| at >= told + NOTE_AGAIN);
        if is_new {
            self.put_told = Some(at);
        }
        for entry in &mut self.entries {
            let is_put = || put.events.iter().any(|id| short(*id) == entry.id);
            if entry.maker == (Maker::Event { is_own: false }) && is_put() {
                entry.maker = Maker::Event { is_own: true };
                is_new = true;
            }
        }
        is_new
    }

    /// Judges events like calls: events of one trace and events put by the rule's own target count as own calls.
    /// Returns a suspicion, never a proof.
    pub fn judge_events(&self, terms: &Terms) -> Option<Found> {
        let may_be_own =
            |entry: &Entry| matches!(entry.maker, Maker::Event { is_own } if is_own || entry.run != 0);
        terms.turns.filter(|_| self.entries.iter().any(may_be_own))?;
        // A suspect does not wait for late reasons.
        let terms = Terms { now: Timestamp::MAX, ..*terms };
        let judgement = judge(&Timeline::new(self, &terms, Chains::Events), &terms);
        let is_chain = |found: &Found| matches!(found.kind, FoundKind::Turns(_) | FoundKind::Rate);
        let found = judgement.proof.or(judgement.rate).or(judgement.suspicion).filter(is_chain)?;
        let missing = found.missing.unwrap_or(Missing::Occasion);
        Some(Found { kind: FoundKind::Events(judgement.turns), missing: Some(missing), ..found })
    }

    /// Returns true if a stored event has a trace.
    pub fn has_traces(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.maker, Maker::Event { .. }) && entry.run != 0)
    }
}
