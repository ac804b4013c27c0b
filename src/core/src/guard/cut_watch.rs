//! Checks of a cut rule while time passes: still disabled, changed by others, due for a reminder or for a restore.

use crate::alerts::{CodeSource, Failure, RuleEvent};
use crate::breaker::{Breaker, Cut, Event};
use crate::model::{Fault, FaultKind, RuleDefinition, RuleState, Timestamp};
use crate::record::Outcome;

use super::{Attempt, Step};

impl Step<'_> {
    /// Changes by time alone: probation ends, a reminder is due, an automatic restore begins.
    pub(super) fn let_time_pass(&mut self) {
        let now = self.now;
        match &self.record.breaker {
            Breaker::HalfOpen { until } if *until <= now => {
                self.transition(Event::ProbationOver);
                self.record.trips_in_probation = 0;
            }
            Breaker::Open(Cut::Disabled(disabled))
                if disabled.restore_at.is_some_and(|due| due <= now)
                    && (self.is_trial()
                        || self.limits.auto_restore.is_some() && !self.record.is_proved_loop()) =>
            {
                self.begin_restore();
            }
            _ => {}
        }
        let is_reminder_due = match &mut self.record.breaker {
            Breaker::Open(Cut::Disabled(disabled)) => disabled.take_reminder(now),
            Breaker::Restoring(restore) => restore.take_reminder(now),
            Breaker::Closed | Breaker::Open(_) | Breaker::HalfOpen { .. } => false,
        };
        if is_reminder_due {
            self.remind();
        }
    }

    fn remind(&mut self) {
        let since = match &self.record.breaker {
            Breaker::Restoring(restore) => restore.disabled_at,
            breaker => breaker.disabled().map(|disabled| disabled.at),
        };
        let event = RuleEvent::Reminder {
            since,
            why: self.record.last_trip.as_ref().map(|trip| trip.reason.clone()).unwrap_or_default(),
            source: self.record.breaker.found().and_then(|found| CodeSource::of(&found.tags)),
        };
        self.queue(self.about(event));
    }

    /// Another principal was seen changing the rule: a check is due at once.
    pub(super) fn changed(&mut self, by: &str, at: Timestamp) {
        let now = self.now;
        if let Some(disabled) = self.record.breaker.disabled_mut().filter(|disabled| at >= disabled.at) {
            disabled.changed_by = Some(by.to_owned());
            disabled.next_check = now;
            self.plan.save = true;
        }
    }

    /// The rule as it is now, while the guard takes it to be disabled.
    pub(super) fn checked(&mut self, result: &Result<Box<RuleDefinition>, Fault>) {
        let now = self.now;
        if let Breaker::Restoring(restore) = &mut self.record.breaker {
            restore.checked(now);
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
        // Otherwise the answer is about an earlier cut, and this one has only begun.
        let Some(disabled) = self.record.breaker.disabled_mut() else { return };
        disabled.checked(now);
        match result {
            Ok(rule) if rule.state.is_enabled() => self.undone(rule),
            Ok(rule) => {
                // Another pattern takes other events, so their end or their going on says nothing.
                if rule.event_pattern != disabled.found.event_pattern
                    && let Some(after) = &mut self.record.aftermath
                {
                    after.end();
                }
                if let (Some(fired_at), false) = (disabled.fired_at, disabled.firing_reported) {
                    disabled.firing_reported = true;
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
        self.record.trial = None;
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
        self.record.breaker.disabled()?.changed_by.clone()
    }
}
