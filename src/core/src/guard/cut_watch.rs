//! Looking after a cut rule while time passes: is it still disabled, who changed it, whom to remind, when to put it back.

use crate::alerts::{CodeSource, Failure, RuleEvent};
use crate::breaker::{Breaker, Event, Stage};
use crate::model::{DAILY, Fault, FaultKind, RuleDefinition, RuleState, Timestamp};
use crate::record::Outcome;

use super::{Attempt, Step};

impl Step<'_> {
    /// What happens by time alone: probation ends, a reminder is due, an automatic restore begins.
    pub(super) fn let_time_pass(&mut self) {
        let now = self.now;
        match &self.record.breaker {
            Breaker::HalfOpen { until } if *until <= now => {
                self.transition(Event::ProbationOver);
                self.record.trips_in_probation = 0;
            }
            Breaker::Open(cut)
                if cut.restore_at.is_some_and(|due| due <= now) && self.limits.auto_restore.is_some() =>
            {
                self.begin_restore();
            }
            _ => {}
        }
        let is_reminder_due = match &mut self.record.breaker {
            Breaker::Open(cut) | Breaker::Restoring { cut, .. } => cut.take_reminder(now),
            Breaker::Closed | Breaker::HalfOpen { .. } => false,
        };
        if is_reminder_due {
            self.remind();
        }
    }

    fn remind(&mut self) {
        let (Breaker::Open(cut) | Breaker::Restoring { cut, .. }) = &self.record.breaker else { return };
        let event = RuleEvent::Reminder {
            since: cut.disabled_at,
            why: self.record.last_trip.as_ref().map(|trip| trip.reason.clone()).unwrap_or_default(),
            source: cut.found.as_ref().and_then(|found| CodeSource::of(&found.tags)),
        };
        self.queue(self.about(event));
    }

    /// Someone was seen changing the rule: look at it at once.
    pub(super) fn changed(&mut self, by: &str, at: Timestamp) {
        let now = self.now;
        if let Breaker::Open(cut) = &mut self.record.breaker
            && cut.disabled_at.is_some_and(|disabled_at| at >= disabled_at)
        {
            cut.changed_by = Some(by.to_owned());
            cut.next_check = Some(now);
            self.plan.save = true;
        }
    }

    /// The guard is blind to this rule: says so once a day.
    pub(super) fn unmatched(&mut self, problem: &str) {
        if !self.record.unmatched_reported.take(self.now, DAILY) {
            return;
        }
        self.queue(self.about(RuleEvent::Failed(Failure::Pattern(problem.to_owned()))));
    }

    /// The rule as it is now, while the guard takes it to be disabled.
    pub(super) fn checked(&mut self, result: &Result<Box<RuleDefinition>, Fault>) {
        let now = self.now;
        if let Breaker::Restoring { cut, .. } = &mut self.record.breaker {
            cut.checked(now);
            self.proceed();
            if let Ok(rule) = result
                && rule.state.is_enabled()
            {
                self.on_probation();
                let event = RuleEvent::RestoredBefore { to: rule.state };
                self.queue(self.about(event).with_state(rule.state));
            }
            return;
        }
        let Breaker::Open(cut) = &mut self.record.breaker else { return };
        // An answer about an earlier cut: this one has only begun.
        if cut.stage() != Stage::Disabled {
            return;
        }
        cut.checked(now);
        match result {
            Ok(rule) if rule.state.is_enabled() => self.undone(rule),
            Ok(_) => {
                if let (Some(fired_at), false) = (cut.fired_at, cut.firing_reported) {
                    cut.firing_reported = true;
                    self.still_fires(fired_at);
                }
                self.proceed();
            }
            Err(fault) if fault.kind == FaultKind::NotFound => self.deleted(),
            Err(fault) => {
                self.note_failed(Attempt::Check, fault);
                self.proceed();
            }
        }
    }

    fn still_fires(&mut self, fired_at: Timestamp) {
        let event = RuleEvent::Failed(Failure::NotCut(fired_at));
        self.queue(self.about(event).with_state(RuleState::Disabled));
    }

    fn undone(&mut self, rule: &RuleDefinition) {
        let by = self.changed_by();
        self.half_open();
        let limit = self.record.window.limit();
        let event = RuleEvent::Undone { by, to: rule.state, limit, source: CodeSource::of(&rule.tags) };
        self.queue(self.about(event).with_state(rule.state));
        self.end_trip(Outcome::Undone { at: self.now });
    }

    fn deleted(&mut self) {
        let event = RuleEvent::Deleted { by: self.changed_by() };
        self.transition(Event::Deleted);
        self.queue(self.about(event));
        self.end_trip(Outcome::Undone { at: self.now });
        self.proceed();
    }

    fn changed_by(&self) -> Option<String> {
        match &self.record.breaker {
            Breaker::Open(cut) => cut.changed_by.clone(),
            _ => None,
        }
    }
}
