//! Depth of a firing: the fewest turns that explain it, by the most innocent of the firings that can have caused it.

use std::collections::VecDeque;

use super::tally::Span;

/// No own call is answered sooner, in seconds. One of somebody else may be answered within its second: which of the two
/// came first is not told, so the innocent order counts.
const SHORTEST: i64 = 1;

/// Fewest turns that explain a firing. The order is that of innocence: fewer turns first, then without an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Depth {
    pub turns: u32,
    /// The chain began with a reason that was seen.
    pub is_anchored: bool,
    /// Second of that beginning.
    pub since: i64,
}

/// Firings that can have caused the next one: the least deep of each stretch, in a sliding window.
pub(super) struct Causes {
    answer_seconds: i64,
    /// Too recent to have been answered yet: the first second of an answer, and the last one of the span.
    waiting: VecDeque<(i64, i64, Depth)>,
    /// Ascending in depth: the front is the most innocent cause.
    least: VecDeque<(i64, Depth)>,
}

impl Causes {
    pub fn new(answer_seconds: i64) -> Self {
        Self { answer_seconds, waiting: VecDeque::new(), least: VecDeque::new() }
    }

    /// Firings are added in the order of time, those of others first within a second.
    pub fn add(&mut self, span: Span, depth: Depth, is_own: bool) {
        let first = if is_own { span.from + SHORTEST } else { span.from };
        self.waiting.push_back((first, span.to, depth));
    }

    /// Most innocent cause of a firing at this second. Asked in the order of time.
    pub fn of(&mut self, at: i64) -> Option<Depth> {
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
