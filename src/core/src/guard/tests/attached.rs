//! Cuts that rest on attached rules alone: firings that another rule makes up, and CloudWatch as witness.

use super::*;
use crate::aftermath::CutOutcome;
use crate::history::SinceCut;

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:budget-guard-attached";

fn attached(n: i64, second: i64) -> Observation<'static> {
    let Observation::Firing(firing) = firing(n, second) else { unreachable!() };
    Observation::Attached(firing)
}

/// The rule, sending to these queues besides its function.
fn sending_to(queues: &[&str]) -> RuleDefinition {
    let mut rule = found(RuleState::Enabled);
    rule.targets.extend(queues.iter().map(|queue| Target::new("any", *queue)));
    rule
}

/// Ten firings that an attached rule delivered, under a limit of ten.
fn tripped() -> Story {
    let mut story = Story::new(Mode::Enforce, "10/60s");
    story.limits.attached_queue = Some(QUEUE.into());
    story.limits.restores_exonerated = true;
    let firings: Vec<_> = (0..10).map(|n| attached(n, n)).collect();
    let plan = story.step(&firings);
    assert_eq!(plan.next, Some(Action::Inspect));
    story
}

#[test]
fn a_rule_is_cut_only_if_it_sends_to_the_guards_queue() {
    let check = |queues: &[&str], is_cut: bool| {
        let mut story = tripped();
        let plan = story.step(&[inspected(sending_to(queues))]);
        assert_eq!(plan.next == Some(Action::Disable), is_cut, "{queues:?}: {:?}", plan.next);
        let told: Vec<_> = story.publish().into_iter().map(|alert| (alert.kind, alert.reason)).collect();
        if is_cut {
            assert_eq!(told, [], "{queues:?}");
            return;
        }
        let [(AlertKind::Suspect, reason)] = &told[..] else { panic!("{queues:?}: {told:?}") };
        assert!(
            reason.contains("does not send to the guard's queue, so firings of it were made up"),
            "{reason}"
        );
        assert_eq!((&story.record.breaker, story.record.attached_at), (&Breaker::Closed, None), "{queues:?}");
        // The firings that were made up are forgotten. Its own count from the beginning.
        let plan = story.later(60).step(&(0..9).map(|n| firing(100 + n, 60)).collect::<Vec<_>>());
        assert_eq!(plan.tally.trips, 0, "{queues:?}");
    };
    check(&[QUEUE], true);
    check(&["arn:aws:sqs:us-east-1:123456789012:other", QUEUE], true);
    check(&[], false);
    check(&["arn:aws:sqs:us-east-1:123456789012:budget-guard-attached-too"], false);
}

#[test]
fn a_rule_that_the_catch_all_rule_shows_need_not_be_attached() {
    let mut story = Story::new(Mode::Enforce, "10/60s");
    story.limits.attached_queue = Some(QUEUE.into());
    story.step(&(0..10).map(|n| firing(n, n)).collect::<Vec<_>>());
    // The rule was detached more than an hour ago.
    story.record.attached_at = Some(NOON - SignedDuration::from_mins(61));
    let plan = story.step(&[inspected(found(RuleState::Enabled))]);
    assert_eq!(plan.next, Some(Action::Disable));
}

#[test]
fn an_order_by_hand_needs_no_firing() {
    let mut story = tripped();
    story.step(&[inspected(found(RuleState::Enabled))]);
    story.step(&[attached(20, 20)]);
    story.step(&[Observation::Order(Order::Disable { reason: "too dear".into() })]);
    let plan = story.step(&[inspected(found(RuleState::Enabled))]);
    assert_eq!(plan.next, Some(Action::Disable));
}

/// Ticks for 40 minutes after the cut, with these counts by CloudWatch, one for each reading.
fn outcome(readings: &[Result<u64, FaultKind>], observe: impl Fn(&mut Story)) -> (Story, Vec<AlertKind>) {
    let mut story = tripped();
    story.step(&[inspected(sending_to(&[QUEUE]))]);
    story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    observe(&mut story);
    let (mut kinds, mut readings) = (Vec::new(), readings.iter());
    kinds.extend(story.publish().iter().map(|alert| alert.kind));
    for _ in 0..40 {
        let plan = story.later(60).step(&[Observation::Tick]);
        if let Some(Action::SinceCut { .. }) = plan.next {
            let answer = match *readings.next().expect("it asks no further") {
                Ok(fired_before) => Ok(SinceCut { fired_before, ..SinceCut::default() }),
                Err(kind) => Err(Fault::new(kind, "GetMetricData: no")),
            };
            story.step(&[Observation::Answer(Answer::SinceCut(answer))]);
        }
        kinds.extend(story.publish().iter().map(|alert| alert.kind));
        if matches!(story.record.breaker, Breaker::Restoring(_)) {
            break;
        }
    }
    assert_eq!(readings.len(), 0, "it asked too few times");
    (story, kinds)
}

#[test]
fn a_cut_is_undone_if_cloudwatch_knows_no_such_firings() {
    let check = |readings: &[Result<u64, FaultKind>], is_undone: bool| {
        let (story, kinds) = outcome(readings, |_| ());
        let outcome = story.record.aftermath.as_ref().map(|after| after.outcome);
        match is_undone {
            true => {
                assert_eq!(kinds, [AlertKind::Tripped, AlertKind::Exonerated], "{readings:?}");
                let Some(CutOutcome::Contradicted { told, seen }) = outcome else { panic!("{outcome:?}") };
                assert_eq!((told, Some(&Ok(seen))), (10, readings.last()), "{readings:?}");
                assert!(matches!(story.record.breaker, Breaker::Restoring(_)), "{readings:?}");
            }
            false => {
                assert_eq!(kinds, [AlertKind::Tripped], "{readings:?}");
                assert!(story.record.breaker.disabled().is_some(), "{readings:?}");
            }
        }
    };
    check(&[Ok(0), Ok(0)], true);
    // The rule has its own firings, and most were made up.
    check(&[Ok(4), Ok(4)], true);
    // Metrics are a few minutes late.
    check(&[Ok(0), Ok(10)], false);
    check(&[Ok(5)], false);
    check(&[Ok(10)], false);
    check(&[Err(FaultKind::Throttled), Ok(0), Ok(0)], true);
    // Without the right to read metrics there is no witness.
    check(&[Err(FaultKind::Denied)], false);
}

#[test]
fn a_cut_that_the_catch_all_rule_shows_needs_no_witness() {
    let (story, kinds) = outcome(&[], |story| {
        story.record.aftermath.as_mut().expect("a cut").unconfirmed = 0;
    });
    assert_eq!(kinds, [AlertKind::Tripped]);
    assert!(story.record.breaker.disabled().is_some());
}

/// The calls of a forged loop end with the forgery, which looks like proof.
#[test]
fn a_cut_is_confirmed_only_once_cloudwatch_has_the_firings() {
    let check = |first: u64, expected: &[(i64, AlertKind)]| {
        let mut story = Story::new(Mode::Enforce, "200/60s");
        turns::known(&mut story);
        (story.limits.attached_queue, story.limits.sees_missed) = (Some(QUEUE.into()), true);
        let firings: Vec<_> = turns::loop_of_equal_calls(8)
            .into_iter()
            .map(|one| match one {
                Observation::Firing(firing) => Observation::Attached(firing),
                other => other,
            })
            .collect();
        story.later(3_600).step(&firings);
        story.step(&[inspected(sending_to(&[QUEUE]))]);
        story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
        story.publish();
        let mut told = Vec::new();
        for minute in 1..30 {
            let plan = story.later(60).step(&[Observation::Tick]);
            if let Some(Action::SinceCut { .. }) = plan.next {
                let seen = SinceCut { fired_before: first, ..SinceCut::default() };
                story.step(&[Observation::Answer(Answer::SinceCut(Ok(seen)))]);
                story.step(&[Observation::Tick]);
            }
            told.extend(story.publish().iter().map(|alert| (minute, alert.kind)));
        }
        assert_eq!(told, expected, "{first}");
    };
    check(9, &[(6, AlertKind::Confirmed)]);
    check(0, &[(16, AlertKind::Exonerated)]);
}
