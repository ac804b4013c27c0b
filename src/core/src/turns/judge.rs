//! One pass over the timeline that finds turns, surplus, a high rate, and suspicious patterns.

use super::Terms;
use super::clock::{keeps_a_known_schedule, keeps_a_schedule};
use super::counts::{Backlog, Recent};
use super::depth::{Causes, Depth};
use super::entry::Entry;
use super::found::{Found, FoundKind, Judgement, Missing};
use super::runs::{RETRIES_SECONDS, Run, Runs};
use super::suspicion::{Alternation, SelfStarts};
use super::tally::Span;
use super::tasks::Tasks;
use super::timeline::{Kind, Reason, Timeline};
use crate::model::{Schedules, Timestamp};

/// Time per turn above which a proof waits for late reasons, in seconds.
const SLOW: i64 = 60;
/// Time that such a proof waits, in seconds. 99 of 100 events of CloudTrail have arrived by then.
const WAIT: i64 = 300;
/// Age of its last firing at which a proof is over, in seconds. The answer time counts instead if it is longer.
const OVER: i64 = 15 * 60;
/// Own calls within the window for each foreign firing that no fan-out explains, as a multiple of the limit.
const FAN_OUT: u64 = 10;

/// State of the pass.
pub(super) struct Walk<'a> {
    terms: &'a Terms,
    answer: i64,
    /// Second before which a proof is over.
    floor: i64,
    causes: Causes,
    runs: Runs,
    /// Firings that a target may answer: those of other makers, and own ones without a cause.
    reasons: Vec<Span>,
    /// Firings of other makers in the whole timeline. The next field is the number already passed.
    others: Vec<Span>,
    passed: usize,
    own: Vec<Span>,
    /// Times of the own calls passed so far that are stored one by one.
    own_seconds: Vec<i64>,
    /// Times of all such calls in the whole timeline. Empty if no schedules are known.
    all_seconds: Vec<i64>,
    backlog: Backlog,
    rate: Recent,
    fan_out: Recent,
    alternation: Alternation,
    self_starts: SelfStarts,
    /// Tasks, if the rule's only target starts one container for each firing.
    tasks: Option<Tasks>,
    /// First proof by tasks: the firings, their turns, and whether the beginning was seen.
    by_tasks: Option<(Found, u32, bool)>,
    judgement: Judgement,
}

/// Judges a timeline. A pure function, so the order of arrival makes no difference.
pub(super) fn judge(timeline: &Timeline<'_>, terms: &Terms) -> Judgement {
    let answer = timeline.answer_seconds;
    let newest = timeline.items.iter().rev().find(|item| item.is_own());
    let newest = newest.map_or(i64::MIN, |item| item.span.to);
    let others: Vec<Span> =
        timeline.items.iter().filter(|item| !item.is_own()).map(|item| item.span).collect();
    let mut walk = Walk {
        terms,
        answer,
        floor: newest.saturating_sub(OVER.max(answer)),
        causes: Causes::new(answer),
        runs: Runs::new(answer, terms.time_limit, timeline.calls),
        reasons: Vec::with_capacity(timeline.items.len()),
        own: Vec::with_capacity(timeline.items.len() - others.len()),
        own_seconds: Vec::with_capacity(timeline.calls),
        all_seconds: if terms.schedules == Schedules::default() {
            Vec::new()
        } else {
            timeline.own_seconds()
        },
        others,
        passed: 0,
        backlog: Backlog::new(answer),
        rate: Recent::default(),
        fan_out: Recent::default(),
        alternation: Alternation::default(),
        self_starts: SelfStarts::default(),
        tasks: terms.starts_one_task.then(|| Tasks::new(answer)),
        by_tasks: None,
        judgement: Judgement::default(),
    };
    for item in &timeline.items {
        match item.kind {
            Kind::Reason(reason) => walk.reason(&item.span, reason),
            Kind::Own(entry) => walk.own(&item.span, Some(entry)),
            Kind::OwnSpan => walk.own(&item.span, None),
        }
    }
    walk.end_tasks();
    walk.judgement
}

impl Walk<'_> {
    fn reason(&mut self, span: &Span, reason: Reason) {
        self.alternation.reason(*span, reason == Reason::Soft, self.answer);
        self.backlog.forget_before(span.from);
        self.causes.add(*span, Depth { turns: 0, is_anchored: true, since: span.from }, false);
        self.reasons.push(*span);
        self.passed += 1;
        if let Some(tasks) = &mut self.tasks {
            tasks.reason(*span, true);
        }
    }

    fn own(&mut self, span: &Span, entry: Option<&Entry>) {
        let at = span.from;
        if let Some(turns) = self.alternation.own(at, self.answer) {
            self.suspect(FoundKind::Alternation(turns), at, Missing::Place);
        }
        self.backlog.own(*span, self.own.last());
        let latest_reason = self.others_so_far().last().map(|span| span.to);
        let is_on_schedule = entry.is_some()
            && (keeps_a_known_schedule(&self.all_seconds, &self.terms.schedules, at)
                || keeps_a_schedule(&self.own_seconds, latest_reason, at));
        let cause = self.causes.of(at).filter(|_| !is_on_schedule);
        let depth = match cause {
            Some(cause) => Depth { turns: cause.turns + 1, ..cause },
            None => {
                // Unseen reason: a schedule, the target's own initiative, or a beginning that was missed.
                self.reasons.push(*span);
                let is_first = self.own.is_empty() && self.passed == 0;
                let began = self.terms.began.map(Timestamp::as_second);
                let may_answer_earlier = is_first || began.is_some_and(|began| at <= began + self.answer);
                if !is_on_schedule && !may_answer_earlier {
                    self.started_by_itself(at);
                }
                Depth { turns: 0, is_anchored: false, since: at }
            }
        };
        self.causes.add(*span, depth, true);
        self.judgement.turns = self.judgement.turns.max(depth.turns);
        self.own.push(*span);
        if let Some(entry) = entry {
            self.own_seconds.push(at);
            if entry.equal != 0 && !is_on_schedule {
                self.equal(entry, depth);
            }
        }
        self.judge_rate(at, depth);
        self.judge_turns(at, depth);
        self.judge_tasks(*span, entry.filter(|_| !is_on_schedule));
    }

    fn others_so_far(&self) -> &[Span] {
        &self.others[..self.passed]
    }

    fn started_by_itself(&mut self, at: i64) {
        let is_alone = !has_within(&self.others, at - self.answer - RETRIES_SECONDS, at + 5);
        if let Some(times) = self.self_starts.add(is_alone) {
            self.suspect(FoundKind::SelfStarted(times), at, Missing::Initiative);
        }
    }

    fn equal(&mut self, entry: &Entry, depth: Depth) {
        let begun = self.others_so_far().last().is_some_and(|span| span.to >= entry.at - self.answer);
        let Some(run) = self.runs.add(entry, depth.turns > 0, begun, &self.reasons) else { return };
        self.judgement.surplus = self.judgement.surplus.max(run.surplus);
        let is_enough = self.terms.turns.is_some_and(|limit| run.surplus >= limit.surplus());
        if is_enough && self.may_prove(entry.at) {
            let Run { first, calls, reasons, .. } = run;
            let mut found = self.found(FoundKind::Surplus { calls, reasons }, first, entry.at);
            (found.equal, found.count) = (Some(entry.equal), u64::from(calls));
            self.proved(found, calls, run.is_anchored);
        }
    }

    fn judge_turns(&mut self, at: i64, depth: Depth) {
        let is_enough = self.terms.turns.is_some_and(|limit| depth.turns >= limit.get());
        if is_enough && self.may_prove(at) {
            let found = self.found(FoundKind::Turns(depth.turns), depth.since, at);
            self.proved(found, depth.turns, depth.is_anchored);
        }
    }

    /// Judges turns by the containers that make the calls: each container was started by one firing.
    fn judge_tasks(&mut self, span: Span, entry: Option<&Entry>) {
        let Some(tasks) = &mut self.tasks else { return };
        let task = entry.and_then(|entry| Some((entry.at, entry.task()?)));
        let Some((at, task)) = task else { return tasks.reason(span, false) };
        let Some(task) = tasks.call(at, task) else { return };
        self.judgement.turns = self.judgement.turns.max(task.turns);
        let is_enough = self.terms.turns.is_some_and(|limit| task.turns >= limit.get());
        if is_enough && self.by_tasks.is_none() && self.may_prove(at) {
            let found = self.found(FoundKind::Turns(task.turns), task.since, at);
            self.by_tasks = Some((found, task.turns, task.is_anchored));
        }
    }

    /// Completes a proof by tasks. It holds only if no task, earlier or later, was started elsewhere.
    fn end_tasks(&mut self) {
        let is_sound = self.tasks.as_ref().is_some_and(|tasks| !tasks.is_started_elsewhere());
        let proof = self.by_tasks.take().filter(|_| is_sound && self.judgement.proof.is_none());
        if let Some((found, turns, is_anchored)) = proof {
            self.proved(found, turns, is_anchored);
        }
    }

    /// Returns false if there is a proof already, if the calls are too old, or if a backlog explains them.
    fn may_prove(&mut self, at: i64) -> bool {
        self.judgement.proof.is_none()
            && at >= self.floor
            && !self.backlog.explains(&self.own, &self.others[..self.passed])
    }

    /// Stores a proof, or a suspicion if an innocent explanation is left.
    fn proved(&mut self, found: Found, turns: u32, is_anchored: bool) {
        match self.missing(is_anchored) {
            Some(missing) => self.suspicious(|_| found, missing),
            None => {
                let (first, last) = (found.first.as_second(), found.last.as_second());
                let is_slow = (last - first) / i64::from(turns.max(1)) > SLOW;
                if !is_slow || last + WAIT <= self.terms.now.as_second() {
                    self.judgement.proof = Some(found);
                    self.judgement.waits_until = None;
                } else if self.judgement.waits_until.is_none() {
                    self.judgement.waits_until = Timestamp::from_second(last + WAIT).ok();
                }
            }
        }
    }

    fn missing(&self, is_anchored: bool) -> Option<Missing> {
        match (is_anchored, self.self_starts.any()) {
            (false, _) => Some(Missing::Anchor),
            (true, true) => Some(Missing::Initiative),
            (true, false) => None,
        }
    }

    fn judge_rate(&mut self, at: i64, depth: Depth) {
        let limit = u64::from(self.terms.burst.count.get());
        let window = i64::from(self.terms.burst.window.get());
        let count = self.rate.since(&self.own, at - window + 1);
        let others = self.fan_out.since(&self.others[..self.passed], at - window - self.answer);
        if count < limit || at < self.floor {
            return;
        }
        let since = at - window + 1;
        if depth.turns >= 2 {
            let missing = self.missing(depth.is_anchored);
            let missing = missing.or_else(|| {
                self.backlog.explains(&self.own, &self.others[..self.passed]).then_some(Missing::Backlog)
            });
            match missing.filter(|_| depth.turns < self.terms.turns.unwrap_or_default().get()) {
                None => return self.reached(FoundKind::Rate, count, since, at),
                Some(missing) => {
                    self.suspicious(|walk| walk.found_since(FoundKind::Rate, since, at), missing)
                }
            }
        }
        let is_beyond_fan_out = count >= limit.saturating_mul(FAN_OUT.max(others));
        if is_beyond_fan_out && !self.self_starts.any() {
            self.reached(FoundKind::FanOut { others }, count, since, at);
        }
    }

    fn reached(&mut self, kind: FoundKind, count: u64, since: i64, at: i64) {
        if self.judgement.rate.is_none() {
            self.judgement.rate = Some(Found { count, ..self.found_since(kind, since, at) });
        }
    }

    fn suspect(&mut self, kind: FoundKind, at: i64, missing: Missing) {
        if at >= self.floor {
            let first = self.own.first().map_or(at, |span| span.from);
            self.suspicious(|walk| walk.found(kind, first, at), missing);
        }
    }

    fn suspicious(&mut self, found: impl FnOnce(&Self) -> Found, missing: Missing) {
        if self.judgement.suspicion.is_none() {
            self.judgement.suspicion = Some(Found { missing: Some(missing), ..found(self) });
        }
    }

    /// Own calls between the two seconds. The result begins with the first own call.
    fn found_since(&self, kind: FoundKind, since: i64, last: i64) -> Found {
        let first = self.own.iter().rev().take_while(|span| span.to >= since).last();
        self.found(kind, first.map_or(since, |span| span.from.max(since)), last)
    }

    /// Own calls between the two seconds.
    fn found(&self, kind: FoundKind, first: i64, last: i64) -> Found {
        let from = self.own_seconds.partition_point(|at| *at < first);
        let time = |at| Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
        let own = || self.own.iter().rev().take_while(|span| span.to >= first);
        Found {
            kind,
            count: own().map(|span| u64::from(span.count)).sum(),
            first: time(own().last().map_or(last, |span| span.from.max(first))),
            last: time(last),
            times: self.own_seconds[from..].to_vec(),
            equal: None,
            missing: None,
        }
    }
}

/// Returns true if a span overlaps the seconds from `from` to `to`. The spans ascend in time.
fn has_within(spans: &[Span], from: i64, to: i64) -> bool {
    let after = spans.partition_point(|span| span.from <= to);
    spans[..after].last().is_some_and(|span| span.to >= from)
}
