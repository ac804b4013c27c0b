//! Cuts: everything that is known from the trip until the rule is restored, by the progress of the cut.

use jiff::SignedDuration;

use crate::model::{RuleDefinition, Seconds, Timestamp};

/// Time for which a disabled rule may go on firing. AWS says "a short period of time", and has published no number.
pub const PROPAGATION: SignedDuration = SignedDuration::from_mins(5);
/// Interval of checks that a cut rule is still disabled. Less than the tick's minute, so that each tick checks.
const CHECK_EVERY: SignedDuration = SignedDuration::from_secs(45);
const FIRST_REMINDER: SignedDuration = SignedDuration::from_hours(24);
const NEXT_REMINDERS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Longest wait for an automatic restore, in seconds.
const MAX_BACK_OFF: u64 = 24 * 3_600;

/// Progress of one cut.
#[derive(Debug, Clone, PartialEq)]
pub enum Cut {
    /// The trip is recorded. Nothing has been done to the rule.
    Inspecting {
        /// True once no other rule of the same cycle is being cut.
        is_claimed: bool,
    },
    /// The rule is recorded as it was found, and is being disabled.
    Disabling {
        /// Rule before the guard touched it.
        found: Box<RuleDefinition>,
    },
    /// The rule was read back as disabled.
    Disabled(Box<Disabled>),
}

/// A rule that the guard has disabled.
#[derive(Debug, Clone, PartialEq)]
pub struct Disabled {
    /// Rule before the guard touched it.
    pub found: RuleDefinition,
    /// Time at which the rule was read back as disabled.
    pub at: Timestamp,
    /// Time of the next check that it is still disabled.
    pub next_check: Timestamp,
    /// Time of the next alert that reminds people of the rule.
    pub next_reminder: Timestamp,
    /// Time of the automatic restore. `None` if only a person restores the rule.
    pub restore_at: Option<Timestamp>,
    /// Time of the first firing from long after the cut.
    pub fired_at: Option<Timestamp>,
    /// True once an alert has said that the disabled rule still fires.
    pub firing_reported: bool,
    /// Last principal that was seen changing the rule after the cut.
    pub changed_by: Option<String>,
}

/// A rule that is being restored.
#[derive(Debug, Clone, PartialEq)]
pub struct Restore {
    /// Rule before the guard touched it.
    pub found: RuleDefinition,
    /// Time at which the restore began.
    pub since: Timestamp,
    /// Time at which the rule was read back as disabled. `None` if that had not happened yet.
    pub disabled_at: Option<Timestamp>,
    /// Time of the next check that the rule is still disabled. `None` until there is a reason for one.
    pub next_check: Option<Timestamp>,
    /// Time of the next alert that reminds people of the rule.
    pub next_reminder: Option<Timestamp>,
    /// Time for which an automatic restore was planned. Without one, only a person's order goes on with the restore.
    pub restore_at: Option<Timestamp>,
}

impl Default for Cut {
    fn default() -> Self {
        Self::Inspecting { is_claimed: false }
    }
}

impl Cut {
    /// Rule before the guard touched it. `None` until it is read.
    pub fn found(&self) -> Option<&RuleDefinition> {
        match self {
            Self::Inspecting { .. } => None,
            Self::Disabling { found } => Some(found),
            Self::Disabled(disabled) => Some(&disabled.found),
        }
    }

    /// The disabled rule, if the cut is complete.
    pub fn disabled(&self) -> Option<&Disabled> {
        match self {
            Self::Disabled(disabled) => Some(disabled),
            Self::Inspecting { .. } | Self::Disabling { .. } => None,
        }
    }
}

impl Disabled {
    /// A rule that was read back as disabled now.
    pub fn new(found: RuleDefinition, now: Timestamp, restore_at: Option<Timestamp>) -> Self {
        Self {
            found,
            at: now,
            next_check: now + CHECK_EVERY,
            next_reminder: now + FIRST_REMINDER,
            restore_at,
            fired_at: None,
            firing_reported: false,
            changed_by: None,
        }
    }

    /// Notes a firing after the cut. The first one from long after it makes the next check due.
    pub fn late_firing(&mut self, at: Timestamp, now: Timestamp) {
        // A time in the future says nothing about the time of the firing.
        let is_too_late = at > self.at + PROPAGATION && at <= now;
        if is_too_late && self.fired_at.is_none() {
            self.fired_at = Some(at);
            self.next_check = now;
        }
    }

    /// Plans the next check.
    pub fn checked(&mut self, now: Timestamp) {
        self.next_check = now + CHECK_EVERY;
    }

    /// Returns true if people are to be reminded now. The next time is a week later.
    pub fn take_reminder(&mut self, now: Timestamp) -> bool {
        let is_due = self.next_reminder <= now;
        if is_due {
            self.next_reminder = now + NEXT_REMINDERS;
        }
        is_due
    }
}

impl Restore {
    /// A restore that begins now.
    pub fn of(cut: &Cut, now: Timestamp) -> Option<Self> {
        let found = cut.found()?.clone();
        let disabled = cut.disabled();
        Some(Self {
            found,
            since: now,
            disabled_at: disabled.map(|disabled| disabled.at),
            next_check: disabled.map(|disabled| disabled.next_check),
            next_reminder: disabled.map(|disabled| disabled.next_reminder),
            restore_at: disabled.and_then(|disabled| disabled.restore_at),
        })
    }

    /// Plans the next check.
    pub fn checked(&mut self, now: Timestamp) {
        self.next_check = Some(now + CHECK_EVERY);
    }

    /// Returns true if people are to be reminded now. The next time is a week later.
    pub fn take_reminder(&mut self, now: Timestamp) -> bool {
        let is_due = self.next_reminder.is_some_and(|due| due <= now);
        if is_due {
            self.next_reminder = Some(now + NEXT_REMINDERS);
        }
        is_due
    }
}

/// Wait for an automatic restore: twice as long after each trip on probation, a day at most.
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
