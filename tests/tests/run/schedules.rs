//! Schedules of EventBridge Scheduler: listed with a pass over the rules, read once, kept if they cannot be read.

use super::*;
use budget_guard_core::model::{ScheduleDefinition, Target};

const FIXER: &str = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
const OTHER: &str = "arn:aws:lambda:us-east-1:123456789012:function:other";

/// World with two rules, each with a function.
fn world() -> World {
    let world = World::new(NOON);
    for (name, target) in [("fix", FIXER), ("tag", OTHER)] {
        let targets = vec![Target::new("1", target)];
        world.put_rule(&rule(name), RuleDefinition { targets, ..World::rule(RuleState::Enabled) });
    }
    world
}

/// A pass of this process over the rules, without a failure.
fn pass(guard: &Guard<World>) {
    guard.ports.advance(SignedDuration::from_mins(15));
    let (reply, summary) = run(guard.handle(&tick())).unwrap();
    reply.unwrap();
    assert_eq!((summary.failed, summary.notes), (0, Vec::<String>::new()));
}

/// Periods, in minutes, that another process has for the firings of a rule.
fn minutes(world: &World, name: &str) -> Vec<u32> {
    let guard = guard(world, "200/60s");
    run(guard.load_directory()).unwrap().unwrap();
    let limits = run(guard.limits(&rule(name))).unwrap();
    limits.schedules.into_iter().flatten().map(|period| period.get() / 60).collect()
}

#[test]
fn schedules_that_wake_a_target_are_known_with_the_next_pass() {
    let check = |change: fn(&World), fix: &[u32], tag: &[u32]| {
        let world = world();
        world.put_schedule("sweep", FIXER, "rate(5 minutes)");
        let guard = guard(&world, "200/60s");
        pass(&guard);
        assert_eq!((minutes(&world, "fix"), minutes(&world, "tag")), (vec![5], vec![]));
        world.advance(SignedDuration::from_secs(1));
        change(&world);
        pass(&guard);
        assert_eq!((&minutes(&world, "fix")[..], &minutes(&world, "tag")[..]), (fix, tag));
    };
    let definition = || ScheduleDefinition {
        expression: "rate(9 minutes)".to_owned(),
        is_flexible: false,
        target: FIXER.to_owned(),
        task_definition: None,
        begins: None,
        ends: None,
    };
    let flexible = || ScheduleDefinition { is_flexible: true, ..definition() };
    let ending = || ScheduleDefinition { ends: Some(NOON + SignedDuration::from_mins(20)), ..definition() };
    check(|_| {}, &[5], &[]);
    check(|world| world.delete_schedule("sweep"), &[], &[]);
    check(|world| world.put_schedule("sweep", FIXER, "cron(0/10 8-17 ? * MON-FRI *)"), &[10], &[]);
    check(|world| world.put_schedule("sweep", OTHER, "rate(5 minutes)"), &[], &[5]);
    check(|world| world.put_schedule("more", FIXER, "rate(1 hour)"), &[5, 60], &[]);
    check(
        |world| world.put_schedule("more", "arn:aws:sqs:us-east-1:123456789012:q", "rate(1 hour)"),
        &[5],
        &[],
    );
    check(|world| world.put_schedule("once", FIXER, "at(2026-11-20T12:30:00)"), &[5], &[]);
    let world = world();
    world.put_schedule_definition("flexible", flexible());
    world.put_schedule_definition("ending", ending());
    let guard = guard(&world, "200/60s");
    pass(&guard);
    assert_eq!(minutes(&world, "fix"), [9]);
    pass(&guard);
    assert_eq!(minutes(&world, "fix"), [0; 0], "it has ended, though nothing has changed it");
}

#[test]
fn what_is_known_is_not_read_again_and_not_written_again() {
    let world = world();
    world.put_schedule("sweep", FIXER, "rate(5 minutes)");
    world.put_schedule("of-others", "arn:aws:sqs:us-east-1:123456789012:q", "rate(5 minutes)");
    let guard = guard(&world, "200/60s");
    pass(&guard);
    let chunks = world.chunks();
    (0..3).for_each(|_| pass(&guard));
    assert_eq!((world.faults.count(Call::ListSchedules), world.faults.count(Call::ReadSchedule)), (4, 1));
    assert_eq!(world.chunks(), chunks);
    world.advance(SignedDuration::from_secs(60));
    run(guard.handle(&tick())).unwrap().0.unwrap();
    assert_eq!(world.faults.count(Call::ListSchedules), 4, "with a pass only");
}

#[test]
fn what_cannot_be_read_stays_as_it_was_known() {
    for kind in [FaultKind::Denied, FaultKind::Throttled, FaultKind::NotFound] {
        for call in [Call::ListSchedules, Call::ReadSchedule] {
            let world = world();
            world.put_schedule("sweep", FIXER, "rate(5 minutes)");
            pass(&guard(&world, "200/60s"));
            world.advance(SignedDuration::from_secs(1));
            world.put_schedule("sweep", FIXER, "rate(9 minutes)");
            world.faults.plan(call, 1, Fate::Fails(kind));
            // Another process each time: only stored knowledge remains.
            pass(&guard(&world, "200/60s"));
            assert_eq!(minutes(&world, "fix"), [5], "{kind:?} in {call:?}");
            pass(&guard(&world, "200/60s"));
            assert_eq!(minutes(&world, "fix"), [9], "{kind:?} in {call:?}");
        }
    }
}

#[test]
fn many_schedules_of_one_target_do_not_starve_another() {
    let world = world();
    (0..70).for_each(|n| world.put_schedule(&format!("reminder-{n}"), FIXER, "at(2026-11-20T12:30:00)"));
    world.put_schedule("reminder-of-five", FIXER, "rate(5 minutes)");
    world.put_schedule("sweep", OTHER, "rate(9 minutes)");
    let guard = guard(&world, "200/60s");
    let reads = |world: &World| world.faults.count(Call::ReadSchedule);
    for pass_number in 1..=5 {
        pass(&guard);
        assert_eq!(reads(&world), (pass_number * 20).min(72));
        assert_eq!(minutes(&world, "tag"), [9], "in the first pass");
    }
    assert_eq!(minutes(&world, "fix"), [5]);
}

#[test]
fn schedules_that_never_can_be_read_come_last() {
    let world = world();
    (0..30).for_each(|n| world.put_schedule(&format!("a{n:02}"), FIXER, "rate(5 minutes)"));
    world.put_schedule("z", FIXER, "rate(9 minutes)");
    let guard = guard(&world, "200/60s");
    for nth in 1..=30 {
        world.faults.plan(Call::ReadSchedule, nth, Fate::Fails(FaultKind::Denied));
    }
    pass(&guard);
    assert_eq!(minutes(&world, "fix"), [0; 0]);
    pass(&guard);
    // Ten more fail; the last one and nine of the first twenty are read.
    assert_eq!(minutes(&world, "fix"), [5, 9]);
}

#[test]
fn a_thousand_schedules_are_listed_and_no_more() {
    let world = world();
    world.set_page_size(2);
    (0..20).for_each(|n| world.put_schedule(&format!("a{n:02}"), FIXER, "rate(5 minutes)"));
    world.put_schedule("z", FIXER, "rate(9 minutes)");
    pass(&guard(&world, "200/60s"));
    assert_eq!((world.faults.count(Call::ListSchedules), minutes(&world, "fix")), (10, vec![5]));
}
