//! Stage 3: which firings can have caused which. Turns, equal calls without a reason, and the rate of a rule's own calls.
//!
//! Presumed innocent: a firing of a rule's own target is explained by the most innocent of the firings that can have
//! caused it. What nothing else explains is a loop: a chain of ten turns, or five word-for-word equal calls more than there
//! were reasons for. The judgement is a pure function of what is kept, so the order of arrival and repetitions make no
//! difference to what is proved.
//!
//! Memory is bounded in favour of innocence. Own calls are kept one by one, the older ones and all reasons by the second,
//! merged into longer spans when there are many.

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

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::model::{ActorId, Cause, Firing, FiringId, Proof, Schedules, Seconds, Timestamp, bounded};
use crate::policy::{BurstLimit, TurnLimit};
use entry::{Entry, Maker};
use labels::Labels;
use sessions::Sessions;
use siblings::Siblings;
use tally::Tally;
use timeline::Timeline;

/// Seconds of event time that are looked back over.
pub const HORIZON_SECONDS: i64 = 24 * 60 * 60;
/// Maximum number of calls that are stored one by one.
const MAX_ENTRIES: usize = 384;
/// Maximum number of event ids kept in full.
const MAX_EVENTS: usize = 5;
const MAX_TEXT: usize = 128;
/// Own calls within [`HORIZON_SECONDS`], and at least half of all firings, that make an advice.
const SHARE_CALLS: u64 = 50;

/// Firings of one rule that can still matter, by who made them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Turns {
    #[serde(default, skip_serializing_if = "Siblings::is_empty")]
    siblings: Siblings,
    #[serde(default, skip_serializing_if = "Sessions::is_empty")]
    sessions: Sessions,
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    labels: Labels,
    /// Ids of the last own calls' events, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    events: VecDeque<String>,
    /// ARN of the role of the last own call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own_role: Option<String>,
    /// Actors of which AWS was seen to say whose credentials they are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    issued: BTreeSet<ActorId>,
    /// Event time of a call of `PutEvents` that CloudTrail told of, in seconds since 1970; not the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    put_told: Option<i64>,
    /// Ascending in time. Stored apart, in bytes (`codec`), as are the tallies.
    #[serde(skip)]
    entries: Vec<Entry>,
    /// Own calls that are no longer kept one by one.
    #[serde(skip)]
    past: Tally,
    #[serde(skip)]
    foreign: Tally,
    /// Services', siblings' and unplaced sessions' firings.
    #[serde(skip)]
    soft: Tally,
}

/// Terms of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// `None`: neither turns nor surplus prove anything.
    pub turns: Option<TurnLimit>,
    /// The rule's only target starts one container for each firing.
    pub starts_one_task: bool,
    /// Limit of own calls by rate.
    pub burst: BurstLimit,
    /// Longest time after a firing in which a target can have answered it.
    pub answer: Seconds,
    /// Longest time that one invocation takes, in seconds.
    pub time_limit: i64,
    /// Schedules that are known to wake the target.
    pub schedules: Schedules,
    /// Beginning of the rule's present life. Calls that may answer what fired it before are not of its own initiative.
    pub began: Option<Timestamp>,
    /// The rule was put back although its loop was proved: that is the reason for the calls that follow, if they go on.
    pub is_resumed: bool,
    pub now: Timestamp,
}

/// Knowledge of whether an event was counted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    First,
    Repeated,
    /// It is too old, or of a kind that is not remembered.
    Unknown,
}

/// Share of a rule's firings that its own targets made, within 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnShare {
    pub own: u64,
    pub all: u64,
}

impl Turns {
    /// Counts one firing. Returns true if there is anything new to keep.
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
        // Of two events of one second with the same short id, one is lost; that speaks for innocence.
        let is_known = self.entries.get(index).is_some_and(|entry| entry.key() == key);
        if is_known || delivery == Delivery::Repeated {
            return false;
        }
        // Calls older than those kept one by one may have been counted before.
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

    /// The maker with the place of a sibling; `None` if there is no room for it.
    fn place(&mut self, maker: Maker, firing: &Firing<'_>, at: i64) -> Option<Maker> {
        let Cause::Sibling(actor) = &firing.cause else { return Some(maker) };
        let mut reused = None;
        let place = self.siblings.count(actor, at, |place| reused = Some(place))?;
        if let Some(place) = reused {
            // Calls of the actor that had the place stay reasons.
            let (gone, kept): (Vec<Entry>, Vec<Entry>) =
                self.entries.drain(..).partition(|entry| entry.maker == Maker::Sibling(place));
            self.entries = kept;
            gone.iter().for_each(|entry| self.soft.count(entry.at, 1));
        }
        Some(Maker::Sibling(place))
    }

    fn remember(&mut self, firing: &Firing<'_>, maker: Maker, equal: u32) {
        if let Maker::Own(actor, Proof::Issued) = maker {
            self.issued.insert(actor);
        }
        if let Some(call) = &firing.call {
            self.labels.add(equal, call);
            if let (Maker::Own(..), Some(role)) = (maker, &call.role)
                && self.own_role.as_deref() != Some(role)
            {
                self.own_role = Some(bounded(role, MAX_TEXT).into_owned());
            }
        }
        let mut id =
            if self.events.len() < MAX_EVENTS { None } else { self.events.pop_front() }.unwrap_or_default();
        id.clear();
        id.push_str(&bounded(&firing.event_id, MAX_TEXT / 2));
        self.events.push_back(id);
    }

    /// Judges what is kept. To be called once for a batch, when all of it is counted, and before [`Self::settle`].
    pub fn judge(&self, terms: &Terms, chains: Chains) -> Judgement {
        let is_assumed = chains == Chains::Assumed && !self.sessions.waiting.is_empty();
        if self.entries.is_empty() && self.past.spans.is_empty() && !is_assumed {
            return Judgement::default();
        }
        judge::judge(&Timeline::new(self, terms, chains), terms)
    }

    /// Forgets what is older than a day, and keeps by the second what has no room one by one.
    pub fn settle(&mut self) {
        let Some(newest) = self.newest() else { return };
        self.sessions.forget(newest, newest - HORIZON_SECONDS);
        let old = self.entries.partition_point(|entry| entry.at < newest - HORIZON_SECONDS);
        self.entries.drain(..old);
        if self.entries.len() > MAX_ENTRIES {
            // All of a second go together: an older call cannot be told from one that was counted before.
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

    /// Actors of other rules that made calls which fired this rule.
    pub fn siblings(&self) -> impl Iterator<Item = &Sibling> {
        self.siblings.iter()
    }

    /// Returns true if a chain of rules has yet to be followed, or has to be again.
    pub fn has_open_chains(&self) -> bool {
        self.siblings.has_open_questions()
    }

    /// Notes what following the chains of rules has shown: the answer time of the cycle that a sibling is part of, if it is.
    pub fn traced(&mut self, cycle: impl Fn(&Sibling) -> Option<Seconds>, now: Timestamp) {
        self.siblings.traced(cycle, now.as_second());
    }

    /// Share of the firings of the last 24 hours that the rule's own targets made.
    pub fn own_share(&self) -> OwnShare {
        let floor = self.newest().unwrap_or(0) - HORIZON_SECONDS;
        let is_own = |entry: &&Entry| matches!(entry.maker, Maker::Own(..)) && entry.at >= floor;
        let own = self.entries.iter().filter(is_own).count() as u64 + self.past.since(floor);
        let others =
            self.entries.iter().filter(|entry| !matches!(entry.maker, Maker::Own(..))).count() as u64;
        let others = others + self.sessions.waiting.len() as u64;
        OwnShare { own, all: own + others + self.foreign.since(floor) + self.soft.since(floor) }
    }

    /// API call and resource of these firings, for people: `s3 PutBucketAcl`, `uploads`.
    pub fn label(&self, found: &Found) -> (Option<String>, Option<String>) {
        let label = self.labels.of(found.equal);
        (label.map(|label| label.call.clone()), label.and_then(|label| label.resource.clone()))
    }

    /// ARN of the role that the rule's own target acts with, as its calls tell.
    pub fn own_role(&self) -> Option<&str> {
        self.own_role.as_deref()
    }

    /// Ids of the last own calls' events, oldest first.
    pub fn event_ids(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(String::as_str)
    }

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
    /// Returns true if the rule is fired mostly by its own target, which was never meant even where it is no loop.
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
