//! Reports that people get once in a while.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Time from one report of the same thing to the next, where nothing else is said.
pub const DAILY: SignedDuration = SignedDuration::from_hours(24);

/// Time of the last report on one topic. Stored as that time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Throttle(Option<Timestamp>);

impl Throttle {
    /// A topic that was reported at this time.
    pub fn reported(at: Timestamp) -> Self {
        Self(Some(at))
    }

    /// Time of the last report; `None`: there was none, or it no longer counts.
    pub fn last(self) -> Option<Timestamp> {
        self.0
    }

    /// Returns true if there was no report.
    pub fn is_unused(&self) -> bool {
        self.0.is_none()
    }

    /// Returns true if the last report is at least so long ago. One as far ahead is that of a clock that ran ahead.
    pub fn is_due(self, now: Timestamp, every: SignedDuration) -> bool {
        self.0.is_none_or(|last| now.duration_since(last).abs() >= every)
    }

    /// Returns true if a report is due, and notes that it is made now.
    pub fn take(&mut self, now: Timestamp, every: SignedDuration) -> bool {
        let is_due = self.is_due(now, every);
        if is_due {
            *self = Self::reported(now);
        }
        is_due
    }

    /// The topic is over: the next report is due at once.
    pub fn clear(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_due_once_in_its_time() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let mut topic = Throttle::default();
        let mut check =
            |hours: i64, is_due: bool| assert_eq!(topic.take(at(hours), DAILY), is_due, "{hours}");
        check(100, true);
        check(100, false);
        check(123, false);
        check(124, true);
        // The last report was made by a clock that ran ahead.
        check(101, false);
        check(100, true);
        topic.clear();
        assert!(topic.is_unused() && topic.is_due(at(100), DAILY));
    }
}
