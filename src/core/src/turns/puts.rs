//! Events that no AWS service sent. Their makers are not named: a trace shows which belong together, and CloudTrail's data
//! events on `PutEvents` tell, minutes later, which ones the rule's own target put.
//!
//! Neither is a proof. A target may serve an API as well and put each event for one of its callers, and one program may put
//! all events of a trace.

use super::entry::{Entry, Maker, short};
use super::found::{Found, FoundKind, Missing};
use super::judge::judge;
use super::timeline::Timeline;
use super::{Chains, HORIZON_SECONDS, Terms, Turns};
use crate::model::{Cause, Firing, Put, Timestamp};

/// Time after which it is noted again that CloudTrail tells of such calls, in seconds. Each note costs a write.
const NOTE_AGAIN: i64 = HORIZON_SECONDS / 2;

impl Turns {
    /// Returns true if this event is kept by itself: it has a trace, or CloudTrail tells who puts such events.
    pub(super) fn keeps_event(&self, firing: &Firing<'_>) -> bool {
        let at = firing.at.as_second();
        let is_told = || self.put_told.is_some_and(|told| at < told + HORIZON_SECONDS);
        firing.call.is_none() && (matches!(firing.cause, Cause::Traced(_)) || is_told())
    }

    /// Takes up that the rule's own target put some events. Those that fire the rule later, or are no longer kept one by one,
    /// stay reasons. Returns true if there is anything new to keep.
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

    /// Events that look like a loop: as many turns as make one of API calls, with events of one trace and those of the rule's
    /// own target in the place of its calls.
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

    /// Returns true if an event that fired the rule had a trace.
    pub fn has_traces(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.maker, Maker::Event { .. }) && entry.run != 0)
    }
}
