//! Found by attack: stories that once ended badly.

use super::*;

fn denied() -> Fault {
    Fault::new(FaultKind::Denied, "AccessDeniedException: no")
}

#[test]
fn disabling_while_restoring_keeps_what_was_found() {
    let mut story = Story::cut();
    story.step(&[Observation::Order(ENABLE)]);
    story.step(&[Observation::Attended(ENABLE), Observation::Answer(Answer::Restored(Err(denied())))]);
    assert!(matches!(story.record.breaker, Breaker::Restoring { .. }));
    story.later(120).step(&[Observation::Order(Order::Disable { reason: "keep it off".into() })]);
    story.step(&[inspected(found(RuleState::Disabled))]);
    assert_ne!(
        story.record.breaker,
        Breaker::Closed,
        "the rule is off by the guard, and its cut is forgotten"
    );
}

#[test]
fn a_firing_that_was_on_its_way_is_no_proof_that_the_rule_is_enabled() {
    let mut story = Story::cut();
    story.later(20).step(&[Observation::Order(ENABLE)]);
    // DisableRule propagates for up to 5 minutes: still a firing, 2 s after `enable` began.
    story.later(3).step(&[firing(50, 22)]);
    story.step(&[Observation::Attended(ENABLE), Observation::Answer(Answer::Restored(Err(denied())))]);
    let plan = story.later(60).step(&[Observation::Order(ENABLE)]);
    assert_eq!(plan.refused, None, "{:?}", story.record.breaker);
}

#[test]
fn a_rule_created_again_under_its_old_name_is_cut() {
    let (mut story, _) = Story::tripped(Mode::Enforce);
    story.step(&[Observation::Answer(Answer::Inspected(Err(Fault::new(FaultKind::NotFound, "gone"))))]);
    story.publish();
    story.later(600);
    let plan = story.step(&[firing(11, 600), firing(12, 600), firing(13, 600), firing(14, 600)]);
    assert_eq!(plan.tally.trips, 1, "re-created under its old name, it loops: {:?}", story.record.quiet);
}

#[test]
fn an_interrupted_restore_is_mentioned() {
    let mut story = Story::cut();
    story.step(&[Observation::Order(ENABLE)]);
    story.step(&[Observation::Attended(ENABLE), Observation::Answer(Answer::Restored(Err(denied())))]);
    story.publish();
    let mut kinds = Vec::new();
    for _ in 0..60 {
        let plan = story.later(86_400).step(&[Observation::Tick]);
        if let Some(action) = plan.next {
            kinds.push(format!("{action:?}").chars().take(30).collect::<String>());
        }
        kinds.extend(story.publish().iter().map(|a| a.reason.clone()));
    }
    assert!(!kinds.is_empty(), "60 days off, in silence: {}", story.record.breaker);
}

#[test]
fn a_loop_that_cannot_be_cut_is_mentioned_every_day() {
    let (mut story, _) = Story::tripped(Mode::Enforce);
    let mut alerts = 0;
    for _ in 0..(24 * 60 * 3) {
        story.step(&[Observation::Answer(Answer::Inspected(Err(denied())))]);
        alerts += story.publish().len();
        story.later(61).step(&[Observation::Tick]);
    }
    assert!(alerts > 1, "three days uncut, {alerts} alert");
}

#[test]
fn an_event_time_in_the_future_is_no_late_firing() {
    let mut story = Story::cut();
    story.later(1).step(&[firing(60, 3_600)]);
    let Breaker::Open(cut) = &story.record.breaker else { panic!() };
    assert_eq!(cut.disabled().and_then(|disabled| disabled.fired_at), None, "fired in an hour, it says");
}

#[test]
fn alerts_that_nobody_takes_do_not_pile_up() {
    let mut story = Story::new(Mode::Observe, "3/60s");
    for day in 0..60 {
        let second = day * 86_460;
        story.now = NOON + SignedDuration::from_secs(second);
        story.step(&[firing(day * 10, second), firing(day * 10 + 1, second), firing(day * 10 + 2, second)]);
    }
    let waiting: Vec<_> = story.record.outbox.alerts().map(|alert| (alert.key.kind, alert.time)).collect();
    assert_eq!(waiting, [(AlertKind::WouldTrip, story.now)], "the last of sixty");

    let mut story = Story::new(Mode::Enforce, "1/60s");
    let mut notes = 0;
    for life in 0..20 {
        notes += story.later(60).step(&[firing(life, life * 60 + 60)]).notes.len();
        story.step(&[inspected(found(RuleState::Enabled))]);
        notes += story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]).notes.len();
        story.step(&[Observation::Order(ENABLE)]);
        let restored = restored(found(RuleState::Disabled), found(RuleState::Enabled));
        notes += story.step(&[Observation::Attended(ENABLE), restored]).notes.len();
    }
    assert_eq!((story.record.epoch.number, story.record.outbox.len(), notes), (21, 4, 36));
    assert_eq!(
        story.record.outbox.alerts().last().unwrap().key.to_string(),
        format!("{}/21/restored", rule()),
        "the last ones stay"
    );
}

#[test]
fn a_clock_that_ran_ahead_keeps_nobody_from_asking_for_history() {
    let mut story = Story::new(Mode::Enforce, "3/60s");
    story.limits.burst_is_tagged = false;
    assert_eq!(story.step(&[firing(1, 0), firing(2, 0), firing(3, 0)]).next, Some(Action::History));
    let ahead = |story: &mut Story| {
        story.record.history.as_mut().unwrap().asked_at = story.now + SignedDuration::from_hours(1);
    };
    ahead(&mut story);
    assert_eq!(story.step(&[firing(4, 0)]).next, Some(Action::History), "a firing");
    ahead(&mut story);
    assert_eq!(story.step(&[Observation::Tick]).next, Some(Action::History), "the tick");
}

/// A rule that was cut and put back, and has tripped again: nothing was done to it yet.
fn tripped_again() -> Story {
    let mut story = Story::restored();
    story.later(120).step(&[firing(101, 121), firing(102, 121), firing(103, 121)]);
    assert!(matches!(&story.record.breaker, Breaker::Open(cut) if cut.found().is_none()));
    story.publish();
    story
}

#[test]
fn a_disable_that_lands_while_a_later_cut_begins_is_told() {
    let mut story = tripped_again();
    story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    let told: Vec<AlertKind> = story.publish().iter().map(|alert| alert.kind).collect();
    assert_eq!(told, [AlertKind::Failed]);
    assert!(matches!(&story.record.breaker, Breaker::Open(cut) if cut.found().is_none()), "the cut goes on");
}

#[test]
fn an_answer_about_an_earlier_cut_does_not_undo_a_later_one() {
    for state in [RuleState::Enabled, RuleState::Disabled] {
        let mut story = tripped_again();
        let before = story.record.clone();
        story.step(&[Observation::Answer(Answer::Checked(Ok(Box::new(found(state)))))]);
        assert_eq!(story.publish(), [], "{state}");
        assert_eq!((&story.record.breaker, &story.record.last_trip), (&before.breaker, &before.last_trip));
    }
}

#[test]
fn a_refused_order_goes_on_with_no_work_of_the_function() {
    let orders = [ENABLE, Order::Disable { reason: "keep it off".into() }];
    for order in orders {
        let mut story = tripped_again();
        let plan = story.later(60).step(&[Observation::Order(order.clone())]);
        assert_eq!((plan.refused.is_some(), plan.next), (true, None), "{order:?}");
        let plan = story.step(&[Observation::Tick]);
        assert_eq!(plan.next, Some(Action::Inspect), "the tick goes on");
    }
}
