//! Overspent budgets that several instances record at once, and that end while calls fail. Each change is reported.

use super::cost::{blue, hand_over, notice, overspent_count, slow_loop, told};
use std::sync::{Arc, Mutex};

use super::*;
use budget_guard_core::alerts::{AlertJson, BudgetOutcome};
use budget_guard_core::model::{AlertBasis, NotificationState, Threshold};

/// World with an overspent budget in effect.
fn overspent() -> World {
    let world = World::new(NOON);
    world.put_budget(blue(NotificationState::Alarm));
    hand_over(&world, &batch([notice().as_str()])).0.unwrap();
    assert_eq!((overspent_count(&world), told(&world)), (1, vec![BudgetOutcome::Pressure]));
    world
}

fn of(world: &World, outcome: BudgetOutcome) -> Vec<AlertJson> {
    world.budget_alerts().into_iter().filter(|alert| alert.outcome == Some(outcome)).collect()
}

/// Checks that the effect is over, and that its end was reported if its start was.
fn assert_ended(world: &World, outcome: BudgetOutcome, story: &str) {
    assert_eq!(overspent_count(world), 0, "{story}");
    let ends = of(world, outcome);
    let is_one = ends.iter().all(|alert| alert.dedup_id == ends[0].dedup_id);
    assert!(!ends.is_empty() && is_one, "{story}: {ends:?}");
    let quiet = world.budget_alerts().len();
    world.advance(SignedDuration::from_mins(11));
    hand_over(world, &tick()).0.unwrap();
    assert_eq!(world.budget_alerts().len(), quiet, "{story}: it comes to rest");
}

const FATES: [Fate; 4] =
    [Fate::Fails(FaultKind::Throttled), Fate::ReplyLost, Fate::DiesBefore, Fate::DiesAfter];

#[test]
fn whatever_fails_on_the_way_people_hear_that_the_budget_is_ok_again() {
    for call in [Call::Budget, Call::LoadPressure, Call::SavePressure, Call::Publish] {
        for nth in 1..=7 {
            for fate in FATES {
                let story = format!("{fate:?} in call {nth} of {call:?}");
                let world = overspent();
                world.put_budget(blue(NotificationState::Ok));
                world.advance(SignedDuration::from_mins(11));
                world.faults.plan(call, nth, fate);
                let _ = run(guard(&world, "200/60s").handle(&tick()));
                world.faults.clear();
                for _ in 0..2 {
                    world.advance(SignedDuration::from_mins(11));
                    hand_over(&world, &tick()).0.unwrap();
                }
                assert_ended(&world, BudgetOutcome::Eased, &story);
            }
        }
    }
}

#[test]
fn whatever_fails_on_the_way_people_hear_what_a_person_has_ended() {
    for call in [Call::LoadPressure, Call::SavePressure, Call::Publish] {
        for nth in 1..=4 {
            for fate in FATES {
                let story = format!("{fate:?} in call {nth} of {call:?}");
                let world = overspent();
                world.faults.plan(call, nth, fate);
                let cleared = run(guard(&world, "200/60s").clear_pressure("a migration"));
                world.faults.clear();
                // Without a reply, the person repeats the command.
                if !matches!(cleared, Some(Ok(_))) {
                    run(guard(&world, "200/60s").clear_pressure("a migration")).unwrap().unwrap();
                }
                for _ in 0..2 {
                    world.advance(SignedDuration::from_secs(61));
                    hand_over(&world, &tick()).0.unwrap();
                }
                assert_ended(&world, BudgetOutcome::Cleared, &story);
            }
        }
    }
}

/// Subscriber that keeps the logged errors.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

impl tracing::field::Visit for Errors {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "fault" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

impl tracing::Subscriber for Errors {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::ERROR
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn each_part_that_fails_is_in_the_log() {
    let world = overspent();
    // The calls in order: asking again, ending, reporting, logging an end by a person, publishing. The first is
    // returned.
    for nth in [1, 3, 5] {
        world.faults.plan(Call::LoadPressure, nth, Fate::Fails(FaultKind::Throttled));
    }
    let errors = Errors::default();
    let mut summary = Summary::default();
    let tended = tracing::subscriber::with_default(errors.clone(), || {
        run(guard(&world, "200/60s").follow_up_budgets(&mut summary)).unwrap()
    });
    assert!(tended.is_err());
    assert_eq!(*errors.0.lock().unwrap(), ["LoadPressure fails as planned"; 2]);
}

#[test]
fn who_clears_is_told_if_others_are_not_told_yet() {
    let world = overspent();
    world.faults.plan(Call::Publish, 1, Fate::Fails(FaultKind::Denied));
    let cleared = run(guard(&world, "200/60s").clear_pressure("a migration")).unwrap().unwrap();
    let untold = cleared.untold.map(|fault| fault.kind);
    assert_eq!((cleared.budgets.len(), untold), (1, Some(FaultKind::Denied)));
    assert_eq!((overspent_count(&world), of(&world, BudgetOutcome::Cleared).len()), (0, 0));
    world.advance(SignedDuration::from_secs(61));
    hand_over(&world, &tick()).0.unwrap();
    assert_eq!(of(&world, BudgetOutcome::Cleared).len(), 1);
    // There is nothing left to clear.
    let again = run(guard(&world, "200/60s").clear_pressure("a migration")).unwrap().unwrap();
    assert!(again.budgets.is_empty() && again.untold.is_none());
}

#[test]
fn who_clears_hears_that_others_may_be_told_twice() {
    // Saved in order: the end, the instance that publishes, and the publication.
    for (nth, is_told) in [(2, false), (3, true)] {
        let world = overspent();
        world.faults.plan(Call::SavePressure, nth, Fate::Fails(FaultKind::Denied));
        let cleared = run(guard(&world, "200/60s").clear_pressure("a migration")).unwrap().unwrap();
        let kinds = [cleared.untold, cleared.unnoted].map(|fault| fault.map(|fault| fault.kind));
        let denied = Some(FaultKind::Denied);
        assert_eq!(kinds, if is_told { [None, denied] } else { [denied, None] }, "save {nth}");
        assert_eq!(of(&world, BudgetOutcome::Cleared).len(), usize::from(is_told), "save {nth}");
        world.advance(SignedDuration::from_secs(61));
        hand_over(&world, &tick()).0.unwrap();
        assert_eq!(of(&world, BudgetOutcome::Cleared).len(), 1 + usize::from(is_told), "save {nth}");
    }
}

#[test]
fn a_tick_beside_the_person_who_clears_tells_nobody_twice() {
    let world = overspent();
    let guards: Vec<Guard<World>> = (0..4).map(|_| guard(&world, "200/60s")).collect();
    let payload = tick();
    let ticks = futures_util::future::join_all(guards[1..].iter().map(|guard| guard.handle(&payload)));
    let (cleared, ticked) =
        run(futures_util::future::join(guards[0].clear_pressure("a migration"), ticks)).unwrap();
    assert_eq!(cleared.unwrap().budgets.len(), 1);
    ticked.into_iter().for_each(|(reply, _)| drop(reply.unwrap()));
    assert_ended(&world, BudgetOutcome::Cleared, "side by side");
    assert_eq!(of(&world, BudgetOutcome::Cleared).len(), 1);
}

#[test]
fn instances_that_get_the_same_notification_at_once_cut_once_and_tell_once() {
    for instances in [2, 3, 10] {
        let world = World::new(NOON);
        let suspect = slow_loop(&world, "suspect", 0);
        slow_loop(&world, "busy", 3);
        world.put_budget(blue(NotificationState::Alarm));
        world.faults.clear();
        let disabled = world.faults.count(Call::Disable);
        let guards: Vec<Guard<World>> = (0..instances).map(|_| guard(&world, "200/60s")).collect();
        let payload = batch([notice().as_str()]);
        let all = futures_util::future::join_all(guards.iter().map(|guard| guard.handle(&payload)));
        for (reply, summary) in run(all).unwrap() {
            reply.unwrap();
            assert_eq!(summary.failed, 0, "{instances}: {:?}", summary.notes);
        }
        assert_eq!(world.faults.count(Call::Disable) - disabled, 1, "{instances}");
        assert_eq!(world.rule_state(&suspect), Some(RuleState::Disabled), "{instances}");
        let tripped = world.alerts().into_iter().filter(|alert| alert.kind == AlertKind::Tripped);
        assert_eq!(tripped.count(), 1, "{instances}");
        let [alert] = &of(&world, BudgetOutcome::Pressure)[..] else {
            panic!("{instances}: {:?}", told(&world))
        };
        assert_eq!((alert.cut.len(), alert.ranking.len()), (1, 1), "{instances}");
        assert!(world.conflicts() > 0, "{instances}: there was a race");
        assert_eq!(world.broken_promises(), Vec::<String>::new());
    }
}

#[test]
fn actual_after_forecasted_is_the_same_story() {
    let notice = |basis: &str| {
        let text = format!("Budget Name: blue\nAlert Type: {basis}\n");
        json!({"Type": "Notification", "MessageId": basis, "TopicArn": "arn:t", "Message": text}).to_string()
    };
    let both = |actual: NotificationState| {
        let mut status = blue(actual);
        let mut forecasted = status.notifications[0].clone();
        forecasted.basis = AlertBasis::Forecasted;
        forecasted.threshold = Threshold::Percentage(100_000_000);
        forecasted.state = Some(NotificationState::Alarm);
        status.notifications.push(forecasted);
        status
    };
    let world = World::new(NOON);
    let suspect = slow_loop(&world, "suspect", 0);
    world.put_budget(both(NotificationState::Ok));
    hand_over(&world, &batch([notice("FORECASTED").as_str()])).0.unwrap();
    assert_eq!(world.rule_state(&suspect), Some(RuleState::Disabled));
    let since = world.pressure().unwrap().budgets()[0].since;
    world.advance(SignedDuration::from_mins(5));
    world.put_budget(both(NotificationState::Alarm));
    for basis in ["ACTUAL", "FORECASTED", "ACTUAL"] {
        hand_over(&world, &batch([notice(basis).as_str()])).0.unwrap();
    }
    assert_eq!((world.faults.count(Call::Disable), told(&world).len()), (1, 1));
    let pressure = world.pressure().unwrap();
    let [overspent] = pressure.budgets() else { panic!("{pressure:?}") };
    assert_eq!(
        (overspent.basis, overspent.since),
        (AlertBasis::Actual, since),
        "the numbers of now, the story of then"
    );
}
