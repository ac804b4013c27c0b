//! Depth of a firing: the fewest turns that explain it, taken from the most innocent firing that can have caused it.

use std::collections::VecDeque;

use super::tally::Span;

/// Shortest time between an own call and its answer, in seconds. A call by another principal may be answered within the
/// same second: the order within a second is unknown, so the innocent one counts.
const SHORTEST: i64 = 1;

/// Fewest turns that explain a firing. Ordered by innocence: fewer turns first, then chains without an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Depth {
    /// Number of turns.
    pub turns: u32,
    /// True if the chain began with a reason that was seen.
    pub is_anchored: bool,
    /// Time of the chain's beginning, in seconds since 1970.
    pub since: i64,
}

/// Firings that can have caused the next one, as a sliding minimum of their depths.
pub(super) struct Causes {
    answer_seconds: i64,
    /// Firings too recent to be answered: first second of an answer, last second of the span, depth.
    waiting: VecDeque<(i64, i64, Depth)>,
    /// Possible causes as last second and depth, ascending in depth. The front is the most innocent one.
    least: VecDeque<(i64, Depth)>,
}

impl Causes {
    pub(super) fn new(answer_seconds: i64) -> Self {
        Self { answer_seconds, waiting: VecDeque::new(), least: VecDeque::new() }
    }

    /// Adds firings. They must come in the order of time, and within a second those of other makers first.
    pub(super) fn add(&mut self, span: Span, depth: Depth, is_own: bool) {
        let first = if is_own { span.from + SHORTEST } else { span.from };
        self.waiting.push_back((first, span.to, depth));
    }

    /// Returns the depth of the most innocent cause of a firing at `at`. Must be called in the order of time.
    pub(super) fn of(&mut self, at: i64) -> Option<Depth> {
        while let Some((_, mut to, depth)) = self.waiting.pop_front_if(|(first, ..)| *first <= at) {
            while let Some((other, _)) = self.least.pop_back_if(|(_, other)| *other >= depth) {
                to = to.max(other);
            }
            self.least.push_back((to, depth));
        }
        while self.least.pop_front_if(|(to, _)| *to < at - self.answer_seconds).is_some() {}
        self.least.front().map(|(_, depth)| *depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_innocent_cause_counts() {
        let check = |added: &[(i64, i64, u32)], at: i64, expected: Option<u32>| {
            let mut causes = Causes::new(60);
            for (from, to, turns) in added {
                let depth = Depth { turns: *turns, is_anchored: true, since: 0 };
                causes.add(Span { from: *from, to: *to, count: 1 }, depth, *turns > 0);
            }
            assert_eq!(causes.of(at).map(|depth| depth.turns), expected, "{added:?} {at}");
        };
        check(&[], 0, None);
        check(&[(0, 0, 0)], 0, Some(0));
        check(&[(0, 0, 1)], 0, None);
        check(&[(0, 0, 0)], 1, Some(0));
        check(&[(0, 0, 0)], 60, Some(0));
        check(&[(0, 0, 0)], 61, None);
        check(&[(0, 0, 0), (30, 30, 4)], 61, Some(4));
        check(&[(0, 20, 2), (30, 30, 4)], 80, Some(2));
        check(&[(0, 90, 2), (30, 30, 1)], 120, Some(1));
    }
}
