//! Consequences of a cut: missed events, the outcome, and a wrong cut that is undone.

use super::*;
use crate::aftermath::{Accused, CutOutcome, MissedBy};
use crate::model::Proof;
use crate::verdict::EvidenceKind;

/// Firing by a deployment, which is no target of the rule.
fn deployed(n: i64, second: i64, cause: Cause) -> Firing<'static> {
    let principal = "arn:aws:sts::123456789012:assumed-role/deploy/pipeline".into();
    let Observation::Firing(firing) = firing(n, second) else { unreachable!() };
    Firing { caller: Caller { principal, issued_to: None }, cause, ..firing }
}

/// Event that matches the cut rule, `second` seconds after noon.
fn missed(n: i64, second: i64, cause: Cause) -> Observation<'static> {
    Observation::Missed(deployed(n, second, cause))
}

/// Three firings of unknown callers under a limit of three; the guard sees what the rule misses.
fn cut_by_rate(restores: bool) -> Story {
    let mut story = Story::new(Mode::Enforce, "3/60s");
    (story.limits.sees_missed, story.limits.restores_exonerated) = (true, restores);
    story.step(&[1, 2, 3].map(|n| Observation::Firing(deployed(n, 0, Cause::Foreign))));
    story.step(&[inspected(found(RuleState::Enabled))]);
    let plan = story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    assert!(matches!(plan.next, Some(Action::Publish(_))));
    assert_eq!(
        story.publish()[0].hint.as_deref(),
        Some("the guard goes on to see these calls, and tells the outcome of the cut")
    );
    story
}

/// A tick each minute, up to this minute after noon or to the restore. `calls` makes the events of a minute.
fn minutes(
    story: &mut Story,
    until: i64,
    calls: impl Fn(i64) -> Vec<Observation<'static>>,
) -> Vec<AlertJson> {
    let mut alerts = Vec::new();
    let first = story.now.duration_since(NOON).as_mins() + 1;
    for minute in first..=until {
        story.now = NOON + SignedDuration::from_mins(minute);
        story.step(&calls(minute));
        story.step(&[Observation::Tick]);
        alerts.extend(story.publish());
        if matches!(story.record.breaker, Breaker::Restoring(_)) {
            let plan = story.step(&[Observation::Tick]);
            assert!(matches!(plan.next, Some(Action::Await { .. })), "the restore holds the lease");
            story.step(&[restored(found(RuleState::Disabled), found(RuleState::Enabled))]);
            alerts.extend(story.publish());
            break;
        }
    }
    alerts
}

/// A call of others each ten seconds.
fn others(minute: i64) -> Vec<Observation<'static>> {
    (0..6).map(|n| missed(minute * 10 + n + 100, (minute - 1) * 60 + n * 10, Cause::Foreign)).collect()
}

fn kinds(alerts: &[AlertJson]) -> Vec<AlertKind> {
    alerts.iter().map(|alert| alert.kind).collect()
}

#[test]
fn missed_events_are_counted_once_by_their_makers() {
    let mut story = cut_by_rate(false);
    let own = Cause::own(Proof::Issued);
    let batch = [missed(4, 5, Cause::Foreign), missed(5, 6, own.clone()), missed(5, 6, own)];
    story.later(10).step(&batch);
    story.step(&batch);
    let after = story.record.aftermath.as_ref().expect("a cut");
    let seen: Vec<_> = after.missed.makers.iter().map(|one| (one.by, one.count)).collect();
    assert_eq!(seen, [(MissedBy::Own, 1), (MissedBy::Others, 1)]);
    assert_eq!((after.accused, story.record.late), (Accused::Others, 0));
    assert_eq!(after.missed.to_string(), "2 events: 1 by its own target, 1 by others");
}

#[test]
fn a_delivery_by_the_rule_itself_is_late_and_missed() {
    let mut story = cut_by_rate(false);
    story.later(10).step(&[firing(4, 5)]);
    let missed = story.record.aftermath.as_ref().map(|after| after.missed.total());
    assert_eq!((missed, story.record.late), (Some(1), 1));
}

#[test]
fn calls_that_go_on_restore_the_rule_once() {
    let mut story = cut_by_rate(true);
    let alerts = minutes(&mut story, 12, others);
    assert_eq!(kinds(&alerts), [AlertKind::Exonerated, AlertKind::Restored]);
    assert!(alerts[0].reason.starts_with("the calls go on without the rule: "), "{}", alerts[0].reason);
    assert_eq!(alerts[0].undo, None);
    assert!(alerts[1].reason.contains(". It missed "), "{}", alerts[1].reason);
    assert!(matches!(story.record.breaker, Breaker::HalfOpen { .. }));
    // On probation the same evidence makes a suspect, for a week.
    let burst = |n: i64| -> Vec<_> {
        (0..3).map(|i| Observation::Firing(deployed(n + i, n, Cause::Foreign))).collect()
    };
    story.now = NOON + SignedDuration::from_mins(15);
    story.step(&burst(900));
    assert!(matches!(story.record.breaker, Breaker::HalfOpen { .. }), "{}", story.record.breaker);
    assert_eq!(kinds(&story.publish()), [AlertKind::Suspect]);
    // Firing that is far faster is other evidence.
    let far_more: Vec<_> =
        (0..30).map(|i| Observation::Firing(deployed(5_000 + i, 1_300, Cause::Foreign))).collect();
    story.now = NOON + SignedDuration::from_mins(22);
    story.step(&far_more);
    assert!(matches!(story.record.breaker, Breaker::Open(_)), "{}", story.record.breaker);
}

#[test]
fn a_wrong_cut_is_reported_with_the_command_where_the_guard_may_not_restore() {
    let mut story = cut_by_rate(false);
    let alerts = minutes(&mut story, 12, others);
    assert_eq!(kinds(&alerts), [AlertKind::Exonerated]);
    assert_eq!(alerts[0].undo.as_deref(), Some("budget-guard enable fix-acl --region us-east-1"));
    assert!(story.record.breaker.disabled().is_some());
    assert_eq!(story.record.exonerated.map(|one| one.kind), Some(EvidenceKind::Burst));
}

#[test]
fn nothing_is_judged_where_the_guard_does_not_see_the_events() {
    let mut story = cut_by_rate(true);
    story.limits.sees_missed = false;
    assert_eq!(kinds(&minutes(&mut story, 30, others)), []);
}

#[test]
fn calls_of_others_that_end_prove_nothing() {
    let mut story = cut_by_rate(true);
    let alerts = minutes(&mut story, 30, |_| Vec::new());
    assert_eq!(kinds(&alerts), [AlertKind::Inconclusive]);
    assert!(story.record.breaker.disabled().is_some());
}

#[test]
fn a_proved_loop_that_stops_is_confirmed() {
    let mut story = Story::proved();
    story.limits.sees_missed = true;
    let cut_at = story.now;
    let mut alerts = Vec::new();
    for _ in 0..30 {
        story.later(60).step(&[Observation::Tick]);
        alerts.extend(story.publish());
    }
    assert_eq!(kinds(&alerts), [AlertKind::Confirmed]);
    let after = story.record.aftermath.as_ref().expect("a cut");
    assert_eq!((after.cut_at, after.accused), (cut_at, Accused::Own));
    assert!(matches!(after.outcome, CutOutcome::Stopped { is_proof: true, .. }), "{}", after.outcome);
    // The outcome stands, and what is no longer needed is forgotten.
    story.later(3 * 3_600).step(&[Observation::Tick]);
    let record = &story.record;
    assert!(record.aftermath.as_ref().is_some_and(|after| after.is_over) && record.turns.is_empty());
    let refused = story.step(&[Observation::Order(Order::Enable { force: false })]);
    assert_eq!(refused.next, Some(Action::Check), "it is compared with the rule before the loop");
}

#[test]
fn a_late_reason_that_explains_the_calls_clears_them() {
    let mut story = Story::proved();
    (story.limits.sees_missed, story.limits.restores_exonerated) = (true, true);
    let reasons: Vec<_> = (0..8)
        .map(|n| {
            let Observation::Firing(at) = turns::loop_of_equal_calls(8)[n].clone() else { unreachable!() };
            let event_id = format!("late-{n}").into();
            let at = at.at - SignedDuration::from_secs(1);
            let Observation::Missed(firing) = missed(0, 0, Cause::Foreign) else { unreachable!() };
            Observation::Missed(Firing { event_id, at, ..firing })
        })
        .collect();
    story.later(60).step(&reasons);
    let plan = story.step(&[Observation::Tick]);
    let after = story.record.aftermath.as_ref().expect("a cut");
    assert_eq!(after.outcome, CutOutcome::Cleared);
    assert_eq!(plan.next, Some(Action::Restore(RuleState::Enabled)));
    assert_eq!(story.record.exonerated, None, "new evidence is other evidence");
}

#[test]
fn metrics_are_asked_for_while_the_outcome_is_open() {
    let mut story = cut_by_rate(true);
    let mut asked = Vec::new();
    for minute in 1..25 {
        story.now = NOON + SignedDuration::from_mins(minute);
        // One call a minute is too little to tell.
        story.step(&[missed(minute + 500, minute * 60 - 1, Cause::Foreign)]);
        let plan = story.step(&[Observation::Tick]);
        if let Some(Action::SinceCut { cut_at }) = plan.next {
            asked.push((minute, cut_at));
            let failed = Err(Fault::new(FaultKind::Denied, "GetMetricData: no"));
            let plan = story.step(&[Observation::Answer(Answer::SinceCut(failed))]);
            assert_eq!(plan.notes.len(), 1);
        }
        if story.record.aftermath.as_ref().is_some_and(|after| after.outcome != CutOutcome::NotYetKnown) {
            break;
        }
    }
    assert_eq!(asked.first(), Some(&(6, NOON)));
}
