//! Putting a rule back: what came of it, and the probation that follows.

use crate::actions::{AlertKind, Attempt, Refusal};
use crate::breaker::{Breaker, Event};
use crate::model::{Fault, FaultKind, Restoration, RuleDefinition};
use crate::record::Outcome;
use crate::window::Window;

use super::Turn;

const AGAIN: &str = "run budget-guard enable again; it needs events:EnableRule, and events:PutRule for a rule in the third state";

impl Turn<'_> {
    pub(super) fn restored(&mut self, result: &Result<Box<Restoration>, Fault>) {
        let Breaker::Restoring { cut, .. } = &self.record.breaker else { return };
        let Some(found) = cut.found.clone() else { return };
        match result {
            Ok(restoration) if restoration.after.state == found.state => self.put_back(&found, restoration),
            Ok(restoration) => {
                let message =
                    format!("the rule reads back as {}, it was {}", restoration.after.state, found.state);
                self.failed(Attempt::Restore, &Fault::new(FaultKind::Other, message), AGAIN);
            }
            Err(fault) if fault.kind == FaultKind::NotFound => {
                self.transition(Event::Deleted);
                self.end_trip(Outcome::Undone { at: self.now });
                self.proceed();
                self.refuse(Refusal::Gone);
            }
            Err(fault) => self.failed(Attempt::Restore, fault, AGAIN),
        }
    }

    fn put_back(&mut self, found: &RuleDefinition, Restoration { before, after }: &Restoration) {
        let changed_meanwhile = before.differences(found);
        let changed_by_restore = after.differences(before);
        self.on_probation();
        let mut reason =
            format!("put back to {}; on probation with {}", after.state, self.record.window.limit());
        if !changed_meanwhile.is_empty() {
            let names = changed_meanwhile.join(", ");
            reason = format!("{reason}. Changed while it was disabled, and kept as it is now: {names}");
        }
        let alert = self.record.alert(AlertKind::Restored, "", reason, self.now).with_state(after.state);
        self.queue(alert);
        if !changed_by_restore.is_empty() {
            let reason = format!(
                "putting the rule back changed more than its state: {}",
                changed_by_restore.join(", ")
            );
            let alert = self
                .record
                .alert(AlertKind::Failed, "restore-changed", reason, self.now)
                .with_state(after.state);
            self.queue(alert.with_hint("compare the rule with its definition"));
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
