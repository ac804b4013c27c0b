//! Orders of a person: cut this rule, or restore it.

use crate::alerts::{AfterCut, RuleEvent};
use crate::breaker::{Breaker, Cut, Event};
use crate::model::RuleState;
use crate::record::Trip;
use crate::verdict::Evidence;

use super::{CureOrder, Refusal, Step};

/// An order given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Cut the rule by hand.
    Disable {
        /// Reason that the person gives.
        reason: String,
    },
    /// Restore a rule that the guard cut.
    Enable {
        /// Restore it even if its loop was proved and nothing has changed since.
        force: bool,
    },
    /// Change the rule's event pattern, or put the old one back.
    Cure(CureOrder),
}

impl Step<'_> {
    pub(super) fn order(&mut self, order: &Order) {
        if let Order::Cure(order) = order {
            return self.order_cure(order);
        }
        self.wants_restore = matches!(order, Order::Enable { .. });
        // A person decides, so there is nothing left to try.
        let trial = self.record.trial.take().filter(|trial| trial.is_off());
        match order {
            Order::Disable { reason } if trial.is_some() => self.keep_tried_rule(reason),
            Order::Disable { reason } => self.order_disable(reason),
            Order::Enable { force } => self.order_enable(*force),
            Order::Cure(_) => {}
        }
    }

    fn order_disable(&mut self, reason: &str) {
        if let Breaker::Open(_) = self.record.breaker {
            let at = self.record.last_trip.as_ref().map(|trip| trip.at);
            return self.refuse(Refusal::AlreadyCut { at });
        }
        let trip = Trip::new(&self.record, format!("cut by hand: {reason}"), Evidence::manual(), self.now);
        if matches!(self.record.breaker, Breaker::Restoring(_)) {
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

    /// A rule that is off for a trial stays off, cut by hand.
    fn keep_tried_rule(&mut self, reason: &str) {
        let trip = Trip::new(&self.record, format!("cut by hand: {reason}"), Evidence::manual(), self.now);
        if let Some(disabled) = self.record.breaker.disabled_mut() {
            disabled.restore_at = None;
            let event =
                RuleEvent::Tripped { why: trip.reason.clone(), next: AfterCut::ByPerson, is_watched: None };
            self.queue(self.about(event).with_state(RuleState::Disabled));
        }
        self.record.last_trip = Some(trip);
        self.proceed();
    }

    fn order_enable(&mut self, force: bool) {
        match &mut self.record.breaker {
            Breaker::Closed | Breaker::HalfOpen { .. } => self.refuse(Refusal::NotCut),
            Breaker::Open(Cut::Inspecting { .. }) => self.refuse(Refusal::CutBegun),
            // A DisableRule that lands after the EnableRule would leave the rule off, unnoticed.
            Breaker::Open(Cut::Disabling { .. }) if self.record.work.is_held(self.now) => {
                self.refuse(Refusal::BeingDisabled);
            }
            Breaker::Open(_) => {
                if force || !self.record.is_proved_loop() {
                    self.begin_restore();
                } else {
                    // First see whether anything has changed since the loop was proved.
                    let now = self.now;
                    if let Some(disabled) = self.record.breaker.disabled_mut() {
                        disabled.next_check = now;
                    }
                    self.owns_change = true;
                    self.plan.save = true;
                }
            }
            // An earlier `enable` was interrupted.
            Breaker::Restoring(_) => self.owns_change = true,
        }
    }
}
