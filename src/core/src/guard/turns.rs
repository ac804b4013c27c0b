//! Turns and surplus: when a rule's own calls prove a loop, make a suspect, or have to be looked at again later.

use crate::turns::Chains;
use crate::verdict::{Evidence, Finding};

use super::Step;

impl Step<'_> {
    /// Judges the firings of this batch, once all of it is counted: its order must not matter.
    pub(super) fn judge_turns(&mut self) {
        let is_due = self.record.proof_due.is_some_and(|due| due <= self.now);
        if !self.counts() || !(self.touched || is_due) {
            return;
        }
        let terms = self.terms();
        let judgement = self.record.turns.judge(&terms, Chains::Apart);
        let has_siblings = self.record.turns.siblings().next().is_some();
        let of_cycle =
            || has_siblings.then(|| self.record.turns.judge(&terms, Chains::Followed))?.waits_until;
        let by_durations = self.judge_by_durations(&terms);
        let waits_until = judgement.waits_until.or_else(of_cycle).or(by_durations.waits_until);
        if self.record.proof_due != waits_until {
            self.record.proof_due = waits_until;
            self.plan.save = true;
        }
        if let Some(proof) = judgement.proof {
            let evidence = self.own_evidence(&proof);
            return self.tripped(evidence);
        }
        if let Some(rate) = judgement.rate {
            let evidence = self.own_evidence(&rate);
            self.burst(evidence);
        }
        if let Some(proof) = by_durations.proof.filter(|_| self.counts() && self.question.is_none()) {
            self.proved_by_durations(&proof);
        }
        if !self.counts() || self.question.is_some() {
            return;
        }
        self.ask_for_sessions(&terms, judgement.suspicion.is_some());
        if self.question.is_none() {
            self.follow_chains(&terms, is_due);
        }
        if self.question.is_some() {
            return;
        }
        if let Some(suspicion) = judgement.suspicion {
            let evidence = self.own_evidence(&suspicion);
            self.suspect_by_turns(evidence);
        } else if let Some(events) = self.record.turns.judge_events(&terms) {
            let evidence = self.own_evidence(&events);
            self.report(&evidence, None);
        } else if let Some(beside) = self.record.turns.judge_beside(&terms) {
            let evidence = self.own_evidence(&beside);
            self.report(&evidence, None);
        }
    }

    /// A suspect without a proof: an alert; or a cut, if a budget is overspent and the rule is busier than it ever was.
    fn suspect_by_turns(&mut self, evidence: Evidence) {
        let finding = evidence.own.as_ref().map(|own| own.finding);
        let is_weak = matches!(
            finding,
            Some(Finding::Alternation { .. } | Finding::SelfStarted { .. } | Finding::Beside { .. })
        );
        if !self.limits.is_tightened() || is_weak {
            return self.report(&evidence, None);
        }
        self.suspect_under_pressure(evidence);
    }
}
