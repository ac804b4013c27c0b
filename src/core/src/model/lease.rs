//! Claims of work on a stored item: one process at a time, and the next when that one falls silent.

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Fault, Timestamp};

/// Time that one step of a plan may take before others take over: a save, the call itself and a read back, each at most
/// as long as `aws::config` lets a call take. Only then can no call land after another process has begun.
pub const LEASE: SignedDuration = SignedDuration::from_secs(8);
/// Wait before the next attempt when more attempts do not help soon.
const GIVE_UP_FOR: SignedDuration = LONGEST;
const QUICK_ATTEMPTS: u32 = 5;
/// Longest time of any lease, and of any wait.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);

/// Right of one process to carry out a step until it expires, and the failures of that step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The end of the lease, or of the wait; `None`: the work is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Number of failures in a row.
    #[serde(default)]
    pub failures: u32,
    /// A call is under way; otherwise `until` is only the time of the next attempt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_held: bool,
}

impl Lease {
    /// A lease that is held until this time.
    pub fn held_until(until: Timestamp) -> Self {
        Self { until: Some(until), failures: 0, is_held: true }
    }

    /// Returns true if it is not held, and there is nothing to wait for.
    pub fn is_free(&self, now: Timestamp) -> bool {
        // An end further away than any lease reaches, by a clock that is as far ahead, must not block the work.
        self.until.is_none_or(|until| until <= now || until >= now + LONGEST * 2)
    }

    /// Returns true if it was never taken, or its work is done.
    pub fn is_unused(&self) -> bool {
        *self == Self::default()
    }

    /// Takes it for one step of a plan.
    pub fn take(&mut self, now: Timestamp) {
        self.take_for(now, LEASE);
    }

    /// Takes it for work that lasts so long, a minute at most.
    pub fn take_for(&mut self, now: Timestamp, lasts: SignedDuration) {
        self.until = Some(now + lasts);
        self.is_held = true;
    }

    /// Returns true if a call may be under way at this moment: no other may change what it changes.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.is_held && !self.is_free(now)
    }

    /// The step is done; the next one starts without failures.
    pub fn succeed(&mut self) {
        *self = Self::default();
    }

    /// The step failed. Waits 0.2, 0.4, 0.8, 1.6 s, then a minute. Returns true if it is now the longer wait.
    pub fn fail(&mut self, fault: &Fault, now: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        let gives_up = !fault.is_transient() || self.failures >= QUICK_ATTEMPTS;
        let wait = if gives_up { GIVE_UP_FOR } else { SignedDuration::from_millis(100 << self.failures) };
        self.until = Some(now + wait);
        self.is_held = false;
        gives_up
    }

    /// Keeps failed work held up to its next attempt, and up to the end of the lease at least: AWS did not answer the call
    /// and may still carry it out.
    pub fn stay_held(&mut self, end: Option<Timestamp>) {
        self.until = self.until.max(end);
        self.is_held = true;
    }

    /// Time to look again, if that is soon enough to wait for.
    pub fn worth_waiting(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| *until > now && *until <= now + LEASE)
    }

    /// Writes the end of the lease alone: the stored form of leases of work that does not count its failures.
    pub fn write_end<S: Serializer>(lease: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        lease.until.serialize(serializer)
    }

    /// Reads what [`Lease::write_end`] has written.
    pub fn read_end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let until = Option::<Timestamp>::deserialize(deserializer)?;
        Ok(until.map(Self::held_until).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;

    #[test]
    fn backs_off_and_then_gives_up_for_a_minute() {
        let now = Timestamp::UNIX_EPOCH;
        let check = |kind: FaultKind, waits_ms: &[i64]| {
            let mut lease = Lease::default();
            let fault = Fault::new(kind, "x");
            for (n, wait) in waits_ms.iter().enumerate() {
                let gave_up = lease.fail(&fault, now);
                assert_eq!(lease.until.unwrap().as_millisecond(), *wait, "{kind:?} failure {n}");
                assert_eq!(gave_up, *wait == 60_000);
            }
        };
        check(FaultKind::Throttled, &[200, 400, 800, 1_600, 60_000, 60_000]);
        check(FaultKind::Denied, &[60_000, 60_000]);
    }

    #[test]
    fn a_clock_that_ran_ahead_blocks_nothing() {
        let now = Timestamp::UNIX_EPOCH;
        let check = |seconds: i64, free: bool| {
            let lease = Lease { until: Some(now + SignedDuration::from_secs(seconds)), ..Lease::default() };
            assert_eq!(lease.is_free(now), free, "{seconds}");
        };
        check(-1, true);
        check(0, true);
        check(8, false);
        check(60, false);
        check(3_600, true);
    }
}
