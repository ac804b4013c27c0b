//! What a person may order: cut this rule, put it back.

use crate::actions::Refusal;
use crate::breaker::Breaker;
use crate::record::Trip;
use crate::verdict::Evidence;

use super::Turn;

/// An order given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Cut the rule by hand, for this reason.
    Disable { reason: String },
    /// Put back a rule that the guard cut.
    Enable,
}

impl Turn<'_> {
    pub(super) fn order(&mut self, order: &Order) {
        self.is_operator = true;
        match order {
            Order::Disable { reason } => self.order_disable(reason),
            Order::Enable => self.order_enable(),
        }
    }

    fn order_disable(&mut self, reason: &str) {
        if let Breaker::Open { .. } = self.record.breaker {
            let at = self.record.last_trip.as_ref().map(|trip| trip.at.to_string()).unwrap_or_default();
            return self
                .refuse(format!("the guard already cut this rule at {at}"), "see `explain` for the reason");
        }
        let trip = Trip::new(&self.record, format!("cut by hand: {reason}"), Evidence::manual(), self.now);
        self.open(trip);
    }

    fn order_enable(&mut self) {
        match &mut self.record.breaker {
            Breaker::Closed => self.refuse(
                "the guard did not cut this rule, so it will not enable it".to_owned(),
                "if someone else disabled it: aws events enable-rule",
            ),
            Breaker::Open { found: None, .. } => self.refuse(
                "the rule's cut has only begun; nothing was done to the rule yet".to_owned(),
                "run the command again in a few seconds",
            ),
            Breaker::Open { found, .. } => {
                if let Some(found) = found.take() {
                    self.record.breaker = Breaker::Restoring { found, since: self.now };
                    self.record.work.succeed();
                    self.record.failure_reported = false;
                    self.plan.save = true;
                    self.may_work = true;
                }
            }
            // An earlier `enable` was interrupted.
            Breaker::Restoring { .. } => self.may_work = true,
        }
    }

    pub(super) fn refuse(&mut self, reason: String, hint: &str) {
        self.plan.refused = Some(Refusal { reason, hint: Some(hint.to_owned()) });
    }
}
