//! Echoes: firings that the rule's own targets caused, by resource and in event time.
//!
//! A loop shows as a *run*: echoes on one resource with no outside firing between them. A target that answers each
//! outside firing once makes no run longer than what it answers; a loop makes one that does not end.
//!
//! Memory is bounded: [`MAX_TRACKS`] resources are followed. Which ones is decided by an estimate of how often each
//! resource was echoed of late, so that a thousand resources touched once cannot push out one that keeps coming back.

mod codec;
mod relays;
mod run;
mod sketch;
mod track;

pub use codec::CorruptEchoes;
pub use relays::Relay;
pub use run::Run;

use serde::{Deserialize, Serialize};

use crate::model::{Cause, Firing, FiringId, Resource, Timestamp};
use relays::Relays;
use sketch::Sketch;
use track::{Entry, Kind, Track};

/// How far back echoes count, in event time.
pub const HORIZON_SECONDS: i64 = 24 * 60 * 60;
/// How many resources are followed at once.
pub const MAX_TRACKS: usize = 24;
/// The most firings kept over all resources.
pub const MAX_ENTRIES: usize = 192;
/// A resource without a new firing for this long makes room for one that has.
const IDLE_SECONDS: i64 = 60 * 60;

/// The echoes of one rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Echoes {
    relays: Relays,
    /// Stored apart, in bytes (`codec`), as is the sketch.
    #[serde(skip)]
    tracks: Vec<Track>,
    #[serde(skip)]
    sketch: Sketch,
}

/// What the echoes say after a batch was counted.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    Nothing,
    /// A run that reached the limit.
    Loop(Run),
    /// A run that would reach the limit if targets of these other rules are led back to this rule.
    Chain(Run),
}

impl Echoes {
    /// Counts one firing. Whether it shows a loop is asked after the whole batch, when its order no longer matters.
    /// Returns whether there is anything new to keep.
    pub fn insert(&mut self, firing: &Firing<'_>, limit: u32, now: Timestamp) -> bool {
        let Some(call) = &firing.call else { return false };
        let Some(resource) = &call.resource else { return false };
        let at = firing.at.as_second().min(now.as_second() + crate::window::CLOCK_SKEW.get() as i64);
        let id = FiringId::of(&firing.event_id);
        let known = self.tracks.iter().position(|track| track.ids == resource.ids);
        if known.is_some_and(|index| self.tracks[index].has(id)) {
            return false;
        }
        let kind = match &firing.cause {
            // A service's own call is no answer of a target, and no change from outside that would be answered.
            Cause::Service => return false,
            Cause::Unknown if call.invoked_by.is_some() => return false,
            // While the guard cannot read who a rule's targets are, it is told of people's calls all the same. Without
            // them the answers, once they are known, would look like a run.
            Cause::Unknown => Kind::Unknown,
            Cause::Outside => Kind::Outside,
            Cause::Target(proof) => Kind::Echo(*proof),
            Cause::Relay(rules) => {
                let tracks = &mut self.tracks;
                let reused = |place| tracks.iter_mut().for_each(|track| track.forget_relay(place));
                self.relays.count(rules, at, reused).map_or(Kind::Outside, Kind::Relay)
            }
        };
        // Most firings of a busy rule are kept nowhere: what costs time waits until one is.
        let entry = || {
            // Evidence names what was an echo, or may turn out to have been one.
            let event = if kind == Kind::Outside { None } else { track::uuid(&firing.event_id) };
            let caller = if kind.has_caller() { run::caller(&firing.caller) } else { 0 };
            Entry { at, id, event, kind, print: run::print(firing, call), caller }
        };
        let is_new = if matches!(kind, Kind::Outside | Kind::Unknown) {
            self.outside(entry, resource, at, limit)
        } else {
            self.sketch.count(track::key(resource.ids), at);
            if let Some(track) = self.track(resource, at) {
                track.insert(entry(), limit);
            }
            true
        };
        self.drop_unneeded(at);
        is_new
    }

    /// The longest run among the resources touched since the last call, if it reaches the limit.
    pub fn judge(&mut self, limit: u32) -> Found {
        let mut chain = None;
        let mut found: Option<Run> = None;
        for track in self.tracks.iter_mut().filter(|track| track.touched) {
            track.touched = false;
            if let Some(run) = track.run(limit, &self.relays, false) {
                if found.as_ref().is_none_or(|best| run.echoes > best.echoes) {
                    found = Some(run);
                }
            } else if chain.is_none() && self.relays.has_open_questions() {
                chain = track.run(limit, &self.relays, true);
            }
        }
        match (found, chain) {
            (Some(run), _) => Found::Loop(run),
            (None, Some(run)) => Found::Chain(run),
            (None, None) => Found::Nothing,
        }
    }

    /// Rules whose targets made calls that fired this rule.
    pub fn relays(&self) -> impl Iterator<Item = &Relay> {
        self.relays.iter()
    }

    /// Whether a chain of rules has yet to be followed, or has to be again.
    pub fn has_open_chains(&self) -> bool {
        self.relays.has_open_questions()
    }

    /// What following the chains of rules upwards has shown.
    pub fn traced(&mut self, leads_back: impl Fn(&Relay) -> bool, now: Timestamp) {
        self.relays.traced(leads_back, now.as_second());
        self.tracks.iter_mut().for_each(|track| track.touched = true);
    }

    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty() && self.relays.iter().next().is_none()
    }

    /// A change from outside concerns every followed resource it meets, and is remembered for its own.
    /// Returns whether anything is new.
    fn outside(&mut self, entry: impl Fn() -> Entry, resource: &Resource<'_>, at: i64, limit: u32) -> bool {
        let (mut is_known, mut made) = (false, None);
        for track in self.tracks.iter_mut().filter(|track| track.ids.meets(resource.ids)) {
            is_known |= track.ids == resource.ids;
            track.insert(*made.get_or_insert_with(&entry), limit);
        }
        if !is_known && let Some(track) = self.track(resource, at) {
            track.insert(*made.get_or_insert_with(&entry), limit);
        }
        made.is_some()
    }

    /// The track of a resource; a new one if there is room, or one that matters less.
    fn track(&mut self, resource: &Resource<'_>, at: i64) -> Option<&mut Track> {
        if let Some(index) = self.tracks.iter().position(|track| track.ids == resource.ids) {
            return self.tracks.get_mut(index);
        }
        if self.tracks.len() >= MAX_TRACKS {
            let rank = self.sketch.estimate(track::key(resource.ids));
            if rank == 0 {
                return None;
            }
            let (index, weakest) = self.weakest(at)?;
            if weakest >= rank {
                return None;
            }
            self.tracks.swap_remove(index);
        }
        self.tracks.push(Track::new(resource));
        self.tracks.last_mut()
    }

    /// The resource echoed least of late, and how often.
    fn weakest(&self, at: i64) -> Option<(usize, u8)> {
        let rank = |track: &Track| match track.newest() {
            Some(newest) if at - newest < IDLE_SECONDS => self.sketch.estimate(track::key(track.ids)),
            _ => 0,
        };
        let ranked = self.tracks.iter().enumerate().map(|(index, track)| (index, rank(track)));
        // An idle track makes room for anyone who has echoed at all.
        ranked.min_by_key(|(index, rank)| (*rank, self.tracks[*index].newest()))
    }

    fn drop_unneeded(&mut self, at: i64) {
        for track in &mut self.tracks {
            track.drop_before(track.newest().unwrap_or(at).max(at) - HORIZON_SECONDS);
        }
        self.tracks.retain(|track| !track.is_empty());
        while self.tracks.iter().map(Track::len).sum::<usize>() > MAX_ENTRIES {
            let Some((index, _)) = self.weakest(at) else { return };
            self.tracks.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests;
