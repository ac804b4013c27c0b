//! Loops that no rate limit sees: turns, equal calls without a reason, chains of rules, and advice.

use super::*;
use crate::model::{Actor, Answering, Call, CallOutcome, Cause, Proof, Resource, ResourceIds, Seconds};
use crate::policy::TurnLimit;
use crate::verdict::{EvidenceKind, Trace, Upstream};

const OTHER: &str = "arn:aws:lambda:us-east-1:123456789012:function:other";

fn arn(name: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
}

/// The n-th firing, at that second, with other words each time.
pub(super) fn called(n: i64, second: i64, cause: Cause) -> Observation<'static> {
    worded(n, second, cause, u32::try_from(n).unwrap() + 1)
}

fn worded(n: i64, second: i64, cause: Cause, wording: u32) -> Observation<'static> {
    let Observation::Firing(mut firing) = firing(n, second) else { unreachable!() };
    firing.cause = cause;
    firing.call = Some(Call {
        service: "s3.amazonaws.com".into(),
        operation: "PutBucketAcl".into(),
        role: Some("arn:aws:iam::123456789012:role/fixer-role".into()),
        invoked_by: None,
        access_key: None,
        is_by_service: false,
        resource: Some(Resource { name: "bucket".into(), ids: ResourceIds::new([7]) }),
        wording: Some(wording),
        outcome: CallOutcome::Succeeded,
    });
    Observation::Firing(firing)
}

/// The same call each time.
fn own(n: i64, second: i64) -> Observation<'static> {
    worded(n, second, Cause::own(Proof::Issued), 1)
}

fn sibling(n: i64, second: i64) -> Observation<'static> {
    worded(n, second, Cause::Sibling(OTHER.into()), 1)
}

/// One call of another principal, then the same call of the rule's own target, one a minute: far below any rate limit.
pub(super) fn loop_of_equal_calls(turns: i64) -> Vec<Observation<'static>> {
    std::iter::once(called(0, 0, Cause::Foreign)).chain((1..=turns).map(|n| own(n, n * 60))).collect()
}

/// The same firings, later by a number of seconds, as other events.
pub(super) fn shifted(firings: &[Observation<'static>], seconds: i64) -> Vec<Observation<'static>> {
    let shift = |observation: &Observation<'static>| {
        let Observation::Firing(mut firing) = observation.clone() else { unreachable!() };
        firing.at += SignedDuration::from_secs(seconds);
        firing.event_id = format!("{}-{seconds}", firing.event_id).into();
        Observation::Firing(firing)
    };
    firings.iter().map(shift).collect()
}

/// The rule's target is a function that takes three seconds at most.
pub(super) fn known(story: &mut Story) {
    story.limits.answering = Answering { within: Seconds::new(63), is_known: true, ..Answering::UNKNOWN };
    story.limits.burst_is_tagged = false;
}

fn looping(mode: Mode) -> Story {
    let mut story = Story::new(mode, "200/60s");
    known(&mut story);
    story.later(3_600);
    story
}

fn answered(answer: Answer) -> [Observation<'static>; 1] {
    [Observation::Answer(answer)]
}

#[test]
fn a_slow_loop_is_cut_at_its_ninth_firing() {
    let mut story = looping(Mode::Enforce);
    for (n, firing) in loop_of_equal_calls(8).iter().enumerate() {
        let plan = story.step(std::slice::from_ref(firing));
        assert_eq!(plan.next.is_some(), n == 8, "firing {n}");
    }
    let trip = story.record.last_trip.clone().unwrap();
    assert_eq!(
        trip.reason,
        "8 equal calls for 1 reason: s3 PutBucketAcl on bucket, word for word the same, 5 more than the reasons explain \
         (2026-11-20T12:01:00Z to 2026-11-20T12:08:00Z)"
    );
    assert!(trip.evidence.proves_loop());
    let plan = story.step(&[inspected(found(RuleState::Enabled))]);
    assert_eq!(plan.next, Some(Action::Disable));
}

#[test]
fn turns_are_told_in_numbers() {
    let mut story = looping(Mode::Enforce);
    let firings = (1..=10).map(|n| called(n, n * 60, Cause::own(Proof::Issued)));
    story.step(&std::iter::once(called(0, 0, Cause::Foreign)).chain(firings).collect::<Vec<_>>());
    let trip = story.record.last_trip.clone().unwrap();
    assert_eq!(
        trip.reason,
        "10 turns: each of these s3 PutBucketAcl calls can only have been caused by one before it, at the limit of 10 \
         (2026-11-20T12:01:00Z to 2026-11-20T12:10:00Z)"
    );
    let own: Vec<bool> = trip.evidence.callers.iter().map(|caller| caller.is_target).collect();
    assert_eq!(own, [true], "the same session made all of them");
}

#[test]
fn a_batch_counts_as_a_whole() {
    // The reason comes last, and stood in the middle.
    let mut story = looping(Mode::Enforce);
    let mut batch = loop_of_equal_calls(8);
    batch.push(called(99, 200, Cause::Foreign));
    assert_eq!(story.step(&batch).next, None);
}

#[test]
fn observe_and_tags_hold_for_turns_too() {
    let mut story = looping(Mode::Observe);
    story.step(&loop_of_equal_calls(8));
    let alerts = story.publish();
    assert_eq!(alerts[0].kind, AlertKind::WouldTrip);
    assert_eq!(alerts[0].evidence.as_ref().unwrap().kind, EvidenceKind::Surplus);

    let mut story = looping(Mode::Enforce);
    story.limits.turns = None;
    assert_eq!(story.step(&loop_of_equal_calls(40)).next, None, "off");

    // The tags are read with the rule, after the trip.
    let mut story = looping(Mode::Enforce);
    assert_eq!(story.step(&loop_of_equal_calls(8)).next, Some(Action::Inspect));
    story.limits.turns = Some("20".parse::<TurnLimit>().unwrap());
    assert_eq!(story.step(&[inspected(found(RuleState::Enabled))]).next, None);
    assert!(matches!(story.record.breaker, Breaker::Closed));
}

#[test]
fn a_loop_that_was_broken_is_neither_told_again_nor_cut() {
    let after = |hours: i64, mode: Mode| {
        let mut story = looping(Mode::Observe);
        story.step(&loop_of_equal_calls(8));
        assert_eq!(story.publish().len(), 1);
        // Somebody broke the loop; later, one honest call and its answer.
        story.limits.mode = mode;
        let second = hours * 3_600;
        story.later(second).step(&[called(50, second, Cause::Foreign), own(51, second + 1)])
    };
    assert_eq!(after(2, Mode::Enforce).next, None, "enforced from now on");
    let plan = after(24, Mode::Observe);
    assert_eq!((plan.next, plan.tally.would_trip), (None, 0), "a day later");
}

#[test]
fn a_slow_proof_is_looked_at_again_by_the_tick() {
    let mut story = looping(Mode::Enforce);
    story.limits.answering.within = Seconds::new(960);
    story.now = NOON + SignedDuration::from_secs(8 * 120 + 5);
    let firings = (1..=8).map(|n| own(n, n * 120));
    let all: Vec<_> = std::iter::once(called(0, 0, Cause::Foreign)).chain(firings).collect();
    assert_eq!(story.step(&all).next, None);
    assert!(story.record.needs_watch());
    assert_eq!(story.later(200).step(&[Observation::Tick]).next, None);
    assert_eq!(story.later(100).step(&[Observation::Tick]).next, Some(Action::Inspect));

    // A reason that comes within these minutes clears it.
    let mut story = looping(Mode::Enforce);
    story.limits.answering.within = Seconds::new(960);
    story.now = NOON + SignedDuration::from_secs(8 * 120 + 5);
    story.step(&all);
    story.step(&[called(77, 300, Cause::Foreign)]);
    assert_eq!(story.later(300).step(&[Observation::Tick]).next, None);
    assert!(!story.record.needs_watch());
}

#[test]
fn what_lacks_a_proof_says_what_is_missing() {
    let mut story = looping(Mode::Enforce);
    let plan = story.step(&(1..=30).map(|n| own(n, n * 20)).collect::<Vec<_>>());
    assert_eq!((plan.tally.trips, plan.tally.suspects), (0, 1));
    let alerts = story.publish();
    assert_eq!(alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::Suspect]);
    let reason = &alerts[0].reason;
    assert!(reason.contains("not proved, because the beginning of the chain was not seen"), "{reason}");
    assert!(alerts[0].evidence.as_ref().unwrap().callers[0].is_target);
}

#[test]
fn a_rule_fired_mostly_by_its_own_target_gets_advice_once_a_week() {
    let mut story = looping(Mode::Enforce);
    let pair = |n: i64| [called(2 * n, n * 300, Cause::Foreign), own(2 * n + 1, n * 300 + 2)];
    story.now = NOON + SignedDuration::from_hours(24);
    story.step(&(0..60).flat_map(pair).collect::<Vec<_>>());
    let alerts = story.publish();
    assert_eq!(alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::Advice]);
    assert_eq!(alerts[0].reason, "60 of 120 firings within 24 hours (50 %) were calls of its own target");
    let hint = alerts[0].hint.clone().unwrap();
    assert!(hint.contains(r#""anything-but":["arn:aws:iam::123456789012:role/fixer-role"]"#), "{hint}");
    story.later(600).step(&pair(300));
    assert_eq!(story.publish(), []);
    story.later(7 * 86_400).step(&(2_100..2_160).flat_map(pair).collect::<Vec<_>>());
    assert_eq!(story.publish().len(), 1, "a week later");
}

/// The other rule of a cycle: its target fires this rule, and this rule's target fires it.
fn other(fired_by: &str, is_open: bool, since: i64) -> Upstream {
    Upstream {
        rule: arn("other"),
        fired_by: vec![(vec![arn(fired_by)], 9)],
        may_cut: true,
        is_open,
        answer: Seconds::new(63),
        since: Some(NOON + SignedDuration::from_secs(since)),
    }
}

/// `own_since`: this rule is as new as that many seconds after noon.
fn trace(other: Upstream, own_since: i64) -> Answer {
    Answer::Traced(Ok(Box::new(Trace {
        first: vec![(OTHER.into(), vec![arn("other")])],
        upstream: vec![other],
        own_since: Some(NOON + SignedDuration::from_secs(own_since)),
        left_out: 0,
    })))
}

fn asks() -> Option<Action> {
    Some(Action::Trace { actors: vec![OTHER.into()], rules: Vec::new() })
}

fn cycle_of(turns: i64) -> Vec<Observation<'static>> {
    std::iter::once(called(0, 0, Cause::Foreign)).chain((1..=turns).map(|n| sibling(n, n * 60))).collect()
}

#[test]
fn a_chain_that_leads_back_is_a_loop_and_the_newest_rule_of_it_is_cut() {
    let claim = || Some(Action::Trace { actors: Vec::new(), rules: vec![arn("other")] });
    let check = |answer: Answer, expected: Option<Action>, why: &str| {
        let mut story = looping(Mode::Enforce);
        assert_eq!(story.step(&cycle_of(8)).next, asks());
        assert_eq!(story.step(&answered(answer)).next, expected, "{why}");
        story
    };
    let mut story = check(trace(other("fix-acl", false, 0), 9), claim(), "this one is newer");
    let trip = story.record.last_trip.clone().unwrap();
    assert_eq!(trip.evidence.own.unwrap().cycle, [arn("fix-acl"), arn("other")]);
    assert!(
        trip.reason.ends_with(
            "round the cycle fix-acl → other → fix-acl (2026-11-20T12:01:00Z to 2026-11-20T12:08:00Z)"
        ),
        "{}",
        trip.reason
    );
    // No other rule was claimed meanwhile: it goes on.
    let plan = story.step(&answered(trace(other("fix-acl", false, 0), 9)));
    assert_eq!(plan.next, Some(Action::Inspect));

    let mut story = check(trace(other("fix-acl", false, 0), 9), claim(), "as before");
    let plan = story.step(&answered(trace(other("fix-acl", true, 0), 9)));
    assert_eq!((plan.next, &story.record.breaker), (None, &Breaker::Closed), "one cut is enough");

    let mut story = check(trace(other("fix-acl", false, 0), 9), claim(), "as before");
    let throttled = || Answer::Traced(Err(Fault::new(FaultKind::Throttled, "slow down")));
    let plan = story.step(&answered(throttled()));
    assert!(!matches!(plan.next, Some(Action::Inspect | Action::Disable)), "{:?}", plan.next);
    assert_eq!(story.later(61).step(&[Observation::Tick]).next, claim(), "asked again");

    check(trace(other("fix-acl", false, 99), 9), None, "the other one is newer");
    check(trace(other("fix-acl", true, 0), 9), None, "the other one is cut already");
    check(trace(other("third", false, 0), 9), None, "a chain that does not close");
    let mut story = looping(Mode::Enforce);
    story.step(&cycle_of(8));
    let plan = story.step(&answered(throttled()));
    assert_eq!((plan.next, plan.notes.len()), (None, 1));
}

#[test]
fn a_rule_of_a_cycle_is_cut_when_the_newest_never_sees_the_loop() {
    let check = |other: fn() -> Upstream, expected: bool, why: &str| {
        let mut story = looping(Mode::Enforce);
        story.step(&[called(0, 0, Cause::Foreign)]);
        let is_cut = (1..=30).any(|n| {
            if story.later(60).step(&[sibling(n, n * 60)]).next.is_some() {
                story.step(&answered(trace(other(), 0)));
            }
            story.record.breaker != Breaker::Closed
        });
        assert_eq!(is_cut, expected, "{why}");
    };
    check(|| other("fix-acl", false, 99), true, "the newest could be cut, and is not");
    check(|| other("fix-acl", true, 99), false, "the newest is cut");
    check(
        || Upstream { may_cut: false, ..other("fix-acl", false, 99) },
        false,
        "a tag on the newest is no reason to cut this one",
    );
}

#[test]
fn a_cycle_is_followed_whose_round_is_longer_than_the_answer_of_one_rule() {
    let check = |seconds: i64, expected: Option<Action>| {
        let mut story = looping(Mode::Enforce);
        let round = |n| sibling(n, n * seconds);
        let all: Vec<_> = std::iter::once(called(0, 0, Cause::Foreign)).chain((1..=9).map(round)).collect();
        assert_eq!(story.step(&all).next, asks(), "{seconds} s");
        let plan = story.step(&answered(trace(other("fix-acl", false, 0), 9)));
        let next = plan.next.filter(|next| matches!(next, Action::Trace { .. }));
        assert_eq!(next, expected, "{seconds} s; a round takes 126 s at most");
    };
    check(120, Some(Action::Trace { actors: Vec::new(), rules: vec![arn("other")] }));
    check(130, None);
}

#[test]
fn the_target_of_a_rule_that_is_read_with_it_is_marked() {
    let mut story = looping(Mode::Enforce);
    story.step(&loop_of_equal_calls(8));
    let mut rule = found(RuleState::Enabled);
    let role = "arn:aws:iam::123456789012:role/fixer-role";
    rule.targets[0].actors = vec![Actor::new(&rule.targets[0].arn, Some(role))];
    story.step(&[inspected(rule)]);
    let trip = story.record.last_trip.clone().unwrap();
    assert!(trip.evidence.callers[0].is_target);
}
