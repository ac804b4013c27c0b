//! Values that a process keeps between invocations for a limited time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

use crate::model::Timestamp;

/// Value with the time at which it was read, and the time for which it is fresh.
#[derive(Debug, Clone)]
pub(super) struct Fresh<T> {
    /// Value as it was read.
    pub value: T,
    /// Time at which it was read.
    pub at: Timestamp,
    lasts: SignedDuration,
}

impl<T> Fresh<T> {
    /// Creates a value that was read at this time.
    pub(super) fn new(value: T, at: Timestamp, lasts: SignedDuration) -> Self {
        Self { value, at, lasts }
    }

    /// Returns true if the value need not be read again yet. A value from the future was read by a clock that was
    /// ahead; it is not fresh.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        self.at <= now && now < self.at + self.lasts
    }
}

/// Value that one process keeps for all of its concurrent invocations.
#[derive(Debug, Default)]
pub(super) struct Kept<T>(Mutex<T>);

impl<T> Kept<T> {
    /// Locks the value. A panic of another invocation leaves it intact, because it is only ever replaced.
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_fresh_for_its_time_and_never_before_it_was_read() {
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let fresh = Fresh::new((), at(100), SignedDuration::from_secs(10));
        let check =
            |seconds: i64, is_fresh: bool| assert_eq!(fresh.is_fresh(at(seconds)), is_fresh, "{seconds}");
        check(99, false);
        check(100, true);
        check(109, true);
        check(110, false);
    }
}
