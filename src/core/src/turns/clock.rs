//! Schedules that start a target: known ones, and those recognized by the times of its own calls.

use crate::model::{Schedules, Seconds};

/// Periods of schedules that are recognized, in seconds.
const PERIODS: [i64; 7] = [60, 120, 300, 600, 900, 1_800, 3_600];
/// Maximum deviation of a call from its scheduled time, in seconds.
const JITTER: i64 = 2;
/// Precision of schedules, in seconds: they run within their minute. Source: "Creating a rule that runs on a schedule"
/// (Amazon EventBridge user guide).
const PRECISION: i64 = 60;
/// Divisor of the period of a known schedule: a call may deviate by this part of it, up to [`PRECISION`]. A wider band
/// would hide loops whose turns take about a minute.
const KNOWN_JITTER: i64 = 20;
/// Maximum number of own calls within three periods. Calls with more others between them are not a schedule's.
const MOST_BETWEEN: usize = 5;
/// Maximum distance between neighbouring runs of a known schedule, in own calls. One other call may lie between; a loop
/// makes more in one period.
const MOST_TO_NEXT: usize = 2;
/// Maximum number of periods examined.
const LONGEST: i64 = 60;

/// Returns true if a call at `at` follows a schedule: there are own calls one, two and three periods earlier, hardly
/// others between, and the series began before the latest reason.
///
/// `own` holds the times of earlier own calls, ascending. All times are in seconds since 1970.
pub(super) fn keeps_a_schedule(own: &[i64], latest_reason: Option<i64>, at: i64) -> bool {
    let Some(latest_reason) = latest_reason else { return false };
    let others = own.len().checked_sub(MOST_BETWEEN + 1).and_then(|last| own.get(last));
    // Tested first: for a busy target it ends the search at once.
    let is_quiet = |period: &&i64| others.is_none_or(|last| *last < at - 3 * **period - JITTER);
    PERIODS.iter().take_while(is_quiet).any(|period| {
        let is_kept = |periods: i64| has_near(own, at - periods * period, JITTER);
        if !(1..=3).all(is_kept) {
            return false;
        }
        let ends = (4..LONGEST).find(|periods| !is_kept(*periods)).unwrap_or(LONGEST);
        latest_reason > at - (ends - 1) * period
    })
}

/// Returns true if a call at `at` follows one of these known schedules. That is so if an own call lies one period
/// earlier or later, with hardly another one between, and few lie within the three periods before. Only the period is
/// compared, because a `rate` schedule counts from an unknown moment. Either side is enough, because the first and last
/// run of a window of hours have one neighbour.
///
/// This protects a job that runs by a schedule and fires a rule of the same function, even if its first run came after
/// the latest reason. It hides the proof of a loop whose turns take one period, or half of it.
///
/// `own` holds the times of all own calls, ascending.
pub(super) fn keeps_a_known_schedule(own: &[i64], schedules: &Schedules, at: i64) -> bool {
    let (before, after) =
        (own.partition_point(|other| *other < at), own.partition_point(|other| *other <= at));
    let earliest = before.checked_sub(MOST_BETWEEN + 1).and_then(|place| own.get(place));
    schedules.iter().flatten().map(|period: &Seconds| i64::from(period.get())).any(|period| {
        let jitter = (period / KNOWN_JITTER).clamp(JITTER, PRECISION);
        let (is_last, is_next) =
            (|other: &i64| *other >= at - period - jitter, |other: &i64| *other <= at + period + jitter);
        // Own calls nearest to one period earlier and later, within the allowed deviation.
        let last = own[..before].partition_point(|other| *other <= at - period + jitter).checked_sub(1);
        let next = after + own[after..].partition_point(|other| *other < at + period - jitter);
        let has_last = last.is_some_and(|last| is_last(&own[last]) && before - last <= MOST_TO_NEXT);
        let has_next = own.get(next).is_some_and(is_next) && next - after < MOST_TO_NEXT;
        earliest.is_none_or(|earliest| *earliest < at - 3 * period - jitter) && (has_last || has_next)
    })
}

/// Returns true if an own call lies within `jitter` seconds of `at`.
fn has_near(own: &[i64], at: i64, jitter: i64) -> bool {
    let next = own.partition_point(|other| *other < at - jitter);
    own.get(next).is_some_and(|other| *other <= at + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_train_that_was_there_before_the_reason_is_a_schedule() {
        let check = |own: &[i64], reason: Option<i64>, at: i64, expected: bool| {
            assert_eq!(keeps_a_schedule(own, reason, at), expected, "{own:?} {reason:?} {at}");
        };
        check(&[0, 60, 120], Some(90), 180, true);
        check(&[0, 60, 120], Some(-1), 180, false);
        check(&[0, 60, 120], None, 180, false);
        check(&[0, 62, 118], Some(90), 180, true);
        check(&[0, 64, 120], Some(90), 180, false);
        check(&[0, 300, 600], Some(400), 900, true);
        check(&[0, 60, 70, 80, 90, 120], Some(90), 180, false);
        check(&[], Some(90), 180, false);
    }

    #[test]
    fn a_known_period_needs_one_other_call() {
        let check = |own: &[i64], periods: &[u32], at: i64, expected: bool| {
            let schedules = std::array::from_fn(|n| periods.get(n).map(|period| Seconds::new(*period)));
            assert_eq!(keeps_a_known_schedule(own, &schedules, at), expected, "{own:?} {periods:?} {at}");
        };
        check(&[0, 60], &[60], 60, true);
        check(&[0, 60], &[60], 0, true);
        check(&[0, 62], &[60], 62, true);
        check(&[0, 63], &[60], 63, true);
        check(&[0, 64], &[60], 64, false);
        check(&[0, 315], &[300], 315, true);
        check(&[0, 316], &[300], 316, false);
        check(&[0, 3_660], &[3_600], 3_660, true);
        check(&[0, 3_661], &[3_600], 3_661, false);
        check(&[0, 3_600], &[60, 3_600], 3_600, true);
        check(&[0, 60], &[], 60, false);
        check(&[0], &[60], 0, false);
        // A loop of 20 s is no schedule of a minute, nor are its first turns.
        check(&[0, 20, 40, 60, 80, 100, 120], &[60], 120, false);
        check(&[0, 20, 40, 60, 80, 100, 120], &[60], 0, false);
        // Turns of a third of a period.
        let third: Vec<i64> = (0..12).map(|n| n * 100).collect();
        third.iter().for_each(|at| check(&third, &[300], *at, false));
        // A loop after the runs of a schedule.
        let runs = [0, 300, 600, 900].into_iter().chain((0..40).map(|n| 1_000 + n * 20)).collect::<Vec<_>>();
        [0, 300, 600, 900].into_iter().for_each(|at| check(&runs, &[300], at, true));
        [1_000, 1_100, 1_300].into_iter().for_each(|at| check(&runs, &[300], at, false));
        // Two calls for each run.
        let twice: Vec<i64> = (0..4).flat_map(|n| [n * 300, n * 300 + 2]).collect();
        twice[..6].iter().for_each(|at| check(&twice, &[300], *at, true));
    }
}
