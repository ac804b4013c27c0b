//! Trial of a suspect: the rule is off for a short time, and its target's calls show whether the rule causes them.
//!
//! A loop falls silent, also after the rule is back, until others call. An honest machine calls on.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{Seconds, Timestamp, plural};
use crate::turns::Span;
use crate::verdict::Evidence;

/// Longest time for which a rule is off.
const MAX_OFF: i64 = 15 * 60;
/// Time for which events may still fire the rule, in seconds, and margin before a predicted call.
const PROPAGATION: i64 = 180;
const MARGIN: i64 = 120;
/// Largest gap between calls for which a pause covers several of them, in seconds.
const FAST: i64 = 300;
/// Largest gap that is tried at all, in seconds.
const SLOWEST: i64 = 6 * 3_600;
/// Number of gaps that a pause lasts.
const GAPS: i64 = 5;
/// Minimum number of calls that tell the gap.
const MIN_CALLS: usize = 6;
/// Number of the latest gaps that count.
const LATEST: usize = 20;
/// Largest difference between slow gaps for which a call can be predicted, in seconds.
const MAX_SPREAD: i64 = 600;
/// Time after which the events of a second count as complete, in seconds.
const LATE: i64 = 120;
/// Maximum number of calls that are kept.
const MAX_KEPT: usize = 64;

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
    /// Number of firings in the minute before the trial was planned.
    pub per_minute: u64,
    /// True once the cut of the rule has begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_begun: bool,
    /// Time at which the rule was read back as disabled. `None` before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// Time at which the rule was enabled again. `None` before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_at: Option<Timestamp>,
    /// Times of own calls since the rule was disabled, in seconds since 1970, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    own: Vec<i64>,
    /// Time of the first call by others after the rule was enabled again, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// Plans a trial for a rule with these own calls. `None` if their pace does not allow one.
    pub fn plan(evidence: Evidence, own: &[Span], per_minute: u64, now: Timestamp) -> Option<Self> {
        let times: Vec<i64> = own.iter().map(|span| span.from).collect();
        let recent = &times[times.len().saturating_sub(LATEST + 1)..];
        let mut gaps: Vec<i64> = recent.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_unstable();
        if gaps.len() + 1 < MIN_CALLS {
            return None;
        }
        let (median, spread) = (gaps[gaps.len() / 2].max(1), gaps[gaps.len() - 1] - gaps[0]);
        let (begins, lasts) = if median <= FAST {
            (now.as_second(), (PROPAGATION + MARGIN.max(GAPS * gaps[gaps.len() - 1])).min(MAX_OFF))
        } else if median <= SLOWEST && spread <= MAX_SPREAD {
            let lead = PROPAGATION + MARGIN;
            let missing = (now.as_second() + lead - recent[recent.len() - 1]).max(0);
            let turns = (missing + median - 1) / median;
            (recent[recent.len() - 1] + turns.max(1) * median - lead, MAX_OFF)
        } else {
            return None;
        };
        let seconds = |seconds: i64| u32::try_from(seconds).ok().map(Seconds::new);
        Some(Self {
            evidence,
            begins: Timestamp::from_second(begins).ok()?,
            lasts: seconds(lasts)?,
            gap: seconds(median)?,
            per_minute,
            is_begun: false,
            disabled_at: None,
            enabled_at: None,
            own: Vec::new(),
            reason: None,
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

    /// Notes a call that fires the rule, or would. Returns true if it matters.
    pub fn note(&mut self, at: Timestamp, is_own: bool) -> bool {
        let at = at.as_second();
        let is_since = |time: Option<Timestamp>| time.is_some_and(|time| at > time.as_second());
        match is_own {
            true if is_since(self.disabled_at) && self.own.len() < MAX_KEPT => {
                let index = self.own.partition_point(|known| *known < at);
                self.own.insert(index, at);
                true
            }
            false if is_since(self.enabled_at) => {
                self.reason = Some(self.reason.map_or(at, |known| known.min(at)));
                true
            }
            _ => false,
        }
    }

    /// Judges the calls while the rule was off, and for as long after that.
    pub fn judge(&self, now: Timestamp) -> TrialOutcome {
        let (Some(disabled), Some(enabled)) = (self.disabled_at, self.enabled_at) else {
            return TrialOutcome::Open;
        };
        let (disabled, enabled, sure) = (disabled.as_second(), enabled.as_second(), now.as_second() - LATE);
        let (off, gap) = (disabled + PROPAGATION, i64::from(self.gap.get()));
        let is_slow = gap > FAST;
        let after = if is_slow { gap * 3 / 2 } else { enabled - disabled };
        let between = |from: i64, to: i64| self.own.iter().any(|at| *at > from && *at <= to);
        let went_on = between((off + enabled) / 2, enabled);
        if went_on && !is_slow && between(enabled, enabled + after) {
            return TrialOutcome::Honest;
        }
        let reason = self.reason.unwrap_or(i64::MAX).min(enabled + after);
        if sure < reason.min(enabled + after) {
            return TrialOutcome::Open;
        }
        let is_silent = !between(off, reason);
        let is_long_enough = reason - enabled >= (2 * gap).min(after);
        match is_silent && is_long_enough {
            true => TrialOutcome::Loop,
            false => TrialOutcome::Untold,
        }
    }

    /// Outcome in one sentence with its numbers, without a full stop.
    pub fn sentence(&self, outcome: TrialOutcome) -> String {
        let off = self.lasts;
        let calls = plural(self.own.len() as u64, "own call");
        match outcome {
            TrialOutcome::Open => format!("the rule is off for {off} to see whether its target's calls stop"),
            TrialOutcome::Loop => {
                format!(
                    "the calls, one each {}, stopped when the rule was off for {off}, and did not come back",
                    self.gap
                )
            }
            TrialOutcome::Honest => {
                format!("the calls went on while the rule was off for {off}, and after: {calls}")
            }
            TrialOutcome::Untold => {
                format!("the rule was off for {off}, and that told nothing: {calls} since")
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

    /// Trial planned at noon for calls with this gap, the last one `ago` seconds before noon.
    fn planned(gap: i64, ago: i64) -> Option<Trial> {
        let span = |n: i64| {
            let at = NOON - ago - n * gap;
            Span { from: at, to: at, count: 1 }
        };
        let own: Vec<Span> = (0..12).rev().map(span).collect();
        Trial::plan(Evidence::manual(), &own, 1, at(0))
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
        check(240, 5, Some((0, 900)));
        // The next call comes at minute 30, and the rule is off from 5 minutes before to 10 minutes after.
        check(3_600, 1_800, Some((1_500, 900)));
        // It is too late for the next one.
        check(1_800, 1_700, Some((1_600, 900)));
        check(30_000, 5, None);
    }

    #[test]
    fn the_calls_tell() {
        // Off from second 0 to the end of the trial; then as long again.
        let check = |gap: i64, own: &[i64], reason: Option<i64>, minutes: &[(i64, TrialOutcome)]| {
            let mut trial = planned(gap, 5).expect("a trial");
            let lasts = i64::from(trial.lasts.get());
            (trial.disabled_at, trial.enabled_at) = (Some(at(0)), Some(at(lasts)));
            own.iter().for_each(|second| assert!(trial.note(at(*second), true)));
            reason.iter().for_each(|second| assert!(trial.note(at(*second), false)));
            for (minute, expected) in minutes {
                assert_eq!(trial.judge(at(minute * 60)), *expected, "{own:?} at minute {minute}");
            }
        };
        use TrialOutcome::{Honest, Loop, Open, Untold};
        // Each 10 s: off for 5 minutes.
        check(10, &[], None, &[(6, Open), (11, Open), (12, Loop)]);
        check(10, &[20, 100], None, &[(12, Loop)]);
        check(10, &[250, 260, 310, 320], None, &[(8, Honest)]);
        check(10, &[290], None, &[(12, Untold)]);
        // Others call at once after the trial, and the loop goes on.
        check(10, &[330, 340], Some(325), &[(12, Loop)]);
        check(10, &[330, 340], Some(305), &[(12, Untold)]);
        // Each hour: a call that comes in spite of the pinch is another one of several.
        check(3_600, &[600], None, &[(200, Untold)]);
        check(3_600, &[], None, &[(60, Open), (110, Loop)]);
    }
}
