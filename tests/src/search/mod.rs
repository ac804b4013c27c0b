//! Every interleaving, to a stated depth: two guards, the command line, people and time over one rule, breadth first.
//!
//! The processes are the real `drive` with ports of the search. Each request to the store or to EventBridge is a point at
//! which another process, a fault or time may come first. States that were seen are not looked at again, so the first
//! broken promise has the fewest moves.

mod check;
mod moves;
mod ports;
mod process;
mod scenes;
mod world;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Instant;

pub use scenes::{SCENES, Scene};

use moves::Move;
use process::{Processes, Stand, Switch};
use world::{Effects, Left, World};

/// A bug planted in the search, to test that the checks find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// No bug.
    Nothing,
    /// The store saves a record without a check of the version.
    AnyVersion,
    /// The rule is disabled before the state found is stored.
    DisablesFirst,
    /// The record loses the start of the epoch.
    NoEpochCheck,
    /// The record loses the lease.
    NoLease,
    /// The record takes the rule to have been enabled by `EnableRule`.
    ForgetsFound,
    /// The rule never comes onto the watch list.
    NoWatch,
}

/// Result of a search.
#[derive(Debug)]
pub struct Report {
    /// Name of the scene.
    pub scene: &'static str,
    /// Number of distinct states.
    pub states: usize,
    /// Number of moves to the last of them.
    pub depth: usize,
    /// True if no further state can be reached, at any depth.
    pub is_complete: bool,
    /// True if the search ended early because there were too many states.
    pub is_cut_short: bool,
    /// Number of distinct conversations of processes with AWS.
    pub talks: usize,
    /// Number of states without a process, from which the work was followed to its end.
    pub rests: usize,
    /// Deduplication ids of all alerts that were published.
    pub alerts: Vec<String>,
    /// Duration in seconds.
    pub seconds: f64,
    /// The moves up to the first broken promise, and what is broken. `None` if all promises hold.
    pub broken: Option<(Vec<String>, Vec<String>)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.is_complete { "all there are" } else { "others are deeper" };
        write!(
            f,
            "{}: {} states in up to {} moves, {end}; {} conversations, {} worlds at rest, {} alerts, {:.1} s",
            self.scene,
            self.states,
            self.depth,
            self.talks,
            self.rests,
            self.alerts.len(),
            self.seconds
        )
    }
}

/// Searches a scene to `deeper` moves beyond its depth, with at most this number of troubles and of states.
pub fn search(scene: Scene, planted: Planted, troubles: u8, deeper: usize, most_states: usize) -> Report {
    let began = Instant::now();
    let scene = Scene { left: Left { troubles, ..scene.left }, ..scene };
    let mut search = Search {
        processes: Processes::new(scene, planted),
        planted,
        states: Vec::new(),
        known: HashMap::new(),
        rested: HashSet::new(),
        published: 0,
    };
    let mut report = search.run(scene, scene.depth.saturating_add(deeper), most_states);
    report.seconds = began.elapsed().as_secs_f64();
    report
}

struct Search {
    processes: Processes,
    planted: Planted,
    /// All states in the order of their discovery, each with the one before and the move from it.
    states: Vec<(World, Option<(u32, Move)>)>,
    known: HashMap<World, ()>,
    /// Worlds at rest that were followed to the end.
    rested: HashSet<World>,
    published: u64,
}

impl Search {
    fn run(&mut self, scene: Scene, depth: usize, most_states: usize) -> Report {
        let mut broken = Vec::new();
        let start = self.begin(scene, &mut broken);
        self.states.push((start, None));
        self.known.insert(start, ());
        let (mut from, mut reached, mut is_cut_short) = (0, 0, false);
        let mut found = (!broken.is_empty()).then(|| (vec!["before the scene".to_owned()], broken));
        while found.is_none() && reached < depth && from < self.states.len() && !is_cut_short {
            let until = self.states.len();
            found = (from..until).find_map(|state| self.expand(state));
            from = until;
            reached += usize::from(self.states.len() > until);
            is_cut_short = self.states.len() >= most_states;
        }
        let alerts = (0..64).filter(|alert| self.published & (1 << alert) != 0);
        Report {
            scene: scene.name,
            states: self.states.len(),
            depth: reached,
            is_complete: found.is_none() && from == self.states.len(),
            is_cut_short,
            talks: self.processes.count(),
            rests: self.rested.len(),
            alerts: alerts.map(|alert| self.processes.alert(alert).to_owned()).collect(),
            seconds: 0.0,
            broken: found,
        }
    }

    /// The world as the scene begins.
    fn begin(&mut self, scene: Scene, broken: &mut Vec<String>) -> World {
        let mut world = World::new(scene.left, Switch::of(scenes::FOUND));
        let all = Left { batches: u8::MAX, ticks: 9, enables: 9, disables: 9, ..scene.left };
        for (n, job) in scene.before.iter().enumerate() {
            world.left = all;
            world.now += if n == 0 { 0 } else { 61 };
            world = self.effects(broken).run(&world, *job);
        }
        // A firing of the next life of the rule has to have happened.
        world.now += if scene.before.len() > 1 { 61 } else { 0 };
        World { left: scene.left, ..world }
    }

    fn effects<'a>(&'a mut self, broken: &'a mut Vec<String>) -> Effects<'a> {
        Effects { processes: &mut self.processes, planted: self.planted, broken }
    }

    /// Adds the states that follow. Returns the way to a broken promise, if there is one.
    fn expand(&mut self, state: usize) -> Option<(Vec<String>, Vec<String>)> {
        let world = self.states[state].0;
        let mut broken = Vec::new();
        if world.is_quiescent() && !world.is_excused && self.rested.insert(at_rest(world)) {
            self.effects(&mut broken).rest(&world);
            if !broken.is_empty() {
                return Some((self.way(state, None), broken));
            }
        }
        for happens in world.moves(&self.processes) {
            let next = self.effects(&mut broken).after(&world, happens);
            if !broken.is_empty() {
                return Some((self.way(state, Some(happens)), broken));
            }
            if self.known.insert(next, ()).is_none() {
                self.published |= next.published;
                let before = u32::try_from(state).expect("fewer states");
                self.states.push((next, Some((before, happens))));
            }
        }
        None
    }

    /// The moves from the start to a state, and one more.
    fn way(&self, state: usize, last: Option<Move>) -> Vec<String> {
        let mut lines: Vec<String> = last.map(|last| self.line(state, last)).into_iter().collect();
        let mut before = self.states[state].1;
        while let Some((state, happens)) = before {
            lines.push(self.line(state as usize, happens));
            before = self.states[state as usize].1;
        }
        lines.reverse();
        lines
    }

    fn line(&self, state: usize, happens: Move) -> String {
        let world = &self.states[state].0;
        let breaker = world.stored(&self.processes).map_or("none", |record| check::phase(&record.breaker));
        let what = match happens {
            Move::Goes(slot, fate) => match world.running[usize::from(slot)] {
                Some(running) => {
                    let stand = self.processes.stand(running.talk);
                    let (job, Stand::Asks(ask)) = (self.processes.job(running.talk), stand) else {
                        return String::new();
                    };
                    format!("{job:?}: {ask:?} {fate:?}")
                }
                None => String::new(),
            },
            other => format!("{other:?}"),
        };
        format!("{:4} s, record {breaker}, rule {:?}: {what}", world.now, world.rule)
    }
}

/// World at rest without its numbers of moves left, on which the check of a world at rest does not depend. Batches remain.
fn at_rest(world: World) -> World {
    let batches = world.left.batches;
    let nothing = Left {
        batches,
        ticks: 0,
        enables: 0,
        disables: 0,
        clicks_on: 0,
        clicks_off: 0,
        minutes: 0,
        faults: 0,
        delays: 0,
        troubles: 0,
    };
    World { left: nothing, ..world }
}
