//! Many rules at once, in virtual time: each call takes as long as on a slow day, and the invocation has an end.

use super::*;
use budget_guard_tests::busy::{Busy, MINUTE, batch, slow_day, throttled_store, tick};

const INGEST: SignedDuration = SignedDuration::from_secs(30);

#[test]
fn a_tick_over_150_cut_rules_checks_all_and_refreshes_the_directory_first() {
    let busy = Busy::cut(150);
    busy.world.slow_down(slow_day);
    let began = busy.world.now();
    let (_, summary, took) = busy.handle(&tick(), MINUTE);
    assert_eq!((busy.checked(began), summary.postponed, summary.failed), (150, 0, 0));
    assert!(took < 30.0, "{took} s");
    let log = busy.world.faults.log();
    let last_of = |wanted: Call| log.iter().rposition(|call| *call == wanted);
    assert!(last_of(Call::List) < last_of(Call::Inspect), "the directory does not wait for cut rules");
}

#[test]
fn what_does_not_fit_into_a_tick_is_done_by_the_next_ones() {
    for (rules, takes, ticks) in
        [(1_000, slow_day as fn(Call) -> SignedDuration, 3), (300, throttled_store, 5)]
    {
        let busy = Busy::cut(rules);
        busy.world.slow_down(takes);
        let began = busy.world.now();
        let postponed: Vec<u64> = (0..ticks).map(|_| busy.tick().0.postponed).collect();
        assert!(postponed[0] > 0, "{postponed:?}");
        assert_eq!(busy.checked(began), rules, "left over: {postponed:?}");
    }
}

#[test]
fn sixty_trips_at_once_take_a_part_of_the_time_and_few_writes_of_the_directory() {
    let busy = Busy::enabled(60);
    busy.world.slow_down(slow_day);
    let before = busy.world.faults.count(Call::SaveHead);
    let (failed, summary, took) = busy.handle(&batch(&busy.firings()), INGEST);
    assert_eq!((failed.len(), summary.tripped.len(), summary.postponed), (0, 60, 0));
    assert!(took < 15.0, "{took} s");
    let writes = busy.world.faults.count(Call::SaveHead) - before;
    assert!(
        writes <= 2,
        "{writes} writes of the directory: of targets that were not read yet, and of all states"
    );
    assert!(busy.rules.iter().all(|rule| busy.world.rule_state(rule) == Some(RuleState::Disabled)));
}

#[test]
fn what_does_not_fit_into_a_batch_comes_again_or_is_finished_by_the_tick() {
    let busy = Busy::enabled(200);
    busy.world.slow_down(throttled_store);
    let (mut left, mut failed, mut postponed) = (busy.firings(), Vec::new(), 0);
    while !left.is_empty() {
        let (ids, summary, _) = busy.handle(&batch(&left), INGEST);
        left = ids.iter().map(|id| left[id.parse::<usize>().unwrap()].clone()).collect();
        failed.push(left.len());
        postponed += summary.postponed;
        assert!(failed.len() < 10, "{failed:?}");
    }
    assert!(failed.len() > 1 && postponed > 0, "{failed:?}, {postponed}");
    (0..5).for_each(|_| drop(busy.tick()));
    let is_cut = |rule: &&RuleArn| busy.world.rule_state(rule) == Some(RuleState::Disabled);
    assert_eq!(busy.rules.iter().filter(is_cut).count(), 200);
    assert_eq!(busy.world.broken_promises(), Vec::<String>::new());
}

#[test]
fn a_changed_tag_costs_a_few_write_units() {
    let busy = Busy::enabled(280);
    let chunks = busy.world.faults.count(Call::SaveChunk);
    let units = busy.change_tag();
    assert_eq!(busy.world.faults.count(Call::SaveChunk) - chunks, 1);
    assert!(units <= 12, "{units} write units");
}

#[test]
fn a_function_with_a_short_timeout_still_cuts() {
    let busy = Busy::enabled(1);
    busy.world.slow_down(slow_day);
    let (_, summary, _) = busy.handle(&batch(&busy.firings()), SignedDuration::from_secs(5));
    assert_eq!((summary.tripped.len(), summary.postponed), (1, 0));
    assert_eq!(busy.world.rule_state(&busy.rules[0]), Some(RuleState::Disabled));
}
