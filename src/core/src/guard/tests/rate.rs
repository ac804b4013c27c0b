//! Rates: a rule's own history, its callers, and steady firing.

use super::turns::{called, known, loop_of_equal_calls, shifted};
use super::*;
use crate::history::RateHistory;
use crate::model::Cause;

fn answered(answer: Answer) -> [Observation<'static>; 1] {
    [Observation::Answer(answer)]
}

/// The same number of firings in each minute of ten hours, a day ago.
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
        // The caller of these calls is no target of it.
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
    check(r#"{"source":["shop"]}"#, false, spared);
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
    let later = shifted(&loop_of_equal_calls(8), 7 * 3_600);
    assert_eq!(story.later(8 * 3_600).step(&later).next, Some(Action::Inspect));
}

#[test]
fn a_rule_of_a_custom_bus_names_what_it_takes_by_its_source() {
    let check = |path: &str, pattern: &str, call: Option<&str>, expected: bool| {
        let rule = format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse().unwrap();
        let definition = RuleDefinition { event_pattern: Some(pattern.into()), ..found(RuleState::Enabled) };
        let evidence = Evidence { call: call.map(str::to_owned), ..Evidence::manual() };
        let takes_any = super::super::cut::takes_any_call(&rule, &definition, &evidence);
        assert_eq!(!takes_any, expected, "{path} {pattern} {call:?}");
    };
    let check_source = |source: &str, expected: bool| {
        check("orders/fix", &format!(r#"{{"source":[{source}]}}"#), None, expected);
    };
    check_source(r#""shop",{"prefix":"bank."}"#, true);
    check_source(r#""shop","aws.s3""#, false);
    check_source(r#"{"prefix":"a"}"#, false);
    check_source(r#"{"prefix":"aws.partner/"}"#, false);
    check_source(r#"{"anything-but":"shop"}"#, false);
    check("fix", r#"{"source":["shop"]}"#, None, false);
    check("orders/fix", r#"{"source":["trails.audit"]}"#, Some("s3 PutBucketAcl"), false);
}

#[test]
fn an_unread_history_is_asked_for_three_times_and_then_makes_a_suspect() {
    let (mut story, plan) = reached();
    let throttled = || answered(Answer::History(Err(Fault::new(FaultKind::Throttled, "slow down"))));
    assert_eq!(plan.next, Some(Action::History));
    assert_eq!(story.step(&throttled()).next, None, "one throttled call proves nothing");
    assert!(story.record.needs_watch());
    assert_eq!(story.later(5).step(&[firing(10, 5)]).next, None, "too soon to ask again");
    for n in 0..2 {
        assert_eq!(story.later(20).step(&[firing(20 + n, 10)]).next, Some(Action::History));
        story.step(&throttled());
    }
    assert_eq!((&story.record.breaker, story.record.needs_watch()), (&Breaker::Closed, true));
    story.later(20).step(&[firing(30, 30)]);
    let alerts = story.publish();
    assert_eq!(alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::Suspect]);
    let history = alerts[0].evidence.as_ref().unwrap().history.clone().unwrap();
    assert!(history.starts_with("its history could not be read, after 3 tries: slow down"), "{history}");
    let (mut story, _) = reached();
    story.step(&throttled());
    story.later(20).step(&[firing(40, 10)]);
    let plan = story.step(&answered(Answer::History(Ok(RateHistory::default()))));
    assert_eq!(plan.next, Some(Action::Inspect), "the second answer came");
}

#[test]
fn only_a_rules_own_calls_cut_it_by_rate_where_its_actors_are_known() {
    let check = |cause: Cause, expected: &[AlertKind], why: &str| {
        let mut story = Story::new(Mode::Enforce, "200/60s");
        known(&mut story);
        story.later(600);
        let mut all = vec![called(0, 0, Cause::Foreign)];
        all.extend((1..=900).map(|n| called(n, 1 + n / 5, cause.clone())));
        let mut kinds = Vec::new();
        for batch in all.chunks(50) {
            let mut plan = story.step(batch);
            while let Some(action) = plan.next.take() {
                plan = match action {
                    Action::History => story.step(&answered(Answer::History(Ok(RateHistory::default())))),
                    Action::Inspect => story.step(&[inspected(found(RuleState::Enabled))]),
                    Action::Disable => story.step(&answered(Answer::Disabled(Ok(RuleState::Disabled)))),
                    Action::Publish(alert) => {
                        kinds.push(alert.key.kind);
                        story.step(&answered(Answer::Published { key: Box::new(alert.key), result: Ok(()) }))
                    }
                    other => panic!("{other:?}"),
                };
            }
        }
        kinds.dedup();
        assert_eq!(kinds, expected, "{why}");
    };
    check(Cause::Foreign, &[AlertKind::Suspect], "a bulk job");
    check(Cause::Unplaced, &[AlertKind::Suspect], "a service for somebody");
    check(Cause::Service, &[AlertKind::Suspect], "a service");
    check(
        Cause::own(crate::model::Proof::Issued),
        &[AlertKind::Advice, AlertKind::Suspect, AlertKind::Tripped],
        "a loop with other words each turn",
    );
}

#[test]
fn a_rate_of_others_is_no_proof_once_the_targets_are_read() {
    let check = |cause: fn(i64) -> Observation<'static>, is_read: bool, expected: Option<Action>| {
        let mut story = Story::new(Mode::Enforce, "3/60s");
        story.limits.burst_is_tagged = false;
        assert_eq!(story.step(&[cause(1), cause(2), cause(3)]).next, Some(Action::History));
        let plan = story.step(&answered(Answer::History(Ok(RateHistory::default()))));
        assert_eq!(plan.next, Some(Action::Inspect), "who acts for its targets is not known");
        if is_read {
            known(&mut story);
        }
        let plan = story.step(&[inspected(found(RuleState::Enabled))]);
        let next = plan.next.filter(|next| !matches!(next, Action::Publish(_)));
        assert_eq!((next, story.publish().len()), (expected.clone(), usize::from(expected.is_none())));
    };
    let own = |n| firing(n, 0);
    let others = |n| {
        let Observation::Firing(mut firing) = called(n, 0, Cause::Unknown) else { unreachable!() };
        firing.caller.principal = "arn:aws:iam::123456789012:user/ann".into();
        Observation::Firing(firing)
    };
    check(own, true, Some(Action::Disable));
    check(others, true, None);
    check(others, false, Some(Action::Disable));
}

#[test]
fn what_anybody_can_cause_never_counts() {
    let flood = |change: fn(&mut crate::model::Call<'static>)| {
        let mut story = Story::new(Mode::Enforce, "3/60s");
        let all: Vec<_> = (0..50)
            .map(|n| {
                let Observation::Firing(mut firing) = called(n, n, Cause::Unknown) else { unreachable!() };
                firing.call.as_mut().into_iter().for_each(change);
                Observation::Firing(firing)
            })
            .collect();
        story.step(&all).next
    };
    assert_eq!(flood(|_| {}), Some(Action::Inspect));
    assert_eq!(flood(|call| call.service = "signin.amazonaws.com".into()), None, "failed sign-ins");
    assert_eq!(flood(|call| call.outcome = crate::model::CallOutcome::Refused), None, "refused calls");
}
