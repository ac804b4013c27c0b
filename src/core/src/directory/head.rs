//! Head of the stored directory: the list of chunks, and the progress of the refresh.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::chunks::Bucket;
use crate::alerts::{Alert, Outbox, Tampered, Tampering};
use crate::model::{DAILY, DEFAULT_BUS, Fault, FaultKind, Lease, Throttle, Timestamp, whole_seconds};
use crate::stored::{Blob, Key, Stored, StoredError};

/// Version of the layout of the head and its chunks.
const SCHEMA: u32 = 1;
/// Time after which all rules are listed again.
pub const LIST_EVERY: SignedDuration = SignedDuration::from_mins(15);
/// Time after which targets and tags of a rule are read again. Changes that CloudTrail reports are read at once.
pub const DETAILS_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// Age up to which tags are used: twice the interval at which they are read.
pub const DETAILS_HOLD: SignedDuration = SignedDuration::from_hours(12);
/// Duration of the lease of a refresh, which takes less.
const REFRESH: SignedDuration = SignedDuration::from_secs(60);
/// Time after which a closed coverage gap is forgotten. If it opens again later, it is reported again.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Maximum number of waiting alerts. Each has at most 20 changes, or replaces the one before it.
pub const MAX_ALERTS: usize = 10;
/// Maximum number of reports of a day that are remembered. Further ones are made each time.
const MAX_REPORTED: usize = 200;
/// Maximum number of closed gaps that are remembered, latest first. Each takes about 40 bytes of the head.
const MAX_ABSENT: usize = 200;

/// Content of the item `directory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Version of the layout.
    schema: u32,
    /// Buckets of the rules, each with its chunk.
    #[serde(default)]
    pub buckets: Vec<Bucket>,
    /// Time at which the default bus was last listed completely. `None` before the first time: events cannot be matched
    /// until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_bus_at: Option<Timestamp>,
    /// Start of the last complete pass over all buses. `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed_at: Option<Timestamp>,
    /// Pass that is not complete yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<Pass>,
    /// True if more has changed than was read at once. The next tick then lists all rules.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wants_pass: bool,
    /// Lease of the invocation that refreshes the directory.
    #[serde(
        default,
        skip_serializing_if = "Lease::is_unused",
        serialize_with = "Lease::write_end",
        deserialize_with = "Lease::read_end"
    )]
    pub lease: Lease,
    /// Problem of the last refresh. `None` if it was complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Coverage gaps that were reported. `None` before the first report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwatched: Option<Told>,
    /// Alerts about coverage gaps and about changes to the guard itself that are not published yet.
    #[serde(default, skip_serializing_if = "Outbox::is_empty")]
    pub outbox: Outbox,
    /// Calls on parts of the stack, and problems with them, that were reported, by their hash.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reported: BTreeMap<u64, Throttle>,
    /// Version of the functions that last refreshed the directory. `None` before the first refresh, and by versions that do not
    /// note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Event time of the first `AssumeRole` that reached the guard while its catch-all rule was in plain `ENABLED`.
    /// AWS's documents disagree on whether such rules receive it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_at: Option<Timestamp>,
}

/// Position of a pass over the buses. The default bus comes first, the others follow by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Start of the pass.
    pub began: Timestamp,
    /// Next bus.
    pub bus: String,
    /// Page of that bus to continue with. `None` starts at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Pass {
    /// Creates a pass that starts with the default bus.
    pub fn first(began: Timestamp) -> Self {
        Self { began, bus: DEFAULT_BUS.to_owned(), next_token: None }
    }
}

/// Part of a refresh that was not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Lists of buses and rules.
    Rules,
    /// Targets and tags of the rules.
    Details,
}

/// Problem of the last refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Kind of the fault.
    pub kind: FaultKind,
    /// Text of the fault.
    pub message: String,
    /// Time of its report.
    pub told: Throttle,
}

/// Coverage gaps that were reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Time of the last alert.
    pub at: Throttle,
    /// [`super::Unwatched::ids`] of all gaps that were reported and are not forgotten.
    pub ids: BTreeSet<u64>,
    /// Closed gaps among them, each with the time since which it is closed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<u64, Timestamp>,
}

impl Told {
    fn new(ids: &BTreeSet<u64>, at: Timestamp) -> Self {
        Self { at: Throttle::reported(at), ids: ids.clone(), absent: BTreeMap::new() }
    }

    /// Notes the gaps that are closed now, and forgets old ones. A rule may be disabled for the night only.
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
            reported: BTreeMap::new(),
            version: None,
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
    /// Returns true if a pass over all buses is due or not complete.
    pub fn needs_pass(&self, now: Timestamp) -> bool {
        self.pass.is_some() || self.wants_pass || self.listed_at.is_none_or(|at| at + LIST_EVERY <= now)
    }

    /// Returns the age of the directory in seconds: the time since the start of the last complete pass. A day before the
    /// first one.
    pub fn age(&self, now: Timestamp) -> u64 {
        let age = self.listed_at.map_or(DAILY, |at| now.duration_since(at));
        age.as_secs().try_into().unwrap_or(0)
    }

    /// Returns true if an invocation is refreshing the directory.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.lease.is_held(now)
    }

    /// Takes the lease for a refresh. Starts the pass over the buses again if one was requested.
    pub fn begin_refresh(&mut self, now: Timestamp) {
        self.lease.take_for(now, REFRESH);
        // The pass may already be past the rules that changed, so it starts again.
        if std::mem::take(&mut self.wants_pass) {
            self.pass = Some(Pass::first(now));
        }
    }

    /// Queues an alert about changes by others to the guard itself. Does nothing without any.
    pub fn report_tampering(&mut self, changes: Vec<Tampered>, now: Timestamp) {
        if !changes.is_empty() {
            self.outbox.queue(Alert::about_tampering(Tampering::of(changes), now), MAX_ALERTS);
        }
    }

    /// Returns the changes that were not reported yet, each once, or so long ago that they are reported again.
    pub fn news(&self, changes: Vec<Tampered>, now: Timestamp) -> Vec<Tampered> {
        let is_due = |tampered: &Tampered| match (tampered.told_every(), self.reported.get(&tampered.id())) {
            (Some(every), Some(told)) => told.is_due(now, every),
            _ => true,
        };
        let mut ids = BTreeSet::new();
        changes.into_iter().filter(is_due).filter(|tampered| ids.insert(tampered.id())).collect()
    }

    /// Queues an alert about those changes that are news, and notes that they are reported.
    pub fn report_news(&mut self, changes: Vec<Tampered>, now: Timestamp) {
        let news = self.news(changes, now);
        if news.is_empty() {
            return;
        }
        self.reported.retain(|_, told| !told.is_due(now, DAILY));
        let ids = news.iter().map(Tampered::id).take(MAX_REPORTED.saturating_sub(self.reported.len()));
        self.reported.extend(ids.map(|id| (id, Throttle::reported(now))));
        self.report_tampering(news, now);
    }

    /// Notes the present coverage gaps. Returns true if they are to be reported: only new ones are, and at most once a
    /// day.
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

    /// Releases the lease and notes the result. Returns a note for the log: each kind of problem at most once a day,
    /// and its end.
    pub fn end_refresh(&mut self, result: Result<(), (Missed, &Fault)>, now: Timestamp) -> Option<String> {
        self.lease.succeed();
        self.version = Some(VERSION.to_owned());
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
