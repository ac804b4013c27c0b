//! Firings: counted by the window and by the turns, or late.

use crate::breaker::{Breaker, Cut};
use crate::model::{Call, Cause, Firing, FiringId, LEASE};
use crate::turns::Delivery;
use crate::verdict;
use crate::window::Inserted;

use super::Step;

impl Step<'_> {
    pub(super) fn firing(&mut self, firing: &Firing<'_>) {
        self.plan.tally.firings += 1;
        match &mut self.record.breaker {
            Breaker::Closed | Breaker::HalfOpen { .. } => {}
            // Nothing was done to the rule yet. If it is spared, a firing that was missed would look like one without cause.
            Breaker::Open(Cut::Inspecting { .. }) => {}
            Breaker::Open(Cut::Disabling { .. }) => {
                self.late();
                return self.missed(firing);
            }
            Breaker::Open(Cut::Disabled(disabled)) => {
                disabled.late_firing(firing.at, self.now);
                self.late();
                return self.missed(firing);
            }
            // It may be enabled already, or DisableRule may not have spread yet: a check tells.
            Breaker::Restoring(restore) => {
                let is_soon = restore.next_check.is_some_and(|due| due <= self.now + LEASE);
                if firing.at > restore.since && !is_soon {
                    restore.next_check = Some(self.now);
                }
                return self.late();
            }
        }
        if self.record.epoch.began.is_some_and(|began| firing.at < began) {
            return self.late();
        }
        let by_session = self.record.turns.cause_of(firing).map(|cause| Firing { cause, ..firing.clone() });
        let firing = by_session.as_ref().unwrap_or(firing);
        let id = FiringId::of(&firing.event_id);
        let (inserted, delivery) = self.insert_once(firing, id);
        if let Some(trial) = &mut self.record.trial
            && delivery != Delivery::Repeated
            && trial.note(firing.at, matches!(firing.cause, Cause::Own { .. }))
        {
            self.plan.save = true;
        }
        if self.record.turns.insert(firing, id, delivery, self.now) {
            (self.touched, self.plan.save) = (true, true);
        }
        match inserted {
            Some(Inserted::Duplicate) => self.plan.tally.duplicates += 1,
            Some(Inserted::TooLate) => self.late(),
            Some(Inserted::Unsampled) | None => {}
            Some(Inserted::At(index)) => {
                self.plan.save = true;
                self.counted = true;
                if self.counts()
                    && self.limits.counts_all_callers()
                    && let Some(evidence) = verdict::burst(&self.record.window, index)
                {
                    self.burst(evidence);
                }
            }
        }
    }

    /// Counts a firing in the window, which knows the events of the last 15 minutes.
    pub(super) fn insert_once(&mut self, firing: &Firing<'_>, id: FiringId) -> (Option<Inserted>, Delivery) {
        let inserted = match counts_by_rate(firing) {
            true => Some(self.record.window.insert_as(firing, id, self.now)),
            false => None,
        };
        let delivery = match inserted {
            Some(Inserted::At(_)) => Delivery::First,
            Some(Inserted::Duplicate) => Delivery::Repeated,
            Some(Inserted::Unsampled | Inserted::TooLate) | None => Delivery::Unknown,
        };
        (inserted, delivery)
    }

    pub(super) fn late(&mut self) {
        self.plan.tally.late += 1;
        self.record.late += 1;
        self.plan.save = true;
    }
}

/// Returns true unless anybody could cause the firing without the right to do anything: sign-in events, and calls of
/// others that were refused. A flood of these must not switch a rule off.
fn counts_by_rate(firing: &Firing<'_>) -> bool {
    let is_by_a_target = matches!(firing.cause, Cause::Own { .. } | Cause::Sibling(_) | Cause::Service);
    is_by_a_target || !firing.call.as_ref().is_some_and(Call::needs_no_permission)
}
