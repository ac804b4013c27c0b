//! Refresh of the directory by the tick: at a limited rate, page by page, through failures, one process at a time.

use super::*;
use budget_guard_core::ports::Clock;

fn definition() -> RuleDefinition {
    World::rule(RuleState::Enabled)
}

fn world_of(paths: impl IntoIterator<Item = String>) -> World {
    let world = World::new(NOON);
    paths.into_iter().for_each(|path| world.put_rule(&rule(&path), definition()));
    world
}

fn ticked(guard: &Guard<World>) -> Summary {
    let (reply, summary) = run(guard.handle(&tick())).unwrap();
    reply.unwrap();
    summary
}

/// Number of stored rules, and of those with targets and tags.
fn stored(world: &World) -> (usize, usize) {
    let guard = guard(world, "200/60s");
    let Some(stored) = run(guard.load_directory()).unwrap().unwrap() else { return (0, 0) };
    let entries = stored.directory.entries();
    (entries.len(), entries.values().filter(|entry| entry.details_at.is_some()).count())
}

/// Number of rules with targets and tags read since this time.
fn read_since(world: &World, since: Timestamp) -> usize {
    let stored = run(guard(world, "200/60s").load_directory()).unwrap().unwrap().unwrap();
    stored.directory.entries().values().filter(|entry| entry.details_at >= Some(since)).count()
}

fn asked(world: &World) -> usize {
    [Call::Buses, Call::List, Call::ListTargets, Call::Tags, Call::Inspect]
        .map(|call| world.faults.count(call))
        .iter()
        .sum()
}

#[test]
fn a_tick_asks_a_hundred_times_at_most_five_times_a_second() {
    let world = world_of((0..250).map(|n| format!("r{n}")));
    let guard = guard(&world, "200/60s");
    let mut known = 0;
    for n in 1..=6 {
        let (before, began) = (asked(&world), world.now());
        ticked(&guard);
        let (calls, took) = (asked(&world) - before, world.now().duration_since(began).as_millis());
        assert!(calls <= 100, "tick {n}: {calls} calls");
        assert!(took >= (calls as i128 - 2) * 200 && took <= 20_000, "tick {n}: {calls} calls in {took} ms");
        let (rules, details) = stored(&world);
        assert_eq!(rules, 250, "the lists come first");
        assert!(details > known || details == 250, "tick {n}: {details}");
        known = details;
        world.advance(SignedDuration::from_secs(40));
    }
    assert_eq!(known, 250);
    let before = asked(&world);
    ticked(&guard);
    assert_eq!(asked(&world), before, "nothing is due");
    world.advance(SignedDuration::from_mins(15));
    ticked(&guard);
    assert_eq!(asked(&world) - before, 4, "one page of buses, three of rules");
}

#[test]
fn many_buses_and_pages_are_read_over_several_ticks() {
    let custom = (0..130).map(|n| format!("bus-{n:03}/r"));
    let world = world_of(custom.chain((0..7).map(|n| format!("r{n}"))));
    world.set_page_size(3);
    let guard = guard(&world, "200/60s");
    let mut ticks = 0;
    while stored(&world) != (137, 137) {
        ticked(&guard);
        world.advance(SignedDuration::from_secs(40));
        ticks += 1;
        assert!(ticks < 40, "{:?}", stored(&world));
        let usable = run(guard.load_directory()).unwrap().unwrap().unwrap().is_usable();
        assert!(usable, "the default bus comes first");
    }
    // Deleted rules are gone after the next pass.
    world.delete_rule(&rule("bus-129/r"));
    world.delete_rule(&rule("r3"));
    world.advance(SignedDuration::from_mins(15));
    (0..10).for_each(|_| {
        ticked(&guard);
        world.advance(SignedDuration::from_secs(40));
    });
    assert_eq!(stored(&world).0, 135);
}

#[test]
fn a_bus_too_large_for_one_tick_is_read_on_in_the_middle() {
    let world = world_of((0..230).map(|n| format!("r{n:03}")));
    world.set_page_size(1);
    let guard = guard(&world, "200/60s");
    let usable = || run(guard.load_directory()).unwrap().unwrap().unwrap().is_usable();
    ticked(&guard);
    assert!(!usable() && stored(&world).0 < 100);
    for _ in 0..3 {
        world.advance(SignedDuration::from_secs(40));
        ticked(&guard);
    }
    assert!(usable());
    assert_eq!(stored(&world).0, 230);
}

#[test]
fn whatever_fails_the_old_directory_holds_and_the_next_tick_goes_on() {
    for call in [Call::Buses, Call::List, Call::ListTargets, Call::Tags] {
        for (kind, nth) in [FaultKind::Throttled, FaultKind::Denied, FaultKind::Timeout]
            .into_iter()
            .flat_map(|kind| [(kind, 1), (kind, 2)])
        {
            let story = format!("{kind:?} in call {nth} of {call:?}");
            let world = world_of(["a", "b", "orders/c"].map(str::to_owned));
            let guard = guard(&world, "200/60s");
            ticked(&guard);
            assert_eq!(stored(&world), (3, 3), "{story}");
            world.put_rule(&rule("d"), definition());
            world.advance(SignedDuration::from_hours(6));
            world.faults.plan(call, nth, Fate::Fails(kind));
            let told = ticked(&guard).notes;
            let is_about_a_rule = matches!(call, Call::ListTargets | Call::Tags);
            let is_told = nth == 1 || call != Call::Buses;
            if is_about_a_rule {
                assert!(told.is_empty(), "{story}: {told:?}");
            } else if is_told {
                assert!(
                    told.iter().any(|note| note.contains("what was known before holds")),
                    "{story}: {told:?}"
                );
            }
            assert!(stored(&world).0 >= 3, "{story}");
            world.faults.clear();
            world.advance(SignedDuration::from_secs(3_660));
            ticked(&guard);
            assert_eq!(stored(&world), (4, 4), "{story}");
        }
    }
}

#[test]
fn a_rule_that_cannot_be_read_keeps_nobody_from_the_others() {
    let check = |failing: &[u32], expected: usize| {
        let world = world_of((0..6).map(|n| format!("r{n}")));
        failing
            .iter()
            .for_each(|nth| world.faults.plan(Call::ListTargets, *nth, Fate::Fails(FaultKind::Other)));
        ticked(&guard(&world, "200/60s"));
        assert_eq!(stored(&world), (6, expected), "{failing:?}");
    };
    check(&[1], 5);
    check(&[1, 2, 4, 6], 2);
    // Three failures in a row are a failure of the API, and not of single rules.
    check(&[2, 3, 4], 1);
}

#[test]
fn rules_that_never_can_be_read_do_not_starve_the_others() {
    let check = |failing: usize, kind: FaultKind, note: Option<&str>| {
        let world = world_of((0..9).map(|n| format!("r{n}")));
        for n in 0..failing {
            world.faults.always(Call::ListTargets, &rule(&format!("r{n}")), kind);
        }
        let mut notes = Vec::new();
        for _ in 0..3 {
            notes.extend(ticked(&guard(&world, "200/60s")).notes);
            world.advance(SignedDuration::from_secs(40));
        }
        assert_eq!(stored(&world), (9, 9 - failing), "{failing} {kind:?}");
        assert_eq!(notes.first().map(|note| note.split(',').next().unwrap()), note, "{failing} {kind:?}");
        // Nor later, when all are due again.
        world.advance(SignedDuration::from_hours(6));
        let due = world.now();
        (0..3).for_each(|_| {
            ticked(&guard(&world, "200/60s"));
            world.advance(SignedDuration::from_secs(40));
        });
        assert_eq!(read_since(&world, due), 9 - failing, "{failing} {kind:?}");
    };
    let told = Some("targets and tags of some rules were not read");
    check(2, FaultKind::Throttled, None);
    check(3, FaultKind::Throttled, told);
    check(5, FaultKind::Other, told);
    check(8, FaultKind::Managed, None);
    check(8, FaultKind::Denied, None);
}

#[test]
fn wherever_the_process_dies_the_next_one_goes_on() {
    for call in [
        Call::Buses,
        Call::List,
        Call::Tags,
        Call::ListSchedules,
        Call::Head,
        Call::SaveHead,
        Call::SaveChunk,
        Call::DeleteChunk,
    ] {
        for nth in 1..=3 {
            for fate in [Fate::DiesBefore, Fate::DiesAfter, Fate::ReplyLost] {
                let story = format!("{fate:?} call {nth} of {call:?}");
                let world = world_of(["a", "b", "orders/c"].map(str::to_owned));
                world.faults.plan(call, nth, fate);
                let _ = run(guard(&world, "200/60s").handle(&tick()));
                world.faults.clear();
                for _ in 0..3 {
                    world.advance(SignedDuration::from_secs(61));
                    ticked(&guard(&world, "200/60s"));
                }
                assert_eq!(stored(&world), (3, 3), "{story}");
                let left = world.chunks().len();
                world.expire_chunks(world.now() + SignedDuration::from_hours(6 * 24));
                assert_eq!(stored(&world), (3, 3), "{story}: of {left} chunks, those in use last a week");
            }
        }
    }
}

#[test]
fn one_process_refreshes_at_a_time() {
    let world = world_of((0..20).map(|n| format!("r{n}")));
    let guards: Vec<Guard<World>> = (0..5).map(|_| guard(&world, "200/60s")).collect();
    let payload = tick();
    let all = guards.iter().map(|guard| guard.handle(&payload));
    run(futures_util::future::join_all(all)).unwrap();
    assert_eq!((world.faults.count(Call::Buses), stored(&world)), (1, (20, 20)));
}

#[test]
fn chunks_that_expired_are_built_anew() {
    let world = world_of(["a".to_owned()]);
    ticked(&guard(&world, "200/60s"));
    world.advance(SignedDuration::from_hours(8 * 24));
    world.expire_chunks(world.now());
    assert!(run(guard(&world, "200/60s").load_directory()).unwrap().is_err());
    ticked(&guard(&world, "200/60s"));
    assert_eq!(stored(&world), (1, 1));
    // Chunks in use are written again each day.
    for _ in 0..20 {
        world.advance(SignedDuration::from_hours(12));
        ticked(&guard(&world, "200/60s"));
        world.expire_chunks(world.now());
        assert_eq!(stored(&world), (1, 1));
    }
    assert_eq!(world.chunks().len(), 1, "and nothing is left behind");
}
