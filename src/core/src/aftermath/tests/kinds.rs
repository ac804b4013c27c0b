//! Kinds of worlds: loops with and without backlogs, and the honest machines that look like them.

use super::worlds::{By, HOUR, Pace, World, log_uniform, one_of, uniform};
use crate::aftermath::Accused;

/// Kind of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    LoopFast,
    LoopRetried,
    /// A fan-out over a concurrency limit that drains for hours.
    LoopBacklog,
    /// Hundreds of seeds, cut early.
    LoopBacklogEarly,
    LoopSlow,
    /// The same, while the guard takes the target to be invoked directly.
    LoopSlowHidden,
    /// Its seeds were never seen.
    LoopOld,
    LoopWithTraffic,
    LoopWithAttacker,
    LoopWithSchedule,
    LoopPolled,
    LoopPolledHidden,
    TwoLoops,
    ScheduleFast,
    ScheduleSlow,
    OtherSource,
    BurstGoesOn,
    BurstEnded,
    Answers,
    HonestBacklog,
    OwnJobEnded,
}

impl Kind {
    pub(crate) const ALL: [Self; 21] = [
        Self::LoopFast,
        Self::LoopRetried,
        Self::LoopBacklog,
        Self::LoopBacklogEarly,
        Self::LoopSlow,
        Self::LoopSlowHidden,
        Self::LoopOld,
        Self::LoopWithTraffic,
        Self::LoopWithAttacker,
        Self::LoopWithSchedule,
        Self::LoopPolled,
        Self::LoopPolledHidden,
        Self::TwoLoops,
        Self::ScheduleFast,
        Self::ScheduleSlow,
        Self::OtherSource,
        Self::BurstGoesOn,
        Self::BurstEnded,
        Self::Answers,
        Self::HonestBacklog,
        Self::OwnJobEnded,
    ];

    pub(crate) fn is_loop(self) -> bool {
        let position = Self::ALL.iter().position(|kind| *kind == self);
        position <= Self::ALL.iter().position(|kind| *kind == Self::TwoLoops)
    }

    pub(crate) fn accused(self) -> Accused {
        match self {
            Self::BurstGoesOn | Self::BurstEnded => Accused::Others,
            _ => Accused::Own,
        }
    }

    /// True if the guard knows that nothing lies between the rule and its function.
    pub(crate) fn is_direct(self) -> bool {
        !matches!(self, Self::LoopPolled | Self::LoopSlow)
    }

    /// True if equal calls can have proved the loop before the cut.
    pub(crate) fn can_be_proved(self) -> bool {
        self.is_loop() && !matches!(self, Self::LoopSlow | Self::LoopSlowHidden | Self::LoopOld)
    }
}

/// World that has not begun, with its end and the moment of the cut.
pub(crate) struct Prepared {
    pub(crate) world: World,
    pub(crate) horizon: f64,
    pub(crate) cut_when: CutWhen,
}

/// Moment of the cut.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CutWhen {
    /// This many own calls were seen.
    Own(usize),
    /// This many events were seen.
    Seen(usize),
    /// An event arrived at this second or later.
    At(f64),
}

impl CutWhen {
    pub(crate) fn holds(self, world: &World) -> bool {
        match self {
            Self::Own(count) => world.own() >= count,
            Self::Seen(count) => world.seen.len() >= count,
            Self::At(second) => world.seen.last().is_some_and(|(at, ..)| *at >= second),
        }
    }
}

/// Builds the world of this kind and seed, and runs it. Returns it with its end.
pub(crate) fn make(kind: Kind, rng: fastrand::Rng) -> (World, f64) {
    let Prepared { mut world, horizon, cut_when } = prepare(kind, rng);
    world.run(horizon, |world| cut_when.holds(world));
    if kind == Kind::LoopOld {
        world.seen.retain(|(_, _, by)| *by == By::Own);
        world.seen.drain(..5.min(world.seen.len()));
    }
    (world, horizon)
}

/// Builds the world of this kind.
pub(crate) fn prepare(kind: Kind, mut rng: fastrand::Rng) -> Prepared {
    let limit = one_of(&mut rng, &[3, 10, 30, 60, 300]);
    let duration = uniform(&mut rng, 0.3, limit as f64 * 0.7);
    let mut world = World::new(rng, limit);
    world.duration = duration;
    let (horizon, cut_when) = match kind.is_loop() {
        true => make_loop(kind, &mut world),
        false => make_honest(kind, &mut world),
    };
    Prepared { world, horizon, cut_when }
}

fn seeds(world: &mut World, count: usize, within: f64) {
    for _ in 0..count {
        let at = uniform(&mut world.rng, 0.0, within);
        world.call(at, By::Foreign, Pace::Once);
    }
}

fn make_loop(kind: Kind, world: &mut World) -> (f64, CutWhen) {
    let horizon = 14.0 * HOUR;
    match kind {
        Kind::LoopFast | Kind::LoopRetried | Kind::LoopOld => {
            let (count, within, own) = match kind {
                Kind::LoopFast => (one_of(&mut world.rng, &[1, 1, 2, 5]), 0.001, [10, 20, 60]),
                Kind::LoopRetried => (1, 0.001, [10, 20, 200]),
                _ => (one_of(&mut world.rng, &[1, 3, 10]), 60.0, [30, 100, 100]),
            };
            if kind == Kind::LoopRetried {
                world.failures = one_of(&mut world.rng, &[0.1, 0.25]);
            }
            seeds(world, count, within);
            let own = one_of(&mut world.rng, &own);
            (horizon, CutWhen::Own(own))
        }
        Kind::LoopBacklog | Kind::LoopBacklogEarly => (horizon, make_backlog(kind, world)),
        Kind::LoopSlow | Kind::LoopSlowHidden => {
            (world.duration, world.time_limit) = (1.0, 3);
            world.delay = log_uniform(&mut world.rng, 900.0, 6.0 * HOUR);
            let (count, delay) = (one_of(&mut world.rng, &[1, 1, 2, 5, 20]), world.delay);
            seeds(world, count, delay);
            let own = one_of(&mut world.rng, &[6, 10, 30]);
            (80.0 * HOUR, CutWhen::Own(own))
        }
        Kind::LoopWithTraffic | Kind::LoopWithAttacker => {
            let gap = match kind {
                Kind::LoopWithTraffic => one_of(&mut world.rng, &[30.0, 120.0, 600.0]),
                _ => 10.0,
            };
            world.call(0.0, By::Foreign, Pace::Random { gap, end: f64::MAX });
            let own = one_of(&mut world.rng, &[20, 60, 200]);
            (8.0 * HOUR, CutWhen::Own(own))
        }
        Kind::LoopWithSchedule => {
            // One loop and a schedule of the same target: each start makes a call that fires the rule.
            let period = one_of(&mut world.rng, &[60.0, 300.0, 900.0]);
            world.start(30.0, Pace::Between(period, period));
            let own = one_of(&mut world.rng, &[20, 60]);
            (horizon, CutWhen::Own(own))
        }
        Kind::LoopPolled | Kind::LoopPolledHidden => {
            world.fan_out = one_of(&mut world.rng, &[1.0, 2.0]);
            world.concurrency = one_of(&mut world.rng, &[1, 5, 50]);
            (world.duration, world.time_limit) = (1.0, 60);
            world.poll = Some(one_of(&mut world.rng, &[60.0, 300.0]));
            seeds(world, 1, 0.001);
            let own = one_of(&mut world.rng, &[10, 60]);
            (horizon, CutWhen::Own(own))
        }
        _ => {
            seeds(world, 1, 0.001);
            let gap = uniform(&mut world.rng, 5.0, 30.0);
            world.call(3.0, By::Sibling, Pace::Between(gap, gap + 5.0));
            (horizon, CutWhen::Own(20))
        }
    }
}

fn make_honest(kind: Kind, world: &mut World) -> (f64, CutWhen) {
    world.is_loop = false;
    let random = |gap: f64| Pace::Random { gap, end: f64::MAX };
    match kind {
        Kind::ScheduleFast | Kind::ScheduleSlow => {
            let period = match kind {
                Kind::ScheduleFast => one_of(&mut world.rng, &[60.0, 120.0, 300.0]),
                _ => one_of(&mut world.rng, &[900.0, 1_800.0, HOUR, 6.0 * HOUR]),
            };
            world.duration = world.duration.min(20.0);
            world.start(17.0, Pace::Clock { period, first: 17.0 });
            let gap = one_of(&mut world.rng, &[1_200.0, HOUR, 4.0 * HOUR]);
            world.call(5.0, By::Foreign, random(gap));
            let horizon = if period < HOUR { 20.0 * HOUR } else { 90.0 * HOUR };
            let own = one_of(&mut world.rng, &[10, 20]);
            (horizon, CutWhen::Own(own))
        }
        Kind::OtherSource => {
            let gap = log_uniform(&mut world.rng, 2.0, 1_800.0);
            world.start(17.0, random(gap));
            let gap = one_of(&mut world.rng, &[600.0, HOUR]);
            world.call(5.0, By::Foreign, random(gap));
            let own = one_of(&mut world.rng, &[10, 20, 60]);
            (30.0 * HOUR, CutWhen::Own(own))
        }
        Kind::BurstGoesOn => {
            let end = one_of(&mut world.rng, &[1_200.0, HOUR, 5.0 * HOUR]);
            let gap = one_of(&mut world.rng, &[0.5, 2.0, 10.0, 30.0]);
            world.call(0.0, By::Foreign, Pace::Random { gap, end });
            (8.0 * HOUR, CutWhen::Seen(60))
        }
        Kind::BurstEnded => {
            seeds(world, 100, 60.0);
            (8.0 * HOUR, CutWhen::Seen(60))
        }
        Kind::Answers => {
            world.fan_out = one_of(&mut world.rng, &[1.0, 2.0, 5.0]);
            let gap = one_of(&mut world.rng, &[5.0, 30.0, 120.0, 600.0]);
            world.call(0.0, By::Foreign, random(gap));
            let own = one_of(&mut world.rng, &[20, 100]);
            (8.0 * HOUR, CutWhen::Own(own))
        }
        Kind::HonestBacklog => {
            (world.duration, world.time_limit) = (uniform(&mut world.rng, 2.0, 30.0), 60);
            world.concurrency = one_of(&mut world.rng, &[1, 2, 5]);
            let count = one_of(&mut world.rng, &[100, 500]);
            seeds(world, count, 120.0);
            let own = one_of(&mut world.rng, &[40, 80]);
            (8.0 * HOUR, CutWhen::Own(own))
        }
        _ => {
            let end = one_of(&mut world.rng, &[600.0, 1_800.0, 7_200.0]);
            let gap = uniform(&mut world.rng, 2.0, 40.0);
            let cut = uniform(&mut world.rng, 120.0, end);
            world.start(17.0, Pace::Random { gap, end });
            (14.0 * HOUR, CutWhen::At(cut))
        }
    }
}

fn make_backlog(kind: Kind, world: &mut World) -> CutWhen {
    if kind == Kind::LoopBacklog {
        let (fan_out, concurrency) =
            (one_of(&mut world.rng, &[1.3, 2.0, 2.0, 3.0, 5.0]), one_of(&mut world.rng, &[1, 2, 5]));
        let after = one_of(&mut world.rng, &[600.0, 1_800.0, 3_600.0, 7_200.0]);
        world.duration =
            uniform(&mut world.rng, 5.0, 40.0).max(after * f64::from(concurrency) * fan_out / 1_200.0);
        world.time_limit = world.time_limit.max(60).max((world.duration * 1.3) as i64);
        (world.fan_out, world.concurrency) = (fan_out, concurrency);
        seeds(world, 1, 0.001);
        return CutWhen::At(after);
    }

    world.concurrency = one_of(&mut world.rng, &[1, 2, 5]);
    let count = one_of(&mut world.rng, &[50, 200, 600]);
    world.fan_out = one_of(&mut world.rng, &[1.0, 1.0, 2.0]);
    (world.duration, world.time_limit) = (uniform(&mut world.rng, 2.0, 30.0), 60);
    seeds(world, count, 120.0);
    let own = one_of(&mut world.rng, &[20, 100]);
    CutWhen::Own(own)
}
