//! Changes of the rule's pattern by a person. The command line makes the calls: the function never changes a pattern.

use jiff::SignedDuration;

use crate::alerts::RuleEvent;
use crate::breaker::Breaker;
use crate::cure::{PatternChange, Stage};

use super::{Refusal, Step};

/// Time for `DescribeRule`, `PutRule` and another `DescribeRule`, in which no other invocation changes the rule.
const CALLS: SignedDuration = SignedDuration::from_secs(30);

/// Part of a change of the pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CureOrder {
    /// Keep what is about to be done, and let no other invocation change the rule meanwhile.
    Begin(Box<PatternChange>),
    /// The rule read back with the new pattern.
    Done {
        /// Description of the person.
        by: String,
    },
    /// AWS refused the change: the rule is as it was.
    Refused,
}

impl Step<'_> {
    pub(super) fn order_cure(&mut self, order: &CureOrder) {
        // The command line goes on with its calls. What else is to be done waits for the next invocation.
        self.is_busy = !matches!(order, CureOrder::Done { .. });
        match order {
            CureOrder::Begin(change) => self.begin_change(change),
            CureOrder::Done { by } => self.change_done(by),
            CureOrder::Refused => {
                let kept = self.record.pattern_change.take().filter(|change| change.stage == Stage::Undoing);
                self.record.pattern_change =
                    kept.map(|change| Box::new(PatternChange { stage: Stage::Applied, ..*change }));
                self.end_calls();
            }
        }
    }

    fn begin_change(&mut self, change: &PatternChange) {
        // An interrupted call of the command holds the lease, and the next one finishes the same change.
        let is_same = self.record.pattern_change.as_deref().is_some_and(|kept| {
            kept.stage != Stage::Applied && (&kept.before, &kept.after) == (&change.before, &change.after)
        });
        if self.record.work.is_held(self.now) && !is_same {
            return self.refuse(Refusal::Busy);
        }
        if matches!(self.record.breaker, Breaker::Restoring(_)) {
            return self.refuse(Refusal::BeingRestored);
        }
        self.record.pattern_change = Some(Box::new(change.clone()));
        self.record.work.take_for(self.now, CALLS);
        self.plan.save = true;
    }

    fn change_done(&mut self, by: &str) {
        let is_undone = match self.record.pattern_change.as_deref_mut() {
            Some(change) if change.stage == Stage::Applying => {
                change.stage = Stage::Applied;
                false
            }
            Some(change) if change.stage == Stage::Undoing => {
                self.record.pattern_change = None;
                true
            }
            // Another call of the command has told it.
            _ => return,
        };
        self.end_calls();
        self.queue(self.about(RuleEvent::PatternChanged { by: by.to_owned(), is_undone }));
    }

    fn end_calls(&mut self) {
        self.record.work.succeed();
        self.plan.save = true;
    }
}
