//! Calls after a cut in clusters: calls that follow each other closely are those of one run of the target.

use serde::{Deserialize, Serialize};

use crate::turns::Span;

/// Number of clusters at the beginning that are kept one by one.
const FIRST: usize = 128;
/// The same at the end.
const LAST: usize = 32;
/// Longest time between two calls of a cluster, in seconds, beside the duration of a run.
const NEAR: i64 = 5;
/// Longest time between two calls of a cluster at all, in seconds. A longer one hides the minutes of a clock.
const MAX_APART: i64 = 20;

/// Longest time between two calls of a cluster, in seconds.
pub(super) fn apart(time_limit: i64) -> i64 {
    (NEAR + time_limit).min(MAX_APART)
}

/// Longest time between two calls of one run of the target, in seconds.
pub(super) fn of_one_run(time_limit: i64) -> i64 {
    NEAR + time_limit
}

/// Clusters, ascending in time. The first 128 and the last 32 are kept one by one; those between are merged into one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(i64, i64, u32)>", into = "Vec<(i64, i64, u32)>")]
pub(super) struct Clusters(Vec<Span>);

impl Clusters {
    /// Adds one call. It joins a cluster that is at most `apart` seconds away.
    pub(super) fn add(&mut self, at: i64, apart: i64) {
        let spans = &mut self.0;
        let index = spans.partition_point(|span| span.to + apart < at);
        match spans.get_mut(index) {
            Some(span) if span.from - apart <= at => {
                (span.from, span.to) = (span.from.min(at), span.to.max(at));
                span.count = span.count.saturating_add(1);
                let is_joined = spans.get(index + 1).is_some_and(|next| next.from - at <= apart);
                if is_joined {
                    self.merge(index);
                }
            }
            _ => spans.insert(index, Span { from: at, to: at, count: 1 }),
        }
        if self.0.len() > FIRST + LAST {
            self.merge(FIRST);
        }
    }

    /// Joins a cluster with the next one.
    fn merge(&mut self, index: usize) {
        let next = self.0.remove(index + 1);
        let span = &mut self.0[index];
        span.to = span.to.max(next.to);
        span.count = span.count.saturating_add(next.count);
    }

    pub(super) fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Number of clusters that are kept one by one from the beginning.
    pub(super) fn first(spans: &[Span]) -> &[Span] {
        &spans[..spans.len().min(FIRST)]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<(i64, i64, u32)>> for Clusters {
    fn from(stored: Vec<(i64, i64, u32)>) -> Self {
        // No version stores a negative length. A damaged one must not end the process.
        let span = |(from, length, count): (i64, i64, u32)| Span {
            from,
            to: from.saturating_add(length.max(0)),
            count,
        };
        Self(stored.into_iter().map(span).collect())
    }
}

impl From<Clusters> for Vec<(i64, i64, u32)> {
    fn from(clusters: Clusters) -> Self {
        clusters.0.iter().map(|span| (span.from, span.to - span.from, span.count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters(times: impl IntoIterator<Item = i64>, apart: i64) -> Clusters {
        let mut clusters = Clusters::default();
        times.into_iter().for_each(|at| clusters.add(at, apart));
        clusters
    }

    #[test]
    fn close_calls_are_one_cluster_in_any_order() {
        let check = |times: &[i64], expected: &[(i64, i64, u32)]| {
            let seen: Vec<(i64, i64, u32)> = clusters(times.iter().copied(), 5).into();
            assert_eq!(seen, expected, "{times:?}");
        };
        check(&[100, 103, 120], &[(100, 3, 2), (120, 0, 1)]);
        check(&[120, 103, 100], &[(100, 3, 2), (120, 0, 1)]);
        check(&[100, 110, 105], &[(100, 10, 3)]);
        check(&[100, 106], &[(100, 0, 1), (106, 0, 1)]);
    }

    #[test]
    fn the_middle_of_many_clusters_is_merged_and_no_call_is_lost() {
        let seen = clusters((0..1_000).map(|n| n * 60), 5);
        assert_eq!(seen.spans().len(), FIRST + LAST);
        assert_eq!(seen.spans().iter().map(|span| span.count).sum::<u32>(), 1_000);
        assert_eq!((seen.spans()[127].from, seen.spans()[129].from), (127 * 60, 969 * 60));
    }
}
