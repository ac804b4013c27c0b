//! Depth of chains of tasks. One firing starts one container, so the containers that call show the depth, however long
//! each may run.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use rustc_hash::FxBuildHasher;

use super::tally::Span;

/// Shortest time between a call and the first call of the container that it starts, in seconds. The event has to be
/// delivered, and the container placed and started.
const SHORTEST_START: i64 = 5;

/// Depth of a task: the fewest turns that explain it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskDepth {
    /// Number of turns.
    pub turns: u32,
    /// True if the chain began with a firing by another maker.
    pub is_anchored: bool,
    /// Time of the chain's beginning, in seconds since 1970.
    pub since: i64,
}

/// Firings that may have started a task: their depth, the last second at which they may be the cause, and their number.
type Cause = (TaskDepth, i64, u32);

/// Tasks of a rule whose only target starts one container for each firing.
///
/// Each task that calls uses one cause: the least deep one left, in the order of time. The tasks of a pipeline have the
/// depth of its stages, however broad they are. A task without any cause left was started elsewhere. Then nothing here
/// is a proof, earlier calls included.
pub(super) struct Tasks {
    answer_seconds: i64,
    /// Causes that are too recent, with the first second at which they may have an effect.
    recent: VecDeque<(i64, Cause)>,
    causes: BinaryHeap<Reverse<Cause>>,
    by_run: HashMap<u32, TaskDepth, FxBuildHasher>,
    is_started_elsewhere: bool,
}

impl Tasks {
    pub(super) fn new(answer_seconds: i64) -> Self {
        Self {
            answer_seconds,
            recent: VecDeque::new(),
            causes: BinaryHeap::new(),
            by_run: HashMap::default(),
            is_started_elsewhere: false,
        }
    }

    /// Adds firings that are not calls of a known task. `is_anchored` is true for firings by other makers. Must be
    /// called in the order of time, as must [`Self::call`].
    pub(super) fn reason(&mut self, span: Span, is_anchored: bool) {
        self.add(span, TaskDepth { turns: 0, is_anchored, since: span.from });
    }

    /// Returns true if a task was started by no firing that was seen.
    pub(super) fn is_started_elsewhere(&self) -> bool {
        self.is_started_elsewhere
    }

    /// Adds a call of the task `run`. Returns the task's depth; `None` if any task was started elsewhere.
    pub(super) fn call(&mut self, at: i64, run: u32) -> Option<TaskDepth> {
        let depth = match self.by_run.get(&run) {
            Some(depth) => Some(*depth),
            None => self.cause(at).map(|cause| TaskDepth { turns: cause.turns + 1, ..cause }),
        };
        let Some(depth) = depth else {
            self.is_started_elsewhere = true;
            self.reason(Span::new(at, 1), false);
            return None;
        };
        self.by_run.insert(run, depth);
        self.add(Span::new(at, 1), depth);
        Some(depth).filter(|_| !self.is_started_elsewhere)
    }

    fn add(&mut self, span: Span, depth: TaskDepth) {
        let cause = (depth, span.to + self.answer_seconds, span.count);
        self.recent.push_back((span.from + SHORTEST_START, cause));
    }

    /// Uses the least deep cause left, for a task with its first call at `at`.
    fn cause(&mut self, at: i64) -> Option<TaskDepth> {
        while let Some((_, cause)) = self.recent.pop_front_if(|(first, _)| *first <= at) {
            self.causes.push(Reverse(cause));
        }
        loop {
            let mut least = self.causes.peek_mut()?;
            let Reverse((depth, until, left)) = &mut *least;
            let (depth, is_over) = (*depth, *until < at);
            if is_over || *left <= 1 {
                std::collections::binary_heap::PeekMut::pop(least);
            } else {
                *left -= 1;
            }
            if !is_over {
                return Some(depth);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Firings as `SECOND` for a reason and `SECOND:TASK` for a call. Returns the depths of the calls, `-` for none.
    fn depths(firings: &str) -> String {
        let mut tasks = Tasks::new(3_660);
        let mut depths = Vec::new();
        for firing in firings.split_whitespace() {
            match firing.split_once(':') {
                None => tasks.reason(Span::new(firing.parse().unwrap(), 1), true),
                Some((at, run)) => {
                    let depth = tasks.call(at.parse().unwrap(), run.parse().unwrap());
                    depths.push(depth.map_or("-".to_owned(), |depth| depth.turns.to_string()));
                }
            }
        }
        depths.join(" ")
    }

    #[test]
    fn the_fewest_turns_explain_a_task() {
        let check = |firings: &str, expected: &str| assert_eq!(depths(firings), expected, "{firings}");
        // A loop: each task writes once and starts the next.
        check("0 45:1 90:2 135:3 180:4", "1 2 3 4");
        // One task writes repeatedly.
        check("0 45:1 90:1 135:1 180:1", "1 1 1 1");
        // A fan-out whose outputs start nothing, and one whose outputs start another stage.
        check("0 45:1 46:1 47:1 90:2 91:3 92:4", "1 1 1 2 2 2");
        // Each upload has its answer, in any order.
        check("0 1 2 45:1 46:2 90:3", "1 1 1");
        // A burst that no firing can have started: the task is run elsewhere too.
        check("0 45:1 46:2 47:3 90:4", "1 - - -");
        // A reason ends after the answer time.
        check("0 3661:1", "-");
        check("0 5:1 9:2 10:2", "1 - -");
    }
}
