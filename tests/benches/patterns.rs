//! Speed of matching events with many patterns, compared with a JSON reader that only scans the same bytes and with the
//! crate `quamina`. Its memory, and the duration of the slowest events.
//!
//! Without the shared data (`BUDGET_GUARD_SHARED` names another folder) events and rules are generated here.

mod median;
mod traffic;

use std::hint::black_box;
use std::time::Instant;

use eventbridge_pattern::{Matcher, Pattern, Scratch};
use median::{middle, sorted};
use quamina::Quamina;
use serde::de::IgnoredAny;
use traffic::{Hostile, Traffic};

const ROUNDS: usize = 15;
/// Number of events for `quamina`, which is slower by far with many rules.
const SOME: usize = 1_000;

fn main() {
    let traffic = traffic::load();
    let bytes: usize = traffic.events.iter().map(Vec::len).sum();
    let count = traffic.events.len();
    println!("{count} events of {} bytes on average, {}", bytes / count, traffic.origin);
    println!("MB/s of one thread; the ratio is the median of {ROUNDS} rounds in which both ran\n");
    println!(
        "{:>6} {:>8} {:>10} {:>6} {:>10} {:>9} {:>12} {:>10} {:>8} {:>8}",
        "rules",
        "matcher",
        "IgnoredAny",
        "ratio",
        "quamina",
        "accepted",
        "allocations",
        "memory KB",
        "matches",
        "unknown"
    );
    for rules in &traffic.rules {
        row(&traffic, rules);
    }
    hostile(&traffic.hostile);
}

fn row(traffic: &Traffic, rules: &[String]) {
    let mut kept = None;
    let memory = allocation_counter::measure(|| kept = Some(Matcher::new(compile(rules))));
    let matcher = kept.expect("it was built");
    let mut scratch = Scratch::default();
    let (matches, unknown) = count(&matcher, &mut scratch, &traffic.events);
    let warm = allocation_counter::measure(|| {
        count(&matcher, &mut scratch, &traffic.events);
    });
    let mut speeds = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        speeds[0].push(speed(&traffic.events, |event| {
            black_box(matcher.matches(black_box(event), &mut scratch).expect("an event"));
        }));
        speeds[1].push(speed(&traffic.events, |event| {
            black_box(serde_json::from_slice::<IgnoredAny>(black_box(event)).expect("JSON"));
        }));
    }
    let ratios = sorted(speeds[0].iter().zip(&speeds[1]).map(|(own, least)| own / least));
    let [own, least] = speeds.map(|speeds| middle(&sorted(speeds.into_iter())));
    let (quamina, accepted) = quamina(rules, &traffic.events[..SOME.min(traffic.events.len())]);
    println!(
        "{:>6} {own:>8.0} {least:>10.0} {:>6.2} {quamina:>10.0} {accepted:>9} {:>12} {:>10} {matches:>8} {unknown:>8}",
        rules.len(),
        middle(&ratios),
        warm.count_total,
        memory.bytes_current / 1024,
    );
}

fn compile(rules: &[String]) -> Vec<Pattern> {
    rules.iter().map(|rule| Pattern::compile(rule).expect(rule)).collect()
}

fn count(matcher: &Matcher, scratch: &mut Scratch, events: &[Vec<u8>]) -> (usize, usize) {
    let mut counts = (0, 0);
    for event in events {
        let found = matcher.matches(event, scratch).expect("an event");
        counts = (counts.0 + found.matched.len(), counts.1 + found.unknown.len());
    }
    counts
}

/// Speed of `quamina`, and the number of rules that it accepts.
fn quamina(rules: &[String], events: &[Vec<u8>]) -> (f64, usize) {
    let mut matcher = Quamina::<usize>::new();
    let accepted =
        rules.iter().enumerate().filter(|(number, rule)| matcher.add_pattern(*number, rule).is_ok()).count();
    let run = || {
        speed(events, |event| {
            black_box(matcher.matches_for_event(black_box(event)).expect("an event"));
        })
    };
    run();
    (middle(&sorted((0..3).map(|_| run()))), accepted)
}

/// Speed in MB per second.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn speed(events: &[Vec<u8>], mut each: impl FnMut(&[u8])) -> f64 {
    let bytes: usize = events.iter().map(Vec::len).sum();
    let start = Instant::now();
    events.iter().for_each(|event| each(event));
    bytes as f64 / 1e6 / start.elapsed().as_secs_f64()
}

/// Measures single events that are made to be slow, each with one pattern.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn hostile(cases: &[Hostile]) {
    let mut slowest = (0.0, "");
    for case in cases {
        let matcher = Matcher::new([Pattern::compile(&case.pattern).expect("a pattern")]);
        let mut scratch = Scratch::default();
        let times = (0..3).map(|_| {
            let start = Instant::now();
            let found = matcher.matches(&case.event, &mut scratch).expect("an event");
            assert_eq!(
                (found.matched.len(), found.unknown.len()),
                (usize::from(case.matches), 0),
                "{}",
                case.id
            );
            start.elapsed().as_secs_f64() * 1e3
        });
        let longest = times.fold(0.0, f64::max);
        if longest > slowest.0 {
            slowest = (longest, &case.id);
        }
    }
    println!("\nslowest of {} hostile events: {:.2} ms ({})", cases.len(), slowest.0, slowest.1);
}
