//! Judges each rule's firings in the order of event time with the guard's own step, and finds its busiest window.

use std::collections::{HashMap, VecDeque};

use super::causes::{Caused, Causes};
use super::collect::{Collected, Replay, ReplayFiring, Uncounted, Watched};
use crate::attribution::{AssumeRoleCalls, Origin, is_target};
use crate::guard::{self, Action, Answer, Observation};
use crate::history::RateHistory;
use crate::model::{Call, Caller, Cause, Firing, OpenSessions, Opened, RuleArn, Seconds, Target, Timestamp};
use crate::policy::{BurstLimit, Limits, Mode};
use crate::record::{Record, Trip};
use crate::verdict::{MAX_TRACED, Trace};

/// Time added to each step, longer than a slow proof waits for late reasons.
const LATENESS_OF_REASONS: jiff::SignedDuration = jiff::SignedDuration::from_mins(6);
/// Maximum number of questions in a row after one firing.
const MAX_QUESTIONS: usize = 4;

/// Result for one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleReport {
    /// Number of distinct events that would have fired the rule.
    pub firings: u64,
    /// Number of own calls among them; `None` if the rule's targets are not known.
    pub own: Option<u64>,
    /// Busiest window of the limit's length; `None` without a firing.
    pub peak: Option<BusiestWindow>,
    /// First trip; `None` if the rule would not have tripped.
    pub trip: Option<WouldTrip>,
    /// Number of matching events from another Region or account, which do not count.
    pub elsewhere: u64,
    /// Matches that are not firings, or are in doubt.
    pub uncounted: Uncounted,
}

/// Busiest window of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusiestWindow {
    /// Number of firings in the window.
    pub count: u64,
    /// Length of the window.
    pub window: Seconds,
    /// Time at which the number was reached.
    pub at: Timestamp,
}

/// First trip of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct WouldTrip {
    /// Trip as the guard would have stored it.
    pub trip: Trip,
    /// Number of firings up to the trip, including the one that tripped.
    pub firings_before: u64,
}

impl RuleReport {
    /// Returns the smallest burst limit of this window that the rule would not have reached: one above its peak. Above
    /// 512 the guard estimates, so some more room is advisable.
    pub fn smallest_limit(&self, window: Seconds) -> String {
        format!("{}/{window}", self.peak.map_or(0, |peak| peak.count) + 1)
    }
}

/// Judges the firings of every rule, one by one in the order of event time. Rules whose targets are known are also
/// judged by the makers of the calls, cycles of rules included. `collected` gives up its firings.
pub fn judge(limits: &Limits, replay: &Replay, collected: &mut Collected) -> Vec<RuleReport> {
    let mut fired = std::mem::take(&mut collected.fired);
    fired.sort_unstable_by_key(ReplayFiring::order);
    let limits = Limits { mode: Mode::Enforce, sustained: None, ..limits.clone() };
    let mut court = ReplayRun::new(&limits, replay, collected);
    for one in fired {
        if one.is_elsewhere() && collected.keeps_to_its_place(replay, one.rule()) {
            court.cases[one.rule()].elsewhere += 1;
        } else {
            court.feed(one);
        }
    }
    let outcome = |(index, case): (usize, RuleRun)| RuleReport {
        firings: case.firings,
        own: replay.rules()[index].targets.is_some().then_some(case.own),
        peak: case.peak,
        trip: case.trip,
        elsewhere: case.elsewhere,
        uncounted: collected.uncounted(replay, index),
    };
    court.cases.into_iter().enumerate().map(outcome).collect()
}

/// State of all rules. They are judged together, because one rule's target may fire another rule.
struct ReplayRun<'a> {
    /// Limits by the rules' index.
    limits: Vec<Limits>,
    window: Seconds,
    replay: &'a Replay,
    causes: &'a Causes,
    openings: &'a AssumeRoleCalls,
    cases: Vec<RuleRun>,
    /// Index of each rule.
    by_arn: HashMap<&'a RuleArn, usize>,
}

/// State of one rule. After its trip it counts as disabled, and its firings are only counted.
struct RuleRun {
    /// Record of the rule; `None` during a step.
    record: Option<Record>,
    firings: u64,
    own: u64,
    elsewhere: u64,
    trip: Option<WouldTrip>,
    peak: Option<BusiestWindow>,
    /// Times of the firings within one window up to the newest, in milliseconds since 1970.
    recent: VecDeque<i64>,
}

impl RuleRun {
    fn new(rule: &RuleArn, limit: BurstLimit) -> Self {
        Self {
            record: Some(Record::new(rule.clone(), limit)),
            firings: 0,
            own: 0,
            elsewhere: 0,
            trip: None,
            peak: None,
            recent: VecDeque::new(),
        }
    }

    /// Counts a firing. The first of several equally busy windows is kept. Windows are half open, as in the guard.
    fn count(&mut self, at: i64, window: Seconds) {
        self.firings += 1;
        while self.recent.front().is_some_and(|first| at - first >= window.millis()) {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
        let count = self.recent.len() as u64;
        if self.peak.is_none_or(|peak| count > peak.count) {
            self.peak = Timestamp::from_millisecond(at).ok().map(|at| BusiestWindow { count, window, at });
        }
    }
}

impl<'a> ReplayRun<'a> {
    fn new(limits: &Limits, replay: &'a Replay, collected: &'a Collected) -> Self {
        let of_rule = |rule: &Watched| {
            let limits = Limits { acts_as: rule.acts_as.clone(), ..limits.clone() };
            match &rule.targets {
                Some(targets) => {
                    let are_shared = replay.actors.are_shared(targets);
                    limits.with_targets(targets).with_shared_actors(are_shared)
                }
                None => limits,
            }
        };
        let of_rules = replay.rules().iter().map(of_rule).collect();
        let cases = replay.rules().iter().map(|rule| RuleRun::new(&rule.arn, limits.burst)).collect();
        let by_arn = replay.rules().iter().enumerate().map(|(index, rule)| (&rule.arn, index)).collect();
        let (causes, openings) = (&collected.causes, &collected.openings);
        Self { limits: of_rules, window: limits.burst.window, replay, causes, openings, cases, by_arn }
    }

    fn feed(&mut self, fired: ReplayFiring) {
        let watched = &self.replay.rules()[fired.rule()];
        let Caused { caller, call } = self.causes.get(fired.cause());
        let call = call.as_deref();
        let cause = match watched.targets {
            Some(_) => self.replay.actors.cause(&watched.arn, caller, call),
            None => Cause::Unknown,
        };
        let case = &mut self.cases[fired.rule()];
        case.count(fired.at(), self.window);
        case.own += u64::from(matches!(cause, Cause::Own { .. }));
        let Ok(at) = Timestamp::from_millisecond(fired.at()) else { return };
        let Some(record) = case.record.take_if(|_| case.trip.is_none()) else { return };
        let caller = Caller {
            principal: (&*caller.principal).into(),
            issued_to: caller.issued_to.as_deref().map(Into::into),
        };
        let event_id = format!("{:016x}", fired.id()).into();
        let firing = Firing { rule: watched.arn.clone(), event_id, at, caller, call: call.cloned(), cause };
        let record = self.step(record, firing, fired.rule());
        let case = &mut self.cases[fired.rule()];
        if guard::is_open(&record) {
            case.trip = record.last_trip.clone().map(|mut trip| {
                // The step ran with a later time, so that no proof waits.
                trip.at = at;
                let targets = watched.targets.as_deref().unwrap_or_default();
                let is_own =
                    |caller: &Caller<'_>, targets: &[Target]| is_target(caller, &watched.arn, targets);
                trip.evidence.mark_targets(is_own, targets);
                WouldTrip { trip, firings_before: case.firings }
            });
        }
        case.record = Some(record);
    }

    /// Runs the guard's own step, and answers the questions that a log can answer. All other actions follow a trip.
    fn step(&self, record: Record, firing: Firing<'_>, rule: usize) -> Record {
        let limits = &self.limits[rule];
        // A log is complete: no reason arrives late, so no proof waits.
        let now = firing.at + LATENESS_OF_REASONS;
        let (mut record, mut plan) = guard::step(limits, record, &[Observation::Firing(firing)], now);
        for _ in 0..MAX_QUESTIONS {
            let answer = match plan.next.take().filter(|_| !guard::is_open(&record)) {
                Some(Action::Trace { actors, .. }) => {
                    Answer::Traced(Ok(Box::new(self.trace(&self.replay.rules()[rule].arn, actors))))
                }
                Some(Action::Sessions(open)) => Answer::Sessions(Ok(self.sessions(rule, &open))),
                // A log has no metrics, so the plain limits hold.
                Some(Action::History) => Answer::History(Ok(RateHistory::default())),
                _ => break,
            };
            (record, plan) = guard::step(limits, record, &[Observation::Answer(answer)], now);
        }
        record
    }

    /// Returns the openers of these sessions that the log shows.
    fn sessions(&self, rule: usize, open: &OpenSessions) -> Vec<Opened> {
        let rule = &self.replay.rules()[rule].arn;
        let cause = |caller: &Caller<'_>, call: &Call<'_>| self.replay.actors.cause(rule, caller, Some(call));
        let origins = open.sessions.iter().map(|(key, role)| self.openings.origin(*key, role, cause));
        origins
            .filter_map(|origin| match origin {
                Origin::Known(opened) => Some(opened),
                Origin::Role(_) | Origin::Untold => None,
            })
            .collect()
    }

    /// Returns the state of the rules with these actors behind a target, and of those that fired them.
    fn trace(&self, rule: &RuleArn, actors: Vec<String>) -> Trace {
        let rules_of = |actor: &str| self.replay.actors.rules_of(actor).cloned().collect::<Vec<_>>();
        let first = actors.into_iter().map(|actor| (actor.clone(), rules_of(&actor))).collect();
        let mut trace = Trace { first, ..Trace::default() };
        let mut left: VecDeque<RuleArn> = trace.first.iter().flat_map(|(_, rules)| rules.clone()).collect();
        while let Some(next) = left.pop_front() {
            if next == *rule || trace.upstream.iter().any(|known| known.rule == next) {
                continue;
            }
            if trace.upstream.len() >= MAX_TRACED {
                trace.left_out += 1;
                continue;
            }
            let Some(&index) = self.by_arn.get(&next) else { continue };
            let Some(record) = self.cases[index].record.as_ref() else { continue };
            let one = guard::upstream(record, &self.limits[index], rules_of);
            left.extend(one.fired_by.iter().flat_map(|(rules, _)| rules.clone()));
            trace.upstream.push(one);
        }
        trace
    }
}
