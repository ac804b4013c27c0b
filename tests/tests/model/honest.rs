//! Random honest machines: each chain of answers ends.

use super::timeline::Maker::{Foreign, Own, Service, Sibling, UnplacedSession};
use super::timeline::Timeline;
use super::worlds::{Random, answer_time, few};

/// Approximate maximum number of firings in a timeline.
const MOST: usize = 2_000;

/// Reasons in streams or bursts. Each has some answers, on its own resource or on a central one, in several stages.
pub fn answers(random: &mut Random) -> Timeline {
    let mut world = answering(random, None);
    world.expect = "left alone".to_owned();
    world
}

/// Reasons and answers, with an unknown schedule that starts the target as well.
pub fn answers_and_a_clock(random: &mut Random) -> Timeline {
    let period = random.pick(&[60.0, 300.0, 900.0, 3_600.0]);
    answering(random, Some(period))
}

fn answering(random: &mut Random, period: Option<f64>) -> Timeline {
    let limit = random.pick(&[3, 10, 30, 60, 300, 900]);
    let (span, resources) = (random.pick(&[1.0, 6.0, 24.0]) * 3_600.0, random.pick(&[1, 1, 3, 20]));
    let every = 60.0 / random.pick(&[0.02, 0.1, 0.5, 2.0, 10.0]);
    let (fan, stages) = (random.pick(&[1, 1, 1, 2, 5, 15]), random.pick(&[0, 0, 0, 1, 2, 3]));
    let (is_central, is_alike) = (random.chance(0.3), random.chance(0.6));
    let (is_retried, is_in_bursts) = (random.chance(0.2), random.chance(0.3));
    let (answered, lag) = (random.pick(&[1.0, 1.0, 0.7, 0.3]), random.pick(&[2.0, 5.0, 20.0, 50.0]));
    let mut world = Timeline::new("honest", "a suspect at most", answer_time(limit));
    let (mut at, mut serial) = (0.0, 0);
    while at < span && world.firings.len() < MOST {
        let pace = if !is_in_bursts { 1.0 } else { random.pick(&[0.1, 0.1, 0.1, 10.0]) };
        at += random.gap(every * pace);
        let on = format!("r{}", random.below(resources));
        world.add(at, Foreign, "asked", &on);
        if !random.chance(answered) {
            continue;
        }
        let tries: &[f64] = if is_retried && random.chance(0.3) { &[0.0, 60.0, 180.0] } else { &[0.0] };
        for (offset, call) in tries.iter().flat_map(|offset| (0..fan).map(move |call| (*offset, call))) {
            let mut then = at + offset;
            for stage in 0..=stages {
                let slow = if random.chance(0.2) { f64::from(limit) * 0.8 } else { f64::from(limit.min(5)) };
                then += lag + random.between(0.0, slow);
                serial += 1;
                let on = if is_central { "central" } else { on.as_str() };
                let words = if is_alike { format!("{stage}/{call}") } else { serial.to_string() };
                world.add(then, Own, &words, on);
            }
        }
    }
    for turn in 0..period.map_or(0, |period| (span / period) as usize) {
        let words = if is_alike { "tidy".to_owned() } else { format!("tidy{turn}") };
        world.add(turn as f64 * period.unwrap_or_default() + 17.0, Own, &words, "central");
    }
    world.sorted()
}

/// A target that a schedule starts, with the same calls each time.
pub fn clock(random: &mut Random) -> Timeline {
    let period = random.pick(&[60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0]);
    let (calls, jitter) = (random.below(3) + 1, random.pick(&[0.0, 0.0, 1.0]));
    let mut world = Timeline::new("honest", "a suspect at most", answer_time(random.pick(&[3, 30, 60])));
    for turn in 0..300 {
        for call in 0..calls {
            let at = 100.0 + f64::from(turn) * period + random.between(0.0, jitter) + f64::from(call as u32);
            world.add(at, Own, &format!("settings{call}"), "settings");
        }
    }
    let every = few(random);
    strangers(&mut world, random, period * 300.0, every);
    world.sorted()
}

/// A bulk job with 100 to 1,000 calls and one answer to each. A concurrency limit may delay the answers.
pub fn bulk(random: &mut Random) -> Timeline {
    let (calls, every) = (100 + random.below(900), random.pick(&[0.02, 0.1, 0.5, 2.0]));
    let (takes, at_once) = (random.between(0.3, 3.0), random.pick(&[1, 2, 10, 100]));
    let is_central = random.chance(0.3);
    let mut world = Timeline::new("honest", "left alone", answer_time(random.pick(&[3, 30, 300])));
    for call in 0..calls {
        let at = 10.0 + every * call as f64;
        let on = format!("new{call}");
        world.add(at, Foreign, "create", &on);
        let served = 12.0 + takes * (call / at_once) as f64;
        let words = if is_central { "index".to_owned() } else { format!("tag{call}") };
        world.add(served.max(at + 2.0), Own, &words, if is_central { "index" } else { &on });
    }
    world.sorted()
}

/// Reasons with many answers each, on one resource or on many.
pub fn fan_out(random: &mut Random) -> Timeline {
    let (reasons, every, width) =
        (3 + random.below(20), random.pick(&[30.0, 300.0, 3_600.0]), 5 + random.below(60));
    let (limit, is_one, is_alike) = (random.pick(&[10, 60, 300]), random.chance(0.5), random.chance(0.3));
    let mut world = Timeline::new("honest", "a suspect at most", answer_time(limit));
    for reason in 0..reasons {
        let at = random.gap(every) + every * reason as f64;
        world.add(at, Foreign, "open", "group");
        let each = f64::from(limit) * 0.8 / width as f64;
        for call in 0..width {
            let on = if is_one { "group".to_owned() } else { format!("part{call}") };
            let words = if is_alike && !is_one { "close".to_owned() } else { format!("close{call}") };
            world.add(at + 3.0 + each.min(1.0) * call as f64, Own, &words, &on);
        }
    }
    world.sorted()
}

/// Answers that are refused or throttled and repeated within one invocation, or repeated by Lambda.
pub fn retries(random: &mut Random) -> Timeline {
    let (limit, how) = (random.pick(&[30, 60, 300]), random.below(3));
    let mut world = Timeline::new("honest", "left alone", answer_time(limit));
    let (every, mut at) = (random.pick(&[200.0, 2_000.0]), 0.0);
    for reason in 0..10 + random.below(40) {
        at += 60.0 + random.gap(every);
        let on = format!("r{}", reason % 3);
        world.add(at, Foreign, "delete", &on);
        let mut then = at + random.between(2.0, 20.0);
        let tries = 1 + random.below(5);
        for _ in 0..tries {
            match how {
                0 => world.add_refused(then, Some("drop"), &on),
                1 => world.add_refused(then, None, &on),
                _ => {}
            }
            then += random.between(1.0, f64::from(limit) * 0.8 / tries as f64);
        }
        world.add(then, Own, "drop", &on);
        for later in [60.0, 180.0].iter().filter(|_| how == 2 && random.chance(0.3)) {
            world.add(then + later, Own, "drop", &on);
        }
    }
    world.sorted()
}

/// Each answer creates a new resource, in up to three steps.
pub fn moving(random: &mut Random) -> Timeline {
    let (limit, copies) = (random.pick(&[3, 60, 900]), 1 + random.below(3));
    let mut world = Timeline::new("honest", "left alone", answer_time(limit));
    let (every, mut at) = (random.pick(&[30.0, 300.0, 3_600.0]), 0.0);
    for reason in 0..20 + random.below(100) {
        at += random.gap(every);
        world.add(at, Foreign, "upload", &format!("{reason}"));
        let mut then = at;
        for copy in 0..copies {
            then += random.between(2.0, f64::from(limit.min(50)));
            world.add(then, Own, &format!("{reason}.{copy}"), &format!("{reason}.{copy}"));
        }
    }
    world.sorted()
}

/// Firings by services, by targets of other rules or by unplaced sessions, with or without answers.
pub fn others(random: &mut Random) -> Timeline {
    let maker = random.pick(&[Service, Sibling, UnplacedSession]);
    let is_answered = random.pick(&[0.0, 0.5, 1.0]);
    let mut world = Timeline::new("honest", "a suspect at most", answer_time(random.pick(&[3, 60])));
    let (every, mut at) = (random.pick(&[2.0, 60.0, 600.0]), 0.0);
    for reason in 0..30 + random.below(300) {
        at += random.gap(every);
        let on = format!("r{}", random.below(5));
        world.add(at, maker, "write", &on);
        if random.chance(is_answered) {
            world.add(at + random.between(2.0, 20.0), Own, &format!("fix{}", reason % 7), &on);
        }
    }
    world.sorted()
}

/// Two machines that answer each other in up to three rounds after each foreign firing.
pub fn settling(random: &mut Random) -> Timeline {
    let (rounds, maker) = (1 + random.below(3), random.pick(&[Sibling, Foreign, Service]));
    let mut world = Timeline::new("honest", "left alone", answer_time(random.pick(&[3, 60])));
    let every = random.pick(&[400.0, 3_600.0]);
    for begun in 0..5 + random.below(40) {
        let mut at = begun as f64 * every;
        let on = format!("r{}", begun % 4);
        world.add(at, Foreign, "change", &on);
        for round in 0..rounds {
            at += random.between(2.0, 20.0);
            world.add(at, Own, &format!("mine{round}"), &on);
            at += random.between(2.0, 20.0);
            world.add(at, maker, &format!("theirs{round}"), &on);
        }
    }
    world.sorted()
}

/// Answers to reasons, some of them missing from the timeline.
pub fn lossy(random: &mut Random) -> Timeline {
    let (every, seen, is_alike) =
        (random.pick(&[5.0, 30.0, 120.0]), random.pick(&[0.9, 0.7, 0.4]), random.chance(0.5));
    let mut world = Timeline::new("honest", "anything", answer_time(random.pick(&[3, 60])));
    let mut at = 0.0;
    for reason in 0..50 + random.below(300) {
        at += random.gap(every);
        let on = format!("r{}", reason % 5);
        if random.chance(seen) {
            world.add(at, Foreign, "change", &on);
        }
        let words = if is_alike { "index".to_owned() } else { format!("index{reason}") };
        world.add(at + random.between(2.0, 30.0), Own, &words, "index");
    }
    world.sorted()
}

/// A target that answers firings and sometimes acts without one, as behind a test button or another queue.
pub fn by_itself(random: &mut Random) -> Timeline {
    let (own_share, every) = (random.pick(&[0.1, 0.5, 1.0]), random.pick(&[20.0, 200.0, 2_000.0]));
    let mut world = Timeline::new("honest", "a suspect at most", answer_time(random.pick(&[3, 60, 900])));
    let mut at = 0.0;
    for n in 0..40 + random.below(200) {
        at += 5.0 + random.gap(every);
        let on = format!("r{}", n % 3);
        if !random.chance(own_share) {
            world.add(at, Foreign, "change", &on);
        }
        world.add(at + 4.0, Own, &format!("fix{}", n % 2), &on);
    }
    world.sorted()
}

/// Adds foreign firings without answers.
pub fn strangers(world: &mut Timeline, random: &mut Random, span: f64, every: Option<f64>) {
    let Some(every) = every else { return };
    let mut at = 0.0;
    for n in 0..MOST {
        at += random.gap(every);
        if at > span {
            break;
        }
        world.add(at, Foreign, "passing", &format!("n{n}"));
    }
}
