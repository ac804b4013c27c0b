//! Trials in random worlds: loops that are found, and honest machines that are not taken for loops.

use super::*;
use crate::aftermath::tests::kinds::{Kind, Prepared, prepare};
use crate::aftermath::tests::worlds::{By, World};
use crate::trial::{Suspect, Trial, TrialOutcome};
use crate::turns::Span;

/// Number of worlds of each kind.
const WORLDS: u64 = 40;
/// Longest wait for an outcome, in minutes.
const PATIENCE: i64 = 24 * 60;

fn at(second: f64) -> Timestamp {
    NOON + SignedDuration::from_secs(second as i64)
}

/// Runs the world of this kind up to a suspicion, and tries the rule. `None` if no trial can be planned.
fn tried(kind: Kind, seed: u64) -> Option<TrialOutcome> {
    let Prepared { mut world, horizon, cut_when } = prepare(kind, fastrand::Rng::with_seed(seed));
    world.run_while(horizon, |world| cut_when.holds(world), |world| world.cut.is_none());
    let began = world.cut.take()?;
    let mut own: Vec<i64> =
        world.seen.iter().filter(|(.., by)| *by == By::Own).map(|(_, second, _)| *second).collect();
    own.sort_unstable();
    let mut others: Vec<i64> =
        world.seen.iter().filter(|(.., by)| *by != By::Own).map(|(_, second, _)| *second).collect();
    others.sort_unstable();
    let span = |second: &i64| {
        let at = NOON.as_second() + second;
        Span { from: at, to: at, count: 1 }
    };
    let (own, others): (Vec<Span>, Vec<Span>) =
        (own.iter().map(span).collect(), others.iter().map(span).collect());
    let suspect = Suspect {
        own: &own,
        others: &others,
        answer: 60 + world.time_limit,
        is_direct: kind.is_direct(),
        per_minute: 1,
    };
    let mut trial = Trial::plan(Evidence::manual(), &suspect, at(began))?;
    let mut now = trial.begins.duration_since(NOON).as_secs() as f64;
    world.run(now, |_| false);
    (world.cut, trial.disabled_at) = (Some(now), Some(at(now)));
    let mut taken = world.seen.len();
    for _ in 0..PATIENCE {
        now += 60.0;
        let ends = trial.disabled_at.map(|at| trial.ends(at));
        if trial.is_off() && ends.is_some_and(|ends| at(now) >= ends) {
            (world.cut, trial.enabled_at) = (None, Some(at(now)));
        }
        world.run(now, |_| false);
        taken = note(&world, &mut trial, taken);
        let outcome = trial.judge(at(now));
        if outcome != TrialOutcome::Open {
            return Some(outcome);
        }
    }
    Some(TrialOutcome::Open)
}

/// Notes the events that have arrived. Returns their number.
fn note(world: &World, trial: &mut Trial, taken: usize) -> usize {
    for (_, second, by) in &world.seen[taken..] {
        trial.note(NOON + SignedDuration::from_secs(*second), *by == By::Own);
    }
    world.seen.len()
}

#[test]
fn trials_find_loops_and_spare_honest_machines() {
    // Loops found at least, loops said to be honest at most, honest machines said to be loops at most, in percent.
    let check = |kind: Kind, found: usize, wrong: usize| {
        let outcomes: Vec<TrialOutcome> =
            (0..WORLDS).filter_map(|seed| tried(kind, (kind as u64 + 1) * 1_000 + seed)).collect();
        let percent = |outcome: TrialOutcome| {
            outcomes.iter().filter(|one| **one == outcome).count() * 100 / outcomes.len().max(1)
        };
        let (loops, honest) = (percent(TrialOutcome::Loop), percent(TrialOutcome::Honest));
        println!(
            "{:<18} {:>3} tried: loop {loops} %, honest {honest} %, untold {} %",
            format!("{kind:?}"),
            outcomes.len(),
            percent(TrialOutcome::Untold)
        );
        let (right, false_answer) = if kind.is_loop() { (loops, honest) } else { (honest, loops) };
        assert!(right >= found && false_answer <= wrong, "{kind:?}: {loops} % loop, {honest} % honest");
    };
    check(Kind::LoopFast, 60, 3);
    // Runs that fail are tried again for minutes, so few of these loops fall silent in time.
    check(Kind::LoopRetried, 5, 8);
    check(Kind::LoopOld, 50, 3);
    check(Kind::ScheduleFast, 60, 3);
    check(Kind::OtherSource, 30, 3);
    // A suspect of several turns at once is not told apart, and never said to be honest.
    check(Kind::LoopSlow, 0, 0);
}
