//! The head of the stored directory: where the chunks are, and how far the refresh has come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::chunks::Bucket;
use crate::alerts::Outbox;
use crate::model::{DAILY, DEFAULT_BUS, Fault, FaultKind, Lease, Throttle, Timestamp, whole_seconds};
use crate::stored::{Blob, Key, Stored, StoredError};

/// The layout of a stored directory.
const SCHEMA: u32 = 1;
/// All rules are listed again this often.
pub const LIST_EVERY: SignedDuration = SignedDuration::from_mins(15);
/// Targets and tags of a rule are read again this often; changes that pass on the bus are read at once.
pub const DETAILS_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// Tags that were read longer ago do not hold: twice as long as it should ever take.
pub const DETAILS_HOLD: SignedDuration = SignedDuration::from_hours(12);
/// Longer than a refresh takes.
const REFRESH: SignedDuration = SignedDuration::from_secs(60);
/// A rule that the guard was shown for so long, or that was off, is told of anew when it is not shown again.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);
/// No more of these are remembered, the latest ones; each takes some 40 bytes of the head.
const MAX_ABSENT: usize = 200;

/// What stands in the item `directory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    schema: u32,
    #[serde(default)]
    pub buckets: Vec<Bucket>,
    /// When the default bus was last listed to its end. Before that nobody can say what its events fire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_bus_at: Option<Timestamp>,
    /// When the last complete pass over all buses began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed_at: Option<Timestamp>,
    /// A pass that has not come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<Pass>,
    /// More has changed than could be read at once: the next tick lists everything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wants_pass: bool,
    /// A refresh is at work until then.
    #[serde(
        default,
        skip_serializing_if = "Lease::is_unused",
        serialize_with = "Lease::write_end",
        deserialize_with = "Lease::read_end"
    )]
    pub lease: Lease,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// What people have been told of that the guard is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwatched: Option<Told>,
    /// Alerts about that, which are not published yet.
    #[serde(default, skip_serializing_if = "Outbox::is_empty")]
    pub outbox: Outbox,
    /// Event time of the first `AssumeRole` that the guard's catch-all rule brought while it was in plain `ENABLED`. AWS's
    /// documents disagree on whether such rules receive it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_at: Option<Timestamp>,
}

/// Where a pass over the buses goes on: the default bus comes first, the others by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    pub began: Timestamp,
    /// The bus that comes next.
    pub bus: String,
    /// In the middle of that bus, because a tick is not enough for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Pass {
    pub fn first(began: Timestamp) -> Self {
        Self { began, bus: DEFAULT_BUS.to_owned(), next_token: None }
    }
}

/// What a refresh has not come to the end of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The lists of buses and rules.
    Rules,
    /// Targets and tags of the rules in them.
    Details,
}

/// Why the last refresh did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub kind: FaultKind,
    pub message: String,
    /// When it was told to people.
    pub told: Throttle,
}

/// The last alert about what the guard is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub at: Throttle,
    /// [`super::Unwatched::ids`] of all that was told of and is not forgotten.
    pub ids: BTreeSet<u64>,
    /// Those of them that do not hold at present, and since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<u64, Timestamp>,
}

impl Told {
    fn new(ids: &BTreeSet<u64>, at: Timestamp) -> Self {
        Self { at: Throttle::reported(at), ids: ids.clone(), absent: BTreeMap::new() }
    }

    /// Remembers for a while what no longer holds: a rule may be off for the night.
    fn note_absent(&mut self, ids: &BTreeSet<u64>, now: Timestamp) {
        self.absent.retain(|id, _| !ids.contains(id));
        for id in self.ids.difference(ids) {
            self.absent.entry(*id).or_insert_with(|| whole_seconds(now));
        }
        let mut by_time: Vec<(Timestamp, u64)> =
            self.absent.iter().map(|(id, since)| (*since, *id)).collect();
        by_time.sort_unstable();
        let too_many = by_time.len().saturating_sub(MAX_ABSENT);
        for (n, (since, id)) in by_time.into_iter().enumerate() {
            if n < too_many || now.duration_since(since) >= FORGET_AFTER {
                self.absent.remove(&id);
                self.ids.remove(&id);
            }
        }
    }
}

impl Default for Head {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            buckets: Vec::new(),
            default_bus_at: None,
            listed_at: None,
            pass: None,
            wants_pass: false,
            lease: Lease::default(),
            trouble: None,
            unwatched: None,
            outbox: Outbox::default(),
            assume_role_at: None,
        }
    }
}

impl Stored for Head {
    const NAME: &'static str = "the head of the directory";
    const SCHEMA: u32 = SCHEMA;

    fn key(&self) -> Key<'_> {
        Key::Head
    }

    fn encode(&self) -> Result<Blob, StoredError> {
        serde_json::to_string(self).map(Blob::from).map_err(Self::damaged)
    }

    fn decode(blob: &Blob) -> Result<Self, StoredError> {
        Self::parse(&blob.json)
    }

    fn expires(&self, _: Timestamp) -> Option<Timestamp> {
        None
    }
}

impl Head {
    pub fn needs_pass(&self, now: Timestamp) -> bool {
        self.pass.is_some() || self.wants_pass || self.listed_at.is_none_or(|at| at + LIST_EVERY <= now)
    }

    /// Returns true if a refresh is under way.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.lease.is_held(now)
    }

    pub fn begin_refresh(&mut self, now: Timestamp) {
        self.lease.take_for(now, REFRESH);
        // What changed while a pass was under way may lie behind it: it begins again.
        if std::mem::take(&mut self.wants_pass) {
            self.pass = Some(Pass::first(now));
        }
    }

    /// Notes what the guard is not shown at present. Returns whether people should be told: of what is new, at most once
    /// a day.
    pub fn note_unwatched(&mut self, ids: &BTreeSet<u64>, now: Timestamp) -> bool {
        let Some(told) = &mut self.unwatched else {
            self.unwatched = (!ids.is_empty()).then(|| Told::new(ids, now));
            return !ids.is_empty();
        };
        told.note_absent(ids, now);
        let is_news = !ids.is_subset(&told.ids) && told.at.take(now, DAILY);
        if is_news {
            told.ids.extend(ids);
        }
        is_news
    }

    /// Notes how the refresh ended. Returns what people should be told, once for each kind of trouble.
    pub fn end_refresh(&mut self, result: Result<(), (Missed, &Fault)>, now: Timestamp) -> Option<String> {
        self.lease.succeed();
        let Err((missed, fault)) = result else {
            let was = self.trouble.take()?;
            return Some(format!("the directory of rules is refreshed again, after: {}", was.message));
        };
        let is_told =
            self.trouble.as_ref().is_some_and(|was| was.kind == fault.kind && !was.told.is_due(now, DAILY));
        if is_told {
            return None;
        }
        self.trouble =
            Some(Trouble { kind: fault.kind, message: fault.to_string(), told: Throttle::reported(now) });
        Some(match missed {
            Missed::Rules => format!(
                "the directory of rules was not refreshed, what was known before holds: {fault}; the guard tries \
                 again every minute"
            ),
            Missed::Details => format!(
                "targets and tags of some rules were not read, what was known of them before holds: {fault}; the \
                 guard asks again every minute"
            ),
        })
    }
}
