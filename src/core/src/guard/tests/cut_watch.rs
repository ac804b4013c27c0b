//! A cut rule while time passes: undone by others, forgotten, still firing, put back by the guard itself.

use super::*;
use crate::model::Seconds;

fn checked(rule: RuleDefinition) -> Observation<'static> {
    Observation::Answer(Answer::Checked(Ok(Box::new(rule))))
}

fn kinds(story: &mut Story) -> Vec<AlertKind> {
    story.publish().iter().map(|alert| alert.kind).collect()
}

#[test]
fn the_tick_looks_at_a_cut_rule_once_a_minute() {
    let mut story = Story::cut();
    assert_eq!(story.later(30).step(&[Observation::Tick]).next, None);
    assert_eq!(story.later(30).step(&[Observation::Tick]).next, Some(Action::Check));
    assert_eq!(story.step(&[checked(found(RuleState::Disabled))]).next, None);
    assert_eq!(story.later(30).step(&[Observation::Tick]).next, None);
    assert_eq!(kinds(&mut story), []);
}

#[test]
fn a_rule_that_someone_enabled_is_reported_and_watched_closely() {
    let check = |tags: &[(&str, &str)], state: RuleState, hint: &str| {
        let mut story = Story::cut();
        let by = "arn:aws:sts::123456789012:assumed-role/deploy/ci".to_owned();
        let at = story.later(600).now;
        let plan = story.step(&[Observation::Changed { by, at }]);
        assert_eq!(plan.next, Some(Action::Check), "it is looked at, not believed");
        let mut rule = found(state);
        rule.tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        story.step(&[checked(rule)]);
        assert!(matches!(story.record.breaker, Breaker::HalfOpen { .. }));
        assert_eq!(story.record.epoch.number, 2);
        let alerts = story.publish();
        assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::Undone));
        let reason =
            format!("arn:aws:sts::123456789012:assumed-role/deploy/ci set it to {state}; it is on probation");
        assert!(alerts[0].reason.starts_with(&reason), "{}", alerts[0].reason);
        assert!(alerts[0].hint.as_ref().unwrap().contains(hint), "{:?}", alerts[0].hint);
    };
    check(&[], RuleState::Enabled, "set the rule's state in its definition");
    check(
        &[("aws:cloudformation:stack-name", "shop"), ("aws:cloudformation:logical-id", "FixAcl")],
        RuleState::EnabledWithAllCloudtrailManagementEvents,
        "set `State: DISABLED` on FixAcl in the CloudFormation stack shop",
    );
    check(
        &[("ManagedBy", "Terraform")],
        RuleState::Enabled,
        r#"set `state = "DISABLED"` on the aws_cloudwatch_event_rule"#,
    );
}

#[test]
fn changes_that_are_not_about_the_cut_are_none_of_the_guards_business() {
    let by = || "arn:aws:iam::123456789012:user/ann".to_owned();
    let mut closed = Story::new(Mode::Enforce, "3/60s");
    assert_eq!(closed.step(&[Observation::Changed { by: by(), at: NOON }]), Plan::default());
    // The CloudTrail event of something that happened before the cut.
    let mut story = Story::cut();
    let at = NOON - SignedDuration::from_secs(1);
    assert_eq!(story.step(&[Observation::Changed { by: by(), at }]), Plan::default());
}

#[test]
fn a_deleted_rule_is_forgotten_and_said_so() {
    let mut story = Story::cut();
    story.later(60).step(&[Observation::Tick]);
    let gone = Fault::new(FaultKind::NotFound, "ResourceNotFoundException");
    story.step(&[Observation::Answer(Answer::Checked(Err(gone)))]);
    assert_eq!(story.record.breaker, Breaker::Closed);
    let alerts = story.publish();
    assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::Undone));
    assert_eq!(alerts[0].reason, "someone deleted it while it was cut; the guard forgets the cut");
}

#[test]
fn a_forgotten_rule_is_mentioned_after_a_day_and_then_every_week() {
    let mut story = Story::cut();
    let hour = 3_600;
    let mut reminded_after_hours = Vec::new();
    for n in 1..=24 * 16 {
        story.later(hour).step(&[Observation::Tick]);
        story.step(&[checked(found(RuleState::Disabled))]);
        let alerts = story.publish();
        if let Some(alert) = alerts.first() {
            assert_eq!(alert.kind, AlertKind::Reminder);
            assert!(
                alert.reason.starts_with("disabled since 2026-11-20T12:00:00Z: 3 distinct firings"),
                "{}",
                alert.reason
            );
            reminded_after_hours.push(n);
        }
    }
    assert_eq!(reminded_after_hours, [24, 24 * 8, 24 * 15]);
}

#[test]
fn a_rule_that_still_fires_minutes_after_its_cut_is_reported_as_not_cut() {
    let mut story = Story::cut();
    let plan = story.later(240).step(&[firing(10, 240)]);
    assert_eq!((plan.tally.late, story.record.late), (1, 1));
    story.step(&[checked(found(RuleState::Disabled))]);
    assert_eq!(kinds(&mut story), [], "within the propagation time that is expected");
    let plan = story.later(120).step(&[firing(11, 360)]);
    assert_eq!(plan.next, Some(Action::Check));
    story.step(&[checked(found(RuleState::Disabled))]);
    let alerts = story.publish();
    assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::Failed));
    assert!(
        alerts[0].reason.contains("still fires, last seen at 2026-11-20T12:06:00Z"),
        "{}",
        alerts[0].reason
    );
    story.later(600).step(&[firing(12, 960)]);
    story.step(&[checked(found(RuleState::Disabled))]);
    assert_eq!(kinds(&mut story), [], "once is enough");
}

/// Trips, is cut, and says when the guard will put the rule back.
fn cut_again(story: &mut Story, round: i64) -> Option<i64> {
    let second = story.now.as_second() - NOON.as_second();
    let outside = |n: i64| match firing(round * 100 + n, second) {
        Observation::Firing(mut firing) => {
            firing.caller.principal = "arn:aws:iam::123456789012:user/ann".into();
            Observation::Firing(firing)
        }
        other => other,
    };
    story.step(&(0..12).map(outside).collect::<Vec<_>>());
    story.step(&[inspected(found(RuleState::Enabled))]);
    story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    story.publish();
    let Breaker::Open(cut) = &story.record.breaker else { panic!("{:?}", story.record.breaker) };
    cut.disabled()?.restore_at.map(|at| at.as_second() - story.now.as_second())
}

#[test]
fn the_guard_puts_back_by_itself_twice_as_late_each_time_and_at_most_twice_a_day() {
    let mut story = Story::new(Mode::Enforce, "12/60s");
    story.limits.auto_restore = Some(Seconds::new(600));
    let mut back_offs = Vec::new();
    for round in 0..3 {
        let back_off = cut_again(&mut story, round);
        back_offs.push(back_off);
        let Some(seconds) = back_off else { break };
        story.later(seconds - 1).step(&[Observation::Tick]);
        story.step(&[checked(found(RuleState::Disabled))]);
        assert!(matches!(story.record.breaker, Breaker::Open(_)), "not before its time");
        let plan = story.later(1).step(&[Observation::Tick]);
        assert_eq!(plan.next, Some(Action::Restore(RuleState::Enabled)));
        story.step(&[restored(found(RuleState::Disabled), found(RuleState::Enabled))]);
        assert_eq!(kinds(&mut story), [AlertKind::Restored]);
    }
    assert_eq!(back_offs, [Some(600), Some(1_200), None], "the third trip in a day latches");
    // A person puts it back, and after a quiet day the guard may again.
    story.step(&[Observation::Order(ENABLE)]);
    story.step(&[restored(found(RuleState::Disabled), found(RuleState::Enabled))]);
    story.later(25 * 3_600).step(&[Observation::Tick]);
    assert_eq!(cut_again(&mut story, 9), Some(600));
}

#[test]
fn the_guard_does_not_put_back_a_proved_loop_or_what_a_person_cut() {
    let mut proved = Story::new(Mode::Enforce, "200/60s");
    proved.limits.auto_restore = Some(Seconds::new(600));
    super::turns::known(&mut proved);
    proved.later(3_600).step(&super::turns::loop_of_equal_calls(8));
    let mut by_hand = Story::new(Mode::Enforce, "3/60s");
    by_hand.limits.auto_restore = Some(Seconds::new(600));
    by_hand.step(&[Observation::Order(Order::Disable { reason: "incident".into() })]);
    for mut story in [proved, by_hand] {
        story.step(&[inspected(found(RuleState::Enabled))]);
        story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
        story.publish();
        let plan = story.later(3_600).step(&[Observation::Tick]);
        assert_eq!(plan.next, Some(Action::Check), "only looked at");
    }
}
