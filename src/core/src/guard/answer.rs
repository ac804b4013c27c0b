//! Answers to actions of the plan.

use crate::alerts::AlertKey;
use crate::breaker::Breaker;
use crate::model::{Fault, FaultKind, RuleState};

use super::{Answer, Note, Step};

impl Step<'_> {
    pub(super) fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Published { key, result } => self.published(key, result),
            Answer::Inspected(Ok(found)) => self.inspected(found),
            Answer::Inspected(Err(fault)) | Answer::Disabled(Err(fault)) => self.cut_failed(fault),
            Answer::Disabled(Ok(RuleState::Disabled)) => self.disabled(),
            Answer::Disabled(Ok(state)) => {
                let message = format!("DisableRule was accepted, but the rule is still {state}");
                self.cut_failed(&Fault::new(FaultKind::Other, message));
            }
            Answer::Checked(Ok(rule))
                if self.wants_restore
                    && !rule.state.is_enabled()
                    && matches!(self.record.breaker, Breaker::Open(_)) =>
            {
                self.compare_before_restore(rule);
            }
            Answer::Checked(result) => self.checked(result),
            Answer::Restored(result) => self.restored(result),
            Answer::History(result) => self.history(result),
            Answer::Withheld(pause) => self.withheld(pause),
            Answer::SinceCut(result) => self.since_cut(result),
            Answer::Replayed(result) => self.replayed(result),
            Answer::Sessions(result) => self.sessions(result),
            Answer::Traced(result) => self.traced(result),
        }
    }

    pub(super) fn published(&mut self, key: &AlertKey, result: &Result<(), Fault>) {
        self.plan.save = true;
        match result {
            Ok(()) => self.record.outbox.published(key),
            Err(fault) => {
                self.record.outbox.failed(key, fault, self.now);
                self.plan.notes.push(Note::NotPublished { dedup_id: key.to_string(), fault: fault.clone() });
            }
        }
    }
}
