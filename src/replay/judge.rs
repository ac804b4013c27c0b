//! Each rule's firings in the order of event time, through the guard's own step; and the busiest window of each.

use std::collections::{HashMap, VecDeque};

use super::causes::{Caused, Causes};
use super::collect::{Collected, Fired, Replay, Uncounted};
use crate::actions::Action;
use crate::attribution::is_target;
use crate::guard::{self, Answer, Observation};
use crate::model::{Caller, Cause, Firing, RuleArn, Seconds, Target, Timestamp};
use crate::policy::{BurstLimit, Limits, Mode};
use crate::record::{Record, Trip};
use crate::verdict::{MAX_CYCLE, Upstream};

/// What would have become of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Distinct events that would have fired the rule.
    pub firings: u64,
    /// Those that the rule's own targets caused; `None` if its targets are not told.
    pub echoes: Option<u64>,
    /// The most within one window of the limit; `None` without a firing.
    pub peak: Option<Peak>,
    pub trip: Option<WouldTrip>,
    /// Events that match, but are from another Region or account.
    pub elsewhere: u64,
    pub uncounted: Uncounted,
}

/// The busiest window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peak {
    pub count: u64,
    pub window: Seconds,
    /// When the count was reached.
    pub at: Timestamp,
}

/// The first trip.
#[derive(Debug, Clone, PartialEq)]
pub struct WouldTrip {
    pub trip: Trip,
    /// How often the rule had fired by then, the firing that tripped it included.
    pub firings_before: u64,
}

impl Outcome {
    /// The smallest burst limit of this window that the rule would not have reached: one above its peak. Above 512 the
    /// guard estimates, and some room is advisable.
    pub fn smallest_limit(&self, window: Seconds) -> String {
        format!("{}/{window}", self.peak.map_or(0, |peak| peak.count) + 1)
    }
}

/// Judges the firings of every rule, as they would have come: one by one, at once, in the order of event time. Rules
/// whose targets are told are judged by echoes too, also by those that come round through each other.
pub fn judge(limits: &Limits, replay: &Replay, collected: &mut Collected) -> Vec<Outcome> {
    let mut fired = std::mem::take(&mut collected.fired);
    fired.sort_unstable_by_key(Fired::order);
    // There is no history to ask in a log: the plain limits hold.
    let limits = Limits { mode: Mode::Enforce, burst_is_tagged: true, sustained: None, ..limits.clone() };
    let mut court = Court::new(&limits, replay, &collected.causes);
    for one in fired {
        if one.is_elsewhere() && collected.keeps_to_its_place(replay, one.rule()) {
            court.cases[one.rule()].elsewhere += 1;
        } else {
            court.hear(one);
        }
    }
    let outcome = |(index, case): (usize, Case)| Outcome {
        firings: case.firings,
        echoes: replay.rules()[index].targets.is_some().then_some(case.echoes),
        peak: case.peak,
        trip: case.trip,
        elsewhere: case.elsewhere,
        uncounted: collected.uncounted(replay, index),
    };
    court.cases.into_iter().enumerate().map(outcome).collect()
}

/// The rules before the guard, all at once: what one does may fire another.
struct Court<'a> {
    limits: &'a Limits,
    replay: &'a Replay,
    causes: &'a Causes,
    cases: Vec<Case>,
    /// The rules' index.
    by_arn: HashMap<&'a RuleArn, usize>,
}

/// One rule. Once it has tripped it is disabled, and its firings are only counted.
struct Case {
    /// `None` only while it is stepped.
    record: Option<Record>,
    firings: u64,
    echoes: u64,
    elsewhere: u64,
    trip: Option<WouldTrip>,
    peak: Option<Peak>,
    /// The times of the firings within one window of the newest.
    recent: VecDeque<i64>,
}

impl Case {
    fn new(rule: &RuleArn, limit: BurstLimit) -> Self {
        Self {
            record: Some(Record::new(rule.clone(), limit)),
            firings: 0,
            echoes: 0,
            elsewhere: 0,
            trip: None,
            peak: None,
            recent: VecDeque::new(),
        }
    }

    /// The first of the busiest windows counts. Half open, as the guard's own.
    fn count(&mut self, at: i64, window: Seconds) {
        self.firings += 1;
        while self.recent.front().is_some_and(|first| at - first >= window.millis()) {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
        let count = self.recent.len() as u64;
        if self.peak.is_none_or(|peak| count > peak.count) {
            self.peak = Timestamp::from_millisecond(at).ok().map(|at| Peak { count, window, at });
        }
    }
}

impl<'a> Court<'a> {
    fn new(limits: &'a Limits, replay: &'a Replay, causes: &'a Causes) -> Self {
        let cases = replay.rules().iter().map(|rule| Case::new(&rule.arn, limits.burst)).collect();
        let by_arn = replay.rules().iter().enumerate().map(|(index, rule)| (&rule.arn, index)).collect();
        Self { limits, replay, causes, cases, by_arn }
    }

    fn hear(&mut self, fired: Fired) {
        let watched = &self.replay.rules()[fired.rule()];
        let Caused { caller, call } = self.causes.get(fired.cause());
        let call = call.as_deref().filter(|_| watched.targets.is_some());
        let cause = match watched.targets {
            Some(_) => self.replay.actors.cause(&watched.arn, caller, call),
            None => Cause::Unknown,
        };
        let case = &mut self.cases[fired.rule()];
        case.count(fired.at(), self.limits.burst.window);
        case.echoes += u64::from(matches!(cause, Cause::Target(_)));
        let Ok(at) = Timestamp::from_millisecond(fired.at()) else { return };
        let Some(record) = case.record.take_if(|_| case.trip.is_none()) else { return };
        let caller = Caller {
            principal: (&*caller.principal).into(),
            issued_to: caller.issued_to.as_deref().map(Into::into),
        };
        let event_id = format!("{:016x}", fired.id()).into();
        let firing = Firing { rule: watched.arn.clone(), event_id, at, caller, call: call.cloned(), cause };
        let record = self.step(record, firing, &watched.arn);
        let case = &mut self.cases[fired.rule()];
        if guard::is_open(&record) {
            case.trip = record.last_trip.clone().map(|mut trip| {
                let targets = watched.targets.as_deref().unwrap_or_default();
                let is_own =
                    |caller: &Caller<'_>, targets: &[Target]| is_target(caller, &watched.arn, targets);
                trip.evidence.mark_targets(is_own, targets);
                WouldTrip { trip, firings_before: case.firings }
            });
        }
        case.record = Some(record);
    }

    /// The guard's own step, and the answer to the only question that a log answers. What else there would be to do
    /// follows from a trip.
    fn step(&self, record: Record, firing: Firing<'_>, rule: &RuleArn) -> Record {
        let now = firing.at;
        let (record, plan) = guard::step(self.limits, record, &[Observation::Firing(firing)], now);
        match plan.next {
            Some(Action::Trace(rules)) if !guard::is_open(&record) => {
                let answer = Answer::Traced(Ok(self.trace(rule, rules)));
                guard::step(self.limits, record, &[Observation::Answer(answer)], now).0
            }
            _ => record,
        }
    }

    /// What the records of these rules tell, and those of the rules that fired them.
    fn trace(&self, rule: &RuleArn, first: Vec<RuleArn>) -> Vec<Upstream> {
        let mut found: Vec<Upstream> = Vec::new();
        let mut left = VecDeque::from(first);
        while let Some(next) = left.pop_front() {
            let is_known = next == *rule || found.iter().any(|known| known.rule == next);
            if is_known || found.len() >= MAX_CYCLE {
                continue;
            }
            let Some(record) = self.by_arn.get(&next).and_then(|index| self.cases[*index].record.as_ref())
            else {
                continue;
            };
            let one = guard::upstream(record, self.limits.mode);
            left.extend(one.fired_by.iter().flat_map(|(rules, _)| rules.clone()));
            found.push(one);
        }
        found
    }
}
