//! Changes of the breaker's state, and of what is kept with it.

use crate::breaker::{Breaker, Event};
use crate::model::Timestamp;
use crate::record::Trip;
use crate::turns::Turns;
use crate::window::Window;

use super::{LATCH_TRIPS, Step};

impl Step<'_> {
    /// Changes the breaker's state. Returns false if the event changes nothing in the present one.
    pub(super) fn transition(&mut self, event: Event) -> bool {
        let Some((breaker, effects)) = self.record.breaker.next(event, self.now) else { return false };
        self.record.breaker = breaker;
        if let Some(began) = effects.epoch {
            self.begin_epoch(began);
        } else if effects.forgets_firings {
            self.forget_firings();
        }
        self.plan.save = true;
        true
    }

    /// The next life of the rule: what it did before never counts.
    pub(super) fn begin_epoch(&mut self, began: Timestamp) {
        self.record.epoch = self.record.epoch.next(began);
        self.forget_firings();
    }

    fn forget_firings(&mut self) {
        self.record.window = Window::new(self.limits.burst);
        self.record.turns = Turns::default();
        self.record.proof_due = None;
    }

    /// Nothing is done to the rule before this is saved.
    pub(super) fn open(&mut self, trip: Trip) {
        self.remember_trip();
        self.transition(Event::Tripped);
        self.record.last_trip = Some(trip);
        self.record.work.succeed();
        self.record.failure_reported.clear();
        self.record.quiet = None;
        self.plan.tally.trips += 1;
        self.plan.save = true;
        // A question about the rule's rate no longer matters once it is to be cut.
        self.question = None;
        self.owns_change = true;
    }

    /// A trip counts against automatic restores, and on probation against the next back-off.
    fn remember_trip(&mut self) {
        let trips = &mut self.record.recent_trips;
        trips.push(self.now);
        if trips.len() > LATCH_TRIPS {
            trips.remove(0);
        }
        self.record.trips_in_probation = match self.record.breaker {
            Breaker::HalfOpen { .. } => self.record.trips_in_probation.saturating_add(1),
            _ => 0,
        };
    }
}
