//! Orders: cutting by hand, putting back, and what is refused.

use super::*;

#[test]
fn a_rule_that_stays_enabled_after_disable_is_a_failure() {
    let (mut story, _) = Story::tripped(Mode::Enforce);
    story.step(&[inspected(found(RuleState::Enabled))]);
    let plan = story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Enabled)))]);
    assert!(matches!(plan.next, Some(Action::Await { .. })), "{:?}", plan.next);
    assert!(plan.notes[0].to_string().contains("the rule is still ENABLED"), "{:?}", plan.notes);
}

#[test]
fn enable_puts_back_and_starts_a_new_epoch_on_probation() {
    for state in [RuleState::Enabled, RuleState::EnabledWithAllCloudtrailManagementEvents] {
        let mut story = Story::new(Mode::Enforce, "12/60s");
        story.step(&(0..12).map(|n| firing(n, 0)).collect::<Vec<_>>());
        story.step(&[inspected(found(state))]);
        story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
        story.publish();

        let plan = story.later(600).step(&[Observation::Order(ENABLE)]);
        assert_eq!(plan.next, Some(Action::Restore(state)));
        let began = story.now;
        story.step(&[Observation::Attended(ENABLE), restored(found(RuleState::Disabled), found(state))]);
        assert_eq!(story.record.breaker, Breaker::HalfOpen { until: began + SignedDuration::from_mins(15) });
        assert_eq!(story.record.epoch, crate::breaker::Epoch { number: 2, began: Some(began) });
        let alerts = story.publish();
        assert_eq!((alerts.len(), alerts[0].dedup_id.clone()), (1, format!("{}/2/restored", rule())));
        assert_eq!(alerts[0].reason, format!("put back to {state}; on probation with 3/60s"));

        let old: Vec<_> = (100..120).map(|n| firing(n, 500)).collect();
        let plan = story.step(&old);
        assert_eq!((plan.tally.late, plan.tally.trips), (20, 0), "from before the epoch");
        let plan = story.step(&[firing(200, 600), firing(201, 601), firing(202, 601)]);
        assert_eq!(
            plan.tally.trips, 1,
            "the loop is still there: cut at a quarter of the limit, in its own epoch"
        );
        assert_eq!(story.record.last_trip.as_ref().unwrap().epoch, 2);
        assert_eq!(story.record.trips_in_probation, 1);
    }
}

#[test]
fn an_alert_that_another_invocation_publishes_is_left_to_it() {
    let (mut story, _) = Story::tripped(Mode::Enforce);
    story.step(&[inspected(found(RuleState::Enabled))]);
    let plan = story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    assert!(matches!(plan.next, Some(Action::Publish(_))), "{:?}", plan.next);
    let free_again = story.now + LEASE;

    // A person enables the rule before the first invocation has its answer.
    story.step(&[Observation::Order(ENABLE)]);
    let after = found(RuleState::Enabled);
    let plan = story.step(&[Observation::Attended(ENABLE), restored(found(RuleState::Disabled), after)]);
    assert_eq!(story.record.outbox.len(), 2);
    assert_eq!(plan.next, Some(Action::Await { until: free_again }));
}

#[test]
fn an_enable_waits_for_a_disable_that_aws_has_not_answered() {
    for (kind, is_refused) in [(FaultKind::Timeout, true), (FaultKind::Throttled, false)] {
        let (mut story, _) = Story::tripped(Mode::Enforce);
        story.step(&[inspected(found(RuleState::Enabled))]);
        let lease_ends = story.now + LEASE;
        let fault = Fault::new(kind, "DisableRule");
        let plan = story.later(2).step(&[Observation::Answer(Answer::Disabled(Err(fault)))]);
        let retry = if is_refused { lease_ends } else { story.now + SignedDuration::from_millis(200) };
        assert_eq!(plan.next, Some(Action::Await { until: retry }), "{kind:?}");

        let plan = story.later(1).step(&[Observation::Order(ENABLE)]);
        assert_eq!(plan.refused.is_some(), is_refused, "{kind:?}: {:?}", plan.refused);
        let plan = story.later(6).step(&[Observation::Order(ENABLE)]);
        assert_eq!(plan.refused, None, "{kind:?}: the call can no longer take effect");
    }
}

#[test]
fn a_clean_probation_closes_the_breaker() {
    let mut story = Story::restored();
    assert_eq!(story.later(14 * 60).step(&[Observation::Tick]).next, None);
    assert!(matches!(story.record.breaker, Breaker::HalfOpen { .. }));
    let plan = story.later(61).step(&[Observation::Tick]);
    assert_eq!((&story.record.breaker, plan.save), (&Breaker::Closed, true));
    assert_eq!(story.record.window.limit().to_string(), "3/60s", "the whole limit holds again");
}

#[test]
fn what_changed_while_it_was_cut_is_kept_and_named() {
    let mut story = Story::cut();
    story.step(&[Observation::Order(ENABLE)]);
    let mut newer = found(RuleState::Disabled);
    newer.event_pattern = Some(r#"{"source":["aws.ec2"]}"#.to_owned());
    let after = RuleDefinition { state: RuleState::Enabled, ..newer.clone() };
    story.step(&[restored(newer, after)]);
    let alerts = story.publish();
    assert!(alerts[0].reason.ends_with("and kept as it is now: event pattern"), "{}", alerts[0].reason);
    assert_eq!(alerts.len(), 1);
}

#[test]
fn a_restore_that_changed_more_than_the_state_is_reported() {
    let mut story = Story::cut();
    story.step(&[Observation::Order(ENABLE)]);
    let after = RuleDefinition { targets: Vec::new(), ..found(RuleState::Enabled) };
    story.step(&[restored(found(RuleState::Disabled), after)]);
    let reasons: Vec<String> = story.publish().into_iter().map(|alert| alert.reason).collect();
    assert_eq!(reasons[1], "putting the rule back changed more than its state: target 1 (removed)");
}

#[test]
fn an_interrupted_restore_is_resumed_by_the_operator_or_by_the_rule_itself() {
    let mut story = Story::cut();
    story.later(60).step(&[Observation::Order(ENABLE)]);
    let checked = |state| Observation::Answer(Answer::Checked(Ok(Box::new(found(state)))));
    let plan = story.later(60).step(&[Observation::Tick]);
    assert_eq!(plan.next, Some(Action::Check), "only a person may enable; others look");
    story.step(&[checked(RuleState::Disabled)]);
    let plan = story.step(&[Observation::Order(ENABLE)]);
    assert!(matches!(plan.next, Some(Action::Restore(_))));
    // The rule was enabled, but the reply never came. A firing is a reason to look, no proof.
    let plan = story.later(30).step(&[firing(50, 200)]);
    assert_eq!((plan.tally.late, story.record.breaker.word()), (1, "restoring"));
    story.step(&[checked(RuleState::Enabled)]);
    assert_eq!((story.record.breaker.word(), story.record.epoch.number), ("half-open", 2));
    assert_eq!(story.publish()[0].kind, AlertKind::Restored);
}

#[test]
fn a_proved_loop_that_has_not_changed_is_put_back_only_by_force() {
    let ask = Order::Enable { force: false };
    const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:attached";
    let check = |change: fn(&mut RuleDefinition), expected: Option<Action>| {
        let mut story = Story::proved();
        story.limits.attached_queue = Some(QUEUE.into());
        let plan = story.step(&[Observation::Order(ask.clone())]);
        assert_eq!(plan.next, Some(Action::Check), "it is looked at first");
        let mut now = found(RuleState::Disabled);
        change(&mut now);
        let checked = Observation::Answer(Answer::Checked(Ok(Box::new(now))));
        let plan = story.step(&[Observation::Attended(ask.clone()), checked]);
        assert_eq!(plan.next, expected);
        assert_eq!(plan.refused.is_some(), expected.is_none());
        if let Some(refused) = plan.refused {
            assert!(refused.to_string().contains("nothing has changed since"), "{refused}");
            assert_eq!(refused.hint(), "to put it back all the same: add --force");
        }
    };
    check(|_| {}, None);
    let restore = || Some(Action::Restore(RuleState::Enabled));
    check(|rule| rule.event_pattern = None, restore());
    check(|rule| rule.targets[0].code_sha256 = Some("def".to_owned()), restore());
    check(|rule| rule.targets[0].code_sha256 = None, restore());
    check(
        |rule| rule.targets.push(Target::new("audit", "arn:aws:sns:us-east-1:123456789012:audit")),
        restore(),
    );
    fn tag(rule: &mut RuleDefinition, key: &str) {
        rule.tags.insert(key.to_owned(), "20".to_owned());
    }
    check(|rule| tag(rule, "budget-guard:turns"), restore());
    // The loop goes on as before.
    check(|rule| rule.targets.push(Target::new("budget-guard", QUEUE)), None);
    check(|rule| rule.description = Some("mended".to_owned()), None);
    check(|rule| tag(rule, "owner"), None);
}

#[test]
fn a_person_who_cuts_again_does_not_put_back() {
    let mut story = Story::cut();
    let cut = Order::Disable { reason: "again".into() };
    story.later(3_600).step(&[Observation::Order(cut.clone())]);
    let checked = Observation::Answer(Answer::Checked(Ok(Box::new(found(RuleState::Disabled)))));
    story.step(&[Observation::Attended(cut), checked]);
    assert!(matches!(story.record.breaker, Breaker::Open(_)));
}

#[test]
fn orders_that_make_no_sense_are_refused_with_a_hint() {
    let check = |story: &mut Story, order: Order, reason: &str| {
        let refused = story.step(&[Observation::Order(order)]).refused.expect("refused");
        assert!(refused.to_string().contains(reason), "{refused}");
        assert!(!refused.hint().is_empty());
    };
    check(&mut Story::new(Mode::Enforce, "3/60s"), Order::Enable { force: true }, "has not cut this rule");
    let (mut cutting, _) = Story::tripped(Mode::Enforce);
    cutting.step(&[inspected(found(RuleState::Enabled))]);
    check(&mut cutting, Order::Enable { force: true }, "is disabling the rule at this very moment");
    check(&mut Story::tripped(Mode::Enforce).0, Order::Enable { force: true }, "has only begun");
    check(
        &mut Story::cut(),
        Order::Disable { reason: "again".into() },
        "already cut this rule at 2026-11-20T12:00:00Z",
    );
}

#[test]
fn a_cut_by_hand_takes_the_same_way_even_in_observe() {
    let mut story = Story::new(Mode::Observe, "3/60s");
    let plan = story.step(&[Observation::Order(Order::Disable { reason: "incident 7".into() })]);
    assert_eq!(plan.next, Some(Action::Inspect));
    assert_eq!(story.step(&[inspected(found(RuleState::Enabled))]).next, Some(Action::Disable));
    story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    assert_eq!(story.publish()[0].reason, "cut by hand: incident 7");

    let mut story = Story::new(Mode::Enforce, "3/60s");
    story.step(&[Observation::Order(Order::Disable { reason: "x".into() })]);
    let mut managed = found(RuleState::Enabled);
    managed.managed_by = Some("x.amazonaws.com".into());
    let plan = story.step(&[inspected(managed)]);
    assert!(plan.refused.unwrap().to_string().contains("manages it"));
    assert_eq!(story.record.breaker, Breaker::Closed);
}
