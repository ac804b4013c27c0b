//! Trials of suspects: planned with the suspicion, begun by the tick, ended by the clock, judged afterwards.

use jiff::SignedDuration;

use crate::alerts::RuleEvent;
use crate::breaker::Breaker;
use crate::model::{DAILY, RuleState, Throttle, Timestamp};
use crate::policy::Mode;
use crate::record::{Exonerated, Trip};
use crate::trial::{Suspect, Trial, TrialOutcome};
use crate::verdict::Evidence;

use super::Step;
use super::aftermath::EXONERATED_FOR;

/// Time after its planned beginning after which a trial is given up: the predicted call is over.
const TOO_LATE: SignedDuration = SignedDuration::from_mins(3);

impl Step<'_> {
    /// Plans a trial of a suspect by its own calls, at most once a day. Returns true if one is planned.
    pub(super) fn plan_trial(&mut self, evidence: &Evidence) -> bool {
        let is_due = self.record.tried.is_due(self.now, DAILY) && self.record.trial.is_none();
        if !self.may_try() || !is_due || evidence.own.is_none() || !self.counts() {
            return false;
        }
        let terms = self.terms();
        let (own, others) = self.record.turns.by_maker(&terms, self.chains());
        let suspect = Suspect {
            own: &own,
            others: &others,
            answer: i64::from(terms.answer.get()),
            is_direct: self.limits.answering.is_known && self.limits.answering.is_functions_alone(),
            per_minute: self.fired_lately(),
        };
        let Some(trial) = Trial::plan(evidence.clone(), &suspect, self.now) else { return false };
        self.record.tried = Throttle::reported(self.now);
        self.record.trial = Some(Box::new(trial));
        self.plan.save = true;
        true
    }

    /// Returns true if the settings allow a trial now.
    fn may_try(&self) -> bool {
        let limits = self.limits;
        limits.trial && limits.may_restore && limits.sees_missed && limits.mode == Mode::Enforce
    }

    /// Begins a trial that is due, and judges one that is over.
    pub(super) fn run_trial(&mut self) {
        let Some(trial) = &self.record.trial else { return };
        if trial.is_begun {
            let outcome = trial.judge(self.now);
            if outcome != TrialOutcome::Open && self.counts() {
                self.end_trial(outcome);
            }
            return;
        }
        let late = self.now.duration_since(trial.begins);
        if late > TOO_LATE || !self.counts() || !self.may_try() {
            self.record.trial = None;
            self.plan.save = true;
        } else if late >= SignedDuration::ZERO {
            let mut begun = trial.clone();
            begun.is_begun = true;
            let evidence = begun.evidence.clone();
            let trip = Trip::new(&self.record, evidence.sentence(), evidence, self.now);
            self.open(trip);
            self.record.recent_trips.pop();
            self.record.trial = Some(begun);
        }
    }

    /// The trial tells: a loop is cut, an honest machine is left alone for a week.
    fn end_trial(&mut self, outcome: TrialOutcome) {
        let Some(trial) = self.record.trial.take() else { return };
        self.plan.save = true;
        let sentence = trial.sentence(outcome);
        let mut evidence = trial.evidence;
        if outcome == TrialOutcome::Loop {
            if let Some(own) = &mut evidence.own {
                own.missing = None;
            }
            evidence.history = Some(sentence);
            self.tripped(evidence);
            if let (Breaker::Open(_), Some(trip)) = (&self.record.breaker, &mut self.record.last_trip) {
                trip.own_before = trial.before;
            }
            return;
        }
        if outcome == TrialOutcome::Honest {
            self.record.exonerated = Some(Exonerated {
                kind: evidence.kind,
                accused: self.accused(&evidence),
                per_minute: trial.per_minute,
                is_by_trial: true,
                at: self.now,
                until: self.now + EXONERATED_FOR,
            });
        }
        let replay_at = trial.enabled_at.and_then(|enabled| self.plan_replay(enabled));
        self.queue(self.about(RuleEvent::TrialOver { outcome, why: sentence, replay_at }));
    }

    /// Returns true if the cut under way is a trial.
    pub(super) fn is_trial(&self) -> bool {
        let is_begun = |trial: &Trial| trial.is_begun && trial.enabled_at.is_none();
        self.record.trial.as_ref().is_some_and(|trial| is_begun(trial)) && !self.counts()
    }

    /// The rule was disabled for its trial. Returns the time of its end.
    pub(super) fn trial_begun(&mut self) -> Option<Timestamp> {
        let now = self.now;
        let trial =
            self.record.trial.as_mut().filter(|trial| trial.is_begun && trial.enabled_at.is_none())?;
        trial.disabled_at = Some(now);
        Some(trial.ends(now))
    }

    /// Reports the beginning of the trial.
    pub(super) fn report_trial(&mut self, until: Timestamp, evidence: &Evidence) {
        let event = RuleEvent::TrialBegun { why: evidence.sentence(), until };
        self.queue(self.about_evidence(event, evidence).with_state(RuleState::Disabled));
    }

    /// The rule is enabled again: its calls are watched for as long.
    pub(super) fn trial_enabled(&mut self) {
        let now = self.now;
        if let Some(trial) = self.record.trial.as_mut().filter(|trial| trial.is_off()) {
            trial.enabled_at = Some(now);
        }
    }
}
