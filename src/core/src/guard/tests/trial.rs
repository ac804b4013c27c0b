//! Trials of suspects, from the suspicion to their outcome.

use super::*;
use crate::model::Proof;
use crate::turns::Span;

pub(super) fn own_call(n: i64, second: i64) -> Observation<'static> {
    turns::called(n, second, Cause::own(Proof::Issued))
}

/// A rule with known targets that may be tried, and own calls without a reason, one in five minutes, until it is a suspect.
pub(super) fn suspect(is_on: bool) -> (Story, Vec<AlertKind>) {
    let mut story = Story::new(Mode::Enforce, "200/60s");
    turns::known(&mut story);
    story.limits.sees_missed = true;
    (story.limits.trial, story.limits.may_restore) = (is_on, true);
    for minute in 0..24 {
        story.now = NOON + SignedDuration::from_mins(minute * 5);
        story.step(&[own_call(minute, minute * 300)]);
        let kinds = kinds(&mut story);
        if !kinds.is_empty() {
            return (story, kinds);
        }
    }
    panic!("no suspect");
}

fn kinds(story: &mut Story) -> Vec<AlertKind> {
    story.publish().iter().map(|alert| alert.kind).collect()
}

/// Ticks each minute, and answers the guard's actions, until this number of minutes has passed. `own` has the minutes with
/// an own call.
pub(super) fn minutes(story: &mut Story, count: i64, own: impl Fn(i64) -> bool) -> Vec<AlertKind> {
    let mut seen = Vec::new();
    for minute in 0..count {
        story.later(60);
        if own(minute) {
            let second = story.now.duration_since(NOON).as_secs() - 1;
            let Observation::Firing(call) = own_call(10_000 + second, second) else { unreachable!() };
            story.step(&[Observation::Missed(call)]);
        }
        let mut plan = story.step(&[Observation::Tick]);
        for _ in 0..10 {
            let answer = match plan.next {
                Some(Action::Inspect) => inspected(found(RuleState::Enabled)),
                Some(Action::Disable) => Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled))),
                Some(Action::Restore(_)) => restored(found(RuleState::Disabled), found(RuleState::Enabled)),
                Some(Action::Check) => {
                    Observation::Answer(Answer::Checked(Ok(Box::new(found(RuleState::Disabled)))))
                }
                _ => break,
            };
            plan = story.step(&[answer]);
        }
        seen.extend(kinds(story));
    }
    seen
}

#[test]
fn a_suspect_is_tried_only_where_that_is_on() {
    let (story, kinds) = suspect(false);
    assert_eq!((kinds, story.record.trial), (vec![AlertKind::Suspect], None));
    let (story, kinds) = suspect(true);
    assert_eq!(kinds, [AlertKind::Suspect]);
    assert!(story.record.trial.is_some() && story.record.needs_watch());
}

#[test]
fn a_loop_falls_silent_and_is_cut() {
    let (mut story, _) = suspect(true);
    let seen = minutes(&mut story, 45, |_| false);
    assert_eq!(seen, [AlertKind::Trial, AlertKind::Restored, AlertKind::Tripped], "{:?}", story.record.trial);
    let trip = story.record.last_trip.as_ref().unwrap();
    assert!(trip.evidence.proves_loop());
    assert!(trip.evidence.history.as_ref().is_some_and(|text| text.contains("did not come back")));
}

#[test]
fn an_honest_machine_calls_on_and_is_left_alone() {
    let (mut story, _) = suspect(true);
    let seen = minutes(&mut story, 45, |minute| minute % 5 == 4);
    assert_eq!(seen, [AlertKind::Trial, AlertKind::Restored, AlertKind::Exonerated]);
    assert!(matches!(story.record.breaker, Breaker::HalfOpen { .. } | Breaker::Closed));
    assert_eq!(story.record.trial, None);
    // Such evidence is no suspicion for a week, and there is no second trial on the same day.
    let seen = minutes(&mut story, 240, |minute| minute % 5 == 4);
    assert!(!seen.contains(&AlertKind::Suspect) && !seen.contains(&AlertKind::Trial), "{seen:?}");
}

#[test]
fn a_trial_that_tells_nothing_says_so() {
    let (mut story, _) = suspect(true);
    let seen = minutes(&mut story, 45, |minute| minute == 12);
    assert_eq!(seen, [AlertKind::Trial, AlertKind::Restored, AlertKind::Inconclusive]);
}

#[test]
fn a_real_trip_ends_a_planned_trial() {
    let (mut story, _) = suspect(true);
    let own = [Span { from: NOON.as_second(), to: NOON.as_second(), count: 1 }];
    let suspect =
        crate::trial::Suspect { own: &own, others: &[], answer: 63, is_direct: true, per_minute: 1 };
    let plan = crate::trial::Trial::plan(Evidence::manual(), &suspect, NOON);
    assert_eq!(plan, None, "one call tells no pace");
    story.step(&[Observation::Order(Order::Disable { reason: "test".to_owned() })]);
    assert_eq!(story.record.trial, None);
}

#[test]
fn while_a_budget_is_overspent_a_suspect_is_tried_and_not_cut() {
    let check = |is_on: bool, expected: AlertKind| {
        let mut story = Story::new(Mode::Enforce, "200/60s");
        turns::known(&mut story);
        story.limits = story.limits.with_overspent_budgets(["monthly"]);
        story.limits.sees_missed = true;
        (story.limits.trial, story.limits.may_restore) = (is_on, true);
        // One own call a minute, without the beginning.
        for minute in 0..24 {
            story.now = NOON + SignedDuration::from_mins(minute);
            let mut plan = story.step(&[own_call(minute, minute * 60)]);
            for _ in 0..5 {
                let answer = match plan.next {
                    Some(Action::History) => Answer::History(Ok(Default::default())),
                    Some(Action::Inspect) => Answer::Inspected(Ok(Box::new(found(RuleState::Enabled)))),
                    Some(Action::Disable) => Answer::Disabled(Ok(RuleState::Disabled)),
                    _ => break,
                };
                plan = story.step(&[Observation::Answer(answer)]);
            }
            if let Some(first) = kinds(&mut story).first() {
                assert_eq!((*first, story.record.trial.is_some()), (expected, is_on));
                return;
            }
        }
        panic!("no suspect");
    };
    check(true, AlertKind::Suspect);
    check(false, AlertKind::Tripped);
}
