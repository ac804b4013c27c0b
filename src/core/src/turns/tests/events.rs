//! Events that are put on a bus, connected by their traces and by CloudTrail's reports of `PutEvents`.

use super::*;
use crate::model::{Put, TraceRoot};

/// Maker of an event that belongs to the n-th trace.
fn traced(n: u32) -> Cause {
    Cause::Traced(TraceRoot::of_header(&format!("Root=1-{n:08x}-{n:024x}")).unwrap())
}

/// The n-th event.
fn event(n: usize, at: i64, by: Cause) -> Firing<'static> {
    let mut event = firing(n, &made(at, by, 0, 0));
    (event.call, event.caller.principal) = (None, "source shop".into());
    event
}

fn with_events(events: &[Firing<'_>]) -> Turns {
    let mut turns = Turns::default();
    for event in events {
        turns.insert(event, FiringId::of(&event.event_id), Delivery::First, terms().now);
    }
    turns
}

fn told(events: &[Firing<'_>]) -> Put {
    let ids = events.iter().map(|event| FiringId::of(&event.event_id)).collect();
    Put { events: ids, at: Timestamp::from_second(NOON).unwrap() }
}

/// Verdict on calls, with all events as reasons; then on the events.
fn verdict(turns: &Turns) -> String {
    let judgement = turns.judge(&terms(), Chains::Apart);
    match (judgement.proof.or(judgement.rate).or(judgement.suspicion), turns.judge_events(&terms())) {
        (Some(found), _) => format!("{:?}", found.kind),
        (None, Some(found)) => format!("suspect: {:?}", found.missing.unwrap()),
        (None, None) => "left alone".to_owned(),
    }
}

#[test]
fn one_trace_in_firing_after_firing_makes_a_suspect() {
    let check = |story: &str, events: &[(i64, u32)], expected: &str| {
        let mut events: Vec<Firing<'_>> =
            events.iter().enumerate().map(|(n, (at, root))| event(n, *at, traced(*root))).collect();
        assert_eq!(verdict(&with_events(&events)), expected, "{story}");
        events.reverse();
        assert_eq!(verdict(&with_events(&events)), expected, "{story}, in disorder");
    };
    let every =
        |seconds: i64, times: i64| -> Vec<(i64, u32)> { (0..times).map(|n| (n * seconds, 1)).collect() };
    check("a loop of a turn a minute", &every(60, 11), "suspect: Occasion");
    check("nine turns of it", &every(60, 10), "left alone");
    check("a loop of a turn a second", &every(1, 640), "suspect: Occasion");
    check("one program that puts 300 events at once", &every(0, 300), "left alone");
    let own_trace_each: Vec<(i64, u32)> = (0..300).map(|n| (i64::from(n) * 10, n)).collect();
    check("orders, each with a trace of its own", &own_trace_each, "left alone");
    let answered: Vec<(i64, u32)> =
        (0..100).flat_map(|n| [(n * 60, n as u32), (n * 60 + 2, n as u32)]).collect();
    check("each order is answered once", &answered, "left alone");
}

#[test]
fn what_the_target_put_is_its_own_once_cloudtrail_tells() {
    let check = |story: &str, is_noted: bool, put: std::ops::Range<usize>, expected: &str| {
        let events: Vec<Firing<'_>> =
            (0..=11usize).map(|n| event(n, n as i64 * 60, Cause::Unknown)).collect();
        let mut turns = Turns::default();
        if is_noted {
            assert!(turns.put(&told(&[])), "{story}");
        }
        for event in &events {
            turns.insert(event, FiringId::of(&event.event_id), Delivery::First, terms().now);
        }
        assert_eq!(verdict(&turns), "left alone", "{story}: not told yet");
        turns.put(&told(&events[put.clone()]));
        assert!(!turns.put(&told(&events[put.clone()])), "{story}: told twice");
        let kept = turns.to_bytes();
        let turns = Turns { entries: Vec::new(), ..turns }.restore(&kept).unwrap();
        assert_eq!(verdict(&turns), expected, "{story}");
        for event in &events[put] {
            let mut again = turns.clone();
            let id = FiringId::of(&event.event_id);
            assert!(!again.insert(event, id, Delivery::Unknown, terms().now), "{story}: delivered again");
        }
    };
    check("put by the target", true, 1..12, "suspect: Occasion");
    check("the first one, too", true, 0..12, "suspect: Anchor");
    check("some of them", true, 4..12, "left alone");
    check("nothing was kept, for none had been told before", false, 1..12, "left alone");
}

/// A function that serves an API puts an event for each call and is the target of the rule for them. It is no loop.
#[test]
fn an_api_whose_function_puts_events_is_a_suspect_at_most() {
    let check = |every_millis: i64, told_after: usize, flood: usize| {
        let story =
            format!("an event every {every_millis} ms, told {told_after} later, then {flood} at once");
        let mut turns = Turns::default();
        turns.put(&told(&[]));
        let at = |n: usize| n as i64 * every_millis / 1_000;
        let events: Vec<Firing<'_>> = (0..1_200).map(|n| event(n, at(n), Cause::Unknown)).collect();
        for (n, event) in events.iter().enumerate() {
            turns.insert(event, FiringId::of(&event.event_id), Delivery::First, terms().now);
            if let Some(earlier) = n.checked_sub(told_after) {
                turns.put(&told(&events[earlier..=earlier]));
            }
            turns.settle();
            let judgement = turns.judge(&terms(), Chains::Apart);
            assert_eq!((judgement.proof, judgement.rate), (None, None), "{story}");
        }
        for n in 0..flood {
            let event = event(10_000 + n, at(1_200), Cause::Unknown);
            turns.insert(&event, FiringId::of(&event.event_id), Delivery::First, terms().now);
        }
        turns.settle();
        let judgement = turns.judge(&terms(), Chains::Apart);
        assert_eq!((judgement.proof, judgement.rate, judgement.suspicion), (None, None, None), "{story}");
        assert_eq!(turns.own_share().own, 0, "{story}");
    };
    check(1_000, 180, 400);
    check(1_000, 1, 0);
    check(700, 250, 20);
    check(50, 1, 0);
    check(30_000, 10, 400);
}

#[test]
fn an_event_does_not_hide_a_loop_of_calls() {
    let mut turns = kept(&turning(60, 20, moving));
    // Two hours earlier: two events of one trace.
    for (n, at) in [(100, -7_000), (101, -6_999)] {
        let event = event(n, at, traced(1));
        turns.insert(&event, FiringId::of(&event.event_id), Delivery::First, terms().now);
    }
    let proof = turns.judge(&terms(), Chains::Apart).proof;
    assert!(matches!(proof, Some(Found { kind: FoundKind::Turns(10..), .. })), "{proof:?}");
}

#[test]
fn an_event_that_comes_again_is_counted_once() {
    let mut turns = Turns::default();
    turns.put(&told(&[]));
    let events: Vec<Firing<'_>> = (0..500usize).map(|n| event(n, n as i64, Cause::Unknown)).collect();
    let add = |turns: &mut Turns, event: &Firing<'_>| {
        turns.insert(event, FiringId::of(&event.event_id), Delivery::Unknown, terms().now)
    };
    events.iter().for_each(|event| assert!(add(&mut turns, event)));
    turns.settle();
    let all = turns.own_share().all;
    events.iter().for_each(|event| assert!(!add(&mut turns, event), "{}", event.event_id));
    assert_eq!((turns.own_share().all, all), (500, 500));
}
