//! Replays after trials: what the rule missed comes to it, and nothing is lost.

use super::trial::{minutes, own_call, suspect};
use super::*;
use crate::archive::Replay;

const ARCHIVE: &str = "arn:aws:events:us-east-1:123456789012:archive/calls";

/// A suspect whose trial is about to begin, in a stack with an archive.
fn suspect_with_archive() -> Story {
    let (mut story, _) = suspect(true);
    story.limits.archive = Some(ARCHIVE.into());
    story
}

/// The replay that the next ticks ask for, within this number of minutes.
fn replay_within(story: &mut Story, minutes: i64) -> Option<Replay> {
    (0..minutes).find_map(|_| match story.later(60).step(&[Observation::Tick]).next {
        Some(Action::Replay { archive, replay }) => {
            assert_eq!(&*archive, ARCHIVE);
            Some(replay)
        }
        _ => None,
    })
}

fn replayed(kind: Option<FaultKind>) -> [Observation<'static>; 1] {
    let result = kind.map_or(Ok(()), |kind| Err(Fault::new(kind, "no").in_call("StartReplay")));
    [Observation::Answer(Answer::Replayed(result))]
}

#[test]
fn what_was_missed_in_a_trial_is_replayed_once_it_is_over() {
    let mut story = suspect_with_archive();
    let began = story.now + SignedDuration::from_mins(1);
    let seen = minutes(&mut story, 45, |minute| minute % 5 == 4);
    assert_eq!(seen, [AlertKind::Trial, AlertKind::Restored, AlertKind::Exonerated]);
    let replay = story.record.replay.clone().expect("a replay");
    assert_eq!(replay.from, began);
    assert!(replay.to > began + SignedDuration::from_mins(5));
    assert_eq!(replay.due, replay.to + SignedDuration::from_mins(10));
    assert!(story.record.needs_watch());
    // Its lease has ended, so another tick asks again.
    assert_eq!(replay_within(&mut story, 2).map(|asked| asked.from), Some(began));
    story.step(&replayed(None));
    assert_eq!(story.record.replay, None);
    assert_eq!(replay_within(&mut story, 30), None);
}

#[test]
fn nothing_is_replayed_without_an_archive_or_for_a_loop() {
    let (mut without, _) = suspect(true);
    minutes(&mut without, 45, |minute| minute % 5 == 4);
    assert_eq!(without.record.replay, None);
    let mut silent = suspect_with_archive();
    let seen = minutes(&mut silent, 45, |_| false);
    assert_eq!((seen.last(), silent.record.replay), (Some(&AlertKind::Tripped), None));
}

#[test]
fn a_replay_that_aws_refuses_is_tried_again_or_told() {
    let check = |kind: FaultKind, is_told: bool| {
        let mut story = suspect_with_archive();
        minutes(&mut story, 45, |minute| minute % 5 == 4);
        replay_within(&mut story, 3).expect("a replay");
        let plan = story.step(&replayed(Some(kind)));
        assert!(!plan.notes.is_empty(), "the log says so");
        let alerts = story.publish();
        assert_eq!(
            (alerts.len(), story.record.replay.is_none()),
            (usize::from(is_told), is_told),
            "{kind:?}"
        );
        for alert in alerts {
            assert_eq!(alert.kind, AlertKind::Failed);
            assert_eq!(alert.reason, "the events that it missed were not replayed: StartReplay: no");
            let hint = alert.hint.unwrap_or_default();
            assert!(hint.contains("aws events start-replay --replay-name budget-guard-fix-acl-"), "{hint}");
        }
        assert_eq!(replay_within(&mut story, 3).is_some(), !is_told);
    };
    check(FaultKind::Throttled, false);
    check(FaultKind::Timeout, false);
    check(FaultKind::Denied, true);
    check(FaultKind::NotFound, true);
}

#[test]
fn a_rule_that_is_cut_meanwhile_gets_nothing_until_it_is_back() {
    let mut story = suspect_with_archive();
    minutes(&mut story, 30, |minute| minute % 5 == 4);
    assert!(story.record.replay.is_some());
    story.step(&[Observation::Order(Order::Disable { reason: "test".to_owned() })]);
    assert_eq!(replay_within(&mut story, 60), None);
    // A day later it is given up.
    story.later(25 * 3_600).step(&[Observation::Tick]);
    assert_eq!(story.record.replay, None);
}

/// One honest machine for an hour. Its events arrive late, at the bus and at the guard. Returns the event times that the rule
/// missed, in seconds after noon, and the replay.
fn hour_of_an_honest_machine(seed: u64) -> (Vec<i64>, Option<Replay>) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut story = suspect_with_archive();
    let began = story.now.duration_since(NOON).as_secs();
    // Time of the event, at the bus, at the guard; and its maker.
    let mut events: Vec<(i64, i64, i64, bool)> = Vec::new();
    for second in (began - 900)..(began + 3_600) {
        let is_own = second % 300 == 0 && second > began;
        if is_own || rng.u32(..40) == 0 {
            let at_bus = second + if rng.u32(..8) == 0 { rng.i64(0..900) } else { rng.i64(0..90) };
            events.push((second, at_bus, at_bus + rng.i64(0..8), is_own));
        }
    }
    let (mut is_off, mut missed, mut loses_reply) = (false, Vec::new(), rng.bool());
    for second in (began + 1)..(began + 3_600) {
        missed.extend(events.iter().filter(|event| event.1 == second && is_off).map(|event| event.0));
        story.later(1);
        let is_cut = matches!(story.record.breaker, Breaker::Open(_) | Breaker::Restoring(_));
        for event in events.iter().filter(|event| event.2 == second) {
            let Observation::Firing(mut firing) = own_call(event.0 + 100_000, event.0) else {
                unreachable!()
            };
            if !event.3 {
                firing.cause = Cause::Foreign;
            }
            let seen = if is_cut { Observation::Missed(firing) } else { Observation::Firing(firing) };
            story.step(&[seen]);
        }
        if (second - began) % 60 != 0 {
            continue;
        }
        let mut plan = story.step(&[Observation::Tick]);
        for _ in 0..10 {
            let answer = match plan.next {
                Some(Action::Inspect) => inspected(found(RuleState::Enabled)),
                Some(Action::Disable) => {
                    is_off = true;
                    // The reply is lost, and another tick disables the rule once more.
                    if std::mem::take(&mut loses_reply) {
                        break;
                    }
                    Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))
                }
                Some(Action::Restore(_)) => {
                    is_off = false;
                    restored(found(RuleState::Disabled), found(RuleState::Enabled))
                }
                Some(Action::Check) => {
                    Observation::Answer(Answer::Checked(Ok(Box::new(found(RuleState::Disabled)))))
                }
                Some(Action::Replay { replay, .. }) => return (missed, Some(replay)),
                _ => break,
            };
            plan = story.step(&[answer]);
        }
        story.publish();
    }
    (missed, None)
}

/// Promise 13: every event that the rule missed is within the replay, also one that was late.
#[test]
fn no_event_of_an_honest_machine_is_lost_to_a_trial() {
    let (mut worlds, mut late) = (0, 0);
    for seed in 0..60 {
        let (missed, Some(replay)) = hour_of_an_honest_machine(seed) else { continue };
        worlds += 1;
        let (from, to) =
            (replay.from.as_second() - NOON.as_second(), replay.to.as_second() - NOON.as_second());
        let lost: Vec<&i64> = missed.iter().filter(|at| !(from..=to).contains(at)).collect();
        assert_eq!(lost, Vec::<&i64>::new(), "world {seed}: replayed from {from} to {to}");
        late += usize::from(to - from > 800);
    }
    assert!(worlds > 40 && late > 10, "{worlds} worlds, {late} with late events");
}
