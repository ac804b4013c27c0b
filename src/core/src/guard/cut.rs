//! Cuts: the rule is read, judged once more, disabled, and reported.

use eventbridge_pattern::Pattern;

use crate::alerts::{AfterCut, Failure, RuleEvent};
use crate::attribution;
use crate::breaker::{Breaker, Cut, Event, next_back_off};
use crate::model::{Fault, FaultKind, RuleArn, RuleDefinition, RuleState, Timestamp};
use crate::policy::{BurstLimit, Limits, Mode};
use crate::record::{Outcome, Quiet, QuietReason};
use crate::verdict::{Evidence, EvidenceKind};

use super::{Attempt, Note, Refusal, Step};

impl Step<'_> {
    /// The rule as it is before anything is done to it: decides whether it may be touched.
    pub(super) fn inspected(&mut self, rule: &RuleDefinition) {
        let probation = self.probation_limit();
        if !matches!(self.record.breaker, Breaker::Open(Cut::Inspecting { .. })) {
            return;
        }
        let is_trial = self.is_trial();
        let Some(trip) = &mut self.record.last_trip else { return };
        let this = &self.record.rule;
        trip.evidence
            .mark_targets(|caller, targets| attribution::is_target(caller, this, targets), &rule.targets);
        let by_hand = trip.evidence.kind == EvidenceKind::Manual;
        let evidence = trip.evidence.clone();
        if let Some(because) = self.why_not_attached(rule).filter(|_| !by_hand) {
            self.spare_rate(&evidence, because);
            return self.forget_attached();
        }
        self.price_trip(&evidence);
        let untouchable = untouchable(self.limits.is_own_rule, rule);
        let limit = match self.record.trips_in_probation {
            0 => self.limits.burst,
            _ => probation,
        };
        let is_judged = !by_hand && !is_trial && self.limits.mode == Mode::Enforce;
        if is_judged && rests_on_others(&evidence, self.limits) {
            let until = self.now + super::QUIET;
            self.record.quiet = Some(Quiet { until, because: QuietReason::TakesAnyCall });
            return self.spare_rate(
                &evidence,
                "its targets are known by now, and a number of firings alone proves no loop",
            );
        }
        if is_judged && !evidence.fills(self.limits, limit) {
            return self.spare_by_limits(limit);
        }
        let may_cut = untouchable.is_none() && rule.state.is_enabled();
        let proves_nothing = may_cut && is_judged && takes_any_call(&self.record.rule, rule, &evidence);
        if proves_nothing && self.is_untagged_rate(&evidence) {
            let until = self.now + super::QUIET;
            self.record.quiet = Some(Quiet { until, because: QuietReason::TakesAnyCall });
            let because = "its pattern names no API call, so its rate alone proves nothing";
            return self.spare_rate(&evidence, because);
        }
        if may_cut && (by_hand || self.limits.mode == Mode::Enforce) {
            self.transition(Event::Found(Box::new(rule.clone().without_actors())));
            (self.record.previous_trip, self.record.aftermath) = (None, None);
            return self.proceed();
        }
        let is_off = untouchable.is_none() && self.limits.mode == Mode::Enforce && !by_hand;
        self.transition(if is_off { Event::FoundDisabled } else { Event::Spared });
        let Some(trip) = &mut self.record.last_trip else { return };
        if by_hand {
            let because =
                untouchable.unwrap_or_else(|| "it is already disabled, and not by the guard".to_owned());
            return self.refuse_cut(&because);
        }
        match (untouchable, self.limits.mode) {
            (Some(because), _) => self.spare(&because, QuietReason::Spared, Some(rule)),
            (None, Mode::Observe) => self.spare("its mode is observe", QuietReason::Observed, Some(rule)),
            (None, Mode::Ignore) => {
                trip.outcome = Outcome::Spared { because: "its mode is ignore".to_owned() }
            }
            (None, Mode::Enforce) => {
                let because = "someone else had already disabled it".to_owned();
                let rule = self.record.rule.clone();
                self.plan.notes.push(Note::NotCut { rule, because: because.clone() });
                trip.outcome = Outcome::Spared { because };
            }
        }
    }

    /// The targets are read by now, so the trip has its cost.
    fn price_trip(&mut self, evidence: &Evidence) {
        let cost = self.cost(evidence).map(Box::new);
        if let Some(trip) = &mut self.record.last_trip {
            trip.cost = cost;
        }
    }

    /// The limits that were read with the rule are not filled after all.
    fn spare_by_limits(&mut self, limit: BurstLimit) {
        let Some(trip) = &mut self.record.last_trip else { return };
        let is_eased = !trip.evidence.overspent_budgets.is_empty() && !self.limits.is_tightened();
        let (because, why) = if is_eased {
            let because = "no budget that covers it is overspent any more".to_owned();
            (because.clone(), because)
        } else {
            let why = format!("its tags, read only now, set its limit to {limit}");
            (format!("its limit is {limit}"), why)
        };
        trip.outcome = Outcome::Spared { because };
        self.plan.notes.push(Note::NotCut { rule: self.record.rule.clone(), because: why });
        self.record.recent_trips.pop();
        self.transition(Event::Spared);
    }

    /// A rule whose rate proves nothing: a suspect, however busy.
    fn spare_rate(&mut self, evidence: &Evidence, because: &str) {
        if let Some(trip) = &mut self.record.last_trip {
            trip.outcome = Outcome::Spared { because: because.to_owned() };
        }
        self.record.recent_trips.pop();
        self.transition(Event::Spared);
        self.record.previous_trip = None;
        self.report(evidence, Some(because));
    }

    /// The rule was read back as disabled.
    pub(super) fn disabled(&mut self) {
        let now = self.now;
        let Breaker::Open(Cut::Disabling { .. } | Cut::Disabled(_)) = &self.record.breaker else {
            return self.overtaken();
        };
        let Some(trip) = self.record.last_trip.clone() else { return };
        let latched = is_latched(&self.record.recent_trips, now);
        let auto_restore = self.limits.auto_restore.filter(|_| {
            trip.evidence.kind != EvidenceKind::Manual && !latched && !trip.evidence.proves_loop()
        });
        let trial_ends = self.trial_begun();
        let restore_at = auto_restore.map(|base| now + next_back_off(base, self.record.trips_in_probation));
        let restore_at = trial_ends.or(restore_at);
        if !self.transition(Event::Disabled { restore_at }) {
            return;
        }
        self.begin_aftermath(&trip.evidence);
        if let Some(until) = trial_ends {
            self.report_trial(until, &trip.evidence);
            return self.proceed();
        }
        let next = match (restore_at, self.limits.auto_restore) {
            (Some(at), _) => AfterCut::RestoredAt(at),
            (None, Some(_)) if latched => AfterCut::TrippedTooOften,
            (None, Some(_)) => AfterCut::LoopIsProved,
            (None, None) => AfterCut::ByPerson,
        };
        // The command line does not know the directory.
        let is_by_hand = trip.evidence.kind == EvidenceKind::Manual;
        let is_watched = Some(self.limits.sees_missed).filter(|_| !is_by_hand);
        let event = RuleEvent::Tripped { why: trip.reason.clone(), next, is_watched };
        let body = self.about(event).with_evidence(&trip.evidence).with_cost(trip.cost.map(|cost| *cost));
        let cure = self.record.breaker.found().and_then(|found| self.record.cure(found));
        self.queue(body.with_state(RuleState::Disabled).with_cure(cure));
        self.proceed();
    }

    /// A DisableRule that took longer than any lease: by now the rule has been restored.
    fn overtaken(&mut self) {
        self.queue(self.about(RuleEvent::Failed(Failure::Overtaken)).with_state(RuleState::Disabled));
    }

    /// `DescribeRule` or `DisableRule` failed, or the rule is not what it was taken for.
    pub(super) fn cut_failed(&mut self, fault: &Fault) {
        if !matches!(self.record.breaker, Breaker::Open(Cut::Inspecting { .. } | Cut::Disabling { .. })) {
            return;
        }
        match fault.kind {
            FaultKind::NotFound => {
                self.give_up_cut("the rule no longer exists");
                // A rule of the same name is another rule: only what this one fired does not count.
                self.record.quiet = None;
                self.begin_epoch(self.now);
            }
            FaultKind::Managed => self.give_up_cut("an AWS service manages it"),
            _ => self.failed(Attempt::Disable, Failure::Disable(fault.to_string()), fault),
        }
    }

    fn give_up_cut(&mut self, because: &str) {
        self.transition(Event::Spared);
        if self.is_by_hand() {
            return self.refuse_cut(because);
        }
        self.spare(because, QuietReason::Spared, None);
    }

    pub(super) fn is_by_hand(&self) -> bool {
        self.record.last_trip.as_ref().is_some_and(|trip| trip.evidence.kind == EvidenceKind::Manual)
    }

    /// The rule must not be cut by hand: everything is as it was before the order.
    pub(super) fn refuse_cut(&mut self, because: &str) {
        self.transition(Event::Spared);
        self.record.last_trip = self.record.previous_trip.take().map(|trip| *trip);
        self.record.recent_trips.pop();
        self.plan.save = true;
        self.plan.tally.trips = 0;
        self.refuse(Refusal::Untouchable { because: because.to_owned() });
    }
}

/// Returns true if firings were counted while the rule's targets were not known, and fewer than nine of ten are theirs, as
/// is known now; or if that few were enough only because a budget is overspent.
fn rests_on_others(evidence: &Evidence, limits: &Limits) -> bool {
    let (own, all) = evidence.own_calls();
    let is_own = u64::from(own) * 10 >= u64::from(all) * 9 && evidence.overspent_budgets.is_empty();
    !is_own && evidence.is_number_alone(limits)
}

/// Returns true if the last trips came so close together that only a person may restore the rule.
pub(super) fn is_latched(recent_trips: &[Timestamp], now: Timestamp) -> bool {
    let day = jiff::SignedDuration::from_hours(24);
    recent_trips.len() >= super::LATCH_TRIPS && recent_trips.iter().all(|at| now.duration_since(*at) < day)
}

/// Returns true if the rule takes API calls whatever their name: all of a service's, or all there are. A rule for other kinds
/// of events names what it takes; so does one of a custom bus for sources that are no AWS services, unless trusted calls have
/// fired it, which are forwarded under such a source.
pub(super) fn takes_any_call(rule: &RuleArn, definition: &RuleDefinition, evidence: &Evidence) -> bool {
    let Some(text) = definition.event_pattern.as_deref() else { return false };
    let pattern: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let kinds = pattern.as_ref().and_then(|pattern| pattern.get("detail-type")?.as_array());
    let is_other = |kind: &serde_json::Value| kind.as_str().is_some_and(|kind| !kind.contains("CloudTrail"));
    let takes_no_calls = kinds.is_some_and(|kinds| kinds.iter().all(is_other));
    let sources = pattern.as_ref().and_then(|pattern| pattern.get("source")?.as_array());
    let is_no_service = || sources.is_some_and(|sources| sources.iter().all(is_no_aws_source));
    let may_be_own = !rule.is_on_default_bus() && evidence.call.is_none();
    let takes_no_calls = takes_no_calls || may_be_own && is_no_service();
    // A pattern that cannot be read is left to the rate.
    !takes_no_calls && Pattern::compile(text).is_ok_and(|pattern| !pattern.names_api_call())
}

/// Returns true if this part of a pattern takes no source of an AWS service. All of these begin with `aws.`.
fn is_no_aws_source(source: &serde_json::Value) -> bool {
    let prefix = source.get("prefix").and_then(serde_json::Value::as_str);
    match (source.as_str(), prefix) {
        (Some(source), _) => !source.starts_with("aws."),
        (None, Some(prefix)) => !prefix.starts_with("aws.") && !"aws.".starts_with(prefix),
        (None, None) => false,
    }
}

/// Reason for which a rule must never be touched. `None` for a rule that may be cut. `is_own` is true for the rules of
/// the guard's own stack.
pub fn untouchable(is_own: bool, rule: &RuleDefinition) -> Option<String> {
    if let Some(service) = &rule.managed_by {
        return Some(format!("the AWS service {service} manages it"));
    }
    if is_own {
        return Some("it belongs to the guard itself".to_owned());
    }
    (rule.event_pattern.is_none() && rule.schedule_expression.is_some())
        .then(|| "it is a schedule, which no event can fire".to_owned())
}
