//! Paired measurements: all candidates run in turn, round by round, so that the machine's load affects all of them.

use std::time::{Duration, Instant};

use super::median::{middle, sorted};

/// A candidate to measure.
pub struct Candidate<'a> {
    pub name: &'a str,
    pub run: &'a mut dyn FnMut(),
}

/// Prints a table: medians, the spread, and the median of the ratios to the first candidate of the same round.
pub fn compare(rounds: usize, candidates: &mut [Candidate<'_>]) {
    for candidate in candidates.iter_mut() {
        (candidate.run)();
    }
    let mut samples = vec![Vec::with_capacity(rounds); candidates.len()];
    for round in 0..rounds {
        for turn in 0..candidates.len() {
            // The first of a round may find a cold cache, so the order rotates.
            let index = (round + turn) % candidates.len();
            samples[index].push(timed(candidates[index].run));
        }
    }
    println!("{:<44} {:>10} {:>10} {:>10} {:>7}", "", "median ms", "min", "max", "ratio");
    for (candidate, times) in candidates.iter().zip(&samples) {
        let ratios =
            times.iter().zip(&samples[0]).map(|(time, base)| time.as_secs_f64() / base.as_secs_f64());
        let millis = sorted(times.iter().map(|time| time.as_secs_f64() * 1e3));
        println!(
            "{:<44} {:>10.3} {:>10.3} {:>10.3} {:>7.2}",
            candidate.name,
            middle(&millis),
            millis[0],
            millis[millis.len() - 1],
            middle(&sorted(ratios)),
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed(run: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}
