//! A run: echoes on one resource with no outside firing between them. How long one may be before it is a loop.

use std::collections::VecDeque;
use std::hash::Hasher;
use std::iter::repeat_n;

use crate::model::{Call, Caller, Fingerprint, Firing, Proof, RuleArn, Timestamp};

use super::relays::Relays;
use super::track::{Entry, Forgotten, Kind, Track};

/// How long before a run an outside firing may lie and still have its answer in it, in seconds: targets behind queues
/// take their time.
const ANSWER_SECONDS: i64 = 5 * 60;
/// A run that ended so long before the newest firing is over: what comes now is no part of it.
pub(super) const OVER_SECONDS: i64 = 15 * 60;
/// So many events of a run are named: the first, and the last of them.
const EVENTS: usize = 5;
/// On a resource with so many outside firings within the quarter of an hour before a run, that many and more may have
/// happened within it and be delayed on their way: half the limit is not enough there.
const CONTESTED: usize = 3;
/// But not where each of them had more echoes than these: who only answers makes about one.
const ANSWERS: usize = 3;
/// More forgotten firings than these make no difference.
const MOST_FORGOTTEN: usize = 256;
/// On a resource that outsiders touch all the time no run is long. Such a resource loops when there are at least so
/// many echoes …
const BUSY_ECHOES: u32 = 50;
/// … and so many for each outside firing.
const BUSY_RATIO: u32 = 10;

/// Echoes that reached the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The resource, for people.
    pub resource: String,
    pub echoes: u32,
    /// The number of echoes that was reached.
    pub limit: u32,
    /// Echoes among them of which a role is the only proof that others use as well. Two of these count as one.
    pub shared: u32,
    /// Same caller, same call, same parameters, over and over.
    pub identical: bool,
    /// Outside firings between the echoes: none, unless the resource is a busy one.
    pub outsides: u32,
    pub first: Timestamp,
    pub last: Timestamp,
    /// The event times of the echoes that are kept, in seconds since 1970 and ascending.
    pub times: Vec<i64>,
    /// The ids of the first and the last of the echoes that are kept, as far as they are known.
    pub events: Vec<String>,
    /// The weakest proof among the echoes; `None` if other rules relayed all of them.
    pub proof: Option<Proof>,
    /// The other rules that caused some of these firings.
    pub relays: Vec<Vec<RuleArn>>,
}

/// Fingerprint of caller, call and parameters.
pub(super) fn print(firing: &Firing<'_>, call: &Call<'_>) -> u32 {
    // Stored: never change the keys.
    let mut hasher = siphasher::sip::SipHasher13::new_with_keys(0x6563_686f_2d70_7269, 0x6e74_2d76_3100_0000);
    let caller = call.role.as_deref().unwrap_or(&firing.caller.principal);
    for part in [caller, &call.service, &call.operation] {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.write_u32(call.parameters);
    (hasher.finish() >> 32) as u32
}

/// Who exactly made the call: the session, and to whom AWS issued its credentials.
pub(super) fn caller(caller: &Caller<'_>) -> u16 {
    let mut fingerprint = Fingerprint::default();
    for part in [&*caller.principal, caller.issued_to.as_deref().unwrap_or_default()] {
        fingerprint.add(part.as_bytes());
        fingerprint.mark(0xff);
    }
    (fingerprint.finish() >> 16) as u16
}

/// The run that the walk along a track is in, and the last one that reached the limit.
#[derive(Default)]
struct Walk {
    limit: usize,
    echoes: Vec<Entry>,
    /// Outside firings that the echoes may answer, oldest first.
    unanswered: VecDeque<i64>,
    /// All firings before the run, and whether they came from outside.
    before: Vec<(i64, bool)>,
    /// Outsiders change the resource again and again.
    is_contested: bool,
    reached: Option<Reached>,
}

struct Reached {
    echoes: Vec<Entry>,
    limit: usize,
    identical: bool,
}

impl Walk {
    fn new(limit: u32, forgotten: Forgotten) -> Self {
        let count = |number: u32| (number as usize).min(MOST_FORGOTTEN);
        let Forgotten { unanswered, outsides, echoes, at } = forgotten;
        Self {
            limit: limit as usize,
            unanswered: repeat_n(at, count(unanswered)).collect(),
            before: repeat_n((at, true), count(outsides))
                .chain(repeat_n((at, false), count(echoes)))
                .collect(),
            ..Self::default()
        }
    }

    fn outside(&mut self, at: i64) {
        // Each echo of the run that ends here answered one; what is left is still to be answered.
        let answered = self.echoes.len().min(self.unanswered.len());
        self.unanswered.drain(..answered);
        self.before.extend(self.echoes.drain(..).map(|echo| (echo.at, false)));
        self.unanswered.push_back(at);
        self.before.push((at, true));
    }

    fn echo(&mut self, entry: Entry) {
        if self.echoes.is_empty() {
            while self.unanswered.front().is_some_and(|at| *at < entry.at - ANSWER_SECONDS) {
                self.unanswered.pop_front();
            }
            let recent = self.before.iter().rev().take_while(|(at, _)| *at >= entry.at - OVER_SECONDS);
            let (mut outsides, mut echoes) = (0, 0);
            for (_, is_outside) in recent {
                *(if *is_outside { &mut outsides } else { &mut echoes }) += 1;
            }
            self.is_contested = outsides >= CONTESTED && echoes <= ANSWERS * outsides;
        }
        self.echoes.push(entry);
        self.judge();
    }

    /// What the run has reached, if it is more than what outside firings explain.
    fn judge(&mut self) {
        // A target that was called n times may answer n times: all but one are allowed on top of the limit.
        let allowance = self.unanswered.len().saturating_sub(1);
        let half = self.limit.div_ceil(2).max(2);
        let weight = whole(self.echoes.iter());
        let (limit, identical) = if weight >= self.limit + allowance {
            (self.limit, false)
        } else if !self.is_contested && weight >= half + allowance && self.most_alike() >= half + allowance {
            (half, true)
        } else {
            return;
        };
        self.reached = Some(Reached { echoes: self.echoes.clone(), limit, identical });
    }

    /// How many echoes are the same, word for word.
    fn most_alike(&self) -> usize {
        let alike = |entry: &Entry| whole(self.echoes.iter().filter(|other| other.print == entry.print));
        self.echoes.iter().map(alike).max().unwrap_or(0)
    }
}

/// What these echoes count for: a shared role may have been used by somebody else, so two of that kind make one.
fn whole<'a>(echoes: impl Iterator<Item = &'a Entry>) -> usize {
    let halves: usize = echoes.map(|entry| if entry.is_by_shared_role() { 1 } else { 2 }).sum();
    halves / 2
}

impl Entry {
    fn is_by_shared_role(&self) -> bool {
        self.kind == Kind::Echo(Proof::SharedRole)
    }
}

impl Track {
    /// The last run on the track that reached the limit. `chains_count`: take chains of rules that nobody has followed
    /// yet to lead back here.
    pub(super) fn run(&self, limit: u32, relays: &Relays, chains_count: bool) -> Option<Run> {
        let mut walk = Walk::new(limit, self.forgotten);
        for entry in &self.entries {
            match self.is_echo(entry, relays, chains_count) {
                Some(true) => walk.echo(*entry),
                Some(false) => walk.outside(entry.at),
                None => {}
            }
        }
        let since = self.newest().unwrap_or(0) - OVER_SECONDS;
        let goes_on = |reached: &Reached| reached.echoes.last().is_some_and(|last| last.at >= since);
        if let Some(Reached { echoes, limit, identical }) = walk.reached.filter(goes_on) {
            return self.described(&echoes, limit, identical, relays);
        }
        let is_echo = |entry: &&Entry| matches!(entry.kind, Kind::Echo(_));
        let echoes: Vec<Entry> = self.entries.iter().filter(is_echo).copied().collect();
        let shared = self.shared_of_all(&echoes);
        let weight = self.echoes - shared.div_ceil(2);
        let is_busy = weight >= BUSY_ECHOES && weight / BUSY_RATIO >= self.outsides;
        if chains_count || !is_busy {
            return None;
        }
        let run = self.described(&echoes, BUSY_ECHOES as usize, false, relays)?;
        Some(Run { echoes: self.echoes, shared, outsides: self.outsides, ..run })
    }

    /// How many of all echoes were by a shared role, by the share of those that are kept.
    fn shared_of_all(&self, kept: &[Entry]) -> u32 {
        let shared = kept.iter().filter(|entry| entry.is_by_shared_role()).count() as u64;
        let all = u64::from(self.echoes) * shared / (kept.len() as u64).max(1);
        u32::try_from(all).unwrap_or(self.echoes)
    }

    /// `None` for a firing of which it is not known yet.
    fn is_echo(&self, entry: &Entry, relays: &Relays, chains_count: bool) -> Option<bool> {
        match entry.kind {
            Kind::Outside | Kind::Unknown => Some(false),
            Kind::Echo(_) => Some(true),
            Kind::Relay(place) => {
                let relay = relays.get(place)?;
                // An old answer has to be asked for again.
                if chains_count && relay.is_open() { Some(true) } else { relay.leads_back() }
            }
        }
    }

    /// The first one, and the last ones.
    fn events(echoes: &[Entry]) -> Vec<String> {
        let last = echoes.len().saturating_sub(EVENTS - 1).max(1);
        let named = echoes.iter().take(1).chain(echoes.iter().skip(last));
        named.filter_map(|entry| entry.event).map(|event| event.hyphenated().to_string()).collect()
    }

    fn described(&self, echoes: &[Entry], limit: usize, identical: bool, relays: &Relays) -> Option<Run> {
        let (first, last) = (echoes.first()?, echoes.last()?);
        let time = |entry: &Entry| Timestamp::from_second(entry.at).unwrap_or(Timestamp::UNIX_EPOCH);
        let proof = |entry: &Entry| if let Kind::Echo(proof) = entry.kind { Some(proof) } else { None };
        let mut through: Vec<Vec<RuleArn>> = Vec::new();
        for entry in echoes {
            if let Kind::Relay(place) = entry.kind
                && let Some(relay) = relays.get(place)
                && !through.contains(&relay.rules)
            {
                through.push(relay.rules.clone());
            }
        }
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Some(Run {
            resource: self.name.clone(),
            echoes: number(echoes.len()),
            limit: number(limit),
            shared: number(echoes.iter().filter(|entry| entry.is_by_shared_role()).count()),
            identical,
            outsides: 0,
            first: time(first),
            last: time(last),
            events: Self::events(echoes),
            times: echoes.iter().map(|entry| entry.at).collect(),
            proof: echoes.iter().filter_map(proof).min(),
            relays: through,
        })
    }
}
