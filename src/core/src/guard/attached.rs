//! Firings of attached rules, whose messages are made up by the rule that sends them: two checks of a cut that rests on
//! them.
//!
//! Any principal that may put targets on a rule of its own can send the guard's queue for attached rules a message that
//! names another rule. Before the cut, that rule is seen to send to the queue. After the cut, CloudWatch must have counted
//! its firings.

use jiff::SignedDuration;

use crate::aftermath::CutOutcome;
use crate::model::{Fault, FaultKind, Firing, RuleDefinition};

use super::Step;

/// Time before a cut whose firings are compared with CloudWatch's count. Source of the count: `SinceCut::fired_before`.
const COMPARED: SignedDuration = SignedDuration::from_hours(1);

impl Step<'_> {
    /// A firing for which only an attached rule vouches.
    pub(super) fn attached(&mut self, firing: &Firing<'_>) {
        let uncounted = |step: &Self| step.plan.tally.duplicates + step.plan.tally.late;
        let before = uncounted(self);
        self.firing(firing);
        if uncounted(self) == before {
            self.record.attached_at = Some(self.now);
        }
    }

    /// Reason not to cut a rule that does not send to the guard's queue. `None` if it does, or need not.
    pub(super) fn why_not_attached(&self, rule: &RuleDefinition) -> Option<&'static str> {
        let queue = self.limits.attached_queue.as_deref().filter(|_| self.rests_on_attached())?;
        let is_attached = rule.targets.iter().any(|target| target.arn == queue);
        (!is_attached).then_some("it does not send to the guard's queue, so firings of it were made up")
    }

    /// Forgets firings of a rule that is not attached.
    pub(super) fn forget_attached(&mut self) {
        self.record.attached_at = None;
        self.record.trial = None;
        self.forget_firings();
    }

    fn rests_on_attached(&self) -> bool {
        self.record.attached_at.is_some_and(|at| self.now.duration_since(at) <= COMPARED)
    }

    /// Number of firings that CloudWatch has to confirm after a cut. Zero if none has to be.
    pub(super) fn unconfirmed(&self) -> u64 {
        if self.rests_on_attached() { self.fired_within(COMPARED) } else { 0 }
    }

    /// Compares CloudWatch's count with the guard's.
    pub(super) fn compare(&mut self, fired_before: u64) {
        let Some(after) = &mut self.record.aftermath else { return };
        let age = self.now.duration_since(after.cut_at);
        if after.contradicts(fired_before) {
            let told = after.unconfirmed;
            self.conclude(CutOutcome::Contradicted { told, seen: fired_before }, age);
        }
    }

    /// CloudWatch could not be read. Without the right to read it, nothing is compared.
    pub(super) fn not_compared(&mut self, fault: &Fault) {
        if let Some(after) = self.record.aftermath.as_mut().filter(|_| fault.kind == FaultKind::Denied) {
            after.unconfirmed = 0;
            self.plan.save = true;
        }
    }
}
