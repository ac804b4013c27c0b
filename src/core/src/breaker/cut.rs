//! What is known about one cut, from the trip until the rule is put back.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{RuleDefinition, Seconds, Timestamp};

/// How long a disabled rule may go on firing. AWS says "a short period of time"; nobody has published a number.
pub const PROPAGATION: SignedDuration = SignedDuration::from_mins(5);
/// How often the tick looks whether a cut rule is still disabled. Less than the tick's minute, so that each one looks.
const CHECK_EVERY: SignedDuration = SignedDuration::from_secs(45);
const FIRST_REMINDER: SignedDuration = SignedDuration::from_hours(24);
const NEXT_REMINDERS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// No automatic restore waits longer.
const MAX_BACK_OFF: u64 = 24 * 3_600;

/// One cut.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// The rule as it was found, before it was touched. Until it is read, nothing has been done to the rule.
    #[serde(default)]
    pub found: Option<RuleDefinition>,
    /// No other rule of the same cycle is being cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_claimed: bool,
    /// When the rule was read back as disabled.
    #[serde(default)]
    pub disabled_at: Option<Timestamp>,
    /// When to look next whether it is still disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_check: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_reminder: Option<Timestamp>,
    /// When the guard puts the rule back by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_at: Option<Timestamp>,
    /// A firing from long after the cut: when it fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// That the rule still fires has been reported.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub firing_reported: bool,
    /// Who was seen changing the rule after the cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
}

impl Cut {
    /// The rule was read back as disabled.
    pub fn disabled(&mut self, now: Timestamp) {
        self.disabled_at = Some(now);
        self.next_check = Some(now + CHECK_EVERY);
        self.next_reminder = Some(now + FIRST_REMINDER);
    }

    /// A firing after the cut. From long after it, it is a reason to look at once, unless that was reported before.
    pub fn late_firing(&mut self, at: Timestamp, now: Timestamp) {
        // A time in the future says nothing about when it fired.
        let is_too_late =
            self.disabled_at.is_some_and(|disabled_at| at > disabled_at + PROPAGATION && at <= now);
        if is_too_late && self.fired_at.is_none() {
            self.fired_at = Some(at);
            self.next_check = Some(now);
        }
    }

    pub fn checked(&mut self, now: Timestamp) {
        self.next_check = Some(now + CHECK_EVERY);
    }

    /// Whether people should be reminded now; if so, the next time is a week later.
    pub fn take_reminder(&mut self, now: Timestamp) -> bool {
        let is_due = self.next_reminder.is_some_and(|due| due <= now);
        if is_due {
            self.next_reminder = Some(now + NEXT_REMINDERS);
        }
        is_due
    }
}

/// How long the automatic restore waits: twice as long after each trip in probation, at most a day.
pub fn next_back_off(base: Seconds, trips_in_probation: u32) -> SignedDuration {
    let seconds = u64::from(base.get()).saturating_mul(1 << trips_in_probation.min(20));
    SignedDuration::from_secs(seconds.min(MAX_BACK_OFF.max(base.get().into())) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_up_to_a_day() {
        let check = |base: u32, trips: u32, seconds: i64| {
            assert_eq!(next_back_off(Seconds::new(base), trips).as_secs(), seconds);
        };
        check(600, 0, 600);
        check(600, 1, 1_200);
        check(600, 3, 4_800);
        check(600, 40, 86_400);
        check(172_800, 2, 172_800);
    }
}
