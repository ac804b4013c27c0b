//! Stage 3: distinct firings of one rule in event time, independent of the order and number of deliveries.
//!
//! Exact up to a limit of 512: every window that ends within 15 minutes of the newest firing is judged exactly. Above
//! that, only firings whose id falls into a fixed share of all ids are stored, so that 512 stored firings correspond to
//! the limit. The standard error is 1/√512, or 4.4 % of the limit.
//!
//! At most [`MAX_KEPT`] firings are stored. At the default limit, they cover less than 15 minutes from 96 firings a
//! minute on. Then the oldest are dropped first, and counted by the minute for the length of the sustained limit.

mod callers;
mod calls;
mod codec;
mod past;
pub mod varint;

pub use callers::CallerCount;
pub use codec::CorruptWindow;
pub use past::Stretch;

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroU32;
use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

use crate::model::{Cause, Firing, FiringId, Seconds, Timestamp, printable_ascii};
use crate::policy::BurstLimit;
use callers::Callers;
use calls::Calls;
use past::Past;

/// Maximum age at which a firing still counts, behind the newest firing in event time.
pub const LATENESS: Seconds = Seconds::new(15 * 60);
/// Maximum distance of an event time ahead of the clock. A later firing counts as if at that time.
pub const CLOCK_SKEW: Seconds = Seconds::new(60);
/// Greatest limit that is counted exactly. Above it, this many stored firings correspond to the limit.
pub const EXACT: u32 = 512;
/// Maximum number of firings stored per rule. At 7 bytes each, they leave a third of a record of 32 KB to everything
/// else.
pub const MAX_KEPT: usize = 1_536;
/// Number of event ids kept in full, as samples for a reader of CloudTrail.
const RECENT: usize = 5;
/// Maximum length of a stored event id, in bytes.
const MAX_EVENT_ID: usize = 64;

/// Firings of one rule that can still share a window with a later one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    limit: BurstLimit,
    callers: Callers,
    /// Slots of the callers that are targets of the rule, one bit each.
    #[serde(default, skip_serializing_if = "crate::model::is_zero")]
    own: u16,
    #[serde(default, skip_serializing_if = "Calls::is_empty")]
    calls: Calls,
    /// Ids of the last events counted, oldest first.
    recent: VecDeque<String>,
    /// Stored firings, ascending in time, then in order of arrival. Serialized apart in `codec`.
    #[serde(skip)]
    kept: VecDeque<Kept>,
    #[serde(skip)]
    ids: HashSet<FiringId, BuildHasherDefault<AlreadyHashed>>,
    /// Firings that are no longer stored one by one, by the minute. Serialized with them.
    #[serde(skip)]
    past: Past,
    /// Time for which `past` is kept, behind the newest firing. Zero if there is no sustained limit.
    #[serde(default)]
    reach: Seconds,
}

/// Stored form of one firing, in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    /// Event time in milliseconds since 1970.
    at: i64,
    id: FiringId,
    caller: callers::Slot,
}

/// Result of inserting a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// The firing was counted. Holds its index among the stored firings.
    At(usize),
    /// The firing was counted, but it is not in the sample for a limit above 512.
    Unsampled,
    /// The event was counted before.
    Duplicate,
    /// The firing is more than 15 minutes older than the newest one, or older than all that are stored.
    TooLate,
}

impl Window {
    /// Creates an empty window.
    pub fn new(limit: BurstLimit) -> Self {
        Self {
            limit,
            callers: Callers::default(),
            own: 0,
            calls: Calls::default(),
            recent: VecDeque::new(),
            kept: VecDeque::new(),
            ids: HashSet::default(),
            past: Past::default(),
            reach: Seconds::new(0),
        }
    }

    /// Limit that firings are counted against.
    pub fn limit(&self) -> BurstLimit {
        self.limit
    }

    /// Changes the limit. If the new limit needs a finer sample, the window starts empty: a continuing loop is found
    /// one window later, and no rule is cut on an estimate made for another limit.
    pub fn set_limit(&mut self, limit: BurstLimit) {
        let (old, new) = (self.limit.share(), limit.share());
        self.limit = limit;
        if new > old {
            *self = Self { reach: self.reach, ..Self::new(limit) };
        } else if new < old {
            // Counts of the finer sample cannot be mixed with those of the coarser one.
            self.past = Past::default();
            let kept = std::mem::take(&mut self.kept);
            for firing in kept {
                if firing.id.bits() < new { self.kept.push_back(firing) } else { self.forget(firing) }
            }
        }
        self.drop_unneeded();
    }

    /// Counts one firing. An event time more than [`CLOCK_SKEW`] after `now` counts as that time.
    pub fn insert(&mut self, firing: &Firing<'_>, now: Timestamp) -> Inserted {
        self.insert_as(firing, FiringId::of(&firing.event_id), now)
    }

    /// Like [`Self::insert`], with the id of the firing's event already computed.
    pub fn insert_as(&mut self, firing: &Firing<'_>, id: FiringId, now: Timestamp) -> Inserted {
        let at = firing.at.as_millisecond().min(now.as_millisecond() + CLOCK_SKEW.millis());
        let newest = self.kept.back().map_or(at, |newest| newest.at);
        let oldest = self.kept.front().map_or(i64::MIN, |oldest| oldest.at);
        if at < newest - LATENESS.millis() || (self.kept.len() >= self.capacity() && at < oldest) {
            return Inserted::TooLate;
        }
        if id.bits() >= self.limit.share() {
            return Inserted::Unsampled;
        }
        if !self.ids.insert(id) {
            return Inserted::Duplicate;
        }
        self.remember(&firing.event_id);
        let caller = self.callers.count(&firing.caller);
        let bit = 1 << caller;
        self.own = if matches!(firing.cause, Cause::Own { .. }) { self.own | bit } else { self.own & !bit };
        if let Some(call) = &firing.call {
            self.calls.count(call);
        }
        let index = match self.kept.back() {
            Some(newest) if newest.at > at => self.kept.partition_point(|kept| kept.at <= at),
            _ => self.kept.len(),
        };
        self.kept.insert(index, Kept { at, id, caller });
        let dropped = self.drop_unneeded();
        Inserted::At(index.saturating_sub(dropped))
    }

    /// Marks the firings of this principal as own calls.
    pub fn mark_own(&mut self, principal: &str) {
        self.own |= self.callers.slots_of(principal);
    }

    /// Returns the first run of firings around `index` that fills the limit within one window length.
    ///
    /// A window is half open: two firings exactly one length apart do not share it.
    pub fn full_window_around(&self, index: usize) -> Option<Range<usize>> {
        let needed = self.limit.needed();
        let last_start = self.kept.len().checked_sub(needed)?;
        let starts = (index + 1).saturating_sub(needed)..=index.min(last_start);
        self.first_full(starts)
    }

    fn first_full(&self, mut starts: RangeInclusive<usize>) -> Option<Range<usize>> {
        let run = |start| start..start + self.limit.needed();
        let is_full = |run: &Range<usize>| {
            self.kept[run.end - 1].at - self.kept[run.start].at < self.limit.window.millis()
        };
        starts.find_map(|start| Some(run(start)).filter(is_full))
    }

    /// Number of distinct firings within the window length up to `now`. Estimated for a limit above 512.
    pub fn count_at(&self, now: Timestamp) -> u64 {
        let since = now.as_millisecond() - self.limit.window.millis();
        let first = self.kept.partition_point(|kept| kept.at <= since);
        self.limit.scale(self.kept.len() - first)
    }

    /// Number of distinct firings within the window length up to the newest one.
    pub fn count_at_newest(&self) -> u64 {
        self.newest().map_or(0, |newest| self.count_at(newest))
    }

    /// Returns the first run of firings that fills the limit within one window length.
    pub fn full_window(&self) -> Option<Range<usize>> {
        let needed = self.limit.needed();
        let last_start = self.kept.len().checked_sub(needed)?;
        self.first_full(0..=last_start)
    }

    /// Number of firings that a run of stored ones stands for.
    pub fn count(&self, run: &Range<usize>) -> u64 {
        self.limit.scale(run.len())
    }

    /// Event time of a stored firing. Panics if there is none at `index`.
    pub fn time_of(&self, index: usize) -> Timestamp {
        Timestamp::from_millisecond(self.kept[index].at).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Callers of these firings, most frequent first.
    pub fn callers_of(&self, run: Range<usize>) -> Vec<CallerCount> {
        self.callers.tally(self.kept.range(run).map(|kept| kept.caller), self.own)
    }

    /// Range of the firings within the window length up to the newest one, which is included.
    pub fn latest(&self) -> Range<usize> {
        let since = self.kept.back().map_or(0, |newest| newest.at) - self.limit.window.millis();
        self.kept.partition_point(|kept| kept.at <= since)..self.kept.len()
    }

    /// Range of all stored firings.
    pub fn all(&self) -> Range<usize> {
        0..self.kept.len()
    }

    /// Event times of the stored firings, in seconds since 1970 and ascending.
    pub fn seconds(&self) -> Vec<i64> {
        self.kept.iter().map(|kept| kept.at.div_euclid(1_000)).collect()
    }

    /// Ids of the last events counted, oldest first, to be looked up in CloudTrail.
    pub fn recent_event_ids(&self) -> impl Iterator<Item = &str> {
        self.recent.iter().map(String::as_str)
    }

    /// Name of the API call that fired the rule most often, such as `s3 PutBucketAcl`. `None` if no event had an API
    /// call.
    pub fn most_frequent_call(&self) -> Option<&str> {
        self.calls.most_frequent()
    }

    /// Event time of the newest firing; `None` for an empty window.
    pub fn newest(&self) -> Option<Timestamp> {
        self.kept.len().checked_sub(1).map(|last| self.time_of(last))
    }

    /// Drops firings that can no longer share a window with a later one. Returns their number.
    fn drop_unneeded(&mut self) -> usize {
        let Some(newest) = self.kept.back().map(|kept| kept.at) else { return 0 };
        let floor = newest - LATENESS.millis() - self.limit.window.millis();
        let capacity = self.capacity();
        let mut dropped = 0;
        while self.kept.front().is_some_and(|oldest| oldest.at < floor) || self.kept.len() > capacity {
            let Some(oldest) = self.kept.pop_front() else { break };
            if self.reach.get() > 0 {
                self.past.count(oldest.at);
            }
            self.forget(oldest);
            dropped += 1;
        }
        self.past.drop_before(newest - self.reach.millis());
        dropped
    }

    fn remember(&mut self, event_id: &str) {
        // The oldest string is reused, so that a busy rule does not allocate for each firing.
        let mut id =
            if self.recent.len() < RECENT { None } else { self.recent.pop_front() }.unwrap_or_default();
        id.clear();
        id.push_str(&printable_ascii(event_id, MAX_EVENT_ID));
        self.recent.push_back(id);
    }

    fn forget(&mut self, firing: Kept) {
        self.ids.remove(&firing.id);
        self.callers.forget(firing.caller);
    }

    /// Maximum number of firings to store: as many as fit below the limit into 15 minutes and one window.
    fn capacity(&self) -> usize {
        let windows = LATENESS.get().div_ceil(self.limit.window.get()) as usize + 1;
        (self.limit.needed() * windows).min(MAX_KEPT)
    }
}

/// Arithmetic of sampling.
impl BurstLimit {
    /// Returns true if counts against this limit are estimates.
    pub fn is_sampled(self) -> bool {
        self.count.get() > EXACT
    }

    /// Returns the same limit, or the highest one for which every id is stored.
    pub fn exact(self) -> Self {
        Self { count: self.count.min(const { NonZeroU32::new(EXACT).expect("not zero") }), ..self }
    }

    /// Upper bound of the ids that are stored. All ids for a limit up to 512, else a share of 512 in `count`.
    fn share(self) -> u64 {
        let all = 1u64 << FiringId::BITS;
        if self.count.get() <= EXACT { all } else { all / u64::from(self.count.get()) * u64::from(EXACT) }
    }

    /// Number of stored firings that fills the limit.
    fn needed(self) -> usize {
        self.count.get().min(EXACT) as usize
    }

    /// Number of firings that `kept` stored ones stand for.
    fn scale(self, kept: usize) -> u64 {
        kept as u64 * u64::from(self.count.get()) / self.needed() as u64
    }
}

/// Hasher for ids, which are hashes already.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, id: u64) {
        // The hash table takes its control bits from the top, where a 40-bit id has none.
        self.0 = id | id << 40;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests;
