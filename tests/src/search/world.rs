//! State of the world in the search, and the effects of requests on it. It is small, and a key.

use budget_guard_core::breaker::{Breaker, Cut};
use budget_guard_core::ports::Version;
use budget_guard_core::record::Record;
use budget_guard_core::stored::Stored;
use std::sync::Arc;

use super::ports::Item;
use super::process::{Ask, BlobId, Processes, Reply, Switch, TalkId};
use super::{Planted, check};

/// What may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Left {
    /// Batches in the queue, a bit for each.
    pub batches: u8,
    /// Ticks.
    pub ticks: u8,
    /// Orders to enable the rule.
    pub enables: u8,
    /// Orders to disable the rule.
    pub disables: u8,
    /// Changes of the rule to enabled, without the guard.
    pub clicks_on: u8,
    /// Changes of the rule to disabled, without the guard.
    pub clicks_off: u8,
    /// Minutes that pass.
    pub minutes: u8,
    /// Requests that fail, replies that are lost, and processes that die.
    pub faults: u8,
    /// Requests that take effect after their lease, or after the process has given them up.
    pub delays: u8,
    /// Faults, delays and changes without the guard together.
    pub troubles: u8,
}

/// A process under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Running {
    /// Its conversation so far.
    pub talk: TalkId,
    /// Second of its request.
    pub since: u32,
    /// True if its request is delayed beyond any lease.
    pub is_delayed: bool,
    /// True if a delayed request of it took effect, and its reply was not dealt with yet.
    pub has_landed_late: bool,
}

/// Number of processes at most: two guards, and the command line.
pub const SLOTS: usize = 3;

/// State of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct World {
    /// Seconds since the start.
    pub now: u32,
    /// Record of the rule.
    pub record: Option<(BlobId, Version)>,
    /// Cuts of the last hour.
    pub cuts: Option<(BlobId, Version)>,
    /// The rule is on the watch list.
    pub is_watched: bool,
    /// State of the rule.
    pub rule: Switch,
    /// The last change of the state was made without the guard.
    pub is_by_hand: bool,
    /// States that the rule has had since the last trip, a bit for each.
    pub had: u8,
    /// Number of `DisableRule` since the last trip, two at most.
    pub disables: u8,
    /// Alerts that were published, a bit for each.
    pub published: u64,
    /// A fault or a delay has happened.
    pub is_disturbed: bool,
    /// A process died after a delayed request of it took effect: it can tell no more of it.
    pub is_excused: bool,
    /// Change of the rule whose process has given it up, and the second up to which it takes effect.
    pub pending: Option<(Ask, u32)>,
    /// Processes under way, in the order of their conversations.
    pub running: [Option<Running>; SLOTS],
    /// What may still happen.
    pub left: Left,
}

impl World {
    /// The world before anything has happened.
    pub fn new(left: Left, rule: Switch) -> Self {
        Self {
            now: 0,
            record: None,
            cuts: None,
            is_watched: false,
            rule,
            is_by_hand: false,
            had: 1 << rule as u8,
            disables: 0,
            published: 0,
            is_disturbed: false,
            is_excused: false,
            pending: None,
            running: [None; SLOTS],
            left,
        }
    }

    /// Returns true if no process and no request is under way.
    pub fn is_quiescent(&self) -> bool {
        self.running.iter().all(Option::is_none) && self.pending.is_none()
    }

    /// Puts equal worlds into one form: which of two equal processes came first makes no difference.
    pub fn sorted(mut self) -> Self {
        self.running.sort_unstable();
        self
    }

    /// Changes the state of the rule.
    pub fn switch(&mut self, to: Switch, is_by_hand: bool) {
        if self.rule != to {
            (self.rule, self.is_by_hand) = (to, is_by_hand);
            self.had |= 1 << to as u8;
        }
    }

    /// The stored record.
    pub fn stored<'a>(&self, processes: &'a Processes) -> Option<&'a Record> {
        self.record.map(|(blob, _)| processes.record(blob))
    }
}

/// The world's rules: its processes, and the planted bug.
pub struct Effects<'a> {
    pub processes: &'a mut Processes,
    pub planted: Planted,
    /// Broken promises, one sentence each.
    pub broken: &'a mut Vec<String>,
}

impl Effects<'_> {
    /// Carries out a request, and returns the reply.
    pub fn of(&mut self, ask: Ask, world: &mut World, is_delayed: bool) -> Reply {
        match ask {
            Ask::Load(Item::Record) => Reply::Item(world.record.map(|(blob, version)| {
                let blob = self.edited(blob, is_read_wrongly(self.planted));
                (blob, version)
            })),
            Ask::Load(Item::Cuts) => Reply::Item(world.cuts),
            Ask::Save(Item::Record, blob, expected) => {
                let blob = self.edited(blob, is_written_wrongly(self.planted));
                let is_checked = self.planted != Planted::AnyVersion;
                if is_checked && world.record.map(|(_, version)| version) != expected {
                    return Reply::Conflict;
                }
                check::before_save(world, self.processes, blob, self.broken);
                note_trip(world, self.processes, blob);
                saved(&mut world.record, blob)
            }
            Ask::Save(Item::Cuts, blob, expected) => {
                if world.cuts.map(|(_, version)| version) != expected {
                    return Reply::Conflict;
                }
                saved(&mut world.cuts, blob)
            }
            Ask::Watched => Reply::Watched(world.is_watched),
            Ask::Watch => {
                world.is_watched |= self.planted != Planted::NoWatch;
                Reply::Done
            }
            Ask::Unwatch => {
                world.is_watched = false;
                Reply::Done
            }
            Ask::Describe => Reply::State(world.rule),
            Ask::Disable => {
                if !is_delayed {
                    check::before_disable(world, self.processes, self.broken);
                }
                world.disables = (world.disables + 1).min(2);
                world.switch(Switch::Off, false);
                Reply::Done
            }
            Ask::Enable(to) => {
                if !is_delayed {
                    check::before_enable(world, self.processes, to, self.broken);
                }
                world.switch(to, false);
                Reply::Done
            }
            Ask::Publish(alert) => {
                check::before_publish(world, self.processes, alert, self.broken);
                world.published |= 1 << alert;
                Reply::Done
            }
            Ask::Wait(until) => {
                world.now = world.now.max(until);
                Reply::Done
            }
        }
    }

    /// The same record with a planted change.
    fn edited(&mut self, blob: BlobId, edit: Option<fn(&mut Record)>) -> BlobId {
        let Some(edit) = edit else { return blob };
        let mut record = self.processes.record(blob).clone();
        edit(&mut record);
        self.processes.blob(&Arc::new(record.encode().expect("a record")))
    }
}

fn saved(item: &mut Option<(BlobId, Version)>, blob: BlobId) -> Reply {
    let version = item.map_or(0, |(_, version)| version) + 1;
    *item = Some((blob, version));
    Reply::Saved(version)
}

/// Change that a planted bug makes to a record as it is read.
fn is_read_wrongly(planted: Planted) -> Option<fn(&mut Record)> {
    match planted {
        Planted::NoEpochCheck => Some(|record| record.epoch.began = None),
        Planted::NoLease => Some(|record| record.work.succeed()),
        _ => None,
    }
}

/// Change that a planted bug makes to a record as it is saved.
fn is_written_wrongly(planted: Planted) -> Option<fn(&mut Record)> {
    let forget = |record: &mut Record| {
        if let Breaker::Open(Cut::Disabling { found }) = &mut record.breaker {
            found.state = Switch::On.state();
        }
    };
    (planted == Planted::ForgetsFound).then_some(forget)
}

/// A trip begins the count of what happens after it.
fn note_trip(world: &mut World, processes: &Processes, blob: BlobId) {
    let counts = |record: &Record| matches!(record.breaker, Breaker::Closed | Breaker::HalfOpen { .. });
    let began = world.stored(processes).is_none_or(counts);
    if began && matches!(processes.record(blob).breaker, Breaker::Open(_)) {
        (world.had, world.disables) = (1 << world.rule as u8, 0);
    }
}
