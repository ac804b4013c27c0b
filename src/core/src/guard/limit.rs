//! Limits that hold for the rule in the present state of its breaker.

use crate::breaker::Breaker;
use crate::history::RateRecord;
use crate::policy::BurstLimit;
use crate::turns::Terms;
use crate::verdict::{Evidence, EvidenceKind};

use super::Step;

impl Step<'_> {
    /// The limit that holds in the breaker's present state.
    pub(super) fn apply_limit(&mut self) {
        self.record.limit = self.limits.base_burst;
        let limit = self.burst_limit();
        // While the rule is cut, each event is looked up by its id, and not only those of a sample.
        let limit = if self.record.breaker.disabled().is_some() { limit.exact() } else { limit };
        if self.record.window.limit() != limit {
            self.record.window.set_limit(limit);
        }
        self.record.window.set_sustained(self.limits.sustained);
    }

    /// The limit that fills the window: the plain one, a quarter of it on probation, or what history raises it to.
    pub(super) fn burst_limit(&self) -> BurstLimit {
        let limits = self.limits;
        if self.is_on_probation() {
            return self.probation_limit();
        }
        let record = self.rate_record();
        match (limits.burst_is_tagged, record) {
            (true, _) if !limits.is_tightened() => limits.burst,
            // Pressure divides a limit only where history can say how much is normal; `judge_rate` asks it.
            (_, None) => limits.base_burst,
            (true, Some(record)) => record.burst_cut(limits.burst).at_most(limits.base_burst),
            (false, Some(record)) => record.burst_cut(limits.burst),
        }
    }

    /// A quarter is tight enough: pressure does not divide it again.
    pub(super) fn probation_limit(&self) -> BurstLimit {
        self.limits.base_burst.on_probation().at_most(self.limits.burst)
    }

    pub(super) fn is_on_probation(&self) -> bool {
        matches!(self.record.breaker, Breaker::HalfOpen { .. })
    }

    /// The history, if it was read for these limits and not too long ago.
    pub(super) fn rate_record(&self) -> Option<&RateRecord> {
        let record = self.record.history.as_ref()?.record.as_ref()?;
        let is_right = record.is_for(self.limits.burst, self.limits.sustained);
        (is_right && record.is_usable(self.now)).then_some(record)
    }

    /// Returns true if the evidence would not be enough without an overspent budget.
    pub(super) fn needs_overspent_budget(&self, evidence: &Evidence) -> bool {
        let full = || match self.rate_record() {
            Some(record) if !self.limits.burst_is_tagged => record.burst_cut(self.limits.base_burst),
            _ => self.limits.base_burst,
        };
        self.limits.is_tightened()
            && match evidence.kind {
                EvidenceKind::Sustained => true,
                EvidenceKind::Turns | EvidenceKind::Surplus => !evidence.proves_loop(),
                EvidenceKind::Burst => {
                    !self.is_on_probation() && evidence.count < u64::from(full().count.get())
                }
                EvidenceKind::Manual => false,
            }
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            turns: self.limits.turns,
            starts_one_task: self.limits.answering.starts_one_task,
            burst: self.burst_limit(),
            answer: self.limits.answering.within,
            time_limit: self.limits.answering.time_limit(),
            schedules: self.limits.schedules,
            began: self.record.epoch.began,
            is_resumed: self.record.last_trip.as_ref().is_some_and(|trip| trip.evidence.proves_loop()),
            now: self.now,
        }
    }
}
