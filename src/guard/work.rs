//! The work that follows from the breaker's state: inspect, disable, restore, publish – and what their answers mean.

use crate::actions::{Action, AlertKind, quoted};
use crate::attribution;
use crate::breaker::Breaker;
use crate::model::{Fault, FaultKind, RuleDefinition, RuleState};
use crate::policy::Mode;
use crate::record::{Outcome, QuietReason};
use crate::verdict::EvidenceKind;

use super::{Answer, Turn};

/// Rules with this prefix are the guard's own.
pub const OWN_PREFIX: &str = "budget-guard-";

impl Turn<'_> {
    pub(super) fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Published { dedup_id, result } => self.published(dedup_id, result),
            Answer::Inspected(Ok(found)) => self.inspected(found),
            Answer::Inspected(Err(fault)) | Answer::Disabled(Err(fault)) => self.cut_failed(fault),
            Answer::Disabled(Ok(RuleState::Disabled)) => self.disabled(),
            Answer::Disabled(Ok(state)) => {
                let message = format!("DisableRule was accepted, but the rule is still {state}");
                self.cut_failed(&Fault::new(FaultKind::Other, message));
            }
            Answer::Restored(result) => self.restored(result),
        }
    }

    /// The rule as it is before anything is done to it: decides whether it may be touched.
    fn inspected(&mut self, rule: &RuleDefinition) {
        let Breaker::Open { found: found @ None, .. } = &mut self.record.breaker else { return };
        let Some(trip) = &mut self.record.last_trip else { return };
        trip.evidence.mark_targets(attribution::is_target, &rule.targets);
        let by_hand = trip.evidence.kind == EvidenceKind::Manual;
        let untouchable = untouchable(self.record.rule.name(), rule);
        if untouchable.is_none() && rule.state.is_enabled() && (by_hand || self.limits.mode == Mode::Enforce)
        {
            *found = Some(Box::new(rule.clone()));
            return self.proceed();
        }
        self.record.breaker = Breaker::Closed;
        self.plan.save = true;
        if by_hand {
            let because =
                untouchable.unwrap_or_else(|| "it is already disabled, and not by the guard".to_owned());
            trip.outcome = Outcome::Spared { because: because.clone() };
            return self.refuse(format!("the rule was not touched: {because}"), "nothing was changed");
        }
        match (untouchable, self.limits.mode) {
            (Some(because), _) => self.spare(&because, QuietReason::Spared, Some(rule)),
            (None, Mode::Observe) => self.spare("its mode is observe", QuietReason::Observed, Some(rule)),
            (None, Mode::Ignore) => {
                trip.outcome = Outcome::Spared { because: "its mode is ignore".to_owned() }
            }
            (None, Mode::Enforce) => {
                let because = "someone else had already disabled it".to_owned();
                self.plan.notes.push(format!("rule {} was not cut: {because}", quoted(&self.record.rule)));
                trip.outcome = Outcome::Spared { because };
                // What is still on its way was fired before that, and must not count when they enable it again.
                self.record.epoch = self.record.epoch.next(self.now);
            }
        }
    }

    fn disabled(&mut self) {
        let Breaker::Open { found: Some(found), disabled_at: disabled_at @ None } = &mut self.record.breaker
        else {
            return;
        };
        *disabled_at = Some(self.now);
        let found = found.clone();
        if let Some(trip) = self.record.last_trip.clone() {
            let alert = self
                .record
                .alert(AlertKind::Tripped, "", trip.reason.clone(), self.now)
                .with_evidence(&trip.evidence, Some(&found))
                .with_state(RuleState::Disabled)
                .with_undo();
            self.queue(alert);
        }
        self.proceed();
    }

    /// `DescribeRule` or `DisableRule` failed, or the rule is not what it was taken for.
    fn cut_failed(&mut self, fault: &Fault) {
        if !matches!(self.record.breaker, Breaker::Open { disabled_at: None, .. }) {
            return;
        }
        match fault.kind {
            FaultKind::NotFound => self.give_up_cut("the rule no longer exists"),
            FaultKind::Managed => self.give_up_cut("an AWS service manages it"),
            _ => self.failed(
                "disable",
                fault,
                "allow the guard events:DescribeRule, events:ListTargetsByRule, \
                 events:ListTagsForResource and events:DisableRule on this rule; or disable it by hand",
            ),
        }
    }

    fn give_up_cut(&mut self, because: &str) {
        self.record.breaker = Breaker::Closed;
        self.plan.save = true;
        if self.is_by_hand() {
            return self.refuse(format!("the rule was not touched: {because}"), "nothing was changed");
        }
        self.spare(because, QuietReason::Spared, None);
    }

    fn is_by_hand(&self) -> bool {
        self.record.last_trip.as_ref().is_some_and(|trip| trip.evidence.kind == EvidenceKind::Manual)
    }

    fn restored(&mut self, result: &Result<RuleState, Fault>) {
        let Breaker::Restoring { found, .. } = &self.record.breaker else { return };
        match result {
            Ok(state) if *state == found.state => {
                let state = *state;
                self.close_restored();
                let reason =
                    format!("put back to {state}; a new epoch begins and earlier firings no longer count");
                let alert = self.record.alert(AlertKind::Restored, "", reason, self.now).with_state(state);
                self.queue(alert);
            }
            Ok(state) => {
                let message = format!("the rule reads back as {state}, it was {}", found.state);
                self.failed("restore", &Fault::new(FaultKind::Other, message), "run the same command again");
            }
            Err(fault) if fault.kind == FaultKind::NotFound => {
                self.close_restored();
                self.refuse("the rule no longer exists".to_owned(), "the guard forgets the cut");
            }
            Err(fault) => self.failed("restore", fault, "run the same command again"),
        }
    }

    /// Restoring → closed: the next epoch began when the restore did.
    pub(super) fn close_restored(&mut self) {
        let Breaker::Restoring { since, .. } = self.record.breaker else { return };
        self.record.breaker = Breaker::Closed;
        self.record.epoch = self.record.epoch.next(since);
        if let Some(trip) = &mut self.record.last_trip {
            trip.outcome = Outcome::Restored { at: since };
        }
        self.proceed();
    }

    fn failed(&mut self, verb: &str, fault: &Fault, hint: &str) {
        let gives_up = self.record.work.fail(fault, self.now);
        self.may_work = false;
        self.plan.save = true;
        self.plan.notes.push(format!("could not {verb} rule {}: {fault}", quoted(&self.record.rule)));
        if gives_up && !self.record.failure_reported {
            self.record.failure_reported = true;
            let reason = format!("could not {verb} the rule: {fault}; the guard tries again every minute");
            let mut alert = self.record.alert(AlertKind::Failed, verb, reason, self.now).with_hint(hint);
            if let Some(trip) = &self.record.last_trip {
                alert = alert.with_evidence(&trip.evidence, None);
            }
            self.queue(alert);
        }
    }

    fn published(&mut self, dedup_id: &str, result: &Result<(), Fault>) {
        self.plan.save = true;
        match result {
            Ok(()) => {
                self.record.outbox.retain(|alert| alert.dedup_id != dedup_id);
                self.record.post.succeed();
                self.may_post = true;
            }
            Err(fault) => {
                self.record.post.fail(fault, self.now);
                self.may_post = false;
                self.plan.notes.push(format!("could not publish the alert {dedup_id}: {fault}"));
            }
        }
    }

    /// A step of the work is done: the next one is this caller's, too.
    fn proceed(&mut self) {
        self.record.work.succeed();
        self.plan.save = true;
        self.may_work = true;
    }

    /// The next thing to do, if it is this caller's to do. A change of the rule goes before an alert about it.
    pub(super) fn choose_action(&mut self) {
        let work = match &self.record.breaker {
            Breaker::Open { found: None, .. } => Some(Action::Inspect),
            Breaker::Open { disabled_at: None, .. } => Some(Action::Disable),
            Breaker::Restoring { found, .. } if self.is_operator || self.may_work => {
                Some(Action::Restore(found.clone()))
            }
            Breaker::Restoring { .. } | Breaker::Open { .. } | Breaker::Closed => None,
        };
        let alert = self.record.outbox.first().map(|alert| Action::Publish(Box::new(alert.clone())));
        let now = self.now;
        let steps =
            [(work, self.may_work, &mut self.record.work), (alert, self.may_post, &mut self.record.post)];
        let mut look_again = None;
        for (action, is_mine, lease) in steps {
            let Some(action) = action else { continue };
            if is_mine || lease.is_free(now) {
                lease.take(now);
                self.plan.save = true;
                self.plan.next = Some(action);
                return;
            }
            look_again = [look_again, lease.worth_waiting(now)].into_iter().flatten().min();
        }
        self.plan.next = look_again.map(|until| Action::Await { until });
    }
}

/// Why a rule must never be touched, if that is so.
pub fn untouchable(name: &str, rule: &RuleDefinition) -> Option<String> {
    if let Some(service) = &rule.managed_by {
        return Some(format!("the AWS service {service} manages it"));
    }
    if name.starts_with(OWN_PREFIX) {
        return Some("it belongs to the guard itself".to_owned());
    }
    (rule.event_pattern.is_none() && rule.schedule_expression.is_some())
        .then(|| "it is a schedule, which no event can fire".to_owned())
}
