//! Trips: the evidence is enough, and the rule is to be cut, or would be.

use crate::alerts::RuleEvent;
use crate::model::{RuleDefinition, Timestamp, whole_seconds};
use crate::policy::Mode;
use crate::record::{Outcome, Quiet, QuietReason, Record, Trip};
use crate::turns::Found;
use crate::verdict::{self, Evidence, EvidenceKind};

use super::{QUIET, Step};

impl Step<'_> {
    /// The window is full: cut, or say that it would have been cut.
    pub(super) fn tripped(&mut self, mut evidence: Evidence) {
        if self.needs_overspent_budget(&evidence) {
            evidence.overspent_budgets.clone_from(&self.limits.overspent_budgets);
        }
        let by_untagged_rate = self.is_untagged_rate(&evidence);
        let quiet = self.record.quiet.filter(|quiet| quiet.until > self.now).map(|quiet| quiet.because);
        let quiet = quiet.filter(|because| by_untagged_rate || *because != QuietReason::TakesAnyCall);
        if self.limits.mode == Mode::Enforce
            && let Some(because) = self.exonerates(&evidence)
            && !(evidence.proves_loop() && self.record.exonerated.is_some_and(|one| one.is_by_trial))
        {
            return self.report(&evidence, Some(&because));
        }
        match (self.limits.mode, quiet) {
            (Mode::Enforce, None | Some(QuietReason::Observed)) => {
                let reason = evidence.sentence();
                self.open(Trip::new(&self.record, reason, evidence, self.now));
            }
            (Mode::Observe, None) => {
                let reason = evidence.sentence();
                self.record.last_trip = Some(Trip::new(&self.record, reason, evidence, self.now));
                self.spare("its mode is observe", QuietReason::Observed, None);
            }
            _ => {}
        }
    }

    /// Returns true if the evidence is the rate alone, at a limit that no tag of the rule sets.
    pub(super) fn is_untagged_rate(&self, evidence: &Evidence) -> bool {
        let is_tagged = match evidence.kind {
            EvidenceKind::Burst => self.limits.burst_is_tagged,
            EvidenceKind::Sustained => self.limits.sustained_is_tagged,
            EvidenceKind::Turns | EvidenceKind::Surplus | EvidenceKind::Manual => true,
        };
        !is_tagged && !evidence.proves_loop()
    }

    /// The last trip leads to no cut: says so once a day.
    pub(super) fn spare(&mut self, because: &str, reason: QuietReason, found: Option<&RuleDefinition>) {
        let Some(mut trip) = self.record.last_trip.take() else { return };
        trip.outcome = Outcome::Spared { because: because.to_owned() };
        let event = RuleEvent::WouldTrip {
            why: trip.reason.clone(),
            because: because.to_owned(),
            at: trip.at,
            is_observed: reason == QuietReason::Observed,
        };
        let mut body = self.about_evidence(event, &trip.evidence);
        body.state = found.map(|found| found.state);
        self.record.last_trip = Some(trip);
        body = body.with_cure(found.and_then(|found| self.record.cure(found)));
        self.record.quiet = Some(Quiet { until: self.now + QUIET, because: reason });
        self.plan.tally.would_trip += 1;
        self.queue(body);
    }

    pub(super) fn own_evidence(&self, found: &Found) -> Evidence {
        let (record, limits) = (&self.record, self.limits);
        verdict::own(found, Vec::new(), &record.turns, &record.window, limits).with_otherwise(limits.burst)
    }
}

impl Trip {
    pub(super) fn new(record: &Record, reason: String, evidence: Evidence, now: Timestamp) -> Self {
        Self {
            at: whole_seconds(now),
            epoch: record.epoch.number,
            reason,
            evidence,
            outcome: Outcome::Cut,
            earliest_missed: None,
            own_role: record.turns.own_role().map(str::to_owned),
            own_before: Vec::new(),
            cost: None,
        }
    }
}
