//! Firings counted by the second, merged into longer spans when there are many.

use super::HORIZON_SECONDS;

/// Number of firings between two seconds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First second, since 1970.
    pub from: i64,
    /// Last second, since 1970.
    pub to: i64,
    /// Number of distinct firings.
    pub count: u32,
}

impl Span {
    /// Creates a span of one second.
    pub(super) fn new(at: i64, count: u32) -> Self {
        Self { from: at, to: at, count }
    }
}

/// Spans that do not overlap, ascending in time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tally {
    pub spans: Vec<Span>,
}

impl Tally {
    /// Maximum number of spans that are stored.
    pub(super) const MAX: usize = 192;

    /// Adds firings to the second `at`.
    pub(super) fn count(&mut self, at: i64, firings: u32) {
        let index = match self.spans.last() {
            Some(last) if last.to < at => self.spans.len(),
            _ => self.spans.partition_point(|span| span.to < at),
        };
        match self.spans.get_mut(index) {
            Some(span) if span.from <= at => span.count = span.count.saturating_add(firings),
            _ => self.spans.insert(index, Span::new(at, firings)),
        }
    }

    /// Drops spans older than a day, and merges neighbours into spans of 2, 4, 8 … seconds if there are too many.
    ///
    /// A merged span is a reason for more seconds than it had firings, so merging can only prevent a proof.
    pub(super) fn settle(&mut self, newest: i64) {
        if self.spans.first().is_some_and(|oldest| oldest.to < newest - HORIZON_SECONDS) {
            self.spans.retain(|span| span.to >= newest - HORIZON_SECONDS);
        }
        if self.spans.len() <= Self::MAX {
            return;
        }
        let mut width = 2;
        while self.spans.len() > Self::MAX * 3 / 4 {
            self.spans.dedup_by(|next, kept| {
                let is_close = next.to - kept.from < width;
                if is_close {
                    kept.to = next.to;
                    kept.count = kept.count.saturating_add(next.count);
                }
                is_close
            });
            width *= 2;
        }
    }

    /// Number of firings in spans that end at `floor` or later.
    pub(super) fn since(&self, floor: i64) -> u64 {
        self.spans.iter().rev().take_while(|span| span.to >= floor).map(|span| u64::from(span.count)).sum()
    }

    /// Last second of the newest span.
    pub(super) fn newest(&self) -> Option<i64> {
        self.spans.last().map(|span| span.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_the_second_in_any_order() {
        let check = |times: &[i64], expected: &[(i64, i64, u32)]| {
            let mut tally = Tally::default();
            times.iter().for_each(|at| tally.count(*at, 1));
            let seen: Vec<_> = tally.spans.iter().map(|span| (span.from, span.to, span.count)).collect();
            assert_eq!(seen, expected, "{times:?}");
        };
        check(&[], &[]);
        check(&[5, 5, 7], &[(5, 5, 2), (7, 7, 1)]);
        check(&[7, 5, 5], &[(5, 5, 2), (7, 7, 1)]);
    }

    #[test]
    fn many_seconds_become_spans_and_none_is_lost() {
        let check = |step: i64, seconds: i64| {
            let mut tally = Tally::default();
            for n in 0..seconds {
                tally.count(n * step, 1);
                tally.settle(n * step);
            }
            assert!(tally.spans.len() <= Tally::MAX, "{} spans", tally.spans.len());
            assert_eq!(tally.since(i64::MIN), seconds.unsigned_abs());
            assert!(tally.spans.windows(2).all(|pair| pair[0].to < pair[1].from));
        };
        check(1, 5_000);
        check(7, 5_000);
        check(60, 1_440);
    }
}
