//! `make sim`: runs simulated worlds. A single world is printed event by event.

use std::process::ExitCode;

use budget_guard_tests::simulation::{Planted, run, summary};
use indicatif::{ProgressBar, ProgressStyle};

/// Arguments: the first seed and the number of worlds.
fn arguments() -> Result<(u64, u64), String> {
    let mut numbers = std::env::args().skip(1).map(|text| {
        text.parse::<u64>().map_err(|_| format!("{text:?} is not a whole number; expected SEED [COUNT]"))
    });
    let seed = numbers.next().unwrap_or(Ok(0))?;
    let count = numbers.next().unwrap_or(Ok(1))?.max(1);
    numbers.next().map_or(Ok((seed, count)), |_| Err("expected SEED [COUNT]".to_owned()))
}

fn main() -> ExitCode {
    let (seed, count) = match arguments() {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} worlds, {eta} left, {msg}");
    let bar = ProgressBar::new(count).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut outcomes = Vec::new();
    let mut failed = 0;
    for seed in seed..seed + count {
        let outcome = run(seed, Planted::Nothing);
        if count == 1 {
            outcome.trace.iter().for_each(|line| println!("{line}"));
        }
        if !outcome.broken.is_empty() {
            failed += 1;
            bar.suspend(|| println!("make sim SEED={seed}: {}", outcome.broken.join("; ")));
        }
        outcomes.push(outcome);
        bar.set_message(format!("{failed} failed"));
        bar.inc(1);
    }
    bar.finish();
    for (name, number) in summary(&outcomes) {
        println!("{name:16} {number}");
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
