//! Trial of a suspect: the rule is off for a short time, and its target's calls show whether the rule causes them.
//!
//! A loop falls silent, also after the rule is back, until others call. An honest machine calls on.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{Seconds, Timestamp, plural};
use crate::turns::Span;
use crate::verdict::Evidence;

/// Longest time for which a rule is to be off, in seconds. The tick that ends it is a minute late at most.
const MAX_OFF: i64 = 13 * 60;
/// Time for which events may still fire the rule after `DisableRule`, in seconds.
const PROPAGATION: i64 = 180;
/// Time before a predicted call by which the rule is off, in seconds.
const MARGIN: i64 = 120;
/// Largest gap between calls for which a pause covers several of them, in seconds.
const FAST: i64 = 300;
/// Largest gap that is tried at all, in seconds.
const SLOWEST: i64 = 6 * 3_600;
/// Number of gaps that a pause lasts.
const GAPS: i64 = 5;
/// Minimum number of calls that tell the gap.
const MIN_CALLS: usize = 6;
/// Time before the trial whose calls tell the gap, in seconds, unless fewer than [`MIN_CALLS`] fall into it.
const RECENT: i64 = 2 * 3_600;
/// Largest difference between slow gaps for which a call can be predicted, in seconds.
const MAX_SPREAD: i64 = 600;
/// Time after which most events of a second have arrived, in seconds.
const LATE: i64 = 120;
/// Time after which all of them have, in seconds. CloudTrail may be 15 minutes late.
const LATEST: i64 = 15 * 60;
/// Maximum number of calls from before the trial that are kept.
const MAX_BEFORE: usize = 64;

/// Knowledge from which a trial is planned.
#[derive(Debug, Clone, Copy)]
pub struct Suspect<'a> {
    /// Calls of the rule's own targets, ascending.
    pub own: &'a [Span],
    /// Firings by other makers, ascending.
    pub others: &'a [Span],
    /// Answer time of the targets, in seconds.
    pub answer: i64,
    /// True if the rule invokes functions only: no queue or stream can hold a backlog.
    pub is_direct: bool,
    /// Number of firings in the last minute.
    pub per_minute: u64,
}

/// Trial of one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Evidence that made the rule a suspect.
    pub evidence: Evidence,
    /// Time at which the rule is to be disabled.
    pub begins: Timestamp,
    /// Time for which it is off.
    pub lasts: Seconds,
    /// Usual time between two calls.
    pub gap: Seconds,
    /// Longest time between two calls.
    pub longest_gap: Seconds,
    /// True if a call after the beginning cannot be one that waited in a queue.
    pub is_direct: bool,
    /// Number of firings in the minute before the trial was planned.
    pub per_minute: u64,
    /// Times of the latest own calls before the trial, in seconds since 1970, ascending.
    pub before: Vec<i64>,
    /// True once the cut of the rule has begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_begun: bool,
    /// Time at which the rule was read back as disabled. `None` before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// Time at which the rule was enabled again. `None` before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_at: Option<Timestamp>,
    /// Own calls since then.
    #[serde(default)]
    seen: Seen,
}

/// Own calls since the rule was off, and the first call by others after it was back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Seen {
    /// Number of calls in the first half of the time without the rule.
    early: u32,
    /// The same in the second half.
    late: u32,
    /// Number of calls after the rule was back, for as long as it was off.
    after: u32,
    /// Time of the first of these, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_after: Option<i64>,
    /// Time of the first call by others after the rule was back, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<i64>,
}

/// Outcome of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialOutcome {
    /// Too early to tell.
    Open,
    /// The calls fell silent with the rule, and stayed silent after it.
    Loop,
    /// The calls went on without the rule, and after it.
    Honest,
    /// Neither.
    Untold,
}

impl Trial {
    /// Plans a trial of a suspect. `None` if its calls do not allow one: too few, at uneven distances, or answers to the
    /// calls of others, which fall silent without the rule in any case.
    pub fn plan(evidence: Evidence, suspect: &Suspect<'_>, now: Timestamp) -> Option<Self> {
        let newest = suspect.own.last()?.to;
        let times: Vec<i64> = suspect.own.iter().map(|span| span.from).collect();
        let recent =
            times.partition_point(|at| *at < newest - RECENT).min(times.len().saturating_sub(MIN_CALLS));
        let recent = &times[recent..];
        let has_reason =
            |at: i64| suspect.others.iter().any(|other| other.from < at && other.to >= at - suspect.answer);
        let answers = recent.iter().filter(|at| has_reason(**at)).count();
        let mut gaps: Vec<i64> = recent.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_unstable();
        if gaps.len() + 1 < MIN_CALLS || answers * 5 > recent.len() {
            return None;
        }
        let (median, longest) = (gaps[gaps.len() / 2].max(1), gaps[gaps.len() - 1].max(1));
        let (begins, lasts) = if longest <= FAST {
            (now.as_second(), (PROPAGATION + MARGIN.max(GAPS * longest)).min(MAX_OFF))
        } else if median > FAST && median <= SLOWEST && longest - gaps[0] <= MAX_SPREAD {
            let lead = PROPAGATION + MARGIN;
            let missing = (now.as_second() + lead - newest).max(0);
            let turns = ((missing + median - 1) / median).max(1);
            (newest + turns * median - lead, MAX_OFF)
        } else {
            return None;
        };
        let seconds = |seconds: i64| u32::try_from(seconds).ok().map(Seconds::new);
        Some(Self {
            evidence,
            begins: Timestamp::from_second(begins).ok()?,
            lasts: seconds(lasts)?,
            gap: seconds(median)?,
            longest_gap: seconds(longest)?,
            is_direct: suspect.is_direct,
            per_minute: suspect.per_minute,
            before: times[times.len().saturating_sub(MAX_BEFORE)..].to_vec(),
            is_begun: false,
            disabled_at: None,
            enabled_at: None,
            seen: Seen::default(),
        })
    }

    /// Returns true while the rule is disabled for the trial.
    pub fn is_off(&self) -> bool {
        self.disabled_at.is_some() && self.enabled_at.is_none()
    }

    /// Time at which the rule is enabled again, if it is disabled now.
    pub fn ends(&self, now: Timestamp) -> Timestamp {
        now + SignedDuration::from(self.lasts)
    }

    /// First second in which no event fires the rule any more, and the middle of the time without it.
    fn off(&self) -> Option<(i64, i64)> {
        let disabled = self.disabled_at?.as_second();
        let off = disabled + PROPAGATION;
        Some((off, (off + disabled + i64::from(self.lasts.get())) / 2))
    }

    /// Time for which the calls are watched after the rule is back, in seconds.
    fn watched_for(&self) -> i64 {
        let gap = i64::from(self.gap.get());
        if gap > FAST { gap * 3 / 2 } else { i64::from(self.lasts.get()) }
    }

    /// Notes a call that fires the rule, or would. Returns true if it matters.
    pub fn note(&mut self, at: Timestamp, is_own: bool) -> bool {
        let at = at.as_second();
        let Some((off, middle)) = self.off().filter(|(off, _)| at > *off) else { return false };
        let enabled = self.enabled_at.map(Timestamp::as_second).filter(|enabled| at > *enabled);
        let seen = &mut self.seen;
        match (is_own, enabled) {
            (true, None) if at <= middle.max(off) => seen.early = seen.early.saturating_add(1),
            (true, None) => seen.late = seen.late.saturating_add(1),
            (true, Some(enabled)) => {
                seen.first_after = Some(seen.first_after.map_or(at, |known| known.min(at)));
                let is_watched = at <= enabled + self.watched_for();
                self.seen.after = self.seen.after.saturating_add(u32::from(is_watched));
            }
            (false, Some(_)) => seen.reason = Some(seen.reason.map_or(at, |known| known.min(at))),
            (false, None) => return false,
        }
        true
    }

    /// Judges the calls while the rule was off, and for as long after that.
    pub fn judge(&self, now: Timestamp) -> TrialOutcome {
        let (Some((_, middle)), Some(enabled)) = (self.off(), self.enabled_at) else {
            return TrialOutcome::Open;
        };
        let (enabled, now, seen) = (enabled.as_second(), now.as_second(), self.seen);
        let end = enabled + self.watched_for();
        let is_slow = i64::from(self.gap.get()) > FAST;
        let has_called_on =
            self.is_usual(seen.late, enabled - middle) && self.is_usual(seen.after, end - enabled);
        if has_called_on && self.is_direct && !is_slow {
            return TrialOutcome::Honest;
        }
        let until = seen.reason.map_or(end, |reason| reason.min(end));
        let called = seen.early > 0 || seen.late > 0 || seen.first_after.is_some_and(|at| at <= until);
        if now - LATE < end || !called && now - LATEST < until {
            return TrialOutcome::Open;
        }
        let is_short =
            self.disabled_at.is_none_or(|at| enabled - at.as_second() < i64::from(self.lasts.get()));
        let silence = until - enabled;
        match !called && !is_short && silence >= (2 * i64::from(self.longest_gap.get())).min(end - enabled) {
            true => TrialOutcome::Loop,
            false => TrialOutcome::Untold,
        }
    }

    /// Returns true if there were at least half of the usual calls. Repeated tries of a loop are fewer.
    fn is_usual(&self, calls: u32, seconds: i64) -> bool {
        let usual = seconds / i64::from(self.gap.get()).max(1);
        i64::from(calls) >= ((usual + 1) / 2).max(1)
    }

    /// Outcome in one sentence with its numbers, without a full stop.
    pub fn sentence(&self, outcome: TrialOutcome) -> String {
        let off = self.lasts;
        let calls = plural(self.seen.early.saturating_add(self.seen.late), "own call");
        match outcome {
            TrialOutcome::Open => {
                format!("the rule is off for {off}, and the calls of its target are watched")
            }
            TrialOutcome::Loop => format!(
                "the calls, one each {}, stopped when the rule was off for {off}, and did not come back",
                self.gap
            ),
            TrialOutcome::Honest => {
                format!("{calls} came while the rule was off for {off}, and more after it")
            }
            TrialOutcome::Untold => {
                format!("the rule was off for {off}, which tells nothing: {calls} came meanwhile")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_176_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(NOON + second).expect("a time")
    }

    fn spans(seconds: impl IntoIterator<Item = i64>) -> Vec<Span> {
        let span = |second: i64| Span { from: NOON + second, to: NOON + second, count: 1 };
        seconds.into_iter().map(span).collect()
    }

    /// Trial planned at noon for these calls.
    fn plan(own: &[Span], others: &[Span]) -> Option<Trial> {
        let suspect = Suspect { own, others, answer: 63, is_direct: true, per_minute: 1 };
        Trial::plan(Evidence::manual(), &suspect, at(0))
    }

    /// Twelve calls with this gap, the last one `ago` seconds before noon.
    fn planned(gap: i64, ago: i64) -> Option<Trial> {
        plan(&spans((0..12).rev().map(|n| -ago - n * gap)), &[])
    }

    #[test]
    fn fast_calls_are_paused_and_slow_ones_pinched() {
        let check = |gap, ago, expected: Option<(i64, u32)>| {
            let seen = planned(gap, ago);
            let seen = seen.map(|trial| (trial.begins.as_second() - NOON, trial.lasts.get()));
            assert_eq!(seen, expected, "each {gap} s, the last {ago} s ago");
        };
        check(10, 5, Some((0, 300)));
        check(60, 5, Some((0, 480)));
        check(240, 5, Some((0, 780)));
        // The next call comes at minute 30, and the rule is off from 5 minutes before to 8 minutes after.
        check(3_600, 1_800, Some((1_500, 780)));
        // It is too late for the next one.
        check(1_800, 1_700, Some((1_600, 780)));
        check(30_000, 5, None);
    }

    #[test]
    fn answers_and_bursts_are_not_tried() {
        let own = spans((0..12).rev().map(|n| -n * 60));
        assert_eq!(plan(&own, &spans((0..12).rev().map(|n| -n * 60 - 5))), None, "each has a reason");
        // Thirty calls, a second apart, each ten minutes: silence between them is usual.
        let bursts = spans((0..6).rev().flat_map(|burst| (0..30).map(move |n| -burst * 600 - 40 + n)));
        assert_eq!(plan(&bursts, &[]), None);
    }

    #[test]
    fn the_calls_tell() {
        // Off from second 0 to the end of the trial; then as long again.
        let check = |gap: i64, own: &[i64], reason: Option<i64>, minutes: &[(i64, TrialOutcome)]| {
            let mut trial = planned(gap, 5).expect("a trial");
            let lasts = i64::from(trial.lasts.get());
            (trial.disabled_at, trial.enabled_at) = (Some(at(0)), Some(at(lasts)));
            own.iter().for_each(|second| _ = trial.note(at(*second), true));
            reason.iter().for_each(|second| assert!(trial.note(at(*second), false)));
            for (minute, expected) in minutes {
                assert_eq!(trial.judge(at(minute * 60)), *expected, "{own:?} at minute {minute}");
            }
        };
        use TrialOutcome::{Honest, Loop, Open, Untold};
        // Each 10 s: off for 5 minutes. A late event may still speak against silence for 15 minutes.
        check(10, &[], None, &[(6, Open), (12, Open), (24, Open), (26, Loop)]);
        check(10, &[20, 100], None, &[(26, Loop)]);
        let each = |step: i64| (1..600 / step).map(|n| n * step).collect::<Vec<_>>();
        check(10, &each(15), None, &[(12, Honest)]);
        check(10, &each(1), None, &[(12, Honest)]);
        check(10, &[250, 310], None, &[(12, Untold)]);
        check(10, &[290], None, &[(12, Untold)]);
        // Others call after the trial, and the loop goes on.
        check(10, &[330, 340], Some(325), &[(26, Loop)]);
        check(10, &[330, 340], Some(305), &[(26, Untold)]);
        // Each hour: a call that comes in spite of the trial is another one of several.
        check(3_600, &[600], None, &[(200, Untold)]);
        check(3_600, &[], None, &[(60, Open), (125, Loop)]);
    }

    #[test]
    fn a_trial_that_ended_early_tells_nothing() {
        let mut trial = planned(10, 5).expect("a trial");
        (trial.disabled_at, trial.enabled_at) = (Some(at(0)), Some(at(60)));
        assert_eq!(trial.judge(at(3_600)), TrialOutcome::Untold);
    }
}
