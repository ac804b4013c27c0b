//! Patterns that look like a loop without a proof: strict alternation with others, and a target that starts by itself.

use super::tally::Span;

/// Number of own calls, alternating or started by the target itself, that makes a suspect.
const ENOUGH: u32 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Own,
    Soft,
    Foreign,
}

/// Own calls that alternate strictly with calls by a service, a sibling or an unplaced session.
#[derive(Default)]
pub(super) struct Alternation {
    last: Option<(Last, i64)>,
    changes: u32,
}

impl Alternation {
    /// Adds a firing that is not an own call. A foreign one (`is_soft` is false) ends the alternation.
    pub(super) fn reason(&mut self, span: Span, is_soft: bool, answer_seconds: i64) {
        let kind = if is_soft { Last::Soft } else { Last::Foreign };
        self.add(kind, span.from, answer_seconds);
        // Several firings within one second do not alternate.
        if span.count > 1 {
            self.changes = 0;
        }
        self.last = Some((kind, span.to));
    }

    /// Adds an own call. Returns the number of alternations once there are enough.
    pub(super) fn own(&mut self, at: i64, answer_seconds: i64) -> Option<u32> {
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

/// Own calls that no earlier firing can have caused and that follow no schedule.
#[derive(Default)]
pub(super) struct SelfStarts {
    all: u32,
    /// Calls with no reason near.
    alone: u32,
}

impl SelfStarts {
    /// Adds a call. Returns the number of calls with no reason near once there are enough.
    pub(super) fn add(&mut self, is_alone: bool) -> Option<u32> {
        self.all += 1;
        self.alone += u32::from(is_alone);
        (self.alone >= ENOUGH).then_some(self.alone)
    }

    /// Returns true if there is any such call.
    pub(super) fn any(&self) -> bool {
        self.all > 0
    }
}
