//! The decision as short stories: what happens to a rule, and what the record and the plan then say.

use super::*;
use crate::actions::Action;
use crate::breaker::LEASE;
use crate::model::{Caller, FaultKind, RuleArn, Target};
use jiff::SignedDuration;

const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);

fn rule() -> RuleArn {
    "arn:aws:events:us-east-1:123456789012:rule/fix-acl".parse().unwrap()
}

fn limits(mode: Mode, burst: &str) -> Limits {
    Limits::new(mode, burst.parse().unwrap())
}

fn firing(n: i64, second: i64) -> Observation<'static> {
    let principal = "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer".into();
    Observation::Firing(Firing {
        rule: rule(),
        event_id: format!("event-{n}").into(),
        at: NOON + SignedDuration::from_secs(second),
        caller: Caller { principal, issued_to: None },
    })
}

fn found(state: RuleState) -> RuleDefinition {
    let mut rule = crate::testing::World::rule(state);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:fixer".to_owned();
    let mut target = Target::new("1", arn);
    target.code_sha256 = Some("abc".to_owned());
    rule.targets.push(target);
    rule
}

fn inspected(found: RuleDefinition) -> Observation<'static> {
    Observation::Answer(Answer::Inspected(Ok(Box::new(found))))
}

/// A rule, its limits, and the clock; each call is one step.
struct Story {
    limits: Limits,
    record: Record,
    now: Timestamp,
}

impl Story {
    fn new(mode: Mode, burst: &str) -> Self {
        let limits = limits(mode, burst);
        Self { record: Record::new(rule(), limits.burst), limits, now: NOON }
    }

    fn step(&mut self, observations: &[Observation<'_>]) -> Plan {
        let (record, plan) = step(&self.limits, self.record.clone(), observations, self.now);
        self.record = record;
        plan
    }

    fn later(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    /// Three firings of a rule that takes three.
    fn tripped(mode: Mode) -> (Self, Plan) {
        let mut story = Self::new(mode, "3/60s");
        let plan = story.step(&[firing(1, 0), firing(2, 0), firing(3, 0)]);
        (story, plan)
    }

    fn cut() -> Self {
        let (mut story, _) = Self::tripped(Mode::Enforce);
        story.step(&[inspected(found(RuleState::Enabled))]);
        story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
        story.publish();
        story
    }

    /// Put back at noon.
    fn restored() -> Self {
        let mut story = Self::cut();
        story.step(&[Observation::Order(ENABLE)]);
        story.step(&[
            Observation::Attended(ENABLE),
            restored(found(RuleState::Disabled), found(RuleState::Enabled)),
        ]);
        story.publish();
        story
    }

    fn publish(&mut self) -> Vec<Alert> {
        let mut published = Vec::new();
        while let Some(alert) = self.record.outbox.first().cloned() {
            let dedup_id = alert.dedup_id.clone();
            published.push(alert);
            self.step(&[Observation::Answer(Answer::Published { dedup_id, result: Ok(()) })]);
        }
        published
    }
}

#[test]
fn a_trip_is_recorded_before_anything_is_done() {
    let (mut story, plan) = Story::tripped(Mode::Enforce);
    assert_eq!(story.record.breaker, Breaker::Open(Box::default()));
    assert_eq!((plan.save, plan.next, plan.tally.trips), (true, Some(Action::Inspect), 1));

    let plan = story.step(&[inspected(found(RuleState::Enabled))]);
    assert_eq!(
        (plan.save, plan.next),
        (true, Some(Action::Disable)),
        "what was found is saved before the rule is touched"
    );

    let plan = story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    let Some(Action::Publish(alert)) = plan.next else { panic!("{:?}", plan.next) };
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
fn others_wait_for_who_is_at_work_and_take_over_when_it_falls_silent() {
    let (mut story, _) = Story::tripped(Mode::Enforce);
    let until = NOON + LEASE;
    assert_eq!(story.step(&[Observation::Tick]).next, Some(Action::Await { until }));
    assert_eq!(story.later(4).step(&[Observation::Tick]).next, Some(Action::Await { until }));
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
        let kinds: Vec<AlertKind> = story.record.outbox.iter().map(|alert| alert.kind).collect();
        assert_eq!(kinds, if reported { vec![AlertKind::Failed] } else { vec![] }, "{kind:?} × {failures}");
        assert!(matches!(&story.record.breaker, Breaker::Open(cut) if cut.disabled_at.is_none()));
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
fn a_rule_that_stays_enabled_after_disable_is_a_failure() {
    let (mut story, _) = Story::tripped(Mode::Enforce);
    story.step(&[inspected(found(RuleState::Enabled))]);
    let plan = story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Enabled)))]);
    assert!(matches!(plan.next, Some(Action::Await { .. })), "{:?}", plan.next);
    assert!(plan.notes[0].contains("the rule is still ENABLED"), "{:?}", plan.notes);
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
    assert!(refused.reason.contains("has not cut this rule"), "{refused}");

    let (mut story, _) = Story::tripped(Mode::Enforce);
    let gone = Fault::new(FaultKind::NotFound, "ResourceNotFoundException");
    story.step(&[Observation::Answer(Answer::Inspected(Err(gone)))]);
    assert_eq!(story.record.breaker, Breaker::Closed);
    assert!(story.publish()[0].reason.contains("the rule no longer exists"));
}

fn restored(before: RuleDefinition, after: RuleDefinition) -> Observation<'static> {
    Observation::Answer(Answer::Restored(Ok(Box::new(Restoration { before, after }))))
}

const ENABLE: Order = Order::Enable { force: true };

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
    let plan = story.later(60).step(&[Observation::Tick]);
    assert_eq!(plan.next, None, "only a person may enable");
    let plan = story.step(&[Observation::Order(ENABLE)]);
    assert!(matches!(plan.next, Some(Action::Restore(_))));
    // The rule was enabled, but the reply never came: it fires, so it is enabled.
    let plan = story.step(&[firing(50, 200)]);
    assert!(matches!(story.record.breaker, Breaker::Open(_)), "a quarter of 3 is 1: it tripped again");
    assert_eq!((plan.tally.late, plan.tally.trips, story.record.epoch.number), (0, 1, 2));
}

#[test]
fn a_proved_loop_that_has_not_changed_is_put_back_only_by_force() {
    let ask = Order::Enable { force: false };
    let check = |change: fn(&mut RuleDefinition), expected: Option<Action>| {
        let mut story = Story::cut();
        let plan = story.step(&[Observation::Order(ask.clone())]);
        assert_eq!(plan.next, Some(Action::Check), "it is looked at first");
        let mut now = found(RuleState::Disabled);
        change(&mut now);
        let checked = Observation::Answer(Answer::Checked(Ok(Box::new(now))));
        let plan = story.step(&[Observation::Attended(ask.clone()), checked]);
        assert_eq!(plan.next, expected);
        assert_eq!(plan.refused.is_some(), expected.is_none());
        if let Some(refused) = plan.refused {
            assert!(refused.reason.contains("nothing has changed since"), "{refused}");
            assert_eq!(refused.hint.as_deref(), Some("to put it back all the same: add --force"));
        }
    };
    check(|_| {}, None);
    let restore = || Some(Action::Restore(RuleState::Enabled));
    check(|rule| rule.event_pattern = None, restore());
    check(|rule| rule.targets[0].code_sha256 = Some("def".to_owned()), restore());
    check(|rule| rule.targets[0].code_sha256 = None, restore());
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
        assert!(refused.reason.contains(reason), "{refused}");
        assert!(refused.hint.is_some());
    };
    check(&mut Story::new(Mode::Enforce, "3/60s"), Order::Enable { force: true }, "has not cut this rule");
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
    assert!(plan.refused.unwrap().reason.contains("manages it"));
    assert_eq!(story.record.breaker, Breaker::Closed);
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
    let (json, window) = record.to_stored().unwrap();
    let error = Record::from_stored(&json, &window).unwrap_err().to_string();
    assert!(error.contains("schema 99"), "{error}");
}
