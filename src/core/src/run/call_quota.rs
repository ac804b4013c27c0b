//! Rate and number of calls to EventBridge.

use jiff::SignedDuration;

use crate::model::Timestamp;
use crate::ports::Clock;

/// Time between two calls: at most five calls a second. All callers of an account and Region share a quota of fifty.
const GAP: SignedDuration = SignedDuration::from_millis(200);

/// Number of calls allowed within a time.
#[derive(Debug)]
pub(super) struct CallQuota {
    next: Timestamp,
    until: Timestamp,
    calls_left: i32,
}

impl CallQuota {
    pub(super) fn new(now: Timestamp, calls: i32, within: SignedDuration) -> Self {
        Self { next: now, until: now + within, calls_left: calls }
    }

    /// Waits until this number of calls fits into the quota. Returns false if none is left.
    pub(super) async fn acquire(&mut self, clock: &impl Clock, calls: i32) -> bool {
        if self.calls_left < calls || self.next >= self.until {
            return false;
        }
        clock.sleep_until(self.next).await;
        self.next = self.next.max(clock.now()) + GAP * calls;
        self.calls_left -= calls;
        true
    }
}
