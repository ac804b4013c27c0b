//! Values that a process keeps from one invocation to the next, as long as they are fresh.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

use crate::model::Timestamp;

/// A value, when it was read, and how long it is fresh.
#[derive(Debug, Clone)]
pub(super) struct Fresh<T> {
    pub value: T,
    pub at: Timestamp,
    lasts: SignedDuration,
}

impl<T> Fresh<T> {
    /// A value that was read at this time.
    pub fn new(value: T, at: Timestamp, lasts: SignedDuration) -> Self {
        Self { value, at, lasts }
    }

    /// Returns true if the value need not be read again yet. One from the future was read by a clock that ran ahead.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.at <= now && now < self.at + self.lasts
    }
}

/// A value that one process keeps, for all of its invocations that run at the same time.
#[derive(Debug, Default)]
pub(super) struct Kept<T>(Mutex<T>);

impl<T> Kept<T> {
    /// The value, for this moment. A panic of another invocation leaves it whole: it is only ever replaced.
    pub fn lock(&self) -> MutexGuard<'_, T> {
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
