//! After a cut: the events that the rule misses, the outcome of the cut, and its consequences.

use jiff::SignedDuration;

use crate::aftermath::{
    Accused, Aftermath, Case, CutOutcome, FINAL_AFTER, Maker, MissedBy, WATCHED_FOR, judge,
};
use crate::alerts::RuleEvent;
use crate::breaker::{Breaker, Cut};
use crate::history::SinceCut;
use crate::model::{Cause, Fault, Firing, FiringId, GUARD_TARGET_ID, RuleDefinition, RuleState, Target};
use crate::policy::Mode;
use crate::record::Exonerated;
use crate::turns::{Chains, Span};
use crate::verdict::{Evidence, EvidenceKind};
use crate::window::Inserted;

use super::cut::is_latched;
use super::{Action, Attempt, Step};

/// Time for which evidence that was shown to be wrong does not cut the rule again.
pub(super) const EXONERATED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Multiple of the rate in that evidence from which it is other evidence.
const OTHER_EVIDENCE: u64 = 3;
/// Time after a cut at which its metrics are first read. They are about three minutes late.
const FIRST_METRICS: SignedDuration = SignedDuration::from_mins(6);
/// Time from one reading of the metrics to the next.
const METRICS_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// Age of the cut after which the metrics are no longer read.
const METRICS_UNTIL: SignedDuration = SignedDuration::from_hours(6);
/// Time after a cut for which a late firing from before it can clear the evidence.
const LATE_REASONS: SignedDuration = SignedDuration::from_mins(20);

impl Step<'_> {
    /// An event that matches the rule while the directory says that the guard cut it.
    pub(super) fn matched_while_cut(&mut self, firing: &Firing<'_>) {
        match &self.record.breaker {
            // The rule is enabled again, and the directory was older.
            Breaker::Closed | Breaker::HalfOpen { .. } | Breaker::Open(Cut::Inspecting { .. }) => {
                self.firing(firing);
            }
            Breaker::Open(Cut::Disabling { .. } | Cut::Disabled(_)) | Breaker::Restoring(_) => {
                self.missed(firing);
            }
        }
    }

    /// Counts an event that the cut rule did not receive, or received late. One from before the cut is a firing.
    pub(super) fn missed(&mut self, firing: &Firing<'_>) {
        self.plan.save = true;
        let by_session = self.record.turns.cause_of(firing).map(|cause| Firing { cause, ..firing.clone() });
        let firing = by_session.as_ref().unwrap_or(firing);
        let id = FiringId::of(&firing.event_id);
        let (inserted, delivery) = self.insert_once(firing, id);
        if let Some(trip) = self.record.last_trip.as_mut().filter(|_| inserted != Some(Inserted::Duplicate)) {
            trip.missed(firing.at);
        }
        match inserted {
            Some(Inserted::Duplicate) => {
                self.plan.tally.duplicates += 1;
                return;
            }
            // Not known to be new: counted already, perhaps.
            Some(Inserted::TooLate) => return,
            Some(Inserted::At(_) | Inserted::Unsampled) | None => {}
        }
        let is_own = self.is_own(&firing.cause);
        if let Some(trial) = &mut self.record.trial {
            trial.note(firing.at, is_own);
        }
        match &mut self.record.aftermath {
            Some(after) if !after.is_before(firing.at) => {
                // A call that needs no permission says nothing about the rule, because anybody may make it.
                let is_counted = inserted.is_some();
                let maker = Maker { by: MissedBy::of(&firing.cause), is_own, is_counted };
                after.count(firing, maker, self.limits.answering.time_limit());
                self.plan.tally.missed += 1;
            }
            after => {
                if let Some(after) = after.as_mut().filter(|_| !is_own) {
                    after.has_late_reason = true;
                }
                self.record.turns.insert(firing, id, delivery, self.now);
            }
        }
    }

    /// Returns true for a call of the rule's own target, or of one in the cycle that was cut.
    fn is_own(&self, cause: &Cause) -> bool {
        match cause {
            Cause::Own { .. } => true,
            Cause::Sibling(actor) => {
                !self.cycle().is_empty() && self.record.turns.siblings().any(|one| one.actor == *actor)
            }
            _ => false,
        }
    }

    /// The rule was read back as disabled: from now on its events are missed.
    pub(super) fn begin_aftermath(&mut self, evidence: &Evidence) {
        let mut after = Aftermath::new(self.now, self.accused(evidence));
        (after.is_shown_again, after.is_over) = (self.shows_loop(), self.is_trial());
        after.is_watched = self.limits.sees_missed;
        after.unconfirmed = self.unconfirmed();
        self.record.aftermath = Some(Box::new(after));
    }

    /// Makers that the cut accuses: the rule's own targets if most of the calls are theirs.
    pub(super) fn accused(&self, evidence: &Evidence) -> Accused {
        let (own, all) = match evidence.kind {
            EvidenceKind::Manual => {
                let share = self.record.turns.own_share();
                (share.own, share.all)
            }
            _ => {
                let (own, all) = evidence.own_calls();
                (u64::from(own), u64::from(all))
            }
        };
        match evidence.own.is_some() || own > 0 && own * 2 >= all {
            true => Accused::Own,
            false => Accused::Others,
        }
    }

    /// Returns true if the stored firings show a loop, as judged now.
    fn shows_loop(&self) -> bool {
        let judgement = self.record.turns.judge(&self.terms(), self.chains());
        judgement.proof.is_some() || judgement.rate.is_some()
    }

    pub(super) fn chains(&self) -> Chains {
        if self.cycle().is_empty() { Chains::Apart } else { Chains::Followed }
    }

    /// Judges the cut, once in each tick, until its outcome is final.
    pub(super) fn judge_cut(&mut self) {
        let Some(after) = self.record.aftermath.as_mut().filter(|after| !after.is_over) else { return };
        let Some(disabled) = self.record.breaker.disabled() else { return };
        after.is_watched |= self.limits.sees_missed;
        let age = self.now.duration_since(after.cut_at);
        let (is_direct, is_unconfirmed) = (is_direct(&disabled.found), after.unconfirmed > 0);
        // This needs no sight of later events: the rule itself has delivered these.
        let may_clear = after.is_shown_again && after.has_late_reason && self.limits.answering.is_known;
        if may_clear && age < LATE_REASONS && !self.shows_loop() {
            return self.conclude(CutOutcome::Cleared, age);
        }
        if is_unconfirmed {
            self.ask_for_metrics(age);
        }
        let Some(after) = self.record.aftermath.as_mut().filter(|after| after.is_watched) else { return };
        if !self.limits.sees_missed || self.limits.mode == Mode::Ignore {
            // Events that are not seen do not count as silence.
            after.blind_until = Some(self.now);
            self.plan.save = true;
            return;
        }
        let Some(after) = &self.record.aftermath else { return };
        let terms = self.terms();
        let (mut own, reasons) = self.record.turns.by_maker(&terms, self.chains());
        let trip = self.record.last_trip.as_ref();
        // The firings before a trial belong to the life before it.
        let before =
            trip.iter().flat_map(|trip| &trip.own_before).map(|at| Span { from: *at, to: *at, count: 1 });
        own.splice(0..0, before);
        let case = Case {
            own: &own,
            reasons: &reasons,
            after,
            answer: i64::from(terms.answer.get()),
            time_limit: terms.time_limit,
            is_direct,
            is_proved: trip.is_some_and(|trip| trip.evidence.proves_loop()),
            turns: self.record.turns.judge(&terms, self.chains()).turns,
        };
        let outcome = judge(&case, self.now);
        self.conclude(outcome, age);
        self.ask_for_metrics(age);
    }

    /// Stores the outcome, and acts on it if it is a new one.
    pub(super) fn conclude(&mut self, outcome: CutOutcome, age: SignedDuration) {
        let Some(after) = &mut self.record.aftermath else { return };
        // One more call does not take an outcome back.
        let is_open =
            outcome == CutOutcome::NotYetKnown || age < METRICS_UNTIL && after.awaits_reading(&outcome);
        let outcome = if is_open { after.outcome } else { outcome };
        let is_new = !outcome.is_like(&after.outcome);
        let is_untold = after.tell(&outcome);
        let is_cleared = outcome.clears();
        let is_known = outcome != CutOutcome::NotYetKnown;
        let is_final = is_cleared || is_known && age >= FINAL_AFTER || age >= WATCHED_FOR;
        if is_new || is_final {
            after.outcome = outcome;
            self.plan.save = true;
        }
        if is_final {
            after.end();
        }
        if is_cleared {
            self.exonerate(outcome);
        } else if is_untold && is_known {
            let is_by_hand = self.is_by_hand();
            // A loop that its evidence proved was told with its cure when it was cut.
            let is_told = self.record.last_trip.as_ref().is_some_and(|trip| trip.evidence.proves_loop());
            let found = self.record.breaker.found().filter(|_| !is_told && outcome.proves_loop());
            let cure = found.and_then(|found| self.record.cure(found));
            self.queue(
                self.about(RuleEvent::CutOutcome { outcome, is_restored: false, is_by_hand })
                    .with_state(RuleState::Disabled)
                    .with_cure(cure),
            );
        }
        if is_final {
            // The rate that led to the cut is in its evidence, and the room is needed.
            self.forget_firings();
        }
    }

    /// The cut was wrong: the rule is put back where the guard may do that.
    fn exonerate(&mut self, outcome: CutOutcome) {
        let Some(trip) = &self.record.last_trip else { return };
        let is_by_hand = trip.evidence.kind == EvidenceKind::Manual;
        let accused = self.record.aftermath.as_ref().map(|after| after.accused);
        if let (Some(accused), CutOutcome::GoesOn(_), false) = (accused, outcome, is_by_hand) {
            self.record.exonerated = Some(Exonerated {
                kind: trip.evidence.kind,
                accused,
                per_minute: self.fired_lately(),
                is_by_trial: false,
                at: self.now,
                until: self.now + EXONERATED_FOR,
            });
        }
        let is_restored = self.limits.restores_exonerated
            && !is_by_hand
            && !is_latched(&self.record.recent_trips, self.now);
        let event = RuleEvent::CutOutcome { outcome, is_restored, is_by_hand };
        self.queue(self.about(event).with_state(RuleState::Disabled));
        let now = self.now;
        if let Some(disabled) = self.record.breaker.disabled_mut().filter(|_| is_restored) {
            disabled.restore_at = Some(now);
            self.begin_restore();
        }
    }

    /// Reason for which evidence does not cut the rule: its like was shown to be wrong lately.
    pub(super) fn exonerates(&self, evidence: &Evidence) -> Option<String> {
        let exonerated = self.record.exonerated.filter(|exonerated| exonerated.until > self.now)?;
        let is_same = exonerated.kind == evidence.kind && exonerated.accused == self.accused(evidence);
        // Counted last, because it takes all firings.
        let is_as_fast = || self.fired_lately() <= exonerated.per_minute.saturating_mul(OTHER_EVIDENCE);
        (is_same && is_as_fast()).then(|| {
            let (at, until) = (exonerated.at, exonerated.until);
            format!(
                "the calls went on without the rule when it was cut for such evidence ({}); until {} only faster firing cuts it",
                crate::model::whole_seconds(at),
                crate::model::whole_seconds(until)
            )
        })
    }

    /// Number of firings in the minute up to the newest one that the turns know.
    pub(super) fn fired_lately(&self) -> u64 {
        self.fired_within(SignedDuration::from_mins(1))
    }

    /// Number of firings in this length of time up to the newest one that the turns know.
    pub(super) fn fired_within(&self, length: SignedDuration) -> u64 {
        let (own, others) = self.record.turns.by_maker(&self.terms(), Chains::Apart);
        let newest = own.last().into_iter().chain(others.last()).map(|span| span.to).max().unwrap_or(0);
        let lately = own.iter().chain(&others).filter(|span| span.to > newest - length.as_secs());
        lately.map(|span| u64::from(span.count)).sum()
    }

    /// Asks for the end of the propagation and of the functions' backlog while the outcome is not known.
    fn ask_for_metrics(&mut self, age: SignedDuration) {
        let Some(after) = self.record.aftermath.as_mut().filter(|after| !after.is_over) else { return };
        let is_due = after.asked_at.is_none_or(|at| self.now.duration_since(at) >= METRICS_EVERY);
        let is_open = after.outcome == CutOutcome::NotYetKnown || after.unconfirmed > 0;
        if is_open && is_due && (FIRST_METRICS..METRICS_UNTIL).contains(&age) {
            after.asked_at = Some(self.now);
            self.plan.save = true;
            self.question = Some(Action::SinceCut { cut_at: after.cut_at });
        }
    }

    pub(super) fn since_cut(&mut self, result: &Result<SinceCut, Fault>) {
        match (result, &mut self.record.aftermath) {
            (Ok(metrics), Some(after)) => {
                after.fired_until = metrics.fired_until.or(after.fired_until);
                after.drained_at = after.drained_at.or(metrics.drained_at);
                self.plan.save = true;
                self.compare(metrics.fired_before);
            }
            (Ok(_), None) => {}
            (Err(fault), _) => {
                self.not_compared(fault);
                self.note_failed(Attempt::SinceCut, fault);
            }
        }
    }
}

/// Returns true if the rule invokes functions only: no queue, stream or wait lies between.
fn is_direct(found: &RuleDefinition) -> bool {
    let mut targets = found.targets.iter().filter(|target| target.id != GUARD_TARGET_ID).peekable();
    targets.peek().is_some() && targets.all(Target::is_function)
}
