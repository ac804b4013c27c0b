//! Calls by the clock: clusters after a cut that keep a whole number of minutes, as the calls before it did.

use super::clusters::Clusters;
use super::facts::{Facts, total};
use crate::turns::Span;

/// Minimum number of clusters after the cut.
const MIN_HEADS: usize = 5;
/// Largest deviation from the clock, in seconds.
const MAX_DEVIATION: i64 = 3;
/// Time limit in seconds below which a deviation of two fifths of it is allowed.
const SHORT: i64 = 30;

/// Returns true if the clusters keep a period of whole minutes, and most calls without a reason before the cut kept the
/// same period and phase.
pub(super) fn keeps(after: &[Span], facts: &Facts, time_limit: i64, apart: i64) -> bool {
    let heads: Vec<i64> = Clusters::first(after).iter().map(|span| span.from).collect();
    if heads.len() < MIN_HEADS {
        return false;
    }
    let mut steps: Vec<i64> = heads.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_unstable();
    let period = (steps[steps.len() / 2] + 30) / 60 * 60;
    if period == 0 {
        return false;
    }
    let phase = |at: i64| (at - heads[0] + period / 2).rem_euclid(period) - period / 2;
    let phases = heads.iter().map(|at| phase(*at));
    let (Some(earliest), Some(latest)) = (phases.clone().min(), phases.max()) else { return false };
    let allowed = if time_limit < SHORT { MAX_DEVIATION.max(time_limit * 2 / 5) } else { MAX_DEVIATION };
    let before = facts.pace.iter().filter(|(at, _)| phase(*at).abs() <= apart);
    let before: u64 = before.map(|(_, count)| count).sum();
    latest - earliest <= allowed
        && before * 5 >= total(&facts.pace) * 4
        && steps[steps.len() - 1] - steps[0] <= 2 * period
}
