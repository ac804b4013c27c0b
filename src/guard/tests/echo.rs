//! Loops that no rate limit sees: echoes, chains of rules, and what the rule's own history says about rate.

use super::*;
use crate::actions::Action;
use crate::history::RateHistory;
use crate::model::{Call, Cause, Proof, Resource, ResourceIds};
use crate::policy::EchoLimit;
use crate::verdict::{EvidenceKind, Upstream};

fn arn(name: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
}

/// The n-th firing, at that second, always the same call on the same bucket.
fn caused(n: i64, second: i64, cause: Cause) -> Observation<'static> {
    let Observation::Firing(mut firing) = firing(n, second) else { unreachable!() };
    firing.cause = cause;
    firing.call = Some(Call {
        service: "s3.amazonaws.com".into(),
        operation: "PutBucketAcl".into(),
        role: None,
        invoked_by: None,
        resource: Some(Resource { name: "bucket".into(), ids: ResourceIds::new([7]) }),
        parameters: 1,
    });
    Observation::Firing(firing)
}

fn echo(n: i64, second: i64) -> Observation<'static> {
    caused(n, second, Cause::Target(Proof::Issued))
}

fn relayed(n: i64, second: i64) -> Observation<'static> {
    caused(n, second, Cause::Relay(vec![arn("other")]))
}

/// One turn a minute, far below any rate limit.
fn slow_loop(turns: i64) -> Vec<Observation<'static>> {
    std::iter::once(caused(0, 0, Cause::Outside)).chain((1..=turns).map(|n| echo(n, n * 60))).collect()
}

fn answered(answer: Answer) -> [Observation<'static>; 1] {
    [Observation::Answer(answer)]
}

#[test]
fn a_slow_loop_is_cut_at_its_sixth_firing() {
    let mut story = Story::new(Mode::Enforce, "200/60s");
    story.later(3_600);
    for (n, firing) in slow_loop(5).iter().enumerate() {
        let plan = story.step(std::slice::from_ref(firing));
        assert_eq!(plan.next.is_some(), n == 5, "firing {n}");
    }
    let trip = story.record.last_trip.clone().unwrap();
    assert_eq!(
        trip.reason,
        "5 firings on bucket, word for word the same call, were caused by its own target, with no outside firing \
         between them, at the limit of 5 (2026-11-20T12:01:00Z to 2026-11-20T12:05:00Z)"
    );
    assert!(trip.evidence.proves_loop());
    let plan = story.step(&[inspected(found(RuleState::Enabled))]);
    assert_eq!(plan.next, Some(Action::Disable));
}

#[test]
fn a_batch_counts_as_a_whole() {
    // The outside firing comes last, and stood in the middle.
    let mut story = Story::new(Mode::Enforce, "200/60s");
    story.later(3_600);
    let mut batch: Vec<_> = (1..=6).map(|n| echo(n, n * 60)).collect();
    batch.push(caused(9, 200, Cause::Outside));
    assert_eq!(story.step(&batch).next, None);
}

#[test]
fn observe_and_tags_hold_for_echoes_too() {
    let mut story = Story::new(Mode::Observe, "200/60s");
    story.later(3_600).step(&slow_loop(5));
    let alerts = story.publish();
    assert_eq!(alerts[0].kind, AlertKind::WouldTrip);
    assert_eq!(alerts[0].evidence.as_ref().unwrap().kind, EvidenceKind::Echo);

    let mut story = Story::new(Mode::Enforce, "200/60s");
    story.limits.echo = None;
    assert_eq!(story.later(3_600).step(&slow_loop(50)).next, None, "off");

    // The tags are read with the rule, after the trip.
    let mut story = Story::new(Mode::Enforce, "200/60s");
    assert_eq!(story.later(3_600).step(&slow_loop(5)).next, Some(Action::Inspect));
    story.limits.echo = Some("20".parse::<EchoLimit>().unwrap());
    assert_eq!(story.step(&[inspected(found(RuleState::Enabled))]).next, None);
    assert!(matches!(story.record.breaker, Breaker::Closed));
}

#[test]
fn a_loop_that_was_broken_is_neither_told_again_nor_cut() {
    let after = |hours: i64, mode: Mode| {
        let mut story = Story::new(Mode::Observe, "200/60s");
        story.later(300).step(&slow_loop(5));
        assert_eq!(story.publish().len(), 1);
        // Somebody broke the loop; later, one honest call and its answer.
        story.limits.mode = mode;
        let second = hours * 3_600;
        story.later(second).step(&[caused(50, second, Cause::Outside), echo(51, second + 1)])
    };
    assert_eq!(after(2, Mode::Enforce).next, None, "enforced from now on");
    let plan = after(24, Mode::Observe);
    assert_eq!((plan.next, plan.tally.would_trip), (None, 0), "a day later");
}

#[test]
fn an_event_that_comes_again_fires_nobody_twice() {
    // With such a limit the window keeps one firing in 200,000: it does not know them again.
    let mut story = Story::new(Mode::Enforce, "100000000/60s");
    let saves: Vec<bool> = (0..9).map(|_| story.later(60).step(&[relayed(1, 60)]).save).collect();
    let counts: Vec<u32> = story.record.echoes.relays().map(|relay| relay.count).collect();
    assert_eq!((counts, &saves[1..]), (vec![1], &[false; 8][..]));
}

fn upstream(fired_by: &str, firings: u64, is_open: bool) -> Upstream {
    let fired_by = vec![(vec![arn(fired_by)], 9)];
    Upstream { rule: arn("other"), fired_by, firings, may_cut: true, is_open }
}

#[test]
fn a_chain_that_leads_back_is_a_loop_and_one_rule_of_it_is_cut() {
    let check = |other: Upstream, expected: Option<Action>, why: &str| {
        let mut story = Story::new(Mode::Enforce, "200/60s");
        story.later(3_600);
        let firings: Vec<_> = (1..=5).map(|n| relayed(n, n * 60)).collect();
        let plan = story.step(&firings);
        assert_eq!(plan.next, Some(Action::Trace(vec![arn("other")])));
        let plan = story.step(&answered(Answer::Traced(Ok(vec![other]))));
        assert_eq!(plan.next, expected, "{why}");
        story
    };
    let claim = Some(Action::Trace(vec![arn("other")]));
    let mut story = check(upstream("fix-acl", 5, false), claim.clone(), "this one comes first by name");
    let trip = story.record.last_trip.clone().unwrap();
    assert_eq!(trip.evidence.echo.unwrap().cycle, [arn("fix-acl"), arn("other")]);
    // Nobody else claimed a cut meanwhile: it goes on.
    let plan = story.step(&answered(Answer::Traced(Ok(vec![upstream("fix-acl", 5, false)]))));
    assert_eq!(plan.next, Some(Action::Inspect));

    let mut story = check(upstream("fix-acl", 5, false), claim, "as before");
    let plan = story.step(&answered(Answer::Traced(Ok(vec![upstream("fix-acl", 5, true)]))));
    assert_eq!((plan.next, &story.record.breaker), (None, &Breaker::Closed), "one cut is enough");

    let mut story =
        check(upstream("fix-acl", 5, false), Some(Action::Trace(vec![arn("other")])), "as before");
    let throttled = || Answer::Traced(Err(Fault::new(FaultKind::Throttled, "slow down")));
    let plan = story.step(&answered(throttled()));
    assert!(!matches!(plan.next, Some(Action::Inspect | Action::Disable)), "{:?}", plan.next);
    let plan = story.later(61).step(&[Observation::Tick]);
    assert_eq!(plan.next, Some(Action::Trace(vec![arn("other")])), "asked again");

    check(upstream("fix-acl", 50, false), None, "the other one fired more");
    check(upstream("fix-acl", 5, true), None, "the other one is cut already");
    check(upstream("third", 5, false), None, "a chain that does not close");
    let failed = Answer::Traced(Err(Fault::new(FaultKind::Throttled, "slow down")));
    let mut story = Story::new(Mode::Enforce, "200/60s");
    story.later(3_600).step(&(1..=5).map(|n| relayed(n, n * 60)).collect::<Vec<_>>());
    let plan = story.step(&answered(failed));
    assert_eq!((plan.next, plan.notes.len()), (None, 1));
}

#[test]
fn a_rule_of_a_cycle_is_cut_when_the_one_to_cut_never_sees_the_loop() {
    // The other rule fires more, but each time on another resource.
    let check = |other: fn() -> Upstream, expected: Option<i64>| {
        let mut story = Story::new(Mode::Enforce, "200/60s");
        let cut_at = (1..=30).find(|n| {
            if story.later(60).step(&[relayed(*n, n * 60)]).next.is_some() {
                story.step(&answered(Answer::Traced(Ok(vec![other()]))));
            }
            story.record.breaker != Breaker::Closed
        });
        assert_eq!(cut_at, expected);
    };
    check(|| upstream("fix-acl", 500, false), Some(8));
    check(|| upstream("fix-acl", 500, true), None);
}

/// So many firings in each of the last days' minutes.
fn busy(firings: u64) -> RateHistory {
    let minute = |n: i64| NOON - SignedDuration::from_hours(24) + SignedDuration::from_mins(n);
    RateHistory::new((0..600).map(|n| (minute(n), firings)))
}

/// A rule with the default limit, which is reached.
fn reached() -> (Story, Plan) {
    let mut story = Story::new(Mode::Enforce, "3/60s");
    story.limits.burst_is_tagged = false;
    let plan = story.step(&[firing(1, 0), firing(2, 0), firing(3, 0)]);
    (story, plan)
}

#[test]
fn history_is_asked_before_a_default_limit_cuts() {
    let check = |answer: Result<RateHistory, Fault>, expected: Option<Action>, sentence: &str| {
        let (mut story, plan) = reached();
        assert_eq!(plan.next, Some(Action::History));
        let until = NOON + SignedDuration::from_secs(3);
        assert_eq!(story.step(&[firing(4, 0)]).next, Some(Action::Await { until }), "asked for once");
        let plan = story.step(&answered(Answer::History(answer)));
        assert_eq!(plan.next, expected);
        let evidence = story.record.last_trip.clone().map(|trip| trip.evidence);
        let said = evidence.and_then(|evidence| evidence.history).unwrap_or_default();
        assert!(said.starts_with(sentence) && said.is_empty() == sentence.is_empty(), "{said}");
        story
    };
    check(Ok(RateHistory::default()), Some(Action::Inspect), "it had no firings in 14 days");
    check(Ok(busy(0)), Some(Action::Inspect), "it had no firings in 14 days");
    let denied = Fault::new(FaultKind::Denied, "AccessDeniedException: no");
    check(Err(denied), Some(Action::Inspect), "its history could not be read, so the plain limit holds");
    let mut story = check(Ok(busy(5)), None, "");
    assert_eq!(story.record.window.limit().to_string(), "50/60s");
    let more: Vec<_> = (5..=49).map(|n| firing(n, 0)).collect();
    story.step(&more);
    assert_eq!(story.record.breaker, Breaker::Closed);
    let alerts = story.publish();
    assert_eq!(alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::Suspect]);
    assert_eq!(story.step(&[firing(50, 0)]).next, Some(Action::Inspect), "ten times its record");
}

#[test]
fn a_tag_and_a_probation_need_no_history() {
    let mut story = Story::new(Mode::Enforce, "3/60s");
    story.limits.burst_is_tagged = true;
    assert_eq!(story.step(&[firing(1, 0), firing(2, 0), firing(3, 0)]).next, Some(Action::Inspect));
    let mut story = Story::restored();
    story.limits.burst_is_tagged = false;
    assert_eq!(story.later(5).step(&[firing(11, 2)]).next, Some(Action::Inspect), "a quarter of 3 is 1");
}

#[test]
fn steady_firing_that_is_new_makes_a_suspect_once_a_day() {
    let steady =
        |day: i64| (0..20).map(move |n| firing(day * 100 + n, day * 86_400 + n * 45)).collect::<Vec<_>>();
    let kinds = |story: &mut Story| story.publish().iter().map(|alert| alert.kind).collect::<Vec<_>>();
    let mut story = Story::new(Mode::Enforce, "200/60s");
    assert_eq!(story.later(3_600).step(&steady(0)).next, Some(Action::History));
    story.step(&answered(Answer::History(Ok(RateHistory::default()))));
    assert_eq!((kinds(&mut story), &story.record.breaker), (vec![AlertKind::Suspect], &Breaker::Closed));
    story.later(600).step(&[firing(99, 20 * 45)]);
    assert_eq!(kinds(&mut story), []);
    story.later(86_400).step(&steady(1));
    story.step(&answered(Answer::History(Ok(RateHistory::default()))));
    assert_eq!(kinds(&mut story), [AlertKind::Suspect]);

    let mut story = Story::new(Mode::Enforce, "200/60s");
    story.later(3_600).step(&steady(0));
    story.step(&answered(Answer::History(Ok(busy(1)))));
    assert_eq!(kinds(&mut story), [], "it always was as busy");
}

#[test]
fn a_rule_that_takes_any_call_is_not_cut_by_its_rate_alone() {
    let check = |pattern: &str, is_tagged: bool, expected: &[AlertKind]| {
        let (mut story, _) = reached();
        let plan = story.step(&answered(Answer::History(Ok(RateHistory::default()))));
        assert_eq!(plan.next, Some(Action::Inspect), "{pattern}");
        story.limits.burst_is_tagged = is_tagged;
        let forwarder = RuleDefinition { event_pattern: Some(pattern.into()), ..found(RuleState::Enabled) };
        // Who made these calls is no target of it.
        let mut plan = story.step(&[inspected(RuleDefinition { targets: Vec::new(), ..forwarder })]);
        if plan.next == Some(Action::Disable) {
            plan = story.step(&answered(Answer::Disabled(Ok(RuleState::Disabled))));
        }
        assert!(matches!(plan.next, Some(Action::Publish(_))), "{pattern}: {plan:?}");
        let kinds: Vec<AlertKind> = story.publish().iter().map(|alert| alert.kind).collect();
        assert_eq!(kinds, expected, "{pattern}");
        story
    };
    let (cut, spared) = (&[AlertKind::Tripped], &[AlertKind::Suspect]);
    check(r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#, false, cut);
    check(r#"{"detail-type":["Object Created"]}"#, false, cut);
    check(r#"{"source":["aws.s3"]}"#, true, cut);
    check(r#"{"source":["aws.s3"]}"#, false, spared);
    check(r#"{"detail-type":["Object Created","AWS API Call via CloudTrail"]}"#, false, spared);
    let mut story = check(r#"{"detail-type":[{"suffix":"via CloudTrail"}]}"#, false, spared);
    let because = "not disabled, because its pattern names no API call, so its rate alone proves nothing";
    assert!(matches!(&story.record.last_trip, Some(trip) if because.ends_with(match &trip.outcome {
        Outcome::Spared { because } => because,
        _ => "it was cut",
    })));
    // It is not asked about again that day; but a proved loop is cut.
    let more: Vec<_> = (10..40).map(|n| firing(n, 1)).collect();
    let plan = story.step(&more);
    assert_eq!((plan.next, story.publish().len()), (None, 0));
    assert_eq!(story.later(3_600).step(&slow_loop(5)).next, Some(Action::Inspect));
}

#[test]
fn a_shared_role_says_so_and_the_tags_weigh_it_too() {
    let mut story = Story::new(Mode::Enforce, "200/60s");
    let shared = |n: i64| caused(n, n * 60, Cause::Target(Proof::SharedRole));
    assert_eq!(story.later(3_600).step(&(0..9).map(shared).collect::<Vec<_>>()).next, None);
    assert_eq!(story.step(&[shared(9)]).next, Some(Action::Inspect));
    let reason = story.record.last_trip.as_ref().unwrap().reason.clone();
    let words = "were caused by its own target, by a role that others use as well (each counts half), with no outside";
    assert!(reason.starts_with("10 firings on bucket") && reason.contains(words), "{reason}");
    story.limits.echo = Some("12".parse::<EchoLimit>().unwrap());
    assert_eq!(story.step(&[inspected(found(RuleState::Enabled))]).next, None, "5 of 6");
    assert!(matches!(story.record.breaker, Breaker::Closed));
}
