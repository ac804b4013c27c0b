//! Judgement of a cut that accuses the rule's own targets: calls that nothing before the cut can have caused.

use super::clusters::{apart, of_one_run};
use super::facts::{Facts, MIN_BARE, total};
use super::outcome::{CutOutcome, Measured, WhyEnded};
use super::{Accused, Aftermath, BACK_OFF, LATE, MAX_AGE, TRIES, WATCHED_FOR, clock, others, points};
use crate::model::Timestamp;
use crate::turns::Span;

/// Minimum number of calls without a cause, and of runs that made them.
const UNCAUSED: u64 = 3;
/// Pause beyond the time limit from which the number of waiting events is bounded, in seconds.
const PAUSE: i64 = 30;
/// Number of turns that is a proof without equal calls.
const PROOF_TURNS: u32 = 10;
/// Number of gaps below which their spread is taken as larger.
const FEW_GAPS: u64 = 20;

/// Knowledge about one cut.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Calls of the rule's own targets before the cut, ascending.
    pub own: &'a [Span],
    /// Firings by other makers before the cut, ascending.
    pub reasons: &'a [Span],
    /// Events since the cut.
    pub after: &'a Aftermath,
    /// Answer time of the targets, in seconds.
    pub answer: i64,
    /// Maximum duration of one run of a target, in seconds.
    pub time_limit: i64,
    /// True if the rule invokes functions only: no queue, stream or wait lies between.
    pub is_direct: bool,
    /// True if the evidence of the cut was a proof.
    pub is_proved: bool,
    /// Greatest number of turns before the cut.
    pub turns: u32,
}

/// Judges the makers that the cut accuses by their calls before and after it.
pub fn judge(case: &Case<'_>, now: Timestamp) -> CutOutcome {
    match case.after.accused {
        Accused::Others => others::judge(case, now.as_second()),
        Accused::Own => judge_own(case, now.as_second()),
    }
}

fn judge_own(case: &Case<'_>, now: i64) -> CutOutcome {
    let Some(facts) = Facts::of(case) else { return CutOutcome::NotYetKnown };
    let (cut, off, sure) = (case.after.cut_at.as_second(), case.after.fires_until(), now - LATE);
    let since = points(case.after.calls.spans());
    let later = later_than(off, case.after.calls.spans());
    let last = since.last().or(facts.own.last()).map_or(cut, |(at, _)| *at);
    let numbers = || measured(&facts.own, &since, cut, sure);
    let uncaused = uncaused(case, &facts, &later);
    let is_on_clock = case.is_direct && clock::keeps(&later, &facts, case.time_limit, apart(case.time_limit));
    if uncaused.are_enough() || is_on_clock {
        let calls: u64 = later.iter().map(|span| u64::from(span.count)).sum();
        return match goes_on(&facts, calls, sure - off) {
            GoesOn::Slower => CutOutcome::Partly(numbers()),
            GoesOn::TooFewToTell if sure - off < WATCHED_FOR.as_secs() => CutOutcome::NotYetKnown,
            _ if sure - last > (3 * facts.longest_gap).max(case.answer + 60) => {
                CutOutcome::Ended(numbers(), WhyEnded::WentOn)
            }
            _ => CutOutcome::GoesOn(numbers()),
        };
    }
    if sure <= off || sure - last.max(case.after.seen_since()) < wait(case, &facts) {
        return CutOutcome::NotYetKnown;
    }
    silent(case, &facts, last, total(&since), numbers())
}

/// Calls without a cause.
struct Uncaused {
    calls: u64,
    /// Runs that made them.
    runs: u64,
    /// True if far more came than can have waited.
    are_far_more: bool,
}

impl Uncaused {
    fn are_enough(&self) -> bool {
        self.calls >= UNCAUSED && (self.runs >= UNCAUSED || self.are_far_more)
    }
}

/// Counts the calls after the cut that no event before it can have caused. Answers that still wait are bounded by their
/// number, by pauses, by the age of the oldest waiting event, and by its maximum age.
fn uncaused(case: &Case<'_>, facts: &Facts, later: &[Span]) -> Uncaused {
    let (cut, off, limit) = (case.after.cut_at.as_second(), case.after.fires_until(), case.time_limit);
    let is_bounded = case.is_direct && !facts.is_slow;
    let mut left = waiting(case, facts);
    let drained = case.after.drained_at.filter(|_| is_bounded);
    let drained = drained.map_or(i64::MAX, |at| at.as_second().max(off) + case.answer);
    let too_old = off + if facts.longest_gap > case.answer { 4 * MAX_AGE } else { MAX_AGE } + case.answer;
    let own = i64::try_from(total(&facts.own)).unwrap_or(i64::MAX);
    let seen = i64::try_from(facts.reasons_since(cut - 4 * MAX_AGE)).unwrap_or(i64::MAX);
    let floor = seen.min(own.max(10).saturating_mul(3));
    let near = of_one_run(limit);
    let (mut runs_left, mut previous, mut count) = (i64::MAX, off, 0i64);
    let mut found = Uncaused { calls: 0, runs: 0, are_far_more: false };
    let mut last_found: Option<i64> = None;
    for (index, span) in later.iter().enumerate() {
        let pause = span.from - previous;
        if pause > near || index == 0 {
            runs_left = runs_left.saturating_sub(1);
        }
        if is_bounded && pause > limit + PAUSE {
            let runs = (TRIES.cast_signed() * BACK_OFF + pause - limit - 1) / (pause - limit);
            runs_left = runs_left.min(runs - 1);
        }
        let calls = i64::from(span.count);
        let are_all = runs_left < 0 || span.from > drained;
        let beyond = match are_all {
            true => calls,
            false => (calls - left.unwrap_or(i64::MAX).max(0)).clamp(0, calls),
        };
        let beyond = beyond.min((count + calls - floor).clamp(0, calls));
        let beyond = if span.from > too_old { calls } else { beyond };
        left = left.map(|left| left.saturating_sub(calls));
        count = count.saturating_add(calls);
        if beyond > 0 {
            found.calls += beyond.unsigned_abs();
            found.runs += u64::from(last_found.is_none_or(|last| span.from - last > near));
            last_found = Some(span.to);
        }
        previous = span.to;
    }
    found.are_far_more = left.is_some_and(|left| left < -UNCAUSED.cast_signed());
    found
}

/// Number of answers that can still wait in the queue: three tries for each event since it was last empty, less those
/// that came. `None` if it has no bound.
fn waiting(case: &Case<'_>, facts: &Facts) -> Option<i64> {
    let mut empty = facts.start;
    let idle = case.time_limit + BACK_OFF;
    if case.is_direct && !facts.is_slow {
        for pair in facts.until_off.windows(2) {
            if pair[1].0 - pair[0].0 > idle {
                empty = pair[1].0 - case.answer;
            }
        }
    }
    let own: u64 = facts.until_off.iter().filter(|(at, _)| *at >= empty).map(|(_, count)| count).sum();
    let cut = case.after.cut_at.as_second();
    let firings =
        own + facts.reasons_since(if case.is_direct { empty - case.answer } else { cut - 4 * MAX_AGE });
    let answers = facts.fan_out.saturating_mul(TRIES).saturating_mul(firings);
    let left = i64::try_from(answers).unwrap_or(i64::MAX) - i64::try_from(own).unwrap_or(i64::MAX);
    if case.is_direct {
        return Some(left);
    }
    let before = i64::try_from(total(&facts.until_off)).unwrap_or(i64::MAX);
    (before >= 5).then(|| left.max(before.saturating_add(1)))
}

/// Comparison of the rate after the cut with that of the calls without a reason before it.
enum GoesOn {
    AsBefore,
    Slower,
    TooFewToTell,
}

fn goes_on(facts: &Facts, calls: u64, seconds: i64) -> GoesOn {
    /// Share of the earlier rate that must go on.
    const KEPT: f64 = 0.7;
    let (calls, bare) = (calls as f64, facts.bare as f64);
    let expected = bare / facts.quiet_seconds as f64 * seconds.max(1) as f64;
    if facts.bare < MIN_BARE || calls >= KEPT * expected {
        return GoesOn::AsBefore;
    }
    let chance = (expected.max(1.0) + expected * expected / bare).sqrt();
    if calls < KEPT * expected - 2.0 * chance { GoesOn::Slower } else { GoesOn::TooFewToTell }
}

/// Silence after which the calls count as ended, in seconds.
fn wait(case: &Case<'_>, facts: &Facts) -> i64 {
    let few = if facts.gaps < FEW_GAPS { 1.0 + 4.0 / facts.gaps as f64 } else { 1.0 };
    let unusual = (facts.mean + 5.0 * facts.deviation) * few;
    (case.answer + 60).max(facts.longest_gap * 3 / 2).max(unusual.ceil() as i64)
}

/// The calls have ended: with the rule, or by chance.
fn silent(case: &Case<'_>, facts: &Facts, last: i64, after: u64, numbers: Measured) -> CutOutcome {
    let cut = case.after.cut_at.as_second();
    let (tail, before) = ((last - cut).max(1), facts.duration());
    let reasons = facts.reasons_since(facts.start - case.answer);
    if total(&facts.own) + after < TRIES * reasons + MIN_BARE {
        return CutOutcome::Ended(numbers, WhyEnded::Answers { reasons });
    }
    let first = facts.own.first().map_or(cut, |(at, _)| *at);
    let anchor = facts.reasons.iter().find(|(at, _)| *at >= facts.start - case.answer).map(|(at, _)| *at);
    let is_anchored = anchor.is_some_and(|at| at <= first && first - at <= case.answer);
    let is_chain = case.turns >= PROOF_TURNS && is_anchored && !facts.is_slow;
    if case.is_proved || is_chain {
        return CutOutcome::Stopped { numbers, is_proof: true };
    }
    if facts.bare < MIN_BARE {
        return CutOutcome::Ended(numbers, WhyEnded::TooFew);
    }
    if tail * 10 > before * 3 {
        return CutOutcome::Ended(numbers, WhyEnded::Tail { seconds: tail.unsigned_abs() });
    }
    CutOutcome::Stopped { numbers, is_proof: tail * 10 <= before }
}

/// Clusters after this second. One that spans it is divided.
fn later_than(second: i64, spans: &[Span]) -> Vec<Span> {
    let cut = |span: &Span| {
        if span.from > second {
            return Some(*span);
        }
        let (length, rest) = (span.to - span.from + 1, span.to - second);
        let count = i64::from(span.count).saturating_mul(rest) / length.max(1);
        let count = u32::try_from(count).ok().filter(|count| *count > 0)?;
        Some(Span { from: second + 1, to: span.to, count })
    };
    spans.iter().filter_map(cut).collect()
}

/// Numbers for texts: the pace of the calls before the cut, and those since.
pub(super) fn measured(before: &[(i64, u64)], since: &[(i64, u64)], cut: i64, sure: i64) -> Measured {
    /// Length of time that tells the pace at the cut, in seconds, if it has enough calls.
    const RECENT: i64 = 600;
    let recent = &before[before.partition_point(|(at, _)| *at <= cut - RECENT)..];
    let pace = if total(recent) >= MIN_BARE { recent } else { before };
    let seconds = |seconds: i64| u64::try_from(seconds.max(0)).unwrap_or(0);
    Measured {
        before: total(pace),
        before_seconds: seconds(pace.first().map_or(0, |(first, _)| cut - first).max(60)),
        // Later calls may still be missing.
        after: total(&since[..since.partition_point(|(at, _)| *at <= sure)]),
        after_seconds: seconds(sure - cut),
        last_after_seconds: since.last().map(|(last, _)| seconds(last - cut)),
    }
}
