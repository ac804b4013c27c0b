//! Echoes and chains of rules: when a run of echoes is a loop, and which rule of a cycle is cut.

use jiff::SignedDuration;

use crate::actions::{Action, quoted};
use crate::breaker::Breaker;
use crate::echo::{Found, Run};
use crate::model::{Fault, RuleArn};
use crate::policy::Mode;
use crate::record::{Outcome, Record};
use crate::verdict::{self, Upstream};

use super::Turn;

/// How long a rule of a cycle leaves the cut to another one. That one may never see the loop: what reaches it may be on
/// another resource each time.
const OTHERS_TURN: SignedDuration = SignedDuration::from_secs(60);

/// What the record of a rule tells those who follow a chain through it.
pub fn upstream(record: &Record, mode: Mode) -> Upstream {
    let fired_by: Vec<_> = record.echoes.relays().map(|relay| (relay.rules.clone(), relay.count)).collect();
    Upstream {
        rule: record.rule.clone(),
        firings: fired_by.iter().map(|(_, count)| u64::from(*count)).sum(),
        fired_by,
        may_cut: mode == Mode::Enforce,
        is_open: !matches!(record.breaker, Breaker::Closed | Breaker::HalfOpen { .. }),
    }
}

impl Turn<'_> {
    /// Judges the echoes of this batch, once all of it is counted: its order must not matter.
    pub(super) fn judge_echoes(&mut self) {
        let Some(limit) = self.limits.echo.filter(|_| self.counts()) else { return };
        match self.record.echoes.judge(limit.get()) {
            Found::Nothing => {}
            Found::Loop(run) if run.relays.is_empty() => self.echoed(run, Vec::new()),
            Found::Loop(_) | Found::Chain(_) if self.record.echoes.has_open_chains() => {
                self.question = Some(Action::Trace(self.upstream()));
            }
            Found::Loop(_) | Found::Chain(_) => {}
        }
    }

    /// Whether firings count now: neither cut nor about to be put back.
    pub(super) fn counts(&self) -> bool {
        matches!(self.record.breaker, Breaker::Closed | Breaker::HalfOpen { .. })
    }

    /// The rules whose targets fired this one.
    fn upstream(&self) -> Vec<RuleArn> {
        let mut rules: Vec<RuleArn> = Vec::new();
        for rule in self.record.echoes.relays().flat_map(|relay| &relay.rules) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
        rules
    }

    fn echoed(&mut self, run: Run, cycle: Vec<RuleArn>) {
        let evidence = verdict::echo(run, cycle, &self.record.window).with_otherwise(self.limits.burst);
        self.tripped(evidence);
    }

    /// What the records of the rules upstream tell.
    pub(super) fn traced(&mut self, result: &Result<Vec<Upstream>, Fault>) {
        if self.counts() {
            match result {
                Ok(upstream) => self.close_chains(upstream),
                Err(fault) => {
                    self.record.echoes.traced(|_| false, self.now);
                    let rule = quoted(&self.record.rule);
                    let note = format!("the chain of rules that fires {rule} could not be followed: {fault}");
                    self.plan.notes.push(note);
                }
            }
            self.plan.save = true;
            return;
        }
        match result {
            Ok(upstream) => self.claim(upstream),
            // Whether another rule was claimed is not known: looked at again, for two cuts are one too many.
            Err(fault) => {
                self.record.work.fail(fault, self.now);
                self.may_work = false;
                self.plan.save = true;
                let rule = quoted(&self.record.rule);
                self.plan
                    .notes
                    .push(format!("could not look at the rules that {rule} goes round with: {fault}"));
            }
        }
    }

    fn close_chains(&mut self, upstream: &[Upstream]) {
        let Some(limit) = self.limits.echo else { return };
        let rule = self.record.rule.clone();
        // The other rules of a cycle may be one turn behind.
        let at_least = limit.identical().saturating_sub(1).max(1);
        let cycle_of = |rules: &[RuleArn]| verdict::cycle_through(&rule, rules, upstream, at_least);
        let asked_before = (self.now - OTHERS_TURN).as_second();
        let is_overdue = self.record.echoes.relays().any(|relay| relay.led_back_by(asked_before));
        self.record.echoes.traced(|relay| cycle_of(&relay.rules).is_some(), self.now);
        let Found::Loop(run) = self.record.echoes.judge(limit.get()) else { return };
        let cycle =
            run.relays.iter().filter_map(|rules| cycle_of(rules)).min_by_key(Vec::len).unwrap_or_default();
        if upstream.iter().any(|one| one.is_open && cycle.contains(&one.rule)) {
            return;
        }
        let mut members = upstream.to_vec();
        members.push(self::upstream(&self.record, self.limits.mode));
        // If none may be cut, each says so for itself.
        if is_overdue || verdict::rule_to_cut(&cycle, &members).is_none_or(|chosen| *chosen == rule) {
            self.echoed(run, cycle);
        }
    }

    /// The cycle that led to the last trip.
    pub(super) fn cycle(&self) -> &[RuleArn] {
        let trip = self.record.last_trip.as_ref();
        trip.and_then(|trip| trip.evidence.echo.as_ref())
            .map(|echo| echo.cycle.as_slice())
            .unwrap_or_default()
    }

    /// Before the cut of a rule in a cycle: if another rule of it was claimed meanwhile, one cut is enough. Both claims
    /// are saved before either looks, so at least one of the two sees the other and stands down.
    fn claim(&mut self, upstream: &[Upstream]) {
        let Breaker::Open(cut) = &mut self.record.breaker else { return };
        let Some(trip) = &mut self.record.last_trip else { return };
        let cycle = trip.evidence.echo.as_ref().map(|echo| echo.cycle.as_slice()).unwrap_or_default();
        let other = upstream.iter().find(|one| one.is_open && cycle.contains(&one.rule));
        match other {
            Some(other) if cut.found.is_none() => {
                let because = format!("the cycle is cut at rule {}", quoted(&other.rule));
                trip.outcome = Outcome::Spared { because };
                self.record.recent_trips.pop();
                self.record.breaker = Breaker::Closed;
                self.plan.save = true;
            }
            _ => {
                cut.is_claimed = true;
                self.proceed();
            }
        }
    }
}
