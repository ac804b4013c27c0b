//! A function that may take 15 minutes and takes seconds: its loops are proved by its durations.

use super::turns::called;
use super::*;
use crate::history::RateHistory;
use crate::model::{Actor, Answering, Durations, Proof, Seconds};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
/// Time limit of the function, in seconds.
const LIMIT: u32 = 900;

fn story() -> Story {
    let mut story = Story::new(Mode::Enforce, "200/60s");
    let actor = Actor::new(FUNCTION, Some("arn:aws:iam::123456789012:role/fixer-role"));
    let actors = vec![actor.with_time_limit(Some(Seconds::new(LIMIT)))];
    story.limits.answering = Answering::of(&[Target { actors, ..Target::new("1", FUNCTION) }]);
    story.limits.burst_is_tagged = false;
    story
}

/// Plays a foreign call and a call of the rule's target every 5 s, until the cut or for this number of seconds. The
/// history is read with these longest durations, one after the other, and the last again and again; `None` is a fault.
/// Returns the second of the cut, and the number of readings.
fn play(seconds: i64, longest: &[Option<u32>]) -> (Option<i64>, usize) {
    let (mut story, mut readings) = (story(), 0);
    for n in 0..=seconds / 5 {
        story.now = NOON + SignedDuration::from_secs(n * 5);
        let cause = if n == 0 { Cause::Foreign } else { Cause::own(Proof::Issued) };
        let mut plan = story.step(&[called(n, n * 5, cause)]);
        while plan.next == Some(Action::History) {
            let longest = longest.get(readings).or(longest.last()).copied().flatten();
            readings += 1;
            let read = longest.map(|seconds| Durations::from([(FUNCTION.to_owned(), Seconds::new(seconds))]));
            let answer = read.map(|longest| RateHistory::default().with_longest(longest));
            let answer = answer.ok_or_else(|| Fault::new(FaultKind::Throttled, "slow down"));
            plan = story.step(&[Observation::Answer(Answer::History(answer))]);
        }
        if plan.next == Some(Action::Inspect) {
            return (Some(n * 5), readings);
        }
        story.publish();
    }
    (None, readings)
}

#[test]
fn a_loop_of_a_function_with_a_long_limit_is_cut_within_its_turns() {
    let check = |seconds: i64, longest: &[Option<u32>], expected: (Option<i64>, usize), why: &str| {
        assert_eq!(play(seconds, longest), expected, "{why}");
    };
    check(3_600, &[Some(5)], (Some(1_085), 2), "once a run that began with the loop must be over");
    check(3_600, &[Some(5), Some(5)], (Some(1_085), 2), "the same");
    check(3_600, &[Some(5), None, Some(5)], (Some(1_105), 3), "the second reading failed once");
    check(3_600, &[Some(5), Some(700)], (None, 2), "one run made these calls, and it was long");
    check(3_600, &[Some(450)], (None, 1), "always so long");
    check(1_000, &[Some(5)], (None, 1), "a long run, and then nothing");
}

#[test]
fn and_says_so() {
    let mut story = story();
    story.now = NOON + SignedDuration::from_secs(1_200);
    let own = |n| called(n, n * 5, Cause::own(Proof::Issued));
    let all: Vec<_> = std::iter::once(called(0, 0, Cause::Foreign)).chain((1..=240).map(own)).collect();
    assert_eq!(story.step(&all).next, Some(Action::History));
    let longest = Durations::from([(FUNCTION.to_owned(), Seconds::new(5))]);
    let history = RateHistory::default().with_longest(longest);
    story.step(&[Observation::Answer(Answer::History(Ok(history)))]);
    let evidence = story.record.last_trip.unwrap().evidence;
    assert_eq!(
        evidence.history.as_deref(),
        Some("its functions answer within 70s, by their longest durations in 14 days")
    );
}
