//! Events that no AWS service sent. Their makers are not named: a trace shows which belong together, and CloudTrail's data
//! events on `PutEvents` tell, minutes later, who put each.

use super::entry::{Maker, short};
use super::{HORIZON_SECONDS, Turns};
use crate::model::{Cause, Firing, Proof, Put};

/// Time after which it is noted again that CloudTrail tells of such calls, in seconds. Each note costs a write.
const NOTE_AGAIN: i64 = HORIZON_SECONDS / 2;

impl Turns {
    /// Returns true if this event is kept by itself: it has a trace, or CloudTrail tells who puts such events.
    pub(super) fn keeps_event(&self, firing: &Firing<'_>) -> bool {
        let at = firing.at.as_second();
        let is_told = || self.put_told.is_some_and(|told| at < told + HORIZON_SECONDS);
        firing.call.is_none() && (matches!(firing.cause, Cause::Traced(_)) || is_told())
    }

    /// Takes up who put some events. Those that were counted before are the maker's from then on; those that come later, or
    /// are no longer kept one by one, stay reasons. Returns true if there is anything new to keep.
    pub fn put(&mut self, put: &Put) -> bool {
        let at = put.at.as_second();
        let is_noted = self.put_told.is_some_and(|told| at < told + NOTE_AGAIN);
        if !is_noted {
            self.put_told = Some(at);
        }
        let mut is_new = !is_noted;
        for id in put.events.iter().map(|id| short(*id)) {
            let index = |turns: &Self| {
                turns.entries.iter().position(|entry| entry.id == id && entry.maker == Maker::Untold)
            };
            let Some(found) = index(self) else { continue };
            let at = self.entries[found].at;
            let maker = match put.cause {
                Cause::Own { actor, proof } => Maker::Own(actor, proof),
                Cause::Sibling(_) => Maker::Sibling(0),
                // A reason, as it is kept.
                _ => continue,
            };
            let Some(maker) = self.place(maker, &put.cause, at) else { continue };
            if let Maker::Own(actor, Proof::Issued) = maker {
                self.issued.insert(actor);
            }
            // The place of a sibling may have been another's, whose entries are gone.
            if let Some(found) = index(self) {
                self.entries[found].maker = maker;
                is_new = true;
            }
        }
        is_new
    }

    /// Returns true if the rule's own target put events that fired it.
    pub fn has_own_events(&self) -> bool {
        self.entries.iter().any(|entry| entry.is_event && matches!(entry.maker, Maker::Own(..)))
    }

    /// Returns true if an event that fired the rule had a trace.
    pub fn has_traces(&self) -> bool {
        self.entries.iter().any(|entry| entry.maker == Maker::Untold && entry.run != 0)
    }
}
