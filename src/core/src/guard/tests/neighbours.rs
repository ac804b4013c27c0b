//! Rules that receive the calls of another rule's target.

use super::*;
use crate::model::Seconds;
use crate::verdict::{Trace, Upstream};

const FIXER: &str = "arn:aws:lambda:us-east-1:123456789012:function:other-fixer";

fn culprit() -> RuleArn {
    "arn:aws:events:us-east-1:123456789012:rule/culprit".parse().unwrap()
}

/// Three calls of the other rule's target, `second` seconds after noon, and the answer about its rule.
fn fired(story: &mut Story, second: i64, is_open: bool) -> Option<Action> {
    story.now = NOON + SignedDuration::from_secs(second);
    let call = |n: i64| {
        let Observation::Firing(firing) = firing(second * 10 + n, second) else { unreachable!() };
        Observation::Firing(Firing { cause: Cause::Sibling(FIXER.to_owned()), ..firing })
    };
    let plan = story.step(&[call(1), call(2), call(3)]);
    let Some(Action::Trace { actors, rules }) = plan.next else { return plan.next };
    assert_eq!((actors, rules.len()), (vec![FIXER.to_owned()], 0));
    let upstream = Upstream {
        rule: culprit(),
        fired_by: Vec::new(),
        may_cut: true,
        is_open,
        answer: Seconds::new(63),
        since: None,
    };
    let trace = Trace {
        first: vec![(FIXER.to_owned(), vec![culprit()])],
        upstream: vec![upstream],
        ..Trace::default()
    };
    story.step(&[Observation::Answer(Answer::Traced(Ok(Box::new(trace))))]).next
}

#[test]
fn a_neighbour_waits_while_the_other_rule_is_cut() {
    let mut story = Story::new(Mode::Enforce, "3/60s");
    assert_eq!(fired(&mut story, 0, true), None);
    assert_eq!(story.record.breaker, Breaker::Closed);
    let trip = story.record.last_trip.clone().unwrap();
    let because = "most of these calls are those of rule \"culprit\", which is cut".to_owned();
    assert_eq!(trip.outcome, Outcome::Spared { because });
    assert_eq!(fired(&mut story, 30, true), None, "it is silent for a minute");
    assert_eq!(fired(&mut story, 600, true), None);
    // After 15 minutes it is judged by the calls of others alone, and there are none.
    assert_eq!(fired(&mut story, 1_000, true), None);
    assert_eq!(story.record.breaker, Breaker::Closed);
    assert_eq!(story.publish(), []);
}

#[test]
fn it_waits_a_minute_for_a_cut_that_may_come() {
    let mut story = Story::new(Mode::Enforce, "3/60s");
    assert_eq!(fired(&mut story, 0, false), None);
    assert_eq!(fired(&mut story, 70, false), Some(Action::Inspect), "no other rule was cut");
}
