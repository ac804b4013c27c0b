//! The only file that reads the clock.

use std::time::Duration;

use budget_guard_core::model::Timestamp;
use budget_guard_core::ports::Clock;

/// Clock of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, until: Timestamp) {
        let wait = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
        tokio::time::sleep(wait).await;
    }
}
