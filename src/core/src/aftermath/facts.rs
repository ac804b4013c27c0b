//! Facts about the time before a cut: calls without a reason, their gaps, and the largest answer to one reason.

use super::judge::Case;
use super::{MAX_AGE, points};

/// Minimum number of calls without a reason for which their gaps are used instead of those of all calls.
pub(super) const MIN_BARE: u64 = 5;
/// Number of the latest gaps that are searched for the longest one.
const LATEST_GAPS: usize = 20;

/// Times with numbers of calls, ascending.
pub(super) type Points = Vec<(i64, u64)>;

/// Number of calls at these points.
pub(super) fn total(points: &[(i64, u64)]) -> u64 {
    points.iter().map(|(_, count)| count).sum()
}

/// Facts from before the cut.
pub(super) struct Facts {
    /// Calls of the accused up to the cut that can matter.
    pub own: Points,
    /// Calls of the accused up to the end of the propagation.
    pub until_off: Points,
    /// Firings by other makers up to the end of the propagation.
    pub reasons: Points,
    /// First second that matters.
    pub start: i64,
    /// Number of calls that no reason explains.
    pub bare: u64,
    /// Seconds in which no reason was near.
    pub quiet_seconds: i64,
    /// Calls whose gaps count: those without a reason if there are enough, else all.
    pub pace: Points,
    /// Longest of the latest gaps, in seconds.
    pub longest_gap: i64,
    /// Number of gaps.
    pub gaps: u64,
    /// Mean of the gaps, in seconds.
    pub mean: f64,
    /// Standard deviation of the gaps, in seconds.
    pub deviation: f64,
    /// Largest number of calls that answered one reason alone.
    pub fan_out: u64,
    /// True if a turn takes longer than the answer time: something waits between the rule and its target.
    pub is_slow: bool,
}

impl Facts {
    /// Collects the facts. `None` if the accused made no call before the cut.
    pub(super) fn of(case: &Case<'_>) -> Option<Self> {
        let after = case.after;
        let (cut, off, answer) = (after.cut_at.as_second(), after.fires_until(), case.answer);
        let mut all = points(case.own);
        all.extend(points(after.calls.spans()).into_iter().filter(|(at, _)| *at <= off));
        all.sort_unstable();
        let first = all.iter().find(|(at, _)| *at <= cut)?.0;
        let age = if case.is_direct { MAX_AGE } else { 4 * MAX_AGE };
        let start = (first - answer).max(cut - age);
        let mut reasons = points(case.reasons);
        reasons.extend(points(after.reasons.spans()).into_iter().filter(|(at, _)| *at <= off));
        reasons.sort_unstable();
        let own: Points = all.iter().copied().filter(|(at, _)| (start..=cut).contains(at)).collect();
        let near: Points =
            reasons.iter().copied().filter(|(at, _)| (start - answer..=cut).contains(at)).collect();
        let (bare, quiet_seconds) = without_reason(&own, &near, answer, start, cut);
        let pace = if total(&bare) >= MIN_BARE { bare.clone() } else { own.clone() };
        let gaps: Vec<i64> = pace.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        let latest = &gaps[gaps.len().saturating_sub(LATEST_GAPS)..];
        let longest_gap = latest.iter().copied().max().unwrap_or(answer);
        let (count, mean, deviation) = spread(&pace, &gaps, answer);
        Some(Self {
            fan_out: fan_out(&all, &reasons, answer),
            is_slow: longest_gap > answer && !case.is_direct,
            until_off: all.into_iter().filter(|(at, _)| *at >= start).collect(),
            bare: total(&bare),
            gaps: count,
            own,
            reasons,
            start,
            quiet_seconds,
            pace,
            longest_gap,
            mean,
            deviation,
        })
    }

    /// Number of reasons since this second.
    pub(super) fn reasons_since(&self, floor: i64) -> u64 {
        self.reasons.iter().filter(|(at, _)| *at >= floor).map(|(_, count)| count).sum()
    }

    /// Seconds from the first to the last call that sets the pace.
    pub(super) fn duration(&self) -> i64 {
        match (self.pace.first(), self.pace.last()) {
            (Some((first, _)), Some((last, _))) => last - first,
            _ => 0,
        }
    }
}

/// Calls without a reason within the answer time before them, and the seconds in which no reason was near.
fn without_reason(
    own: &[(i64, u64)],
    reasons: &[(i64, u64)],
    answer: i64,
    start: i64,
    end: i64,
) -> (Points, i64) {
    let is_bare = |at: i64| {
        let since = reasons.partition_point(|(reason, _)| *reason < at - answer);
        reasons.get(since).is_none_or(|(reason, _)| *reason > at - 1)
    };
    let bare = own.iter().copied().filter(|(at, _)| is_bare(*at)).collect();
    let (mut covered, mut last) = (0, start);
    for (reason, _) in reasons {
        let (from, to) = ((reason + 1).max(last), (reason + answer).min(end));
        if to > from {
            covered += to - from;
            last = to;
        }
    }
    (bare, (end - start - covered).max(1))
}

/// Largest number of calls within the answer time after a reason that has no other reason near it. An overestimate is
/// the safe side.
fn fan_out(own: &[(i64, u64)], reasons: &[(i64, u64)], answer: i64) -> u64 {
    let mut largest = 1;
    for (index, (reason, count)) in reasons.iter().enumerate() {
        let is_near = |other: Option<&(i64, u64)>| other.is_some_and(|(at, _)| (at - reason).abs() < answer);
        let is_alone = *count == 1
            && !is_near(index.checked_sub(1).map(|before| &reasons[before]))
            && !is_near(reasons.get(index + 1));
        if is_alone {
            let from = own.partition_point(|(at, _)| at <= reason);
            let to = own.partition_point(|(at, _)| *at <= reason + answer);
            largest = largest.max(total(&own[from..to]));
        }
    }
    largest
}

/// Number, mean and standard deviation of the gaps between the calls, in seconds. Calls of one second have gaps of zero.
fn spread(pace: &[(i64, u64)], gaps: &[i64], answer: i64) -> (u64, f64, f64) {
    let count = total(pace).saturating_sub(1);
    if count == 0 {
        return (1, answer as f64, 0.0);
    }
    let mean = gaps.iter().sum::<i64>() as f64 / count as f64;
    let zeros = count - gaps.len() as u64;
    let squares: f64 = gaps.iter().map(|gap| (*gap as f64 - mean).powi(2)).sum();
    let deviation = ((squares + zeros as f64 * mean * mean) / count as f64).sqrt();
    (count, mean, deviation)
}
