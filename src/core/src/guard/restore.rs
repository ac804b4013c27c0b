//! Restores: their beginning, their outcome, and the probation that follows.

use crate::alerts::{Failure, RuleEvent};
use crate::breaker::{Breaker, Event};
use crate::model::{Fault, FaultKind, Restoration, RuleDefinition, Target};
use crate::policy::TAG_PREFIX;
use crate::record::Outcome;

use super::{Attempt, Refusal, Step};

impl Step<'_> {
    pub(super) fn restored(&mut self, result: &Result<Box<Restoration>, Fault>) {
        let Breaker::Restoring(restore) = &self.record.breaker else { return };
        let found = restore.found.clone();
        match result {
            Ok(restoration) if restoration.after.state == found.state => self.put_back(&found, restoration),
            Ok(restoration) => {
                let message =
                    format!("the rule reads back as {}, it was {}", restoration.after.state, found.state);
                self.restore_failed(&Fault::new(FaultKind::Other, message));
            }
            Err(fault) if fault.kind == FaultKind::NotFound => {
                self.transition(Event::Deleted);
                self.end_trip(Outcome::Undone { at: self.now });
                self.proceed();
                self.refuse(Refusal::Gone);
            }
            Err(fault) => self.restore_failed(fault),
        }
    }

    fn restore_failed(&mut self, fault: &Fault) {
        self.failed(Attempt::Restore, Failure::Restore(fault.to_string()), fault);
    }

    fn put_back(&mut self, found: &RuleDefinition, Restoration { before, after }: &Restoration) {
        let changed_by_restore = after.differences(before);
        self.on_probation();
        let (to, limit) = (after.state, self.record.window.limit());
        let missed = self.record.aftermath.as_ref().map(|after| after.missed.clone());
        let missed = missed.filter(|missed| missed.total() > 0);
        let event = RuleEvent::Restored { to, limit, changed: before.differences(found), missed };
        self.queue(self.about(event).with_state(to));
        if !changed_by_restore.is_empty() {
            let event = RuleEvent::Failed(Failure::RestoreChanged(changed_by_restore));
            self.queue(self.about(event).with_state(to));
        }
    }

    /// The guard has put the rule back.
    pub(super) fn on_probation(&mut self) {
        let Breaker::Restoring(restore) = &self.record.breaker else { return };
        let since = restore.since;
        self.half_open();
        self.end_trip(Outcome::Restored { at: since });
    }

    /// Open → restoring.
    pub(super) fn begin_restore(&mut self) {
        if self.transition(Event::RestoreBegun) {
            self.record.failure_reported.clear();
            self.proceed();
        }
    }

    /// The parts of a rule that decide if it fires itself. Another description, a tag that is not the guard's, and the guard's own
    /// queue as a target change nothing about that.
    fn acting(&self, rule: &RuleDefinition) -> RuleDefinition {
        let mut rule = rule.clone();
        let queue = self.limits.attached_queue.as_deref();
        rule.targets.retain(|target| Some(target.arn.as_str()) != queue);
        rule.tags.retain(|key, _| key.starts_with(TAG_PREFIX));
        rule.description = None;
        rule
    }

    /// The rule was read because a person wants it back, although its loop was proved.
    pub(super) fn compare_before_restore(&mut self, rule: &RuleDefinition) {
        let Some(disabled) = self.record.breaker.disabled_mut() else { return };
        disabled.checked(self.now);
        let found = disabled.found.clone();
        self.proceed();
        let is_known = |target: &Target| !target.is_function() || target.code_sha256.is_some();
        let all_known = found.targets.iter().chain(&rule.targets).all(is_known);
        let is_same = self.acting(rule).differences(&self.acting(&found)).is_empty();
        if is_same && all_known {
            let has_functions = found.targets.iter().any(Target::is_function);
            return self.refuse(Refusal::Unchanged { has_functions });
        }
        self.begin_restore();
    }
}
