//! Proofs by the durations of functions: a time limit of 15 minutes hides that each turn takes seconds.

use jiff::SignedDuration;

use crate::history::ASK_AGAIN;
use crate::model::{Seconds, Timestamp};
use crate::turns::{Chains, Found, Judgement, Terms};

use super::Step;

/// Time from the end of a run until CloudWatch tells its duration. Its metrics of functions are by the minute.
const TOLD_AFTER: SignedDuration = SignedDuration::from_secs(120);

impl Step<'_> {
    /// The same judgement by the longest durations of the functions; nothing unless they shorten the answer time.
    ///
    /// A first long run of a function that was always quick makes its calls one after the other, as a loop does. So a proof
    /// waits until such a run must be over, and its duration known.
    pub(super) fn judge_by_durations(&self, terms: &Terms) -> Judgement {
        let answer = self.answer_time();
        if answer >= terms.answer {
            return Judgement::default();
        }
        let mut judgement = self.record.turns.judge(&Terms { answer, ..*terms }, Chains::Apart);
        let told = judgement.proof.as_ref().map(|proof| self.told_by(proof));
        if told.is_some_and(|told| told > self.now) {
            (judgement.proof, judgement.waits_until) = (None, told);
        }
        judgement
    }

    /// A loop is proved by the durations; cut if they still say so once a single run that made all calls must be over. A run
    /// that turns out to be longer than all before it takes the proof back.
    pub(super) fn proved_by_durations(&mut self, proof: &Found) {
        let told = self.told_by(proof);
        if self.rate_record().is_some_and(|record| record.read_at >= told) {
            let mut evidence = self.own_evidence(proof);
            let within = self.answer_time();
            let sentence =
                format!("its functions answer within {within}, by their longest durations in 14 days");
            evidence.history = Some(sentence);
            return self.tripped(evidence);
        }
        // Without an answer the proof is left to the next firings.
        let asked = self.record.history.as_ref().map(|history| self.now.duration_since(history.asked_at));
        if asked.is_none_or(|age| age.abs() >= ASK_AGAIN) {
            self.ask_history();
        }
    }

    /// Longest time of an answer by the durations, if they were read; else by the limits.
    fn answer_time(&self) -> Seconds {
        let answering = &self.limits.answering;
        self.rate_record().map_or(answering.within, |record| answering.within_by(&record.longest))
    }

    /// Time by which the duration of a run is known that began before the first of these calls.
    fn told_by(&self, proof: &Found) -> Timestamp {
        let within = SignedDuration::from(self.limits.answering.within);
        proof.first.saturating_add(within + TOLD_AFTER).unwrap_or(Timestamp::MAX)
    }
}
