//! The rule's own history as second witness for rate: how busy it was before, and what that means for its limits.
//!
//! A rule that is as busy as it always was is no runaway. What CloudWatch counted, minute by minute, raises the default
//! limits: a burst trips at 10 times the busiest stretch of the same length and is a suspect from 3 times, sustained
//! firing is a suspect only above 3 times. Without history the plain limits hold.

mod peak;

pub use peak::Peak;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{Durations, Seconds, Timestamp};
use crate::policy::{BurstLimit, SustainedLimit};

/// How far back CloudWatch is asked. It keeps sums by the minute for 15 days.
pub const REACH: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A record younger than this is not read again.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(1);
/// A record that could not be refreshed is better than none for this long.
const USABLE_FOR: SignedDuration = SignedDuration::from_hours(24);
/// What is happening now, and what happened around a trip, is no standard for what is normal.
const AROUND: SignedDuration = SignedDuration::from_hours(1);

const CUT_FACTOR: u64 = 10;
const SUSPECT_FACTOR: u64 = 3;

/// Firings of a rule in each minute, and the longest runs of its functions, as CloudWatch counted. Best effort: points may
/// be late or missing.
///
/// Source: `TriggeredRules` in "Monitoring Amazon EventBridge" (Amazon EventBridge user guide).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateHistory {
    /// Minutes since 1970 that have firings.
    minutes: BTreeMap<i64, u64>,
    /// Longest runs of the functions behind the rule, up to now.
    longest: Durations,
}

/// The kept part of a rule's history: its busiest stretches, and the longest runs of its functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateRecord {
    pub read_at: Timestamp,
    /// The busiest stretch of the burst limit's length.
    pub burst: Peak,
    /// The busiest stretch of the sustained limit's length; `None` while that is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sustained: Option<Peak>,
    /// Longest runs of the functions behind the rule; those without any are left out.
    #[serde(default, skip_serializing_if = "Durations::is_empty")]
    pub longest: Durations,
}

/// What is known about how busy the rule used to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// When CloudWatch was last asked.
    pub asked_at: Timestamp,
    /// The last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RateRecord>,
    /// Why the last question had no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// Number of questions in a row that had no answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
}

/// Number of questions without an answer after which the history is taken to be out of reach.
pub const MAX_FAILURES: u32 = 3;
/// Time from one question without an answer to the next.
pub const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(20);

/// For serde, which hands over a reference.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl History {
    /// Returns true if the last question failed and another one is due, or will be: throttling passes.
    pub fn asks_again(&self) -> bool {
        self.unread.is_some() && self.failures < MAX_FAILURES
    }

    /// Asked, and neither answered nor failed: the decision waits for it.
    pub fn is_pending(&self) -> bool {
        self.unread.is_none() && self.record.as_ref().is_none_or(|record| record.read_at < self.asked_at)
    }
}

impl RateHistory {
    /// From the beginnings of minutes and the firings in each.
    pub fn new(counts: impl IntoIterator<Item = (Timestamp, u64)>) -> Self {
        let mut minutes = BTreeMap::new();
        for (at, firings) in counts.into_iter().filter(|(_, firings)| *firings > 0) {
            let sum: &mut u64 = minutes.entry(at.as_second().div_euclid(60)).or_default();
            *sum = sum.saturating_add(firings);
        }
        Self { minutes, longest: Durations::new() }
    }

    /// Sets the longest runs of the functions behind the rule.
    pub fn with_longest(self, longest: Durations) -> Self {
        Self { longest, ..self }
    }

    /// Returns true if the rule never fired.
    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }

    /// The busiest stretches of these lengths, without the hour before `now` and without the hour before and the hour
    /// after each of the earlier `trips`; and without what came after the hour before `suspected`, when the rule began
    /// to look like a loop: a loop that has run for a while would else be normal.
    pub fn record(
        &self,
        now: Timestamp,
        burst: Seconds,
        sustained: Option<Seconds>,
        trips: &[Timestamp],
        suspected: Option<Timestamp>,
    ) -> RateRecord {
        let around = AROUND.as_secs();
        let until = suspected.map_or(now, |since| since.min(now)).as_second() - around;
        let is_normal = |minute: i64| {
            let (from, to) = (minute * 60, (minute + 1) * 60);
            let is_around = |at: &Timestamp| to > at.as_second() - around && from <= at.as_second() + around;
            to <= until && !trips.iter().any(is_around)
        };
        let normal: Vec<(i64, u64)> = self
            .minutes
            .iter()
            .map(|(minute, firings)| (*minute, *firings))
            .filter(|(minute, _)| is_normal(*minute))
            .collect();
        let peak = |length| Peak::of(&normal, length);
        RateRecord {
            read_at: now,
            burst: peak(burst),
            sustained: sustained.map(peak),
            longest: self.longest.clone(),
        }
    }
}

impl RateRecord {
    /// Whether it need not be read again yet. Another instance's clock may be a little ahead.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.read_at).abs() < FRESH_FOR
    }

    /// Whether it still counts if it cannot be read again.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        now.duration_since(self.read_at).abs() < USABLE_FOR
    }

    /// Whether it was computed for limits of these lengths. If not, it says nothing about them, and raises nothing.
    pub fn is_for(&self, burst: BurstLimit, sustained: Option<SustainedLimit>) -> bool {
        self.burst.is_for(burst.window)
            && sustained.is_none_or(|limit| self.sustained.is_some_and(|peak| peak.is_for(limit.window)))
    }

    /// The limit at which a burst is cut: the plain one, or 10 times the record.
    pub fn burst_cut(&self, limit: BurstLimit) -> BurstLimit {
        self.raised(limit, CUT_FACTOR)
    }

    /// The limit at which a burst is a suspect: the plain one, or 3 times the record.
    pub fn burst_suspect(&self, limit: BurstLimit) -> BurstLimit {
        self.raised(limit, SUSPECT_FACTOR)
    }

    /// Sustained firing is a suspect only above this: 3 times the record. 0 if there is no record of that length.
    pub fn sustained_suspect_above(&self, limit: SustainedLimit) -> u64 {
        let peak = self.sustained.filter(|peak| peak.is_for(limit.window));
        peak.map_or(0, |peak| peak.firings.saturating_mul(SUSPECT_FACTOR))
    }

    fn raised(&self, limit: BurstLimit, factor: u64) -> BurstLimit {
        if !self.burst.is_for(limit.window) {
            return limit;
        }
        let count = self.burst.firings.saturating_mul(factor).min(BurstLimit::MAX_COUNT.into());
        let count = u32::try_from(count).ok().and_then(NonZeroU32::new);
        BurstLimit { count: count.map_or(limit.count, |count| count.max(limit.count)), ..limit }
    }
}

#[cfg(test)]
mod tests;
