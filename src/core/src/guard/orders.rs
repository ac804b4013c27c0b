//! What a person may order: cut this rule, put it back.

use crate::breaker::{Breaker, Event, Stage};
use crate::model::{RuleDefinition, Target};
use crate::record::Trip;
use crate::verdict::Evidence;

use super::{Refusal, Step};

/// An order given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Cut the rule by hand, for this reason.
    Disable { reason: String },
    /// Put back a rule that the guard cut; `force` also when its loop was proved and nothing has changed.
    Enable { force: bool },
}

impl Step<'_> {
    pub(super) fn order(&mut self, order: &Order) {
        self.wants_restore = matches!(order, Order::Enable { .. });
        match order {
            Order::Disable { reason } => self.order_disable(reason),
            Order::Enable { force } => self.order_enable(*force),
        }
    }

    fn order_disable(&mut self, reason: &str) {
        if let Breaker::Open(_) = self.record.breaker {
            let at = self.record.last_trip.as_ref().map(|trip| trip.at);
            return self.refuse(Refusal::AlreadyCut { at });
        }
        let trip = Trip::new(&self.record, format!("cut by hand: {reason}"), Evidence::manual(), self.now);
        if matches!(self.record.breaker, Breaker::Restoring { .. }) {
            if self.record.work.is_held(self.now) {
                return self.refuse(Refusal::BeingRestored);
            }
            self.transition(Event::Tripped);
            self.record.last_trip = Some(trip);
            return self.proceed();
        }
        self.record.previous_trip = self.record.last_trip.take().map(Box::new);
        self.open(trip);
    }

    fn order_enable(&mut self, force: bool) {
        match &mut self.record.breaker {
            Breaker::Closed | Breaker::HalfOpen { .. } => self.refuse(Refusal::NotCut),
            Breaker::Open(cut) if cut.stage() == Stage::Inspecting => self.refuse(Refusal::CutBegun),
            // A DisableRule that lands after the EnableRule would leave the rule off, and nobody would know.
            Breaker::Open(cut) if cut.stage() == Stage::Disabling && self.record.work.is_held(self.now) => {
                self.refuse(Refusal::BeingDisabled);
            }
            Breaker::Open(cut) => {
                if force || !self.record.last_trip.as_ref().is_some_and(|trip| trip.evidence.proves_loop()) {
                    self.begin_restore();
                } else {
                    // First see whether anything has changed since the loop was proved.
                    cut.next_check = Some(self.now);
                    self.owns_change = true;
                    self.plan.save = true;
                }
            }
            // An earlier `enable` was interrupted.
            Breaker::Restoring { .. } => self.owns_change = true,
        }
    }

    /// Open → restoring.
    pub(super) fn begin_restore(&mut self) {
        if self.transition(Event::RestoreBegun) {
            self.record.failure_reported.clear();
            self.proceed();
        }
    }

    /// The rule was read because a person wants it back, although its loop was proved.
    pub(super) fn compare_before_restore(&mut self, rule: &RuleDefinition) {
        let now = self.now;
        let Breaker::Open(cut) = &mut self.record.breaker else { return };
        cut.checked(now);
        let Some(found) = cut.found.clone() else { return };
        self.proceed();
        let is_known = |target: &Target| !target.is_function() || target.code_sha256.is_some();
        let all_known = found.targets.iter().chain(&rule.targets).all(is_known);
        if rule.differences(&found).is_empty() && all_known {
            let has_functions = found.targets.iter().any(Target::is_function);
            return self.refuse(Refusal::Unchanged { has_functions });
        }
        self.begin_restore();
    }

    /// The rule must not be cut by hand: everything is as it was before the order.
    pub(super) fn refuse_cut(&mut self, because: &str) {
        self.transition(Event::Spared);
        self.record.last_trip = self.record.previous_trip.take().map(|trip| *trip);
        self.record.recent_trips.pop();
        self.plan.save = true;
        self.plan.tally.trips = 0;
        self.refuse(Refusal::Untouchable { because: because.to_owned() });
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.plan.refused = Some(refusal);
    }
}
