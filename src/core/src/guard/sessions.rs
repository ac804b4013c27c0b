//! Makers that AWS tells afterwards: of sessions that a target opened, and of events that it put.

use crate::model::{Cause, Fault, Opened, Put};
use crate::turns::{Chains, Terms};

use super::{Action, Attempt, Step};

impl Step<'_> {
    /// Asks for the openers of sessions that no known target has, if the rule is about to be a suspect or more: it
    /// `is_suspect` already, or would be with these calls as its own.
    pub(super) fn ask_for_sessions(&mut self, terms: &Terms, is_suspect: bool) {
        let Some(sessions) = self.record.turns.open_sessions(self.now) else { return };
        let is_shown = || {
            let judgement = self.record.turns.judge(terms, Chains::Assumed);
            judgement.proof.is_some()
                || judgement.rate.is_some()
                || judgement.waits_until.is_some()
                || judgement.suspicion.is_some()
        };
        if is_suspect || is_shown() {
            self.record.turns.asked_for_sessions(self.now);
            self.plan.save = true;
            self.question = Some(Action::Sessions(sessions));
        }
    }

    /// Takes up the opener of a session.
    pub(super) fn opened(&mut self, opened: &Opened) {
        if !self.counts() || !self.record.turns.opened(opened) {
            return;
        }
        if matches!(opened.cause, Cause::Own { .. }) {
            self.record.window.mark_own(&opened.arn);
        }
        (self.touched, self.plan.save) = (true, true);
    }

    /// Takes up who put some of the events that fired the rule.
    pub(super) fn put(&mut self, put: &Put) {
        if self.counts() && self.record.turns.put(put) {
            (self.touched, self.plan.save) = (true, true);
        }
    }

    /// Takes up the answer about sessions. Sessions that are not in it stay open.
    pub(super) fn sessions(&mut self, result: &Result<Vec<Opened>, Fault>) {
        match result {
            Ok(found) => found.iter().for_each(|opened| self.opened(opened)),
            Err(fault) => {
                self.record.turns.question_failed();
                self.plan.save = true;
                self.note_failed(Attempt::Sessions, fault);
            }
        }
        // Also without an answer: it is judged as it stands.
        (self.counted, self.touched) = (true, true);
    }
}
