//! Putting a rule back: what came of it, and the probation that follows.

use crate::alerts::{Failure, RuleEvent};
use crate::breaker::{Breaker, Event};
use crate::model::{Fault, FaultKind, Restoration, RuleDefinition};
use crate::record::Outcome;
use crate::window::Window;

use super::{Attempt, Refusal, Step};

impl Step<'_> {
    pub(super) fn restored(&mut self, result: &Result<Box<Restoration>, Fault>) {
        let Breaker::Restoring { cut, .. } = &self.record.breaker else { return };
        let Some(found) = cut.found.clone() else { return };
        match result {
            Ok(restoration) if restoration.after.state == found.state => self.put_back(&found, restoration),
            Ok(restoration) => {
                let message =
                    format!("the rule reads back as {}, it was {}", restoration.after.state, found.state);
                self.restore_failed(&Fault::new(FaultKind::Other, message));
            }
            Err(fault) if fault.kind == FaultKind::NotFound => {
                self.transition(Event::Deleted);
                self.end_trip(Outcome::Undone { at: self.now });
                self.proceed();
                self.refuse(Refusal::Gone);
            }
            Err(fault) => self.restore_failed(fault),
        }
    }

    fn restore_failed(&mut self, fault: &Fault) {
        self.failed(Attempt::Restore, Failure::Restore(fault.to_string()), fault);
    }

    fn put_back(&mut self, found: &RuleDefinition, Restoration { before, after }: &Restoration) {
        let changed_by_restore = after.differences(before);
        self.on_probation();
        let (to, limit) = (after.state, self.record.window.limit());
        let event = RuleEvent::Restored { to, limit, changed: before.differences(found) };
        self.queue(self.about(event).with_state(to));
        if !changed_by_restore.is_empty() {
            let event = RuleEvent::Failed(Failure::RestoreChanged(changed_by_restore));
            self.queue(self.about(event).with_state(to));
        }
    }

    /// The guard has put the rule back.
    pub(super) fn on_probation(&mut self) {
        let Breaker::Restoring { since, .. } = self.record.breaker else { return };
        self.half_open();
        self.end_trip(Outcome::Restored { at: since });
    }

    /// The rule is enabled again, with a quarter of its limit.
    pub(super) fn half_open(&mut self) {
        let until = self.now + jiff::SignedDuration::from(self.limits.probation);
        self.transition(Event::Enabled { until });
        self.record.window = Window::new(self.probation_limit());
        self.proceed();
    }

    pub(super) fn end_trip(&mut self, outcome: Outcome) {
        if let Some(trip) = &mut self.record.last_trip {
            trip.outcome = outcome;
        }
    }
}
