//! Reports about the rule's definition: malformed tags, a pattern beyond the guard, calls of its own target.

use jiff::SignedDuration;

use crate::alerts::{Failure, RuleEvent};
use crate::model::{DAILY, Throttle};
use crate::policy::Mode;
use crate::turns::OwnShare;

use super::{Note, Step};

/// Time from one advice about a rule to the next.
const ADVICE_EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Step<'_> {
    /// Says once a week that most firings are the rule's own, and how to leave them out.
    pub(super) fn advise(&mut self) {
        let is_told = !self.record.advised.is_due(self.now, ADVICE_EVERY);
        if !self.touched || is_told || !self.counts() || self.limits.mode == Mode::Ignore {
            return;
        }
        let share = self.record.turns.own_share();
        if !share.is_most() {
            return;
        }
        self.record.advised = Throttle::reported(self.now);
        let OwnShare { own, all } = share;
        let role = self.record.turns.own_role().map(str::to_owned);
        self.queue(self.about(RuleEvent::Advice { own, all, role }));
    }

    /// Queues an alert for each new set of malformed tags.
    pub(super) fn report_bad_tags(&mut self) {
        // A reported problem stays noted while tags are fine or unreadable: one alert for each new problem.
        if self.limits.bad_tags.is_empty() || self.limits.bad_tags == self.record.reported_tags {
            return;
        }
        self.record.reported_tags.clone_from(&self.limits.bad_tags);
        let (rule, problems) = (self.record.rule.clone(), self.limits.bad_tags.clone());
        self.plan.notes.push(Note::Tags { rule, problems });
        self.queue(self.about(RuleEvent::Failed(Failure::Tags(self.limits.bad_tags.clone()))));
    }

    /// Queues an alert, once a day, about a rule that is not guarded because its pattern is beyond the guard.
    pub(super) fn unmatched(&mut self, problem: &str) {
        if !self.record.unmatched_reported.take(self.now, DAILY) {
            return;
        }
        self.queue(self.about(RuleEvent::Failed(Failure::Pattern(problem.to_owned()))));
    }
}
