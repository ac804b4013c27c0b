//! Judges each rule's firings in the order of event time with the guard's own step, and finds its busiest window.

use std::collections::{HashMap, VecDeque};

use jiff::SignedDuration;

use super::causes::{Caused, Causes};
use super::collect::{Collected, Replay, ReplayFiring, Uncounted, Watched};
use super::places::Place;
use crate::attribution::{AssumeRoleCalls, Origin, is_target};
use crate::guard::{self, Action, Answer, Observation};
use crate::history::{REACH, RateHistory};
use crate::model::{Call, Caller, Cause, Firing, OpenSessions, Opened, RuleArn, Seconds, Target, Timestamp};
use crate::policy::{BurstLimit, Limits, Mode};
use crate::record::{Record, Trip};
use crate::verdict::{MAX_TRACED, Trace};

/// Time added to each step, longer than a slow proof waits for late reasons.
const LATENESS_OF_REASONS: SignedDuration = SignedDuration::from_mins(6);
/// Maximum number of questions in a row after one firing.
const MAX_QUESTIONS: usize = 4;

/// Result for one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleReport {
    /// Firings in each place, by the place. A rule whose place the file gives has at most one. None without a firing.
    pub places: Vec<PlaceReport>,
    /// True if the logs have records of the rule's place. Without them nothing is known of the rule.
    pub is_covered: bool,
    /// True if the rule's targets are known.
    pub has_targets: bool,
    /// Matches that are not firings, or are in doubt.
    pub uncounted: Uncounted,
}

/// Firings of a rule in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceReport {
    /// Place of the events.
    pub place: Place,
    /// Number of distinct events that would have fired the rule.
    pub firings: u64,
    /// Number of own calls among them.
    pub own: u64,
    /// Number of calls with the role of a target, in sessions that do not show that the target made them.
    pub unplaced: u64,
    /// True if the unplaced calls are enough to prove a loop, if the target made them.
    pub is_doubtful: bool,
    /// Busiest window of the limit's length; `None` if the events have no time that can be shown.
    pub peak: Option<BusiestWindow>,
    /// First trip; `None` if the rule would not have tripped.
    pub trip: Option<WouldTrip>,
    /// Number of firings by minute since 1970, in the order of time. Minutes without firings are left out.
    pub minutes: Vec<(i64, u64)>,
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
    /// Number of firings after it.
    pub firings_after: u64,
    /// Number of own calls among the firings after it.
    pub own_after: u64,
    /// Length of the time before the trip that the logs cover, at most 14 days. The deployed guard compares a rate with all of these 14
    /// days.
    pub known_past: SignedDuration,
}

impl RuleReport {
    /// Number of firings in all places.
    pub fn firings(&self) -> u64 {
        self.places.iter().map(|place| place.firings).sum()
    }

    /// Number of own calls among the firings; `None` if the rule's targets are not known.
    pub fn own(&self) -> Option<u64> {
        self.has_targets.then(|| self.places.iter().map(|place| place.own).sum())
    }

    /// Busiest window of all places; `None` without a firing.
    pub fn peak(&self) -> Option<BusiestWindow> {
        let peaks = self.places.iter().filter_map(|place| place.peak);
        peaks.reduce(|one, other| if other.count > one.count { other } else { one })
    }

    /// First trip in any place.
    pub fn trip(&self) -> Option<&WouldTrip> {
        self.places.iter().filter_map(|place| place.trip.as_ref()).min_by_key(|trip| trip.trip.at)
    }
}

impl PlaceReport {
    /// Returns the smallest burst limit of this window that the rule would not have reached here.
    pub fn smallest_limit(&self, window: Seconds) -> String {
        smallest_limit(self.peak, window)
    }
}

/// Returns the smallest burst limit of this window that a rule with this peak would not have reached: one above its peak. Above 512
/// the guard estimates, so some more room is advisable.
pub fn smallest_limit(peak: Option<BusiestWindow>, window: Seconds) -> String {
    format!("{}/{window}", peak.map_or(0, |peak| peak.count) + 1)
}

/// Judges the firings of every rule, one by one in the order of event time. Rules whose targets are known are also
/// judged by the makers of the calls, cycles of rules included. `collected` gives up its firings.
pub fn judge(limits: &Limits, replay: &Replay, collected: &mut Collected) -> Vec<RuleReport> {
    let mut fired = std::mem::take(&mut collected.fired);
    fired.sort_unstable_by_key(ReplayFiring::order);
    let limits = Limits { mode: Mode::Enforce, sustained: None, ..limits.clone() };
    let mut all = ReplayRun::new(&limits, replay, collected);
    fired.into_iter().for_each(|one| all.feed(one));
    let report = |(index, rule): (usize, &Watched)| RuleReport {
        places: Vec::new(),
        is_covered: collected.cover(replay, index),
        has_targets: rule.targets.is_some(),
        uncounted: collected.uncounted(index),
    };
    let mut reports: Vec<RuleReport> = replay.rules().iter().enumerate().map(report).collect();
    for ((rule, place), run) in all.runs {
        let place = match &replay.rules()[rule].place {
            Some(own) => own.clone(),
            None => collected.places.get(place).clone(),
        };
        reports[rule].places.push(run.report(place, &limits));
    }
    reports
        .iter_mut()
        .for_each(|report| report.places.sort_unstable_by(|one, other| one.place.cmp(&other.place)));
    reports
}

/// State of all rules. They are judged together, because one rule's target may fire another rule.
struct ReplayRun<'a> {
    /// Limits by the rules' index.
    limits: Vec<Limits>,
    window: Seconds,
    replay: &'a Replay,
    causes: &'a Causes,
    openings: &'a AssumeRoleCalls,
    /// Time of the first record of the logs.
    first: Option<Timestamp>,
    /// Rules by their index and the place of their events.
    runs: HashMap<(usize, u32), RuleRun>,
    /// Index of each rule.
    by_arn: HashMap<&'a RuleArn, usize>,
}

/// State of one rule in one place. After its trip it counts as disabled, and its firings are only counted.
struct RuleRun {
    /// Record of the rule; `None` during a step.
    record: Option<Record>,
    firings: u64,
    own: u64,
    unplaced: u64,
    trip: Option<WouldTrip>,
    peak: Option<BusiestWindow>,
    /// Number of firings by minute since 1970, in the order of time.
    minutes: Vec<(i64, u64)>,
    /// Times of the firings within one window up to the newest, in milliseconds since 1970.
    recent: VecDeque<i64>,
}

impl RuleRun {
    fn new(rule: &RuleArn, limit: BurstLimit) -> Self {
        Self {
            record: Some(Record::new(rule.clone(), limit)),
            firings: 0,
            own: 0,
            unplaced: 0,
            trip: None,
            peak: None,
            minutes: Vec::new(),
            recent: VecDeque::new(),
        }
    }

    /// Counts a firing. The first of several equally busy windows is kept. Windows are half open, as in the guard.
    fn count(&mut self, at: i64, window: Seconds, is_own: bool) {
        self.firings += 1;
        self.own += u64::from(is_own);
        if let Some(would) = &mut self.trip {
            would.firings_after += 1;
            would.own_after += u64::from(is_own);
        }
        let minute = at.div_euclid(60_000);
        match self.minutes.last_mut().filter(|(last, _)| *last == minute) {
            Some((_, firings)) => *firings += 1,
            None => self.minutes.push((minute, 1)),
        }
        while self.recent.front().is_some_and(|first| at - first >= window.millis()) {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
        let count = self.recent.len() as u64;
        if self.peak.is_none_or(|peak| count > peak.count) {
            self.peak = Timestamp::from_millisecond(at).ok().map(|at| BusiestWindow { count, window, at });
        }
    }

    fn report(self, place: Place, limits: &Limits) -> PlaceReport {
        let Self { firings, own, unplaced, peak, trip, minutes, .. } = self;
        let enough = limits.turns.map_or(u64::MAX, |turns| turns.surplus().into());
        PlaceReport { place, firings, own, unplaced, is_doubtful: unplaced >= enough, peak, trip, minutes }
    }
}

impl<'a> ReplayRun<'a> {
    fn new(limits: &Limits, replay: &'a Replay, collected: &'a Collected) -> Self {
        let of_rule = |rule: &Watched| {
            let mut limits = Limits { acts_as: rule.acts_as.clone(), ..limits.clone() };
            if let Some(basis) = &rule.cost_basis {
                limits = limits.with_cost_basis(basis.clone());
            }
            match &rule.targets {
                Some(targets) => {
                    let are_shared = replay.actors.are_shared(targets);
                    limits.with_targets(targets).with_shared_actors(are_shared)
                }
                None => limits,
            }
        };
        Self {
            limits: replay.rules().iter().map(of_rule).collect(),
            window: limits.spend.map_or(limits.burst.window, |spend| spend.window),
            replay,
            causes: &collected.causes,
            openings: &collected.openings,
            first: collected.first,
            runs: HashMap::new(),
            by_arn: replay.rules().iter().enumerate().map(|(index, rule)| (&rule.arn, index)).collect(),
        }
    }

    /// Key of the run of a rule for events of this place. A rule with a place of its own has one run.
    fn key(&self, rule: usize, place: u32) -> (usize, u32) {
        (rule, if self.replay.rules()[rule].place.is_some() { 0 } else { place })
    }

    fn feed(&mut self, fired: ReplayFiring) {
        let watched = &self.replay.rules()[fired.rule()];
        let Caused { caller, call, place } = self.causes.get(fired.cause());
        let call = call.as_deref();
        let cause = match watched.targets {
            Some(_) => self.replay.actors.cause(&watched.arn, caller, call),
            None => Cause::Unknown,
        };
        let key = self.key(fired.rule(), *place);
        let burst = self.limits[fired.rule()].burst;
        let run = self.runs.entry(key).or_insert_with(|| RuleRun::new(&watched.arn, burst));
        run.count(fired.at(), self.window, matches!(cause, Cause::Own { .. }));
        let is_unplaced =
            cause == Cause::Unplaced && self.replay.actors.has_role_of(&watched.arn, caller, call);
        run.unplaced += u64::from(is_unplaced);
        let Ok(at) = Timestamp::from_millisecond(fired.at()) else { return };
        let Some(record) = run.record.take_if(|_| run.trip.is_none()) else { return };
        let caller = Caller {
            principal: (&*caller.principal).into(),
            issued_to: caller.issued_to.as_deref().map(Into::into),
        };
        let event_id = format!("{:016x}", fired.id()).into();
        let firing = Firing { rule: watched.arn.clone(), event_id, at, caller, call: call.cloned(), cause };
        let record = self.step(record, firing, key);
        let Some(run) = self.runs.get_mut(&key) else { return };
        if guard::is_open(&record) {
            run.trip = record.last_trip.clone().map(|mut trip| {
                // The step ran with a later time, so that no proof waits.
                trip.at = at;
                let targets = watched.targets.as_deref().unwrap_or_default();
                let is_own =
                    |caller: &Caller<'_>, targets: &[Target]| is_target(caller, &watched.arn, targets);
                trip.evidence.mark_targets(is_own, targets);
                let known_past = self.first.map_or(SignedDuration::ZERO, |first| at.duration_since(first));
                WouldTrip {
                    trip,
                    firings_before: run.firings,
                    firings_after: 0,
                    own_after: 0,
                    known_past: known_past.min(REACH),
                }
            });
        }
        run.record = Some(record);
    }

    /// Runs the guard's own step, and answers the questions that a log can answer. All other actions follow a trip.
    fn step(&self, record: Record, firing: Firing<'_>, run: (usize, u32)) -> Record {
        let (rule, place) = run;
        let limits = &self.limits[rule];
        // A log is complete: no reason arrives late, so no proof waits.
        let now = firing.at + LATENESS_OF_REASONS;
        let (mut record, mut plan) = guard::step(limits, record, &[Observation::Firing(firing)], now);
        for _ in 0..MAX_QUESTIONS {
            let answer = match plan.next.take().filter(|_| !guard::is_open(&record)) {
                Some(Action::Trace { actors, .. }) => {
                    Answer::Traced(Ok(Box::new(self.trace(&self.replay.rules()[rule].arn, place, actors))))
                }
                Some(Action::Sessions(open)) => Answer::Sessions(Ok(self.sessions(rule, &open))),
                Some(Action::History) => Answer::History(Ok(self.history(run))),
                _ => break,
            };
            (record, plan) = guard::step(limits, record, &[Observation::Answer(answer)], now);
        }
        record
    }

    /// Returns the rule's firings by the minute, as far as the logs reach back. CloudWatch would have 14 days.
    fn history(&self, run: (usize, u32)) -> RateHistory {
        let minutes = self.runs.get(&run).map(|run| &*run.minutes).unwrap_or_default();
        let since = minutes.last().map_or(0, |(last, _)| last - REACH.as_mins());
        let at = |minute: i64| Timestamp::from_second(minute * 60).ok();
        let past = minutes.iter().filter(|(minute, _)| *minute >= since);
        RateHistory::new(past.filter_map(|(minute, firings)| Some((at(*minute)?, *firings))))
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
    fn trace(&self, rule: &RuleArn, place: u32, actors: Vec<String>) -> Trace {
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
            let limits = &self.limits[index];
            let one = match self.runs.get(&self.key(index, place)).map(|run| &run.record) {
                Some(Some(record)) => guard::upstream(record, limits, rules_of),
                Some(None) => continue,
                None => guard::upstream(&Record::new(next, limits.burst), limits, rules_of),
            };
            left.extend(one.fired_by.iter().flat_map(|(rules, _)| rules.clone()));
            trace.upstream.push(one);
        }
        trace
    }
}
