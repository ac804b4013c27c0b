//! Cuts that the guard does not make, because it has cut too many rules within an hour.

use jiff::SignedDuration;

use crate::alerts::{Alert, RuleEvent};
use crate::breaker::Event;
use crate::cuts::Pause;
use crate::model::{DAILY, Throttle};
use crate::record::{Outcome, Quiet, QuietReason, Withheld};

use super::Step;

/// Time after which the rule is judged again, so that it is cut soon after the pause ends.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// Reason for which the rule is not cut.
const BECAUSE: &str = "the guard has cut too many rules within an hour and waits for a person";

impl Step<'_> {
    /// The cut is withheld: it is reported once for each pause and then daily, and judged again after a minute.
    pub(super) fn withheld(&mut self, pause: &Pause) {
        let is_trial = self.is_trial();
        if !self.transition(Event::Spared) {
            return;
        }
        if is_trial {
            return self.end_trip(Outcome::Spared { because: BECAUSE.to_owned() });
        }
        self.record.recent_trips.pop();
        self.end_trip(Outcome::Spared { because: BECAUSE.to_owned() });
        self.record.quiet = Some(Quiet { until: self.now + AGAIN, because: QuietReason::Withheld });
        let known = self.record.withheld.filter(|known| known.since == pause.since);
        if known.is_some_and(|known| !known.reported.is_due(self.now, DAILY)) {
            return;
        }
        let reported = Throttle::reported(self.now);
        self.record.withheld = Some(Withheld { since: pause.since, reported });
        let Some(trip) = self.record.last_trip.clone() else { return };
        self.plan.tally.would_trip += 1;
        let event = RuleEvent::WouldTrip {
            why: trip.reason.clone(),
            because: BECAUSE.to_owned(),
            at: trip.at,
            is_observed: false,
        };
        self.queue(self.about_evidence(event, &trip.evidence));
        if pause.withheld.first() == Some(&self.record.rule) {
            self.queue_alert(Alert::about_pause(pause, self.now));
        }
    }
}
