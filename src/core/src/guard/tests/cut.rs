//! From the first firing to the cut, and everything that stands in between.

use super::*;
use crate::stored::Stored;

#[test]
fn a_trip_is_recorded_before_anything_is_done() {
    let (mut story, plan) = Story::tripped(Mode::Enforce);
    assert_eq!(story.record.breaker, Breaker::Open(Cut::default()));
    assert_eq!((plan.save, plan.next, plan.tally.trips), (true, Some(Action::Inspect), 1));

    let plan = story.step(&[inspected(found(RuleState::Enabled))]);
    assert_eq!(
        (plan.save, plan.next),
        (true, Some(Action::Disable)),
        "what was found is saved before the rule is touched"
    );

    let plan = story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    let Some(Action::Publish(alert)) = plan.next else { panic!("{:?}", plan.next) };
    let alert = AlertJson::of(&alert);
    assert_eq!(alert.dedup_id, format!("{}/1/tripped", rule()));
    assert_eq!(
        alert.reason,
        "3 distinct firings within 60s, at the limit of 3 (2026-11-20T12:00:00Z to 2026-11-20T12:00:00Z)"
    );
    assert_eq!(alert.undo.as_deref(), Some("budget-guard enable fix-acl --region us-east-1"));
    let callers = &alert.evidence.as_ref().unwrap().callers;
    assert!(callers.len() == 1 && callers[0].is_target && callers[0].count == 3, "{callers:?}");

    story.publish();
    assert!(story.record.outbox.is_empty());
    assert_eq!(story.step(&[Observation::Tick]), Plan::default(), "there is nothing left to do");
}

#[test]
fn what_arrives_after_the_cut_is_late_and_trips_nothing() {
    let mut story = Story::cut();
    let late: Vec<_> = (10..20).map(|n| firing(n, 1)).collect();
    let plan = story.step(&late);
    assert_eq!((plan.tally.late, plan.tally.trips, plan.next), (10, 0, None));
    assert_eq!(story.record.late, 10);
}

#[test]
fn what_arrives_before_the_decision_is_evidence_for_the_rule_and_for_the_outcome_of_its_cut() {
    let check = |managed_by: Option<&str>, is_cut: bool| {
        let (mut story, _) = Story::tripped(Mode::Enforce);
        let meanwhile: Vec<_> = (4..9).map(|n| firing(n, n)).collect();
        let first = story.step(&meanwhile).tally;
        let again = story.step(&meanwhile).tally;
        assert_eq!((first.late, first.trips, again.duplicates), (0, 0, 5), "it trips once");
        let managed_by = managed_by.map(str::to_owned);
        story.step(&[inspected(RuleDefinition { managed_by, ..found(RuleState::Enabled) })]);
        let record = &story.record;
        assert_eq!((record.breaker != Breaker::Closed, record.turns.own_share().all), (is_cut, 8));
    };
    check(Some("x.amazonaws.com"), false);
    check(None, true);
}

#[test]
fn others_wait_for_who_is_at_work_and_take_over_when_it_falls_silent() {
    let (mut story, _) = Story::tripped(Mode::Enforce);
    let until = NOON + LEASE;
    assert_eq!(story.step(&[Observation::Tick]).next, Some(Action::Await { until }));
    assert_eq!(story.later(7).step(&[Observation::Tick]).next, Some(Action::Await { until }));
    assert_eq!(story.later(1).step(&[Observation::Tick]).next, Some(Action::Inspect));
}

#[test]
fn a_passing_fault_is_retried_soon_and_a_lasting_one_is_reported() {
    let check = |kind: FaultKind, failures: usize, reported: bool| {
        let (mut story, _) = Story::tripped(Mode::Enforce);
        story.step(&[inspected(found(RuleState::Enabled))]);
        for _ in 0..failures {
            story.step(&[Observation::Answer(Answer::Disabled(Err(Fault::new(kind, "as planned"))))]);
        }
        let kinds: Vec<AlertKind> = story.record.outbox.alerts().map(|alert| alert.key.kind).collect();
        assert_eq!(kinds, if reported { vec![AlertKind::Failed] } else { vec![] }, "{kind:?} × {failures}");
        assert!(matches!(&story.record.breaker, Breaker::Open(cut) if cut.disabled().is_none()));
        story.publish();
        let plan = story.later(61).step(&[Observation::Tick]);
        assert_eq!(plan.next, Some(Action::Disable), "the next tick goes on");
    };
    check(FaultKind::Throttled, 1, false);
    check(FaultKind::Conflict, 4, false);
    check(FaultKind::Timeout, 5, true);
    check(FaultKind::Denied, 1, true);
    check(FaultKind::Denied, 9, true);
}

#[test]
fn untouchable_rules_are_named_not_cut() {
    let check = |change: fn(&mut RuleDefinition), because: &str| {
        let (mut story, _) = Story::tripped(Mode::Enforce);
        let mut rule = found(RuleState::Enabled);
        change(&mut rule);
        story.step(&[inspected(rule)]);
        assert_eq!(story.record.breaker, Breaker::Closed);
        let alerts = story.publish();
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts[0].kind, AlertKind::WouldTrip);
        assert!(alerts[0].reason.contains(because), "{}", alerts[0].reason);
        // It goes on looping: no second alert today.
        let plan = story.step(&(10..30).map(|n| firing(n, 2)).collect::<Vec<_>>());
        assert_eq!((plan.tally.trips, plan.tally.would_trip), (0, 0));
        // Tomorrow it is still looping: one more.
        let tomorrow = 25 * 3_600;
        story.later(tomorrow).step(&(30..40).map(|n| firing(n, tomorrow)).collect::<Vec<_>>());
        assert!(matches!(story.record.breaker, Breaker::Open(_)), "it is looked at again");
    };
    check(
        |rule| rule.managed_by = Some("events.amazonaws.com".into()),
        "the AWS service events.amazonaws.com manages it",
    );
    check(
        |rule| {
            rule.event_pattern = None;
            rule.schedule_expression = Some("rate(1 minute)".into());
        },
        "it is a schedule",
    );
}

#[test]
fn observe_says_what_it_would_have_done_once_a_day() {
    let (mut story, plan) = Story::tripped(Mode::Observe);
    assert_eq!((plan.tally.trips, plan.tally.would_trip), (0, 1));
    assert_eq!(story.record.breaker, Breaker::Closed);
    let alerts = story.publish();
    assert_eq!(alerts[0].kind, AlertKind::WouldTrip);
    let plan = story.step(&[firing(4, 1), firing(5, 1)]);
    assert_eq!(plan.tally.would_trip, 0);
    // Enforced from now on: the same loop is cut at once.
    story.limits.mode = Mode::Enforce;
    let plan = story.step(&[firing(6, 1)]);
    assert_eq!(plan.tally.trips, 1);
}

#[test]
fn a_rule_that_became_observed_meanwhile_is_not_cut() {
    let (mut story, _) = Story::tripped(Mode::Enforce);
    story.limits.mode = Mode::Observe;
    let plan = story.step(&[inspected(found(RuleState::Enabled))]);
    assert_eq!(story.record.breaker, Breaker::Closed);
    assert!(matches!(plan.next, Some(Action::Publish(_))), "{:?}", plan.next);
}

#[test]
fn a_rule_that_someone_disabled_or_deleted_is_not_claimed() {
    let (mut story, _) = Story::tripped(Mode::Enforce);
    let plan = story.step(&[inspected(found(RuleState::Disabled))]);
    assert_eq!((&story.record.breaker, plan.next), (&Breaker::Closed, None));
    assert!(story.record.outbox.is_empty());
    let refused = story.step(&[Observation::Order(Order::Enable { force: true })]).refused.unwrap();
    assert!(refused.to_string().contains("has not cut this rule"), "{refused}");

    let (mut story, _) = Story::tripped(Mode::Enforce);
    let gone = Fault::new(FaultKind::NotFound, "ResourceNotFoundException");
    story.step(&[Observation::Answer(Answer::Inspected(Err(gone)))]);
    assert_eq!(story.record.breaker, Breaker::Closed);
    assert!(story.publish()[0].reason.contains("the rule no longer exists"));
}

#[test]
fn a_malformed_tag_is_reported_once() {
    let mut story = Story::new(Mode::Enforce, "3/60s");
    story.limits.bad_tags = vec!["tag budget-guard:mode: \"maybe\" is not a mode".to_owned()];
    story.step(&[firing(1, 0)]);
    let alerts = story.publish();
    assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::Failed));
    story.step(&[firing(2, 0)]);
    assert!(story.record.outbox.is_empty());
}

#[test]
fn a_record_of_a_later_schema_is_not_touched() {
    let record = Record { schema: 99, ..Record::new(rule(), "3/60s".parse().unwrap()) };
    let error = Record::decode(&record.encode().unwrap()).unwrap_err().to_string();
    assert!(error.contains("schema 99"), "{error}");
}
