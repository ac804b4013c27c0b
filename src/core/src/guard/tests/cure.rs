//! The cure in alerts, and changes of a pattern by a person.

use super::*;
use crate::cure::{PatternChange, Stage};
use crate::stored::Stored;

fn cure(order: CureOrder) -> Observation<'static> {
    Observation::Order(Order::Cure(order))
}

fn change(story: &Story, stage: Stage) -> PatternChange {
    let found = story.record.breaker.found().expect("a cut rule");
    let cure = story.record.cure(found).expect("a proof").expect("a cure");
    let before = found.event_pattern.clone().expect("a pattern");
    PatternChange { before, after: cure.pattern, by: "ann".into(), at: story.now, stage }
}

fn begin(story: &mut Story, stage: Stage) -> Plan {
    let change = change(story, stage);
    story.step(&[cure(CureOrder::Begin(Box::new(change)))])
}

#[test]
fn the_alert_of_a_proved_loop_has_the_pattern_that_ends_it() {
    let mut story = Story::new(Mode::Enforce, "200/60s");
    turns::known(&mut story);
    story.later(3_600).step(&turns::loop_of_equal_calls(8));
    story.step(&[inspected(found(RuleState::Enabled))]);
    story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    let alert = story.publish().remove(0);
    let cure = alert.cure.expect("a cure");
    let pattern = cure.pattern.expect("a pattern");
    assert!(pattern.contains(r#"{"sessionIssuer":{"#) && pattern.contains("fixer-role"), "{pattern}");
    assert!(cure.verified.expect("words").contains("events by another role"));
    // A number of firings proves nothing.
    let (mut story, _) = Story::tripped(Mode::Enforce);
    story.step(&[inspected(found(RuleState::Enabled))]);
    story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
    assert_eq!(story.publish()[0].cure, None);
}

#[test]
fn a_change_is_kept_before_it_is_made_and_told_after_it() {
    let mut story = Story::proved();
    let plan = begin(&mut story, Stage::Applying);
    assert!(plan.save && plan.next.is_none() && plan.refused.is_none(), "{plan:?}");
    let kept = Record::decode(&story.record.encode().expect("JSON")).expect("a record");
    assert_eq!(kept.pattern_change, story.record.pattern_change);
    // No other invocation changes the rule meanwhile: it is looked at only later.
    let plan = story.later(20).step(&[Observation::Tick]);
    assert!(!matches!(plan.next, Some(Action::Check)), "{plan:?}");
    story.step(&[cure(CureOrder::Done { by: "ann".into() })]);
    let told = story.publish();
    assert_eq!((told.len(), told[0].kind), (1, AlertKind::Cured));
    // Once more, by a second command.
    story.step(&[cure(CureOrder::Done { by: "ben".into() })]);
    assert!(story.publish().is_empty());
    begin(&mut story, Stage::Undoing);
    story.step(&[cure(CureOrder::Done { by: "ben".into() })]);
    assert!(story.publish()[0].reason.starts_with("\"ben\" put back"), "it says who");
    assert_eq!(story.record.pattern_change, None);
}

#[test]
fn a_refused_change_leaves_the_record_as_it_was() {
    let mut story = Story::proved();
    begin(&mut story, Stage::Applying);
    story.step(&[cure(CureOrder::Refused)]);
    assert_eq!(story.record.pattern_change, None);
    begin(&mut story, Stage::Applying);
    story.step(&[cure(CureOrder::Done { by: "ann".into() })]);
    begin(&mut story, Stage::Undoing);
    story.step(&[cure(CureOrder::Refused)]);
    assert_eq!(story.record.pattern_change.as_ref().map(|change| change.stage), Some(Stage::Applied));
}

#[test]
fn a_change_waits_for_other_work_and_an_interrupted_one_does_not() {
    let mut story = Story::proved();
    begin(&mut story, Stage::Applying);
    assert_eq!(begin(&mut story, Stage::Applying).refused, None);
    let other = PatternChange { after: "{}".into(), ..change(&story, Stage::Applying) };
    let plan = story.step(&[cure(CureOrder::Begin(Box::new(other)))]);
    assert_eq!(plan.refused, Some(Refusal::Busy));
    let mut story = Story::proved();
    let change = change(&story, Stage::Applying);
    story.step(&[Observation::Order(ENABLE)]);
    story.later(3_600);
    let plan = story.step(&[cure(CureOrder::Begin(Box::new(change)))]);
    assert_eq!(plan.refused, Some(Refusal::BeingRestored));
}

#[test]
fn a_record_with_an_old_pattern_is_kept() {
    let mut record = Record::new(rule(), "3/60s".parse().expect("a limit"));
    assert!(record.expires(NOON).is_some());
    record.pattern_change = Some(Box::new(change(&Story::proved(), Stage::Applied)));
    assert_eq!(record.expires(NOON), None);
}
