//! The next action: one at most, and only if it is this caller's to carry out.

use crate::breaker::{Breaker, Cut};

use super::{Action, Step};

impl Step<'_> {
    /// Work that follows from the breaker's state now.
    fn work_to_do(&self) -> Option<Action> {
        match &self.record.breaker {
            Breaker::Open(Cut::Inspecting { is_claimed }) => match self.cycle() {
                [_, others @ ..] if !others.is_empty() && !is_claimed => {
                    Some(Action::Trace { actors: Vec::new(), rules: others.to_vec() })
                }
                [] if !is_claimed && self.is_neighbour() => {
                    let actors = self.record.turns.siblings().map(|sibling| sibling.actor.clone()).collect();
                    Some(Action::Trace { actors, rules: Vec::new() })
                }
                _ => Some(Action::Inspect),
            },
            Breaker::Open(Cut::Disabling { .. }) => Some(Action::Disable),
            Breaker::Open(Cut::Disabled(disabled)) => {
                (disabled.next_check <= self.now).then_some(Action::Check)
            }
            // A rule is enabled for a person who ordered it, or because its tag allows it, and in no other invocation.
            Breaker::Restoring(restore) => {
                if self.wants_restore || restore.restore_at.is_some() {
                    return Some(Action::Restore(restore.found.state));
                }
                let is_due = restore.next_check.is_some_and(|due| due <= self.now);
                is_due.then_some(Action::Check)
            }
            Breaker::HalfOpen { .. } | Breaker::Closed => None,
        }
    }

    /// The next thing to do, if it is this caller's to do. A change of the rule goes before an alert about it.
    pub(super) fn choose_action(&mut self) {
        if self.is_busy {
            return;
        }
        // A refused order does no work: the settings of the command line may differ from the function's.
        let work = self.work_to_do().filter(|_| self.plan.refused.is_none());
        let now = self.now;
        let work = work.map(|action| (action, self.owns_change, &mut self.record.work));
        // The oldest alert may be under way in another invocation, also after this one has added to the outbox.
        let post = self.record.outbox.head();
        let post = post.map(|(alert, lease)| (Action::Publish(Box::new(alert.clone())), false, lease));
        if let Some(question) = self.question.take() {
            self.plan.next = Some(question);
            return;
        }
        let mut look_again = self.awaits;
        for (action, is_mine, lease) in work.into_iter().chain(post) {
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
