//! The six stages in one call: record and observations in, record and plan out. No IO, no clock, cannot fail.

mod advice;
mod chains;
mod cut;
mod cut_watch;
mod durations;
mod note;
mod orders;
mod plan;
mod ranking;
mod rate;
mod refusal;
mod restore;
mod sessions;
mod state;
mod turns;

use crate::alerts::{Alert, AlertKey, Failure, RuleBody, RuleEvent};
use crate::breaker::{Breaker, Stage};
use crate::history::RateHistory;
use crate::model::{
    Call, Cause, Fault, Firing, FiringId, Opened, Put, Restoration, RuleDefinition, RuleState, Timestamp,
    whole_seconds,
};
use crate::policy::{Limits, Mode};
use crate::record::{Outcome, Quiet, QuietReason, Record, Trip};
use crate::turns::Delivery;
use crate::verdict::{self, Evidence, EvidenceKind, Trace};
use crate::window::Inserted;

pub use chains::upstream;
pub use note::{Attempt, Note};
pub use orders::Order;
pub use plan::{Action, Plan, Tally};
pub use ranking::{cut_for, is_open, rank, rank_entry};
pub use refusal::Refusal;

pub use cut::untouchable;

/// How long the guard is silent about a loop that it must not cut.
const QUIET: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// So many alerts wait to be published. If nobody takes them for months, the record must not grow until it cannot be saved.
const MAX_WAITING: usize = 4;
/// So many trips within a day end automatic restores: from then on only a person puts the rule back.
const LATCH_TRIPS: usize = 3;

/// Something that happened to one rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation<'a> {
    Firing(Firing<'a>),
    /// Time passed.
    Tick,
    /// A person gave an order.
    Order(Order),
    /// The person who gave this order is still there: the work on it goes on.
    Attended(Order),
    /// Someone was seen changing the rule.
    Changed {
        by: String,
        at: Timestamp,
    },
    /// A budget that covers the rule is overspent: judge it now, and not only when it fires next.
    BudgetOverspent,
    /// A target of the rule, or of others, opened a session of a role.
    Opened(Opened),
    /// A known target put events on a bus.
    Put(Put),
    /// It cannot be said which events fire the rule: its pattern is beyond the guard.
    Unmatched {
        problem: String,
    },
    /// What became of the plan's action.
    Answer(Answer),
}

/// The answer to an action of the plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Inspected(Result<Box<RuleDefinition>, Fault>),
    /// The state that was read back after `DisableRule`.
    Disabled(Result<RuleState, Fault>),
    /// The cut rule as it is now.
    Checked(Result<Box<RuleDefinition>, Fault>),
    /// The rule before and after it was put back.
    Restored(Result<Box<Restoration>, Fault>),
    /// Firings of the rule in the last 14 days, and the longest runs of its functions.
    History(Result<RateHistory, Fault>),
    /// The sessions whose opening was found.
    Sessions(Result<Vec<Opened>, Fault>),
    /// The chains of rules upstream.
    Traced(Result<Box<Trace>, Fault>),
    Published {
        key: AlertKey,
        result: Result<(), Fault>,
    },
}

/// Decides what these observations mean for the rule. The order and the cutting of batches make no difference to what
/// is cut; whether a rule is a suspect is looked at once for each batch.
pub fn step(
    limits: &Limits,
    record: Record,
    observations: &[Observation<'_>],
    now: Timestamp,
) -> (Record, Plan) {
    let mut step = Step {
        limits,
        record,
        now,
        plan: Plan::default(),
        owns_change: false,
        owns_publish: false,
        wants_restore: false,
        question: None,
        counted: false,
        touched: false,
        awaits: None,
    };
    step.let_time_pass();
    step.apply_limit();
    step.report_bad_tags();
    for observation in observations {
        match observation {
            Observation::Firing(firing) => step.firing(firing),
            Observation::Tick => {}
            Observation::BudgetOverspent => step.overspent(),
            Observation::Attended(order) => step.wants_restore = matches!(order, Order::Enable { .. }),
            Observation::Order(order) => step.order(order),
            Observation::Changed { by, at } => step.changed(by, *at),
            Observation::Opened(opened) => step.opened(opened),
            // Once all firings of the batch are counted.
            Observation::Put(_) => {}
            Observation::Unmatched { problem } => step.unmatched(problem),
            Observation::Answer(answer) => step.answer(answer),
        }
    }
    for observation in observations {
        if let Observation::Put(put) = observation {
            step.put(put);
        }
    }
    step.judge_turns();
    step.judge_rate();
    step.advise();
    step.record.turns.settle();
    step.choose_action();
    (step.record, step.plan)
}

/// One call of [`step`].
struct Step<'a> {
    limits: &'a Limits,
    record: Record,
    now: Timestamp,
    plan: Plan,
    /// This caller made the change of state, or is answering for it: the lease is its own.
    owns_change: bool,
    /// The same for the alerts.
    owns_publish: bool,
    /// A person who wants the rule back stands behind this call.
    wants_restore: bool,
    /// What has to be known before firings can be judged.
    question: Option<Action>,
    /// A firing was counted by the window.
    counted: bool,
    /// A firing was counted by the turns.
    touched: bool,
    /// Somebody else asked, and the answer is due by then.
    awaits: Option<Timestamp>,
}

impl Step<'_> {
    fn firing(&mut self, firing: &Firing<'_>) {
        self.plan.tally.firings += 1;
        match &mut self.record.breaker {
            Breaker::Closed | Breaker::HalfOpen { .. } => {}
            // Nothing was done to the rule yet. If it is spared, a firing that was missed would look like one without cause.
            Breaker::Open(cut) if cut.stage() == Stage::Inspecting => {}
            // It may be enabled already, or DisableRule may not have spread yet: look, do not guess.
            Breaker::Restoring { cut, since } => {
                if firing.at > *since && cut.next_check.is_none_or(|due| due > self.now + crate::model::LEASE)
                {
                    cut.next_check = Some(self.now);
                }
                return self.late();
            }
            Breaker::Open(cut) => {
                cut.late_firing(firing.at, self.now);
                return self.late();
            }
        }
        if self.record.epoch.began.is_some_and(|began| firing.at < began) {
            return self.late();
        }
        let by_session = self.record.turns.cause_of(firing).map(|cause| Firing { cause, ..firing.clone() });
        let firing = by_session.as_ref().unwrap_or(firing);
        let id = FiringId::of(&firing.event_id);
        let inserted = match counts_by_rate(firing) {
            true => Some(self.record.window.insert_as(firing, id, self.now)),
            false => None,
        };
        let delivery = match inserted {
            Some(Inserted::At(_)) => Delivery::First,
            Some(Inserted::Duplicate) => Delivery::Repeated,
            Some(Inserted::Unsampled | Inserted::TooLate) | None => Delivery::Unknown,
        };
        if self.record.turns.insert(firing, id, delivery, self.now) {
            (self.touched, self.plan.save) = (true, true);
        }
        match inserted {
            Some(Inserted::Duplicate) => self.plan.tally.duplicates += 1,
            Some(Inserted::TooLate) => self.late(),
            Some(Inserted::Unsampled) | None => {}
            Some(Inserted::At(index)) => {
                self.plan.save = true;
                self.counted = true;
                if self.counts()
                    && self.limits.counts_all_callers()
                    && let Some(evidence) = verdict::burst(&self.record.window, index)
                {
                    self.burst(evidence);
                }
            }
        }
    }

    fn late(&mut self) {
        self.plan.tally.late += 1;
        self.record.late += 1;
        self.plan.save = true;
    }

    /// The window is full: cut, or say that it would have been cut.
    fn tripped(&mut self, mut evidence: Evidence) {
        if self.needs_overspent_budget(&evidence) {
            evidence.overspent_budgets.clone_from(&self.limits.overspent_budgets);
        }
        let by_untagged_rate = self.is_untagged_rate(&evidence);
        let quiet = self.record.quiet.filter(|quiet| quiet.until > self.now).map(|quiet| quiet.because);
        let quiet = quiet.filter(|because| by_untagged_rate || *because != QuietReason::TakesAnyCall);
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

    /// Whether this rests on the rate alone, at a limit that is not the operator's word on this very rule.
    fn is_untagged_rate(&self, evidence: &Evidence) -> bool {
        let is_tagged = match evidence.kind {
            EvidenceKind::Burst => self.limits.burst_is_tagged,
            EvidenceKind::Sustained => self.limits.sustained_is_tagged,
            EvidenceKind::Turns | EvidenceKind::Surplus | EvidenceKind::Manual => true,
        };
        !is_tagged && !evidence.proves_loop()
    }

    /// The last trip leads to no cut: says so once a day.
    fn spare(&mut self, because: &str, reason: QuietReason, found: Option<&RuleDefinition>) {
        let Some(mut trip) = self.record.last_trip.take() else { return };
        trip.outcome = Outcome::Spared { because: because.to_owned() };
        let event = RuleEvent::WouldTrip {
            why: trip.reason.clone(),
            because: because.to_owned(),
            at: trip.at,
            is_observed: reason == QuietReason::Observed,
        };
        let mut body = self.about(event).with_evidence(&trip.evidence, found);
        body.state = found.map(|found| found.state);
        self.record.last_trip = Some(trip);
        self.record.quiet = Some(Quiet { until: self.now + QUIET, because: reason });
        self.plan.tally.would_trip += 1;
        self.queue(body);
    }

    /// The limit that holds in the breaker's present state.
    fn apply_limit(&mut self) {
        self.record.limit = self.limits.base_burst;
        let limit = self.burst_limit();
        if self.record.window.limit() != limit {
            self.record.window.set_limit(limit);
        }
        self.record.window.set_sustained(self.limits.sustained);
    }

    /// An event of this rule, as its breaker now stands.
    fn about(&self, event: RuleEvent) -> RuleBody {
        RuleBody::new(event, self.record.breaker.word())
    }

    fn queue(&mut self, body: RuleBody) {
        let alert = Alert::about_rule(&self.record.rule, self.record.epoch.number, body, self.now);
        if let Some(oldest) = self.record.outbox.queue(alert, MAX_WAITING) {
            self.plan.notes.push(Note::GivenUp { kept: MAX_WAITING, reason: oldest.reason() });
        }
        self.plan.save = true;
        self.owns_publish = true;
    }

    fn report_bad_tags(&mut self) {
        // What was reported stays noted while tags are fine or unreadable: one alert for each new problem.
        if self.limits.bad_tags.is_empty() || self.limits.bad_tags == self.record.reported_tags {
            return;
        }
        self.record.reported_tags.clone_from(&self.limits.bad_tags);
        self.queue(self.about(RuleEvent::Failed(Failure::Tags(self.limits.bad_tags.clone()))));
    }
}

impl Trip {
    fn new(record: &Record, reason: String, evidence: Evidence, now: Timestamp) -> Self {
        Self { at: whole_seconds(now), epoch: record.epoch.number, reason, evidence, outcome: Outcome::Cut }
    }
}

/// Returns true unless anybody could cause the firing without the right to do anything: sign-in events, and calls of
/// others that were refused. A flood of these must not switch a rule off.
fn counts_by_rate(firing: &Firing<'_>) -> bool {
    let is_by_a_target = matches!(firing.cause, Cause::Own { .. } | Cause::Sibling(_) | Cause::Service);
    is_by_a_target || !firing.call.as_ref().is_some_and(Call::needs_no_permission)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
