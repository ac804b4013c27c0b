//! Table of the outcomes in random worlds: loops put back, time to an outcome, and outcomes that are never known.

use super::kinds::{Kind, make};
use super::worlds::{By, HOUR, World};
use crate::aftermath::{Aftermath, Case, CutOutcome, Maker, MissedBy, judge};
use crate::model::{Call, Caller, Cause, Firing, FiringId, Proof, RuleArn, Seconds, Timestamp};
use crate::policy::{BurstLimit, TurnLimit};
use crate::turns::{Chains, Delivery, Span, Terms, Turns};

/// Number of worlds of each kind.
const WORLDS: u64 = 40;
/// Beginning of all worlds.
const START: i64 = 1_795_176_000;

/// Result of one world. Times are seconds after the cut.
#[derive(Debug, Clone)]
struct Seen {
    restored: Option<f64>,
    stopped: Option<f64>,
    last: CutOutcome,
}

/// The guard's knowledge of one world.
struct Guard {
    turns: Turns,
    after: Aftermath,
    terms: Terms,
    rule: RuleArn,
    before: (Vec<Span>, Vec<Span>),
    depth: u32,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).expect("a time")
}

fn terms(answer: i64, limit: i64) -> Terms {
    Terms {
        turns: Some(TurnLimit::DEFAULT),
        starts_one_task: false,
        burst: "200/60s".parse::<BurstLimit>().expect("a limit"),
        answer: Seconds::new(u32::try_from(answer).expect("small")),
        time_limit: limit,
        schedules: Default::default(),
        began: None,
        is_resumed: false,
        now: at(0),
    }
}

impl Guard {
    fn new(world: &World, kind: Kind) -> Self {
        let cut = at(world.cut.expect("a cut") as i64);
        Self {
            turns: Turns::default(),
            after: Aftermath::new(cut, kind.accused()),
            terms: terms(60 + world.time_limit, world.time_limit),
            rule: "arn:aws:events:us-east-1:123456789012:rule/fix-acl".parse().expect("an ARN"),
            before: Default::default(),
            depth: 0,
        }
    }

    fn see(&mut self, number: usize, second: i64, by: By, now: Timestamp) {
        let cause = match by {
            By::Own => Cause::own(Proof::Issued),
            By::Foreign => Cause::Foreign,
            By::Sibling => Cause::Sibling("arn:aws:lambda:us-east-1:123456789012:function:other".into()),
        };
        let firing = Firing {
            rule: self.rule.clone(),
            event_id: format!("event-{number}").into(),
            at: at(second),
            caller: Caller { principal: "role".into(), issued_to: None },
            call: None::<Call<'_>>,
            cause,
        };
        if self.after.is_before(firing.at) {
            self.turns.insert(&firing, FiringId::of(&firing.event_id), Delivery::First, now);
            return;
        }
        let maker = Maker { by: MissedBy::of(&firing.cause), is_own: by == By::Own, is_counted: true };
        self.after.count(&firing, maker, self.terms.time_limit);
    }

    fn settle(&mut self, now: Timestamp) {
        self.turns.settle();
        let terms = Terms { now, ..self.terms };
        self.before = self.turns.by_maker(&terms, Chains::Apart);
        self.depth = self.turns.judge(&terms, Chains::Apart).turns;
    }

    fn judge(&self, kind: Kind, is_proved: bool, now: Timestamp) -> CutOutcome {
        let case = Case {
            own: &self.before.0,
            reasons: &self.before.1,
            after: &self.after,
            answer: self.terms.answer.get().into(),
            time_limit: self.terms.time_limit,
            is_direct: kind.is_direct(),
            is_proved,
            turns: self.depth,
        };
        judge(&case, now)
    }
}

/// Times at which the guard looks, in seconds after the cut.
fn looks() -> impl Iterator<Item = f64> {
    let next = |time: &f64| {
        let step = if *time < 1_800.0 {
            60.0
        } else if *time < 8.0 * HOUR {
            300.0
        } else {
            1_800.0
        };
        Some(time + step).filter(|time| *time < 40.0 * HOUR)
    };
    std::iter::successors(Some(60.0), next)
}

fn run(kind: Kind, seed: u64) -> Option<Seen> {
    let (mut world, horizon) = make(kind, fastrand::Rng::with_seed(seed));
    let cut = world.cut?;
    let before = world.seen.iter().filter(|(arrival, ..)| *arrival <= cut).map(|(.., by)| *by);
    let (own, all) = (before.clone().filter(|by| *by == By::Own).count(), before.count());
    let are_alike = world.rng.f64() < 0.6;
    let is_proved = kind.can_be_proved() && are_alike && own >= 3 * (all - own) + 5;
    let mut guard = Guard::new(&world, kind);
    let mut seen = Seen { restored: None, stopped: None, last: CutOutcome::NotYetKnown };
    let mut events = std::mem::take(&mut world.seen);
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut taken = 0;
    for after in looks().take_while(|after| cut + after <= horizon) {
        let now = at((cut + after) as i64);
        let due = events[taken..].iter().take_while(|(arrival, ..)| *arrival <= cut + after).count();
        for (number, (_, second, by)) in events[taken..taken + due].iter().enumerate() {
            guard.see(taken + number, *second, *by, now);
        }
        taken += due;
        if due > 0 {
            guard.settle(now);
        }
        seen.last = guard.judge(kind, is_proved, now);
        match seen.last {
            CutOutcome::GoesOn(_) => {
                seen.restored = Some(after);
                break;
            }
            CutOutcome::Stopped { .. } => seen.stopped = seen.stopped.or(Some(after)),
            _ => {}
        }
        let is_known = !matches!(seen.last, CutOutcome::NotYetKnown);
        if is_known && after > 2.0 * HOUR && taken == events.len() {
            break;
        }
    }
    Some(seen)
}

fn median_and_95th(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    let minute = |index: usize| format!("{:.0}", times[index.min(times.len() - 1)] / 60.0);
    match times.len() {
        0 => "-".into(),
        count => format!("{}/{}", minute(count / 2), minute(count * 95 / 100)),
    }
}

/// Allowed shares in percent: loops put back at most, honest machines put back at least, loops said to be stopped at
/// least.
fn expected(kind: Kind) -> (u64, u64, u64) {
    match kind {
        Kind::LoopBacklog => (3, 0, 70),
        Kind::LoopBacklogEarly => (3, 0, 0),
        Kind::LoopWithSchedule => (8, 0, 0),
        Kind::LoopFast | Kind::LoopRetried | Kind::LoopWithTraffic => (0, 0, 45),
        Kind::LoopSlow | Kind::LoopSlowHidden | Kind::LoopOld | Kind::LoopPolled => (3, 0, 10),
        kind if kind.is_loop() => (3, 0, 0),
        Kind::ScheduleFast => (100, 95, 0),
        Kind::ScheduleSlow => (100, 70, 0),
        Kind::OtherSource => (100, 80, 0),
        Kind::BurstGoesOn => (100, 90, 0),
        _ => (100, 0, 0),
    }
}

#[test]
fn loops_stay_off_and_honest_machines_come_back() {
    let mut wrong = Vec::new();
    println!(
        "{:<18} {:>7} {:>9} {:>8} {:>9} {:>8}",
        "", "worlds", "restored", "minutes", "stopped", "minutes"
    );
    for kind in Kind::ALL {
        let seen: Vec<Seen> =
            (0..WORLDS).filter_map(|world| run(kind, (kind as u64 + 1) * 100_000 + world)).collect();
        let worlds = seen.len().max(1) as u64;
        let restored: Vec<f64> = seen.iter().filter_map(|one| one.restored).collect();
        let stopped: Vec<f64> = seen.iter().filter_map(|one| one.stopped).collect();
        let percent = |times: &[f64]| times.len() as u64 * 100 / worlds;
        let last = |word| seen.iter().filter(|one| one.last.word() == word).count() as u64 * 100 / worlds;
        println!(
            "{:<18} {worlds:>7} {:>8}% {:>8} {:>8}% {:>8}   at last: goes on {}, partly {}, stopped {}, ended {}, not yet known {}",
            format!("{kind:?}"),
            percent(&restored),
            median_and_95th(restored.clone()),
            percent(&stopped),
            median_and_95th(stopped.clone()),
            last("goes on"),
            last("partly"),
            last("stopped"),
            last("ended"),
            last("not yet known"),
        );
        let (most, least, least_stopped) = expected(kind);
        let is_right =
            percent(&restored) <= most && percent(&restored) >= least && percent(&stopped) >= least_stopped;
        if !is_right || worlds < WORLDS / 2 {
            wrong.push(format!("{kind:?}: {}% restored, {}% stopped", percent(&restored), percent(&stopped)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
