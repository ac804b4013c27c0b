//! Advice: the rule is fired mostly by its own target. That need be no loop, but it was never meant.

use jiff::SignedDuration;

use crate::alerts::RuleEvent;
use crate::model::Throttle;
use crate::turns::OwnShare;

use super::Step;

/// Time from one advice about a rule to the next.
const EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Step<'_> {
    /// Says once a week that most firings are the rule's own, and how to leave them out.
    pub(super) fn advise(&mut self) {
        let is_told = !self.record.advised.is_due(self.now, EVERY);
        if !self.touched || is_told || !self.counts() || self.limits.mode == crate::policy::Mode::Ignore {
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
}
