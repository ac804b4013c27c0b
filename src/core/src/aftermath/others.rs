//! Judgement of a cut that accuses other makers than the rule's targets: their calls have no backlog.

use super::judge::{Case, measured};
use super::outcome::{CutOutcome, WhyEnded};
use super::{LATE, points};

/// Time after the cut before which calls are not looked at, in seconds.
const AFTER_CUT: i64 = 60;
/// Length of time that is compared with the one before the cut, in seconds.
const SPAN: i64 = 600;
/// Minimum number of calls.
const MIN_CALLS: u64 = 5;

/// Judges calls of others: going on clears the cut, an end proves nothing.
pub(super) fn judge(case: &Case<'_>, now: i64) -> CutOutcome {
    let (cut, sure) = (case.after.cut_at.as_second(), now - LATE);
    let mut all = points(case.reasons);
    let before = all.partition_point(|(at, _)| *at <= cut);
    all.truncate(before);
    let first = all.first().map(|(at, _)| *at);
    let span = first.map_or(AFTER_CUT, |first| (cut - first).clamp(AFTER_CUT, SPAN));
    let count = |calls: &[(i64, u64)], from: i64, to: i64| -> u64 {
        calls.iter().filter(|(at, _)| *at > from && *at <= to).map(|(_, count)| count).sum()
    };
    let earlier = count(&all, cut - span, cut);
    let since = points(case.after.calls.spans());
    // Until then a loop with unknown actors may still turn.
    let off = (cut + AFTER_CUT).max(case.after.fires_until());
    let from = off.max(sure - SPAN);
    let calls = count(&since, from, sure);
    let seconds = (sure - from).max(0).unsigned_abs();
    let is_near_enough =
        calls.saturating_mul(4).saturating_mul(span.unsigned_abs()) >= earlier.saturating_mul(seconds);
    let last = since.last().map_or(cut, |(at, _)| *at);
    let numbers = || measured(&all, &since, cut, sure);
    if seconds >= 120 && calls >= MIN_CALLS && is_near_enough {
        CutOutcome::GoesOn(numbers())
    } else if sure - off >= SPAN && calls >= MIN_CALLS && count(&since, sure - 120, sure) >= 2 {
        CutOutcome::Partly(numbers())
    } else if sure - last.max(case.after.seen_since()) > SPAN {
        CutOutcome::Ended(numbers(), WhyEnded::Others)
    } else {
        CutOutcome::NotYetKnown
    }
}
