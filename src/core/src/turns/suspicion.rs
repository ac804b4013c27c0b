//! Patterns that look like a loop and prove none: strict alternation with others, and a target that acts by itself.

use super::tally::Span;

/// Number of own calls in strict turn, or by itself, that make a suspect.
const ENOUGH: u32 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Own,
    Soft,
    Foreign,
}

/// Own calls in strict turn with a service's, a sibling's or an unplaced session's.
#[derive(Default)]
pub(super) struct Alternation {
    last: Option<(Last, i64)>,
    changes: u32,
}

impl Alternation {
    pub fn reason(&mut self, span: Span, is_soft: bool, answer_seconds: i64) {
        let kind = if is_soft { Last::Soft } else { Last::Foreign };
        self.add(kind, span.from, answer_seconds);
        // More than one within a second is no turn.
        if span.count > 1 {
            self.changes = 0;
        }
        self.last = Some((kind, span.to));
    }

    /// Returns the number of turns once there are enough.
    pub fn own(&mut self, at: i64, answer_seconds: i64) -> Option<u32> {
        self.add(Last::Own, at, answer_seconds);
        (self.changes >= 2 * ENOUGH).then_some(self.changes / 2)
    }

    fn add(&mut self, kind: Last, at: i64, answer_seconds: i64) {
        match self.last {
            _ if kind == Last::Foreign => self.changes = 0,
            Some((_, before)) if at - before > answer_seconds => self.changes = 0,
            Some((last, _)) if last == kind && kind == Last::Soft => self.changes = 0,
            Some((last, _)) if last == kind => {}
            _ => self.changes += 1,
        }
        self.last = Some((kind, at));
    }
}

/// Own calls that no earlier firing can have caused, at no schedule's times.
#[derive(Default)]
pub(super) struct SelfStarts {
    all: u32,
    /// Those with no reason anywhere near.
    alone: u32,
}

impl SelfStarts {
    /// Returns the number of calls with no reason near once there are enough.
    pub fn add(&mut self, is_alone: bool) -> Option<u32> {
        self.all += 1;
        self.alone += u32::from(is_alone);
        (self.alone >= ENOUGH).then_some(self.alone)
    }

    pub fn any(&self) -> bool {
        self.all > 0
    }
}
