//! Timelines around a cut that a person can read, with their outcome.

use crate::aftermath::{Accused, Aftermath, Case, CutOutcome, Maker, MissedBy, judge};
use crate::model::{Caller, Cause, Firing, Timestamp};
use crate::turns::Span;

const CUT: i64 = 1_795_176_000;
/// Time limit of the target in seconds; its answer time is a minute longer.
const LIMIT: i64 = 3;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(CUT + second).expect("a time")
}

/// One call each `every` seconds, from the first to the last second.
fn calls(every: i64, first: i64, last: i64) -> Vec<i64> {
    (0..=(last - first) / every).map(|n| first + n * every).collect()
}

fn spans(seconds: &[i64]) -> Vec<Span> {
    seconds.iter().map(|second| Span { from: CUT + second, to: CUT + second, count: 1 }).collect()
}

fn after(accused: Accused, seconds: &[i64]) -> Aftermath {
    let mut after = Aftermath::new(at(0), accused);
    for (number, second) in seconds.iter().enumerate() {
        let firing = Firing {
            rule: "arn:aws:events:us-east-1:123456789012:rule/fix-acl".parse().expect("an ARN"),
            event_id: format!("event-{number}").into(),
            at: at(*second),
            caller: Caller { principal: "role".into(), issued_to: None },
            call: None,
            cause: Cause::Foreign,
        };
        after.count(
            &firing,
            Maker { by: MissedBy::Own, is_own: accused == Accused::Own, is_counted: true },
            LIMIT,
        );
    }
    after
}

/// Seconds are relative to the cut. `now` is in minutes after it.
struct Timeline {
    accused: Accused,
    own: Vec<i64>,
    others: Vec<i64>,
    since: Vec<i64>,
    is_direct: bool,
    is_proved: bool,
}

impl Timeline {
    fn own(own: Vec<i64>, since: Vec<i64>) -> Self {
        Self { accused: Accused::Own, own, others: Vec::new(), since, is_direct: true, is_proved: false }
    }

    fn at_minute(&self, now: i64) -> CutOutcome {
        let (own, others) = (spans(&self.own), spans(&self.others));
        let since: Vec<i64> = self.since.iter().copied().filter(|second| *second <= now * 60).collect();
        let case = Case {
            own: &own,
            reasons: &others,
            after: &after(self.accused, &since),
            answer: LIMIT + 60,
            time_limit: LIMIT,
            is_direct: self.is_direct,
            is_proved: self.is_proved,
            turns: 0,
        };
        judge(&case, at(now * 60))
    }

    /// Checks the outcome at these minutes after the cut.
    fn check(&self, expected: &[(i64, &str)]) {
        for (minute, word) in expected {
            assert_eq!(self.at_minute(*minute).word(), *word, "at minute {minute}");
        }
    }
}

#[test]
fn own_calls() {
    // A loop of one call each 10 s. The last answer comes 20 s after the cut.
    let stopping = Timeline::own(calls(10, -600, 0), vec![10, 20]);
    stopping.check(&[(1, "not yet known"), (4, "not yet known"), (6, "stopped"), (60, "stopped")]);
    // The same calls without the rule.
    let going_on = Timeline::own(calls(10, -600, 0), calls(10, 10, 3_600));
    going_on.check(&[(5, "not yet known"), (50, "goes on")]);
    // A schedule of five minutes goes on by the clock.
    let schedule = Timeline::own(calls(300, -6_000, 0), calls(300, 300, 7_200));
    schedule.check(&[(20, "not yet known"), (32, "goes on")]);
    // It ends by itself much later: nothing is known about the cut.
    let ended = Timeline::own(calls(10, -600, 0), calls(10, 10, 400));
    ended.check(&[(20, "ended")]);
    // A proved loop may have a long tail.
    let proved = Timeline { is_proved: true, ..Timeline::own(calls(10, -600, 0), calls(10, 10, 400)) };
    proved.check(&[(20, "stopped")]);
    // Each call answers one of another maker.
    let answers = Timeline { others: calls(10, -605, -5), ..Timeline::own(calls(10, -600, 0), vec![]) };
    answers.check(&[(20, "ended")]);
    // Nothing was seen before.
    Timeline::own(vec![], calls(10, 10, 600)).check(&[(20, "not yet known")]);
}

#[test]
fn a_backlog_is_no_sign_that_calls_go_on() {
    // 100 firings at once, answered one by one at a concurrency of one, three tries each.
    let drain = |last| Timeline {
        others: (0..100).map(|n| -200 + n / 10).collect(),
        ..Timeline::own(calls(5, -190, 0), calls(5, 5, last))
    };
    drain(1_400).check(&[(10, "not yet known"), (25, "not yet known"), (40, "ended")]);
}

#[test]
fn calls_of_others() {
    let others = |others: Vec<i64>, since: Vec<i64>| Timeline {
        accused: Accused::Others,
        others,
        ..Timeline::own(vec![], since)
    };
    let going_on = others(calls(2, -120, 0), calls(2, 2, 3_600));
    going_on.check(&[(3, "not yet known"), (6, "not yet known"), (8, "goes on")]);
    let ending = others(calls(2, -120, 0), calls(2, 2, 40));
    ending.check(&[(6, "not yet known"), (14, "ended")]);
    // A hundredth of the rate: a few calls clear nothing at once.
    let slower = others(calls(1, -120, 0), calls(200, 100, 3_600));
    slower.check(&[(6, "not yet known"), (20, "not yet known")]);
}

#[test]
fn measured_propagation_and_an_empty_queue_are_used() {
    let own = spans(&calls(10, -600, 0));
    let case = |after: &Aftermath, minute: i64| {
        let case = Case {
            own: &own,
            reasons: &[],
            after,
            answer: 63,
            time_limit: LIMIT,
            is_direct: true,
            is_proved: false,
            turns: 0,
        };
        judge(&case, at(minute * 60)).word()
    };
    let mut slow = after(Accused::Own, &calls(10, 10, 560));
    assert_eq!(case(&slow, 12), "not yet known");
    slow.fired_until = Some(at(540));
    assert_eq!(case(&slow, 10), "not yet known", "it fired up to 9 minutes after the cut");
    // The queue was empty four minutes after the cut: later calls have other causes.
    let mut drained = after(Accused::Own, &calls(10, 10, 1_200));
    assert_eq!(case(&drained, 15), "not yet known");
    drained.drained_at = Some(at(240));
    assert_eq!(case(&drained, 15), "goes on");
}

#[test]
fn sentences() {
    let check = |timeline: Timeline, minute, expected: &str| {
        assert_eq!(timeline.at_minute(minute).to_string(), expected);
    };
    check(
        Timeline::own(calls(1, -600, 0), vec![12]),
        11,
        "the calls stopped with the rule: 60 calls a minute before the cut, the last one about 12 seconds after it, \
         none for about 8 minutes since",
    );
    check(
        Timeline::own(calls(300, -6_000, 0), calls(300, 300, 7_200)),
        32,
        "the calls go on without the rule: 13 calls an hour before the cut, 12 calls an hour for about 30 minutes after it",
    );
}
