//! Sliding counts along the timeline: a rate, and a backlog.

use super::tally::Span;

/// Own calls that each reason of a busy period may still have to answer.
const PER_REASON: u64 = 2;
/// Own calls allowed in addition to those.
const ALLOWED: u64 = 5;
/// Maximum length of a busy period, in seconds.
const SPELL: i64 = 6 * 60 * 60;

/// Sliding number of firings since a moving second.
#[derive(Default)]
pub(super) struct Recent {
    /// Index of the first span that is counted.
    first: usize,
    /// Index after the last span that is counted.
    next: usize,
    sum: u64,
}

impl Recent {
    /// Number of firings in `spans` that end at `floor` or later. Between calls, `spans` may only get longer and
    /// `floor` only later.
    pub(super) fn since(&mut self, spans: &[Span], floor: i64) -> u64 {
        for span in spans.get(self.next..).unwrap_or_default() {
            self.sum += u64::from(span.count);
        }
        self.next = spans.len();
        while let Some(span) = spans.get(self.first).filter(|span| span.to < floor) {
            self.sum -= u64::from(span.count);
            self.first += 1;
        }
        self.sum
    }
}

/// Own calls of a busy period that may still be late answers to firings by others, because a concurrency limit holds
/// them back.
///
/// A busy period ends with a gap between own calls that is longer than the answer time, and after six hours.
pub(super) struct Backlog {
    answer_seconds: i64,
    own_count: Recent,
    other_count: Recent,
    own_floor: i64,
    other_floor: i64,
}

impl Backlog {
    pub(super) fn new(answer_seconds: i64) -> Self {
        Self {
            answer_seconds,
            own_count: Recent::default(),
            other_count: Recent::default(),
            own_floor: i64::MIN,
            other_floor: i64::MIN,
        }
    }

    /// Adds own calls. `last` is the span of own calls before them.
    pub(super) fn own(&mut self, span: Span, last: Option<&Span>) {
        if last.is_some_and(|last| span.from - last.to > self.answer_seconds) {
            self.own_floor = span.from;
            self.other_floor = self.other_floor.max(span.from - self.answer_seconds);
        }
        self.forget_before(span.from);
    }

    /// Drops firings that are longer ago than a busy period.
    pub(super) fn forget_before(&mut self, at: i64) {
        let floor = at - SPELL;
        self.own_floor = self.own_floor.max(floor);
        self.other_floor = self.other_floor.max(floor);
    }

    /// Returns true if the own calls may be late answers. Both lists must hold all spans so far.
    pub(super) fn explains(&mut self, own: &[Span], others: &[Span]) -> bool {
        let own = self.own_count.since(own, self.own_floor);
        let others = self.other_count.since(others, self.other_floor);
        own <= PER_REASON * others + ALLOWED
    }
}
