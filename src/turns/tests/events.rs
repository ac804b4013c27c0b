//! Events that are put on a bus: followed by their traces, and by what CloudTrail tells of who put them.

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

fn told(events: &[Firing<'_>], cause: Cause) -> Put {
    let ids = events.iter().map(|event| FiringId::of(&event.event_id)).collect();
    Put { events: ids, cause, at: Timestamp::from_second(NOON).unwrap() }
}

fn verdict(turns: &Turns) -> String {
    let judgement = turns.judge(&terms(), Chains::Apart);
    match (judgement.proof.or(judgement.rate), judgement.suspicion) {
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
    let own = Cause::Own { actor: ACTOR, proof: Proof::Issued };
    let check = |story: &str, are_noted: bool, by: [Cause; 2], expected: &str| {
        let events: Vec<Firing<'_>> =
            (0..=11usize).map(|n| event(n, n as i64 * 60, Cause::Unknown)).collect();
        let mut turns = Turns::default();
        if are_noted {
            assert!(turns.put(&told(&[], own.clone())), "{story}");
        }
        for event in &events {
            turns.insert(event, FiringId::of(&event.event_id), Delivery::First, terms().now);
        }
        assert_eq!(verdict(&turns), "left alone", "{story}: not told yet");
        let [first, others] = by;
        turns.put(&told(&events[..1], first));
        assert_eq!(turns.put(&told(&events[1..], others.clone())), are_noted, "{story}");
        assert!(!turns.put(&told(&events[1..], others)), "{story}: told twice");
        let kept = turns.to_bytes();
        let turns = Turns { entries: Vec::new(), ..turns }.restore(&kept).unwrap();
        assert_eq!(verdict(&turns), expected, "{story}");
        for event in &events[1..] {
            let mut again = turns.clone();
            let is_new = again.insert(event, FiringId::of(&event.event_id), Delivery::Unknown, terms().now);
            assert_eq!(is_new, !are_noted, "{story}: delivered again");
        }
    };
    let order = || Cause::Unknown;
    check("put by the target", true, [order(), own.clone()], "suspect: Occasion");
    check("the first one, too", true, [own.clone(), own.clone()], "suspect: Anchor");
    check("another rule's", true, [order(), Cause::Sibling("other".into())], "left alone");
    check("nobody knew that it would be told", false, [order(), own.clone()], "left alone");
}

#[test]
fn the_rate_of_what_a_target_puts_is_no_proof_either() {
    let own = Cause::Own { actor: ACTOR, proof: Proof::Issued };
    let mut turns = Turns::default();
    turns.put(&told(&[], own.clone()));
    for n in 0..6_000usize {
        let event = event(n, n as i64 / 20, Cause::Unknown);
        turns.insert(&event, FiringId::of(&event.event_id), Delivery::First, terms().now);
        // CloudTrail tells a second later. An API calls the function, which puts an event for each call.
        if n > 20 {
            turns.put(&told(std::slice::from_ref(&event), own.clone()));
        }
        turns.settle();
    }
    assert_eq!(verdict(&turns), "suspect: Occasion");
}
