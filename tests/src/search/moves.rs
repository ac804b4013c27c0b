//! Moves of the world: everything that can happen next in a state, and the state that follows.

use super::check;
use super::process::{Ask, Processes, Reply, Stand, Switch};
use super::scenes::{Batch, Job};
use super::world::{Effects, Running, SLOTS, World};

/// Seconds for which a request may be under way. The adapters allow less.
const LONGEST_CALL: u32 = 2;
/// Seconds after which any lease is over.
const MINUTE: u32 = 61;
/// Seconds after which a request takes effect at the latest, if it does. Leases are longer.
const LANDS_WITHIN: u32 = 7;
/// Number of guards at the same time. The command line comes on top.
const GUARDS: usize = 2;

/// Fate of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out, and the reply arrives.
    Succeeds,
    /// It fails without an effect.
    Fails,
    /// It is carried out, and the reply is lost.
    LosesReply,
    /// It is under way beyond any lease.
    IsDelayed,
    /// The process gives it up, and it is carried out later.
    TimesOut,
    /// The process dies before it.
    Dies,
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A process starts.
    Starts(Job),
    /// The request of the process in this slot has this fate.
    Goes(u8, Fate),
    /// The rule is changed without the guard.
    Clicks(bool),
    /// A minute passes.
    Minute,
    /// A request that was given up is carried out.
    Lands,
}

impl Move {
    fn is_trouble(self) -> bool {
        match self {
            Self::Goes(_, fate) => fate != Fate::Succeeds,
            Self::Clicks(_) => true,
            Self::Starts(_) | Self::Minute | Self::Lands => false,
        }
    }
}

impl World {
    /// Everything that can happen next.
    pub fn moves(&self, processes: &Processes) -> Vec<Move> {
        let mut moves = Vec::new();
        for (slot, running) in self.running.iter().enumerate() {
            let Some(running) = running else { continue };
            let Stand::Asks(ask) = processes.stand(running.talk) else { continue };
            let goes = |fate| Move::Goes(slot as u8, fate);
            let may_pass = match ask {
                Ask::Wait(until) => self.may_pass(until.saturating_sub(self.now), processes, Some(slot)),
                _ => true,
            };
            if may_pass {
                moves.push(goes(Fate::Succeeds));
            }
            let may_fail = self.left.troubles > 0 && self.left.faults > 0;
            if may_fail && !running.is_delayed {
                moves.push(goes(Fate::Dies));
                if !matches!(ask, Ask::Wait(_)) {
                    moves.push(goes(Fate::Fails));
                }
                if has_effect(ask) {
                    moves.push(goes(Fate::LosesReply));
                }
            }
            let may_be_delayed = self.left.troubles > 0 && self.left.delays > 0;
            if may_be_delayed && matches!(ask, Ask::Describe | Ask::Disable | Ask::Enable(_)) {
                moves.push(goes(Fate::IsDelayed));
            }
            if may_be_delayed && matches!(ask, Ask::Disable | Ask::Enable(_)) {
                moves.push(goes(Fate::TimesOut));
            }
        }
        let is_order = |job| matches!(job, Job::Enable | Job::Disable);
        let jobs = self.running.iter().flatten().map(|running| processes.job(running.talk));
        let (orders, guards): (Vec<Job>, Vec<Job>) = jobs.partition(|job| is_order(*job));
        for job in self.jobs() {
            if if is_order(job) { orders.is_empty() } else { guards.len() < GUARDS } {
                moves.push(Move::Starts(job));
            }
        }
        let may_click = self.left.troubles > 0;
        if may_click && self.left.clicks_on > 0 && self.rule == Switch::Off {
            moves.push(Move::Clicks(true));
        }
        if may_click && self.left.clicks_off > 0 && self.rule != Switch::Off {
            moves.push(Move::Clicks(false));
        }
        if self.pending.is_some() {
            moves.push(Move::Lands);
        }
        if self.left.minutes > 0 && self.may_pass(MINUTE, processes, None) {
            moves.push(Move::Minute);
        }
        moves
    }

    /// Jobs that can start.
    pub fn jobs(&self) -> Vec<Job> {
        let is_there =
            |batch: &Batch| self.left.batches & (1 << *batch as u8) != 0 && self.now >= batch.happens_at();
        let mut jobs: Vec<Job> = Batch::ALL.into_iter().filter(is_there).map(Job::Deliver).collect();
        let others = [
            (Job::Tick, self.left.ticks),
            (Job::Enable, self.left.enables),
            (Job::Disable, self.left.disables),
        ];
        jobs.extend(others.into_iter().filter(|(_, left)| *left > 0).map(|(job, _)| job));
        jobs
    }

    /// Returns true if so much time can pass: no process that is not delayed is late with its request or after its wait.
    fn may_pass(&self, seconds: u32, processes: &Processes, besides: Option<usize>) -> bool {
        if self.pending.is_some_and(|(_, by)| self.now + seconds > by) {
            return false;
        }
        let others = self.running.iter().enumerate().filter(|(slot, _)| Some(*slot) != besides);
        others.filter_map(|(_, running)| *running).all(|running| {
            let due = match processes.stand(running.talk) {
                Stand::Asks(Ask::Wait(until)) => until.max(running.since),
                _ => running.since,
            };
            running.is_delayed || self.now + seconds <= due + LONGEST_CALL
        })
    }
}

fn has_effect(ask: Ask) -> bool {
    !matches!(ask, Ask::Load(_) | Ask::Watched | Ask::Describe | Ask::Wait(_))
}

impl Effects<'_> {
    /// The world after this move.
    pub fn after(&mut self, world: &World, happens: Move) -> World {
        let mut next = *world;
        if happens.is_trouble() {
            next.left.troubles -= 1;
        }
        match happens {
            Move::Starts(job) => self.start(&mut next, job),
            Move::Goes(slot, fate) => self.go(&mut next, usize::from(slot), fate),
            Move::Clicks(true) => {
                next.left.clicks_on -= 1;
                next.switch(Switch::On, true);
                // The guard may disable it once more.
                next.disables = 0;
            }
            Move::Clicks(false) => {
                next.left.clicks_off -= 1;
                next.switch(Switch::Off, true);
            }
            Move::Minute => {
                next.left.minutes -= 1;
                next.now += MINUTE;
            }
            Move::Lands => {
                if let Some((ask, _)) = next.pending.take() {
                    self.of(ask, &mut next, true);
                }
            }
        }
        next.sorted()
    }

    fn start(&mut self, world: &mut World, job: Job) {
        match job {
            Job::Deliver(batch) => world.left.batches &= !(1 << batch as u8),
            Job::Tick => world.left.ticks -= 1,
            Job::Enable => world.left.enables -= 1,
            Job::Disable => world.left.disables -= 1,
        }
        let free = world.running.iter().position(Option::is_none);
        let talk = self.processes.start(job, world.now);
        let running = Running { talk, since: world.now, is_delayed: false, has_landed_late: false };
        world.running[free.unwrap_or(SLOTS - 1)] = Some(running);
    }

    fn go(&mut self, world: &mut World, slot: usize, fate: Fate) {
        let Some(running) = world.running[slot] else { return };
        let Stand::Asks(ask) = self.processes.stand(running.talk) else { return };
        if matches!(fate, Fate::Fails | Fate::LosesReply | Fate::Dies) {
            (world.left.faults, world.is_disturbed) = (world.left.faults - 1, true);
        }
        let mut has_landed_late = running.has_landed_late;
        let reply = match fate {
            Fate::Succeeds => {
                has_landed_late |= running.is_delayed && ask == Ask::Disable;
                self.of(ask, world, running.is_delayed)
            }
            Fate::Fails => Reply::Throttled,
            Fate::LosesReply => {
                self.of(ask, world, running.is_delayed);
                Reply::Lost
            }
            Fate::TimesOut => {
                (world.left.delays, world.is_disturbed) = (world.left.delays - 1, true);
                world.pending = Some((ask, running.since + LANDS_WITHIN));
                Reply::Lost
            }
            Fate::IsDelayed => {
                (world.left.delays, world.is_disturbed) = (world.left.delays - 1, true);
                world.running[slot] = Some(Running { is_delayed: true, ..running });
                return;
            }
            Fate::Dies => {
                world.is_excused |= has_landed_late;
                return self.end(world, slot, false);
            }
        };
        let talk = self.processes.reply(running.talk, reply, world.now);
        match self.processes.stand(talk) {
            Stand::Ended { is_saved } => self.end(world, slot, is_saved),
            Stand::Asks(_) => {
                let running = Running { talk, since: world.now, is_delayed: false, has_landed_late };
                world.running[slot] = Some(running);
            }
        }
    }

    /// Ends a process. Its batch is delivered again unless it is saved.
    fn end(&mut self, world: &mut World, slot: usize, is_saved: bool) {
        let ended = world.running[slot].take().map(|running| self.processes.job(running.talk));
        if let (Some(Job::Deliver(batch)), false) = (ended, is_saved) {
            world.left.batches |= 1 << batch as u8;
        }
    }

    /// Runs one process to its end, without a fault.
    pub fn run(&mut self, world: &World, job: Job) -> World {
        let mut next = *world;
        self.start(&mut next, job);
        // More requests than any process makes: `drive` ends after 40 steps.
        for _ in 0..400 {
            match next.running.iter().position(Option::is_some) {
                Some(slot) => self.go(&mut next, slot, Fate::Succeeds),
                None => return next,
            }
        }
        self.broken.push(format!("promise 8: {job:?} does not end"));
        next
    }

    /// The world once no more calls fail: queued batches are delivered, an interrupted order is repeated, and ticks pass,
    /// until the promises at rest hold. What does not hold after several minutes is broken.
    pub fn rest(&mut self, world: &World) {
        let mut next = *world;
        let mut left = Vec::new();
        for _ in 0..6 {
            next.left.batches &= world.left.batches;
            while let Some(batch) =
                Batch::ALL.into_iter().find(|batch| next.left.batches & (1 << *batch as u8) != 0)
            {
                next = self.run(&next, Job::Deliver(batch));
            }
            if next.stored(self.processes).is_some_and(check::awaits_order) {
                next.left.enables = 1;
                next = self.run(&next, Job::Enable);
            }
            next.now += MINUTE;
            next.left.ticks = 1;
            next = self.run(&next, Job::Tick);
            left = check::at_rest(&next, self.processes);
            if left.is_empty() {
                return;
            }
        }
        self.broken.extend(left);
    }
}
