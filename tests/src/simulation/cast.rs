//! Rules of a world: some are in every world, others are drawn.

use budget_guard_core::model::{RuleArn, RuleDefinition, RuleState};

use super::machines::{Machine, Nature, Reply};

/// Change of the rule's definition.
type Edit = fn(&mut RuleDefinition);
type Cast = Vec<(Machine, Edit)>;

/// Rules of the world of this seed. People act until `end`.
pub fn of(seed: u64, rng: &mut fastrand::Rng, end: i64) -> Cast {
    let mut cast = Vec::new();
    everywhere(&mut cast, rng, end);
    // A generator of its own, so that the drawn rules do not change the rest of the world.
    let mut rng = fastrand::Rng::with_seed(seed ^ 0xec40);
    let mut drawn: [fn(&mut Cast, &mut fastrand::Rng, i64); 10] =
        [slow_loop, ring, tagger, tug_of_war, chain, scheduled, bulk_job, fan_out, retried, neighbours];
    rng.shuffle(&mut drawn);
    drawn.iter().take(3).for_each(|add| add(&mut cast, &mut rng, end));
    cast
}

/// Loops that only their rate reveals, in modes that allow a cut and that do not, and an honest rule.
fn everywhere(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let turn_ms = rng.i64(150..2_500);
    let mut add = |path: &str, turn_ms: i64, is_enforced: bool, edit: Edit| {
        let place = cast.len();
        let mut machine = machine(path, Nature::Loop, Some(Reply::to_all(place, turn_ms)));
        (machine.is_enforced, machine.names_resource) = (is_enforced, false);
        machine.people = vec![(rng.i64(0..end / 3), 0)];
        cast.push((machine, edit));
    };
    add("orders/fix", turn_ms, true, |_| {});
    add("third", 700, true, |rule| rule.state = RuleState::EnabledWithAllCloudtrailManagementEvents);
    add("watched", 200, false, |rule| {
        rule.tags.insert("budget-guard:mode".into(), "observe".into());
    });
    add("managed", 200, false, |rule| rule.managed_by = Some("x.amazonaws.com".into()));
    add("budget-guard-tick", 200, false, |_| {});

    let mut honest = machine("fix", Nature::Honest, None);
    honest.names_resource = false;
    honest.always = 2;
    // At most two a minute, which is below a quarter of the limit in any window.
    honest.people = every(30_000, end, rng, |_| 0);
    cast.push((honest, |_| {}));
}

/// Loop with a target that answers each firing by the call that fires the rule, below any rate limit.
fn slow_loop(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let reply = Reply::to_all(cast.len(), rng.i64(15_000..40_000));
    let mut machine = machine("slow", Nature::Loop, Some(reply));
    machine.varies = rng.bool();
    machine.people = vec![(begins(rng, end), 0)];
    cast.push((machine, |_| {}));
}

/// Two rules that fire each other.
fn ring(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let (first, second) = (cast.len(), cast.len() + 1);
    let mut half_turn = || rng.i64(8_000..20_000);
    let mut first_one = machine("ring-a", Nature::Loop, Some(Reply::to_all(second, half_turn())));
    let goes_on = machine("ring-b", Nature::Loop, Some(Reply::to_all(first, half_turn())));
    first_one.people = vec![(begins(rng, end), 0)];
    cast.extend([(first_one, (|_| {}) as Edit), (goes_on, |_| {})]);
}

/// Honest: people create one resource after the other, and the target tags each once.
fn tagger(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let mut machine = machine("tagger", Nature::Honest, Some(Reply::to_people(cast.len(), rng)));
    machine.people = every(20_000, end, rng, |n| n);
    machine.always = 6;
    cast.push((machine, |_| {}));
}

/// Honest: people change one resource again and again, and the target corrects it each time by the same call.
fn tug_of_war(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let mut machine = machine("tug", Nature::Honest, Some(Reply::to_people(cast.len(), rng)));
    machine.people = every(15_000, end, rng, |_| 0);
    machine.always = 8;
    cast.push((machine, |_| {}));
}

/// Honest: a schedule starts the target every minute or every five, and it makes the call that fires the rule. People
/// call too.
fn scheduled(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let mut machine = machine("scheduled", Nature::Honest, Some(Reply::to_people(cast.len(), rng)));
    let period = if rng.bool() { 60_000 } else { 300_000 };
    machine.by_itself = (1..).map(|n| n * period + 5_000).take_while(|at| *at < end).collect();
    machine.people = every(97_000, end, rng, |_| 0);
    machine.always = 3;
    cast.push((machine, |_| {}));
}

/// Honest: one person makes many calls at once, and the target answers each.
fn bulk_job(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let mut machine = machine("bulk", Nature::Honest, Some(Reply::to_people(cast.len(), rng)));
    let from = rng.i64(end / 3..end * 2 / 3);
    machine.people = (0..40).map(|n| (from + i64::from(n) * 400, n as usize)).collect();
    cast.push((machine, |_| {}));
}

/// Honest: the target answers one call by six, and does not answer its own.
fn fan_out(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let mut machine = machine("fan-out", Nature::Honest, Some(Reply::to_people(cast.len(), rng)));
    (machine.fan_out, machine.varies, machine.always) = (6, true, 4);
    machine.people = every(90_000, end, rng, |_| 0);
    cast.push((machine, |_| {}));
}

/// Honest: the target fails twice after its call, and Lambda runs it again after one and after two minutes.
fn retried(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let mut machine = machine("retried", Nature::Honest, Some(Reply::to_people(cast.len(), rng)));
    (machine.fan_out, machine.apart_ms, machine.always) = (3, 60_000, 3);
    machine.people = every(60_000, end, rng, |_| 0);
    cast.push((machine, |_| {}));
}

/// A loop, and a rule that matches the same calls and answers none.
fn neighbours(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let (bystander, culprit) = (cast.len(), cast.len() + 1);
    cast.push((machine("neighbour", Nature::Honest, None), |_| {}));
    let mut loops = machine("culprit", Nature::Loop, Some(Reply::to_all(culprit, rng.i64(3_000..20_000))));
    (loops.neighbour, loops.people) = (Some(bystander), vec![(begins(rng, end), 0)]);
    cast.push((loops, |_| {}));
}

/// Three rules, each firing the next; the last one fires nothing.
fn chain(cast: &mut Cast, rng: &mut fastrand::Rng, end: i64) {
    let first = cast.len();
    for (n, name) in ["chain-a", "chain-b", "chain-c"].into_iter().enumerate() {
        let next = (n < 2).then(|| Reply::to_all(first + n + 1, rng.i64(300..5_000)));
        let mut machine = machine(name, Nature::Honest, next);
        machine.always = 2;
        if n == 0 {
            machine.people = every(30_000, end, rng, |n| n % 2);
        }
        cast.push((machine, |_| {}));
    }
}

/// Start of the loops that are judged by their callers. It follows the reading of the actors, because own calls before
/// that count as reasons.
fn begins(rng: &mut fastrand::Rng, end: i64) -> i64 {
    rng.i64(end / 4..end / 2)
}

fn every(apart: i64, end: i64, rng: &mut fastrand::Rng, thing: impl Fn(usize) -> usize) -> Vec<(i64, usize)> {
    (0..)
        .map(|n| n * apart + rng.i64(0..apart / 8))
        .take_while(|at| *at < end)
        .zip((0..).map(thing))
        .collect()
}

fn machine(path: &str, nature: Nature, reply: Option<Reply>) -> Machine {
    let rule: RuleArn = format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse().expect("an ARN");
    Machine {
        rule,
        nature,
        reply,
        is_enforced: true,
        names_resource: true,
        varies: false,
        people: Vec::new(),
        by_itself: Vec::new(),
        fan_out: 1,
        apart_ms: 1_000,
        neighbour: None,
        always: 0,
        arrivals: Vec::new(),
        fired: Vec::new(),
    }
}

impl Reply {
    fn to_all(fires: usize, after_ms: i64) -> Self {
        Self { fires, after_ms, to_targets: true }
    }

    fn to_people(fires: usize, rng: &mut fastrand::Rng) -> Self {
        Self { fires, after_ms: rng.i64(300..5_000), to_targets: false }
    }
}
