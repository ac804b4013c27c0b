//! Counting, forgetting, and full windows.

use super::*;
use crate::model::{Caller, Cause};

const NOON: i64 = 1_795_176_000_000;

pub(super) fn firing(id: &str, at_ms: i64) -> Firing<'static> {
    Firing {
        rule: "arn:aws:events:us-east-1:123456789012:rule/r".parse().unwrap(),
        event_id: id.to_owned().into(),
        at: Timestamp::from_millisecond(NOON + at_ms).unwrap(),
        caller: Caller { principal: "ann".into(), issued_to: None },
        call: None,
        cause: Cause::Unknown,
    }
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_millisecond(NOON).unwrap()
}

/// Inserts firings with distinct ids at these seconds around noon. Returns which of them filled the limit first.
fn first_full(limit: &str, seconds: &[f64]) -> Option<usize> {
    let mut window = Window::new(limit.parse().unwrap());
    seconds.iter().enumerate().position(|(n, at)| {
        match window.insert(&firing(&n.to_string(), (at * 1_000.0) as i64), now()) {
            Inserted::At(index) => window.full_window_around(index).is_some(),
            _ => false,
        }
    })
}

#[test]
fn the_nth_within_any_window_fills_it() {
    let check = |limit: &str, seconds: &[f64], expected: Option<usize>| {
        assert_eq!(first_full(limit, seconds), expected, "{limit} {seconds:?}");
    };
    check("1/60s", &[0.0], Some(0));
    check("3/60s", &[-59.0, -30.0, 0.0], Some(2));
    check("3/60s", &[-59.999, -30.0, 0.0], Some(2));
    check("3/60s", &[-60.0, -30.0, 0.0], None);
    check("3/60s", &[-90.0, -89.0, -20.0, -15.0, -10.0], Some(4));
    // Out of order: the last to arrive lies in the middle.
    check("3/60s", &[-50.0, 0.0, -25.0], Some(2));
    // 15 minutes late is still in time; one second more is not.
    check("3/60s", &[-900.0, -890.0, 0.0, -880.0], Some(3));
    check("2/60s", &[0.0, -901.0, -901.0, -901.0], None);
    // A future time counts as now, with a tolerance of a minute.
    check("2/60s", &[1e9, 2e9], Some(1));
    check("2/60s", &[1e9, 0.0], None);
}

#[test]
fn an_event_counts_once() {
    let mut window = Window::new("3/60s".parse().unwrap());
    let check = |window: &mut Window, id: &str, at: i64, expected: Inserted| {
        assert_eq!(window.insert(&firing(id, at), now()), expected);
    };
    check(&mut window, "a", 0, Inserted::At(0));
    check(&mut window, "a", 0, Inserted::Duplicate);
    check(&mut window, "a", -5_000, Inserted::Duplicate);
    check(&mut window, "b", -5_000, Inserted::At(0));
    check(&mut window, "b", -5_000, Inserted::Duplicate);
    check(&mut window, "c", -900_001, Inserted::TooLate);
    assert_eq!(window.count_at(now()), 2);
}

#[test]
fn above_512_a_sample_stands_for_the_limit() {
    let limit: BurstLimit = "10000/60s".parse().unwrap();
    for round in 0..20 {
        let mut window = Window::new(limit);
        let needed = (0..20_000)
            .position(|n| match window.insert(&firing(&format!("{round}-{n}"), n / 1_000), now()) {
                Inserted::At(index) => window.full_window_around(index).is_some(),
                _ => false,
            })
            .expect("twice the limit fills it");
        let error = (needed as f64 - 10_000.0).abs() / 10_000.0;
        assert!(error < 4.0 * 0.044, "round {round}: full after {needed} firings");
        assert_eq!(window.kept.len(), 512);
    }
}

#[test]
fn a_changed_limit_never_counts_what_it_did_not_see() {
    let mut window = Window::new("400/60s".parse().unwrap());
    for n in 0..300 {
        window.insert(&firing(&n.to_string(), 0), now());
    }
    window.set_limit("1000/60s".parse().unwrap());
    let estimate = window.count_at(now());
    assert!((200..400).contains(&estimate), "thinned: {estimate}");
    window.set_limit("100/60s".parse().unwrap());
    assert_eq!(window.count_at(now()), 0, "a finer sample starts anew");
}

#[test]
fn the_oldest_go_first_when_the_room_is_full() {
    let mut window = Window::new("512/60s".parse().unwrap());
    for n in 0..5_000 {
        window.insert(&firing(&n.to_string(), n * 180), now());
    }
    assert_eq!(window.kept.len(), MAX_KEPT);
    assert_eq!(window.insert(&firing("old", 180), now()), Inserted::TooLate);
}

#[test]
fn stored_and_read_back_it_is_the_same() {
    let mut window = Window::new("512/60s".parse().unwrap());
    window.set_sustained(Some("100/1h/10".parse().unwrap()));
    for n in 0..4_000 {
        window.insert(&firing(&n.to_string(), (n * 7_919) % 950_000 - 950_000), now());
    }
    let json = serde_json::to_string(&window).unwrap();
    let bytes = window.to_bytes();
    assert_eq!(window.kept.len(), MAX_KEPT);
    assert!(!window.past.minutes.is_empty() && bytes.len() < 20_600, "{} bytes", bytes.len());
    let read: Window = serde_json::from_str::<Window>(&json).unwrap().restore(&bytes).unwrap();
    assert_eq!(read, window);
}

#[test]
fn whole_seconds_take_one_byte_less() {
    let check = |apart_ms: i64, bytes_each: usize| {
        let mut window = Window::new("512/60s".parse().unwrap());
        (0..1_000).for_each(|n| {
            window.insert(&firing(&n.to_string(), n * apart_ms - 950_000), now());
        });
        let stored = window.to_bytes().len();
        // The first firing has its whole time; one byte is for the number of past minutes.
        assert!((1_000 * bytes_each..1_000 * bytes_each + 8).contains(&stored), "{apart_ms} ms: {stored}");
    };
    check(0, 7);
    check(63, 7);
    check(64, 8);
    check(937, 8);
}

#[test]
fn damaged_bytes_are_named() {
    let check = |bytes: &[u8], problem: &str| {
        let error = Window::new("3/60s".parse().unwrap()).restore(bytes).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    };
    const HUGE: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    // Number of past minutes; the minutes, each with its count; the firings.
    check(&[0xff; 11], "ends early");
    check(&[1], "a minute is out of range");
    check(&[&[1], &HUGE[..]].concat(), "a minute is out of range");
    check(&[1, 5], "a count is out of range");
    check(&[&[1, 5], &HUGE[..]].concat(), "a count is out of range");
    check(&[0, 0], "ends early");
    check(&[&[0], &HUGE[..], &[0; 6]].concat(), "a time is out of range");
    // More seconds than fit into milliseconds.
    check(&[0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0, 0], "a time is out of range");
    check(&[0, 0, 0, 0, 0, 0, 0, 3], "caller is unknown");
}
