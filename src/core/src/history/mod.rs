//! History of a rule as second witness for its rate: its busiest stretches, and the limits that follow from them.
//!
//! A rule that is as busy as usual is no runaway. CloudWatch's counts per minute raise the default limits. A burst
//! trips at 10 times the busiest stretch of the same length, and is a suspect from 3 times. Sustained firing is a
//! suspect only above 3 times. Without history the plain limits apply.

mod peak;
mod silence;

pub use peak::Peak;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{Durations, MeanDurations, Seconds, Timestamp};
use crate::policy::{BurstLimit, SustainedLimit};

/// Length of the history that is read. CloudWatch keeps sums by the minute for 15 days.
pub const REACH: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Age below which a record is not read again.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(1);
/// Age up to which a record is used if it cannot be read again.
const USABLE_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Time before now, and around each trip, that is left out of the record because it may be a loop's.
const AROUND: SignedDuration = SignedDuration::from_hours(1);

/// Multiple of the record at which a burst trips.
const CUT_FACTOR: u64 = 10;
/// Multiple of the record at which a burst, or above which sustained firing, is a suspect.
const SUSPECT_FACTOR: u64 = 3;

/// Firings of a rule per minute and the longest runs of its functions, as CloudWatch counted them. Best effort: values
/// may be late or missing.
///
/// Source: `TriggeredRules` in "Monitoring Amazon EventBridge" (Amazon EventBridge user guide).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateHistory {
    /// Number of firings by minute since 1970. Minutes without firings are left out.
    minutes: BTreeMap<i64, u64>,
    /// Longest runs of the functions behind the rule, up to now.
    longest: Durations,
    /// Mean durations of the functions on the latest day with runs.
    means: MeanDurations,
}

/// Metrics of a rule and its functions since a cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SinceCut {
    /// End of the last minute in which the rule fired, or the time of the cut. `None` if its metrics do not show the
    /// firings before the cut either.
    pub fired_until: Option<Timestamp>,
    /// End of the first minute since the cut in which each function started events, and none had waited a minute.
    /// `None` if there was no such minute.
    pub drained_at: Option<Timestamp>,
    /// Number of firings in the hour before the cut.
    pub fired_before: u64,
}

/// Stored summary of a rule's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateRecord {
    /// Time at which CloudWatch was read.
    pub read_at: Timestamp,
    /// Busiest stretch of the burst limit's length.
    pub burst: Peak,
    /// Busiest stretch of the sustained limit's length; `None` while that limit is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sustained: Option<Peak>,
    /// Longest runs of the functions behind the rule. Functions without runs are left out.
    #[serde(default, skip_serializing_if = "Durations::is_empty")]
    pub longest: Durations,
    /// Mean durations of these functions on the latest day with runs.
    #[serde(default, skip_serializing_if = "MeanDurations::is_empty")]
    pub means: MeanDurations,
}

/// State of reading a rule's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Time of the last question to CloudWatch.
    pub asked_at: Timestamp,
    /// Last answer; `None` before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RateRecord>,
    /// Reason why the last question had no answer; `None` if it had one or is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// Number of questions in a row without an answer.
    #[serde(default, skip_serializing_if = "crate::model::is_zero")]
    pub failures: u32,
}

/// Number of questions without an answer after which the history counts as unavailable.
pub const MAX_FAILURES: u32 = 3;
/// Time between two questions if the first one had no answer.
pub const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(20);

impl History {
    /// Returns true if the last question failed and another one will follow.
    pub fn asks_again(&self) -> bool {
        self.unread.is_some() && self.failures < MAX_FAILURES
    }

    /// Returns true if the last question has neither an answer nor a failure yet. The decision waits for it.
    pub fn is_pending(&self) -> bool {
        self.unread.is_none() && self.record.as_ref().is_none_or(|record| record.read_at < self.asked_at)
    }
}

impl RateHistory {
    /// Creates a history from minutes, each with its number of firings.
    pub fn new(counts: impl IntoIterator<Item = (Timestamp, u64)>) -> Self {
        let mut minutes = BTreeMap::new();
        for (at, firings) in counts.into_iter().filter(|(_, firings)| *firings > 0) {
            let sum: &mut u64 = minutes.entry(at.as_second().div_euclid(60)).or_default();
            *sum = sum.saturating_add(firings);
        }
        Self { minutes, longest: Durations::new(), means: MeanDurations::new() }
    }

    /// Sets the longest runs of the functions behind the rule.
    pub fn with_longest(self, longest: Durations) -> Self {
        Self { longest, ..self }
    }

    /// Sets the mean durations of the functions behind the rule.
    pub fn with_means(self, means: MeanDurations) -> Self {
        Self { means, ..self }
    }

    /// Mean durations of the functions behind the rule.
    pub fn means(&self) -> &MeanDurations {
        &self.means
    }

    /// Returns true if the rule never fired.
    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }

    /// Returns the busiest stretches of these lengths. The hour before `now` is left out, and so is the hour before and
    /// after each of the earlier `trips`. Everything from one hour before `suspected` on is left out too. That is the
    /// time at which the rule began to look like a loop, and a loop that has run for a while would else count as
    /// normal.
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
            means: self.means.clone(),
        }
    }
}

impl RateRecord {
    /// Returns true if the record need not be read again yet. The clock of another instance may be slightly ahead.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.read_at).abs() < FRESH_FOR
    }

    /// Returns true if the record may be used when it cannot be read again.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        now.duration_since(self.read_at).abs() < USABLE_FOR
    }

    /// Returns true if the record was computed for limits of these lengths. Otherwise it raises no limit.
    pub fn is_for(&self, burst: BurstLimit, sustained: Option<SustainedLimit>) -> bool {
        self.burst.is_for(burst.window)
            && sustained.is_none_or(|limit| self.sustained.is_some_and(|peak| peak.is_for(limit.window)))
    }

    /// Limit at which a burst trips: the plain one, or 10 times the record.
    pub fn burst_cut(&self, limit: BurstLimit) -> BurstLimit {
        self.raised(limit, CUT_FACTOR)
    }

    /// Limit at which a burst is a suspect: the plain one, or 3 times the record.
    pub fn burst_suspect(&self, limit: BurstLimit) -> BurstLimit {
        self.raised(limit, SUSPECT_FACTOR)
    }

    /// Number of firings above which sustained firing is a suspect: 3 times the record. 0 without a record of that
    /// length.
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
