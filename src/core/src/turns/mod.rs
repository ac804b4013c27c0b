//! Stage 3: which firings can have caused which. Chains of turns, equal calls without a reason, and the rate of own
//! calls.
//!
//! Each own call is explained by the most innocent firing that can have caused it. What remains unexplained proves a
//! loop: by default a chain of ten turns, or a surplus of five equal calls. Judging is a pure function of the stored
//! firings, so neither their order of arrival nor repeated deliveries change the result.
//!
//! Memory is bounded, and forgotten firings never help a proof. Own calls are stored one by one. Older ones and all
//! reasons are counted by the second, and merged into longer spans when there are many.

mod beside;
mod clock;
mod codec;
mod counts;
mod depth;
mod entry;
mod found;
mod judge;
mod labels;
mod puts;
mod runs;
mod sessions;
mod siblings;
mod suspicion;
mod tally;
mod tasks;
mod timeline;

pub use codec::CorruptTurns;
pub use found::{Found, FoundKind, Judgement, Missing};
pub use siblings::{Chains, Sibling};
pub use tally::Span;

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::model::{ActorId, Cause, Firing, FiringId, Proof, Schedules, Seconds, Timestamp, printable_ascii};
use crate::policy::{BurstLimit, TurnLimit};
use entry::{Entry, Maker};
use labels::Labels;
use sessions::Sessions;
use siblings::Siblings;
use tally::Tally;
use timeline::Timeline;

/// Time for which firings are kept, in seconds of event time.
pub const HORIZON_SECONDS: i64 = 24 * 60 * 60;
/// Maximum number of calls stored one by one.
const MAX_ENTRIES: usize = 384;
/// Maximum number of event ids kept in full.
const MAX_EVENTS: usize = 5;
/// Maximum length of a stored ARN, in bytes.
const MAX_TEXT: usize = 128;
/// Minimum number of own calls within [`HORIZON_SECONDS`] for [`OwnShare::is_most`].
const SHARE_CALLS: u64 = 50;

/// Firings of one rule from the last [`HORIZON_SECONDS`], grouped by their makers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Turns {
    #[serde(default, skip_serializing_if = "Siblings::is_empty")]
    siblings: Siblings,
    #[serde(default, skip_serializing_if = "Sessions::is_empty")]
    sessions: Sessions,
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    labels: Labels,
    /// Event ids of the last calls and events that were stored one by one, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    events: VecDeque<String>,
    /// ARN of the role of the last own call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own_role: Option<String>,
    /// Actors with at least one call whose credentials AWS issued to them (`Proof::Issued`).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    issued: BTreeSet<ActorId>,
    /// Event time of a `PutEvents` call reported by CloudTrail, in seconds since 1970. Updated twice a day at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    put_told: Option<i64>,
    /// Calls stored one by one, ascending in time. Serialized apart in `codec`, as are the tallies.
    #[serde(skip)]
    entries: Vec<Entry>,
    /// Own calls counted by the second.
    #[serde(skip)]
    past: Tally,
    /// Foreign firings.
    #[serde(skip)]
    foreign: Tally,
    /// Firings by services, siblings and unplaced sessions.
    #[serde(skip)]
    soft: Tally,
}

/// Limits and facts that a judgement depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Number of turns that proves a loop. With `None`, neither turns nor surplus prove anything.
    pub turns: Option<TurnLimit>,
    /// True if the rule's only target starts one container for each firing.
    pub starts_one_task: bool,
    /// Limit for the rate of own calls.
    pub burst: BurstLimit,
    /// Answer time: the longest time between a firing and the call with which the target answers it.
    pub answer: Seconds,
    /// Maximum duration of one invocation of the target, in seconds.
    pub time_limit: i64,
    /// Periods of the schedules that are known to start the target.
    pub schedules: Schedules,
    /// Beginning of the rule's epoch; `None` if it has none yet. Calls within the answer time after it may answer
    /// firings of the previous epoch, so they do not count as started by the target itself.
    pub began: Option<Timestamp>,
    /// True if the rule was restored after a proved loop. The restore then counts as a reason.
    pub is_resumed: bool,
    /// Time of the judgement.
    pub now: Timestamp,
}

/// Knowledge of whether an event was counted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The event was not counted before.
    First,
    /// The event was counted before.
    Repeated,
    /// Not known: the event is too old, or its kind is not remembered.
    Unknown,
}

/// Number of a rule's firings within 24 hours, and how many of them its own targets caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnShare {
    /// Firings by own calls.
    pub own: u64,
    /// All firings, own calls included.
    pub all: u64,
}

impl Turns {
    /// Counts one firing. Returns true if the stored state changed.
    pub fn insert(&mut self, firing: &Firing<'_>, id: FiringId, delivery: Delivery, now: Timestamp) -> bool {
        let is_new = delivery != Delivery::Repeated;
        let ahead = now.as_second() + i64::from(crate::window::CLOCK_SKEW.get());
        let at = firing.at.as_second().min(ahead);
        let equal = || firing.call.as_ref().map_or(0, |call| entry::equality(&firing.caller, call));
        let is_failed = || firing.call.as_ref().is_some_and(entry::is_failed);
        let key = (at, entry::short(id));
        let maker = match &firing.cause {
            Cause::Own { actor, proof } => Maker::Own(*actor, *proof),
            Cause::Sibling(_) => Maker::Sibling(0),
            Cause::Unknown | Cause::Traced(_) if self.keeps_event(firing) => Maker::Event { is_own: false },
            Cause::Unknown | Cause::Traced(_) | Cause::Foreign => {
                return is_new && count(&mut self.foreign, at);
            }
            Cause::Unplaced | Cause::Service => {
                let entry = || Entry {
                    at,
                    id: key.1,
                    maker: Maker::Sibling(0),
                    run: 0,
                    equal: equal(),
                    is_failed: is_failed(),
                };
                return is_new && self.wait(firing, entry).unwrap_or_else(|| count(&mut self.soft, at));
            }
        };
        let index = match self.entries.last() {
            Some(last) if last.key() < key => self.entries.len(),
            _ => self.entries.partition_point(|entry| entry.key() < key),
        };
        // Of two events with the same second and short id, one is lost. That can only prevent a proof.
        let is_known = self.entries.get(index).is_some_and(|entry| entry.key() == key);
        if is_known || delivery == Delivery::Repeated {
            return false;
        }
        // A call older than the stored ones may be in the tally already.
        let tally = match maker {
            Maker::Event { .. } => &mut self.foreign,
            Maker::Own(..) | Maker::Sibling(_) => &mut self.past,
        };
        if index == 0 && tally.newest().is_some_and(|newest| at <= newest) {
            return delivery == Delivery::First && count(tally, at);
        }
        let Some(maker) = self.place(maker, firing, at) else {
            return is_new && count(&mut self.soft, at);
        };
        let (equal, is_failed) = (equal(), is_failed());
        let run = entry::run(maker, firing);
        self.entries.insert(index, Entry { at, id: key.1, maker, run, equal, is_failed });
        self.remember(firing, maker, equal);
        true
    }

    /// Returns the maker with its place among the siblings, or `None` if there is no room for another sibling.
    fn place(&mut self, maker: Maker, firing: &Firing<'_>, at: i64) -> Option<Maker> {
        let Cause::Sibling(actor) = &firing.cause else { return Some(maker) };
        let mut reused = None;
        let place = self.siblings.count(actor, at, |place| reused = Some(place))?;
        if let Some(place) = reused {
            // Calls of the actor that is replaced remain reasons.
            let (gone, kept): (Vec<Entry>, Vec<Entry>) =
                self.entries.drain(..).partition(|entry| entry.maker == Maker::Sibling(place));
            self.entries = kept;
            gone.iter().for_each(|entry| self.soft.count(entry.at, 1));
        }
        Some(Maker::Sibling(place))
    }

    /// Keeps what later texts name: the call, its role, and the id of its event.
    fn remember(&mut self, firing: &Firing<'_>, maker: Maker, equal: u32) {
        if let Maker::Own(actor, Proof::Issued) = maker {
            self.issued.insert(actor);
        }
        if let Some(call) = &firing.call {
            self.labels.add(equal, call);
            if let (Maker::Own(..), Some(role)) = (maker, &call.role)
                && self.own_role.as_deref() != Some(role)
            {
                self.own_role = Some(printable_ascii(role, MAX_TEXT).into_owned());
            }
        }
        let mut id =
            if self.events.len() < MAX_EVENTS { None } else { self.events.pop_front() }.unwrap_or_default();
        id.clear();
        id.push_str(&printable_ascii(&firing.event_id, MAX_TEXT / 2));
        self.events.push_back(id);
    }

    /// Judges the stored firings. Call it once for a batch, after all inserts and before [`Self::settle`].
    pub fn judge(&self, terms: &Terms, chains: Chains) -> Judgement {
        let is_assumed = chains == Chains::Assumed && !self.sessions.waiting.is_empty();
        if self.entries.is_empty() && self.past.spans.is_empty() && !is_assumed {
            return Judgement::default();
        }
        judge::judge(&Timeline::new(self, terms, chains), terms)
    }

    /// Returns the rule's own calls, and the firings by other makers, each ascending in time.
    pub fn by_maker(&self, terms: &Terms, chains: Chains) -> (Vec<Span>, Vec<Span>) {
        let timeline = Timeline::new(self, terms, chains);
        let (own, others): (Vec<_>, Vec<_>) = timeline.items.iter().partition(|item| item.is_own());
        let spans = |items: Vec<&timeline::Item<'_>>| items.iter().map(|item| item.span).collect();
        (spans(own), spans(others))
    }

    /// Drops firings older than [`HORIZON_SECONDS`], and counts the oldest calls by the second when there are too many.
    pub fn settle(&mut self) {
        let Some(newest) = self.newest() else { return };
        self.sessions.forget(newest, newest - HORIZON_SECONDS);
        let old = self.entries.partition_point(|entry| entry.at < newest - HORIZON_SECONDS);
        self.entries.drain(..old);
        if self.entries.len() > MAX_ENTRIES {
            // All calls of one second go together. Otherwise a repeated delivery could not be told from a new call.
            let surplus = self.entries.len() - MAX_ENTRIES * 3 / 4;
            let last = self.entries[surplus - 1].at;
            let end = self.entries.partition_point(|entry| entry.at <= last);
            for entry in self.entries.drain(..end) {
                let is_own = match entry.maker {
                    Maker::Own(actor, proof) => {
                        Some(proof != Proof::Session || !self.issued.contains(&actor))
                    }
                    Maker::Sibling(place) => Some(self.siblings.cycle(place, Chains::Followed).is_some()),
                    Maker::Event { .. } => None,
                };
                let tally = match is_own {
                    Some(true) => &mut self.past,
                    Some(false) => &mut self.soft,
                    None => &mut self.foreign,
                };
                tally.count(entry.at, 1);
            }
        }
        [&mut self.past, &mut self.foreign, &mut self.soft]
            .into_iter()
            .for_each(|tally| tally.settle(newest));
    }

    /// Event time of the newest firing, in seconds since 1970.
    fn newest(&self) -> Option<i64> {
        let entry = self.entries.last().map(|entry| entry.at);
        let waiting = self.sessions.waiting.last().map(|one| one.entry.at);
        [self.foreign.newest(), self.soft.newest(), entry, waiting].into_iter().flatten().max()
    }

    /// Siblings with calls that fired this rule.
    pub fn siblings(&self) -> impl Iterator<Item = &Sibling> {
        self.siblings.iter()
    }

    /// Returns the number of firings by targets of other rules, and of all firings, in this time up to the newest one.
    pub fn siblings_within(&self, window: Seconds) -> (u64, u64) {
        let floor = self.newest().unwrap_or(0) - i64::from(window.get());
        let recent = || self.entries.iter().filter(|entry| entry.at > floor);
        let siblings = recent().filter(|entry| matches!(entry.maker, Maker::Sibling(_))).count() as u64;
        let counted: u64 =
            [&self.past, &self.foreign, &self.soft].iter().map(|tally| tally.since(floor + 1)).sum();
        (siblings, recent().count() as u64 + counted)
    }

    /// Returns true if the chain of a sibling was not followed yet, or has to be followed again.
    pub fn has_open_chains(&self) -> bool {
        self.siblings.has_open_questions()
    }

    /// Stores the result of following the chains. `cycle` returns the answer time of the cycle that a sibling belongs
    /// to, or `None` if its chain does not lead back to this rule.
    pub fn traced(&mut self, cycle: impl Fn(&Sibling) -> Option<Seconds>, now: Timestamp) {
        self.siblings.traced(cycle, now.as_second());
    }

    /// Returns the own share of the firings of the last 24 hours.
    pub fn own_share(&self) -> OwnShare {
        let floor = self.newest().unwrap_or(0) - HORIZON_SECONDS;
        let is_own = |entry: &&Entry| matches!(entry.maker, Maker::Own(..)) && entry.at >= floor;
        let own = self.entries.iter().filter(is_own).count() as u64 + self.past.since(floor);
        let others =
            self.entries.iter().filter(|entry| !matches!(entry.maker, Maker::Own(..))).count() as u64;
        let others = others + self.sessions.waiting.len() as u64;
        OwnShare { own, all: own + others + self.foreign.since(floor) + self.soft.since(floor) }
    }

    /// Names of the API call and of the resource for texts, such as `s3 PutBucketAcl` and `uploads`.
    pub fn label(&self, found: &Found) -> (Option<String>, Option<String>) {
        let label = self.labels.of(found.equal);
        (label.map(|label| label.call.clone()), label.and_then(|label| label.resource.clone()))
    }

    /// ARN of the role of the last own call; `None` before the first one.
    pub fn own_role(&self) -> Option<&str> {
        self.own_role.as_deref()
    }

    /// Event ids of the last calls and events that were stored one by one, oldest first.
    pub fn event_ids(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(String::as_str)
    }

    /// Returns true if only tallies are stored, or nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.siblings.is_empty()
            && self.sessions.is_empty()
            && self.labels.is_empty()
            && self.issued.is_empty()
            && self.put_told.is_none()
    }
}

impl OwnShare {
    /// Returns true if the rule's own target causes at least half of its firings, with 50 own calls or more.
    pub fn is_most(self) -> bool {
        self.own >= SHARE_CALLS && self.own * 2 >= self.all
    }
}

fn count(tally: &mut Tally, at: i64) -> bool {
    tally.count(at, 1);
    true
}

#[cfg(test)]
mod tests;
