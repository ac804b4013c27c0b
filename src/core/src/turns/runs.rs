//! Runs of word-for-word equal calls, and the number of calls in them without a reason.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::entry::Entry;
use super::tally::Span;

/// Number of times that Lambda tries a failed asynchronous invocation. Source: "How Lambda handles errors and retries
/// with asynchronous invocation" (AWS Lambda developer guide).
pub(super) const TRIES: u32 = 3;
/// Time within which Lambda does that, in seconds, in addition to the answer time.
pub(super) const RETRIES_SECONDS: i64 = 180;

/// Equal calls without a longer pause between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Time of the first call, in seconds since 1970.
    pub first: i64,
    last: i64,
    /// Number of calls, without repeated tries of one invocation.
    pub calls: u32,
    /// Number of calls without a reason of their own.
    pub surplus: u32,
    /// True if a reason was near the first call.
    pub is_anchored: bool,
    /// Beginning of the invocation whose repeated tries do not count.
    tries_since: i64,
    /// Index of the next reason to use. The next field is the number of calls it has explained.
    reason: usize,
    used: u32,
    /// Number of reasons used.
    pub reasons: u32,
}

/// All runs of a timeline.
pub(super) struct Runs {
    answer_seconds: i64,
    time_limit: i64,
    by_call: HashMap<u32, Run, FxBuildHasher>,
    /// Index of the first reason that is recent enough for a further call.
    oldest: usize,
}

impl Runs {
    pub(super) fn new(answer_seconds: i64, time_limit: i64, calls: usize) -> Self {
        Self {
            answer_seconds,
            time_limit,
            by_call: HashMap::with_capacity_and_hasher(calls, FxBuildHasher),
            oldest: 0,
        }
    }

    /// Adds a call that may equal others. `is_caused` is true if an earlier firing can have caused it, `begun` if a
    /// reason is near.
    ///
    /// Returns the run if this call adds to its surplus.
    pub(super) fn add(
        &mut self,
        entry: &Entry,
        is_caused: bool,
        begun: bool,
        reasons: &[Span],
    ) -> Option<Run> {
        let at = entry.at;
        let reach = self.answer_seconds + RETRIES_SECONDS;
        while reasons.get(self.oldest).is_some_and(|reason| reason.to < at - reach) {
            self.oldest += 1;
        }
        let new = Run {
            first: at,
            last: at,
            calls: 0,
            surplus: 0,
            is_anchored: begun,
            // None yet: long enough ago that this call is no repeated try.
            tries_since: at - self.time_limit - 1,
            reason: self.oldest,
            used: 0,
            reasons: 0,
        };
        let run = self.by_call.entry(entry.equal).or_insert(new);
        if at - run.last > reach {
            *run = new;
        }
        run.last = at;
        let is_a_try = entry.is_failed && at - run.tries_since <= self.time_limit;
        if is_a_try {
            return None;
        }
        run.tries_since = at;
        run.calls += 1;
        if !is_caused || run.has_reason(reasons, at, reach) {
            return None;
        }
        run.surplus += 1;
        Some(*run)
    }
}

impl Run {
    /// Uses one try that the next usable reason explains. Returns false if there is none. Reasons ascend in time, and
    /// none is used after a later one, so the index of the current one is enough.
    fn has_reason(&mut self, reasons: &[Span], at: i64, reach: i64) -> bool {
        while let Some(reason) = reasons.get(self.reason).filter(|reason| reason.from <= at) {
            let tries = reason.count.saturating_mul(TRIES);
            if reason.to >= at - reach && self.used < tries {
                self.reasons += u32::from(self.used.is_multiple_of(TRIES));
                self.used += 1;
                return true;
            }
            self.reason += 1;
            self.used = 0;
        }
        false
    }
}
