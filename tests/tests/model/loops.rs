//! Random loops: each turn is caused by the one before it.

use super::honest::strangers;
use super::timeline::Maker::{Foreign, Own, Service, Sibling, UnplacedSession};
use super::timeline::Timeline;
use super::worlds::{Random, answer_time, few};

/// Number of turns of a loop.
const TURNS: usize = 300;

/// A timeline that begins with a foreign firing, and a length of a turn within the answer time.
fn begun(random: &mut Random, expect: &str) -> (Timeline, f64) {
    let mut world = Timeline::new("loop", expect, answer_time(random.pick(&[3, 30, 60, 300])));
    let longest = (world.answer_time as f64 * 0.8).min(300.0);
    world.add(0.0, Foreign, "begins", "L0");
    (world, random.between(2.0, longest))
}

fn next(random: &mut Random, at: f64, turn: f64) -> f64 {
    at + turn * random.between(0.85, 1.15)
}

/// The same call on the same resource in each turn.
pub fn plain(random: &mut Random) -> Timeline {
    let (mut world, turn) = begun(random, "cut");
    let mut at = 0.0;
    for _ in 0..TURNS {
        at = next(random, at, turn);
        world.add(at, Own, "same", "L0");
    }
    world.sorted()
}

/// Another call in each turn, on the same resource or on a new one.
pub fn changing(random: &mut Random) -> Timeline {
    let (mut world, turn) = begun(random, "cut");
    let (is_moving, mut at) = (random.chance(0.5), 0.0);
    for n in 1..=TURNS {
        at = next(random, at, turn);
        world.add(at, Own, &n.to_string(), &format!("L{}", if is_moving { n } else { 0 }));
    }
    world.sorted()
}

/// A few resources in turn, or a few calls.
pub fn ring(random: &mut Random) -> Timeline {
    let (mut world, turn) = begun(random, "cut");
    let (length, is_on_one, mut at) = (2 + random.below(4), random.chance(0.5), 0.0);
    for n in 0..TURNS {
        at = next(random, at, turn);
        let on = if is_on_one { "L0".to_owned() } else { format!("L{}", n % length) };
        world.add(at, Own, &format!("call{}", n % length), &on);
    }
    world.sorted()
}

/// The call is throttled or refused, in each turn or in some.
pub fn refused(random: &mut Random) -> Timeline {
    let (mut world, turn) = begun(random, "cut");
    let (every, is_told, mut at) = (random.pick(&[1, 2, 5]), random.chance(0.5), 0.0);
    for n in 1..=TURNS {
        at = next(random, at, turn);
        match n % every {
            0 => world.add_refused(at, is_told.then_some("same"), "L0"),
            _ => world.add(at, Own, "same", "L0"),
        }
    }
    world.sorted()
}

/// The number of calls doubles with each turn, up to 32.
pub fn growing(random: &mut Random) -> Timeline {
    let (mut world, turn) = begun(random, "cut");
    let (is_alike, mut at) = (random.chance(0.5), 0.0);
    for n in 1..50 {
        at = next(random, at, turn);
        for call in 0..(1_u32 << n.min(5)) {
            let words = if is_alike { "same".to_owned() } else { format!("{n}.{call}") };
            world.add(at + random.between(0.0, 1.0), Own, &words, &format!("L{}", call % 3));
        }
    }
    world.sorted()
}

/// A loop with foreign firings beside it.
pub fn in_traffic(random: &mut Random) -> Timeline {
    let (mut world, turn) = begun(random, "anything");
    let (is_alike, mut at) = (random.chance(0.6), 0.0);
    for n in 0..TURNS {
        at = next(random, at, turn);
        let (words, on) = if is_alike { (0, 0) } else { (n, n) };
        world.add(at, Own, &words.to_string(), &format!("L{on}"));
    }
    let every = Some(random.pick(&[12.0, 60.0, 600.0]));
    strangers(&mut world, random, at, every);
    world.sorted()
}

/// Own firings in turn with those of a service, a sibling or an unplaced session.
pub fn through_others(random: &mut Random) -> Timeline {
    let (mut world, turn) = begun(random, "a suspect at least");
    let (maker, mut at) = (random.pick(&[Service, Sibling, UnplacedSession]), 0.0);
    for _ in 0..TURNS {
        at = next(random, at, turn * 0.5);
        world.add(at, Own, "same", "L0");
        at = next(random, at, turn * 0.5);
        world.add(at, maker, "theirs", "L0");
    }
    world.sorted()
}

/// A loop slower than the answer time, or without the firing that began it.
pub fn unproved(random: &mut Random) -> Timeline {
    let mut world = Timeline::new("loop", "a suspect at least", answer_time(3));
    let is_slow = random.chance(0.5);
    let turn = if is_slow { random.between(75.0, 290.0) } else { random.between(3.0, 45.0) };
    if is_slow {
        world.add(0.0, Foreign, "begins", "L0");
    }
    let (is_alike, mut at) = (random.chance(0.5), 0.0);
    for n in 1..=TURNS {
        // Too irregular for a schedule.
        at = next(random, at, turn);
        world.add(at, Own, &if is_alike { "same".to_owned() } else { n.to_string() }, "L0");
    }
    world.sorted()
}

/// Two loops of one rule at once, with few foreign firings.
pub fn two_at_once(random: &mut Random) -> Timeline {
    let (mut world, turn) = begun(random, "anything");
    let (mut one, mut other) = (0.0, 0.0);
    for n in 0..TURNS {
        one = next(random, one, turn);
        world.add(one, Own, "one", "L0");
        other = next(random, other, turn * 0.7);
        world.add(other, Own, &format!("other{}", n % 2), "L1");
    }
    let every = few(random);
    strangers(&mut world, random, one, every);
    world.sorted()
}

/// A loop with a foreign firing about once in each answer time.
pub fn baited(random: &mut Random) -> Timeline {
    let (mut world, turn) = begun(random, "anything");
    let (is_alike, every, mut at) = (random.chance(0.5), random.pick(&[0.5, 1.0, 2.0]), 0.0);
    for n in 0..TURNS {
        at = next(random, at, turn);
        world.add(at, Own, &if is_alike { "same".to_owned() } else { n.to_string() }, "L0");
    }
    let bait = world.answer_time as f64 * every;
    for n in 0..((at / bait) as usize).min(1_000) {
        world.add(7.0 + bait * n as f64, Foreign, "bait", "bait");
    }
    world.sorted()
}
