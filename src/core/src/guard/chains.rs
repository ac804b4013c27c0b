//! Chains of rules: whether a sibling's calls come round to this rule, and which rule of a cycle is cut.

use jiff::SignedDuration;

use crate::alerts::quoted;
use crate::breaker::{Breaker, Event};
use crate::model::{Fault, RuleArn, Seconds};
use crate::policy::{Limits, Mode};
use crate::record::{Outcome, Record};
use crate::turns::{Chains, Sibling, Terms};
use crate::verdict::{self, Trace, Upstream};

use super::{Action, Attempt, Note, Step};

/// Time for which a rule of a cycle leaves the cut to the one that is to be cut. That one may never see the loop: what
/// reaches it may have other words each time.
pub(super) const OTHERS_TURN: SignedDuration = SignedDuration::from_secs(60);

/// Another rule's record as those see it who follow a chain through it. `rules_of` finds the rules with an actor.
pub fn upstream(record: &Record, limits: &Limits, rules_of: impl Fn(&str) -> Vec<RuleArn>) -> Upstream {
    let fired_by = record.turns.siblings().map(|sibling| (rules_of(&sibling.actor), sibling.count)).collect();
    Upstream {
        rule: record.rule.clone(),
        fired_by,
        may_cut: limits.mode == Mode::Enforce,
        is_open: !matches!(record.breaker, Breaker::Closed | Breaker::HalfOpen { .. }),
        answer: limits.answering.within,
        since: None,
    }
}

impl Step<'_> {
    /// Asks where the chains lead, if siblings' calls prove a loop once they are known to lead back, or `is_due`: a proof
    /// has waited for late reasons. Which rule of the cycle is cut is decided with the answer.
    pub(super) fn follow_chains(&mut self, terms: &Terms, is_due: bool) {
        if !self.record.turns.has_open_chains() && !is_due {
            return;
        }
        // A round of the cycle takes as long as all of its rules together, which is not known before they are.
        let rules = u32::try_from(verdict::MAX_RULES).unwrap_or(u32::MAX);
        let longest = Terms { answer: Seconds::new(terms.answer.get().saturating_mul(rules)), ..*terms };
        let is_shown = |terms: &Terms| {
            let judgement = self.record.turns.judge(terms, Chains::Assumed);
            judgement.proof.is_some() || judgement.rate.is_some() || judgement.waits_until.is_some()
        };
        if is_shown(terms) || is_shown(&longest) {
            let actors = self.record.turns.siblings().map(|sibling| sibling.actor.clone()).collect();
            self.question = Some(Action::Trace { actors, rules: Vec::new() });
        }
    }

    /// Takes up the answer of following the chains.
    pub(super) fn traced(&mut self, result: &Result<Box<Trace>, Fault>) {
        if self.counts() {
            match result {
                Ok(trace) => self.close_chains(trace),
                Err(fault) => {
                    self.record.turns.traced(|_| None, self.now);
                    self.note_failed(Attempt::FollowChain, fault);
                }
            }
            self.plan.save = true;
            return;
        }
        match result {
            Ok(trace) if self.cycle().is_empty() => self.judge_neighbour(trace),
            Ok(trace) => self.claim(&trace.upstream),
            // Another rule may have been claimed: asked again, because two cuts are one too many.
            Err(fault) => {
                let gives_up = self.record.work.fail(fault, self.now);
                self.owns_change = false;
                self.plan.save = true;
                self.note_failed(Attempt::CheckCycle, fault);
                // A number of firings must not go unpunished because another record cannot be read.
                if gives_up && self.cycle().is_empty() {
                    self.transition(Event::Claimed);
                    self.proceed();
                }
            }
        }
    }

    fn close_chains(&mut self, trace: &Trace) {
        let rule = self.record.rule.clone();
        if trace.left_out > 0 {
            self.plan.notes.push(Note::LeftOut { left_out: trace.left_out, rule: rule.clone() });
        }
        let mut members = trace.upstream.clone();
        let this = upstream(&self.record, self.limits, |_| Vec::new());
        members.push(Upstream { since: trace.own_since, ..this });
        // The other rules of a cycle may be one turn behind.
        let at_least = self.limits.turns.unwrap_or_default().surplus().saturating_sub(1).max(1);
        let cycle_of = |sibling: &Sibling| {
            let first = trace.first.iter().find(|(actor, _)| *actor == sibling.actor);
            let rules = first.map(|(_, rules)| &rules[..]).unwrap_or_default();
            verdict::cycle_through(&rule, rules, &trace.upstream, at_least)
        };
        let cycle =
            self.record.turns.siblings().filter_map(cycle_of).min_by_key(Vec::len).unwrap_or_default();
        let asked_before = (self.now - OTHERS_TURN).as_second();
        let is_overdue = self.record.turns.siblings().any(|sibling| sibling.led_back_by(asked_before));
        let answer = |sibling: &Sibling| -> Option<Seconds> {
            cycle_of(sibling).map(|cycle| verdict::cycle_answer(&cycle, &members))
        };
        self.record.turns.traced(answer, self.now);
        let judgement = self.record.turns.judge(&self.terms(), Chains::Followed);
        let by_durations = || self.judge_by_durations(&self.terms()).waits_until;
        self.record.proof_due = judgement.waits_until.or_else(by_durations);
        let is_cut = trace.upstream.iter().any(|one| one.is_open && cycle.contains(&one.rule));
        let Some(found) = judgement.proof.or(judgement.rate).filter(|_| !is_cut) else { return };
        let chosen = verdict::rule_to_cut(&cycle, &members);
        // One that may not be cut says so for itself.
        let is_chosen = chosen.is_none_or(|chosen| chosen.rule == rule);
        if is_chosen || is_overdue && chosen.is_some_and(|chosen| chosen.may_cut) {
            let record = &self.record;
            let evidence = verdict::own(&found, cycle, &record.turns, &record.window, self.limits);
            self.tripped(evidence.with_otherwise(self.limits.burst));
        }
    }

    /// The cycle that led to the last trip.
    pub(super) fn cycle(&self) -> &[RuleArn] {
        let trip = self.record.last_trip.as_ref();
        trip.and_then(|trip| trip.evidence.own.as_ref()).map(|own| own.cycle.as_slice()).unwrap_or_default()
    }

    /// Before the cut of a rule in a cycle: if another rule of it was claimed meanwhile, one cut is enough. Both claims
    /// are saved before either looks, so at least one of the two sees the other and stands down.
    fn claim(&mut self, upstream: &[Upstream]) {
        let cycle = self.cycle().to_vec();
        let Breaker::Open(cut) = &self.record.breaker else { return };
        let is_read = cut.found().is_some();
        let Some(trip) = &mut self.record.last_trip else { return };
        let other = upstream.iter().find(|one| one.is_open && cycle.contains(&one.rule));
        match other {
            Some(other) if !is_read => {
                let because = format!("the cycle is cut at rule {}", quoted(&other.rule));
                trip.outcome = Outcome::Spared { because };
                self.record.recent_trips.pop();
                self.transition(Event::Spared);
            }
            _ => {
                self.transition(Event::Claimed);
                self.proceed();
            }
        }
    }
}
