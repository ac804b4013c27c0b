//! Cuts that are withheld, because the guard has cut too many rules.

use super::*;
use crate::cuts::Pause;

fn pause(first: &str) -> Pause {
    let rule = |name: &str| -> RuleArn {
        format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
    };
    Pause { since: NOON, cut: vec![rule("a"), rule("b")], withheld: vec![rule(first), rule("fix-acl")] }
}

/// Three firings, `second` seconds after noon, and the refusal.
fn withheld(story: &mut Story, second: i64, first: &str) -> Vec<AlertKind> {
    story.now = NOON + SignedDuration::from_secs(second);
    story.step(&[1, 2, 3].map(|n| firing(second * 10 + n, second)));
    if matches!(story.record.breaker, Breaker::Open(_)) {
        story.step(&[inspected(found(RuleState::Enabled))]);
        story.step(&[Observation::Answer(Answer::Withheld(Box::new(pause(first))))]);
    }
    story.publish().iter().map(|alert| alert.kind).collect()
}

#[test]
fn a_pause_is_reported_once_and_each_rule_once_a_day() {
    let mut story = Story::new(Mode::Enforce, "3/60s");
    assert_eq!(withheld(&mut story, 0, "fix-acl"), [AlertKind::WouldTrip, AlertKind::Paused]);
    assert_eq!(story.record.breaker, Breaker::Closed);
    assert!(matches!(story.record.last_trip.as_ref().unwrap().outcome, Outcome::Spared { .. }));
    assert_eq!(withheld(&mut story, 30, "fix-acl"), [], "it is silent for a minute");
    assert_eq!(withheld(&mut story, 90, "fix-acl"), []);
    assert_eq!(withheld(&mut story, 86_500, "fix-acl"), [AlertKind::WouldTrip, AlertKind::Paused]);
    let mut later = Story::new(Mode::Enforce, "3/60s");
    assert_eq!(withheld(&mut later, 0, "c"), [AlertKind::WouldTrip]);
}

#[test]
fn a_rule_is_cut_within_a_minute_after_the_pause() {
    let mut story = Story::new(Mode::Enforce, "3/60s");
    withheld(&mut story, 0, "fix-acl");
    story.now = NOON + SignedDuration::from_secs(61);
    story.step(&[1, 2, 3].map(|n| firing(n + 100, 61)));
    story.step(&[inspected(found(RuleState::Enabled))]);
    story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    let alerts = story.publish();
    assert_eq!(alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::Tripped]);
}
