//! Changes of the breaker's state and of what is kept with it, and what every stage does with the plan.

use crate::alerts::{Alert, CostEstimate, Failure, RuleBody, RuleEvent};
use crate::breaker::{Breaker, Cut, Event};
use crate::model::{DAILY, Fault, Timestamp};
use crate::record::{Outcome, Trip};
use crate::turns::Turns;
use crate::verdict::{Evidence, EvidenceKind};
use crate::window::Window;

use super::{Attempt, LATCH_TRIPS, MAX_WAITING, Note, Refusal, Step};

impl Step<'_> {
    /// Changes the breaker's state. Returns false if the event changes nothing in the present one.
    pub(super) fn transition(&mut self, event: Event) -> bool {
        let ends_trial = matches!(event, Event::Spared | Event::FoundDisabled | Event::Deleted);
        let Some((breaker, effects)) = self.record.breaker.next(event, self.now) else { return false };
        self.record.breaker = breaker;
        if ends_trial {
            self.record.trial = None;
        }
        if let Some(began) = effects.epoch {
            self.begin_epoch(began);
        }
        self.plan.save = true;
        true
    }

    /// The next life of the rule: what it did before never counts.
    pub(super) fn begin_epoch(&mut self, began: Timestamp) {
        self.record.epoch = self.record.epoch.next(began);
        self.forget_firings();
    }

    pub(super) fn forget_firings(&mut self) {
        self.record.window = Window::new(self.limits.burst);
        self.record.turns = Turns::default();
        self.record.proof_due = None;
    }

    /// Nothing is done to the rule before this is saved.
    pub(super) fn open(&mut self, trip: Trip) {
        self.remember_trip();
        self.record.trial = None;
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

    /// Sets the outcome of the last trip.
    pub(super) fn end_trip(&mut self, outcome: Outcome) {
        if let Some(trip) = &mut self.record.last_trip {
            trip.outcome = outcome;
        }
    }

    /// The rule is enabled again, with a quarter of its limit.
    pub(super) fn half_open(&mut self) {
        self.trial_enabled();
        let until = self.now + jiff::SignedDuration::from(self.limits.probation);
        self.transition(Event::Enabled { until });
        self.record.window = Window::new(self.probation_limit());
        self.proceed();
    }

    /// A step of the work is done: the next one is this caller's, too.
    pub(super) fn proceed(&mut self) {
        self.record.work.succeed();
        self.plan.save = true;
        self.owns_change = true;
    }

    /// Returns true while firings count: the rule is neither cut nor about to be put back.
    pub(super) fn counts(&self) -> bool {
        matches!(self.record.breaker, Breaker::Closed | Breaker::HalfOpen { .. })
    }

    /// Notes in the plan that a call failed.
    pub(super) fn note_failed(&mut self, attempt: Attempt, fault: &Fault) {
        let (rule, fault) = (self.record.rule.clone(), fault.clone());
        self.plan.notes.push(Note::Failed { attempt, rule, fault });
    }

    /// Work on the rule failed: a later invocation tries again, and people are told once a day.
    pub(super) fn failed(&mut self, attempt: Attempt, failure: Failure, fault: &Fault) {
        let lease_ends = self.record.work.until;
        let gives_up = self.record.work.fail(fault, self.now);
        let changes_rule =
            matches!(self.record.breaker, Breaker::Open(Cut::Disabling { .. }) | Breaker::Restoring(_));
        if changes_rule && fault.is_unanswered() {
            self.record.work.stay_held(lease_ends);
        }
        self.owns_change = false;
        self.plan.save = true;
        self.note_failed(attempt, fault);
        if gives_up && self.record.failure_reported.take(self.now, DAILY) {
            let mut body = self.about(RuleEvent::Failed(failure));
            if let Some(trip) = &self.record.last_trip {
                body = body.with_evidence(&trip.evidence);
            }
            self.queue(body);
        }
    }

    /// The order is not carried out.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.plan.refused = Some(refusal);
    }

    /// An event of this rule, as its breaker now stands.
    pub(super) fn about(&self, event: RuleEvent) -> RuleBody {
        RuleBody::new(event, self.record.breaker.word())
    }

    /// The same with its evidence, and with the cost of the firings as far as the targets are known.
    pub(super) fn about_evidence(&self, event: RuleEvent, evidence: &Evidence) -> RuleBody {
        self.about(event).with_evidence(evidence).with_cost(self.cost(evidence))
    }

    /// Cost of the firings that the evidence counts. `None` if the targets or the times of the firings are not known.
    pub(super) fn cost(&self, evidence: &Evidence) -> Option<CostEstimate> {
        let call = evidence.call.as_deref().filter(|_| evidence.own_calls().0 > 0);
        let basis = self.limits.cost_basis.as_ref()?;
        let limit = self.limits.spend.filter(|_| evidence.kind == EvidenceKind::Burst);
        let cost = CostEstimate::new(evidence, basis.firing(self.record.means(), call))?;
        Some(cost.with_limit(limit))
    }

    /// Adds an alert about the rule to the outbox.
    pub(super) fn queue(&mut self, body: RuleBody) {
        self.queue_alert(Alert::about_rule(&self.record.rule, self.record.epoch.number, body, self.now));
    }

    /// Adds any alert to the outbox.
    pub(super) fn queue_alert(&mut self, alert: Alert) {
        if let Some(oldest) = self.record.outbox.queue(alert, MAX_WAITING) {
            self.plan.notes.push(Note::GivenUp { kept: MAX_WAITING, reason: oldest.reason() });
        }
        self.plan.save = true;
    }
}
