//! Memory of a warm process: its resident set over a million firings, which should not grow.

mod events;
mod guarded;

use budget_guard_tests::memory::Call;
use jiff::SignedDuration;

const FIRINGS: usize = 1_000_000;
const BATCH: usize = 1_000;
/// Number of batches after which the caches have their full size.
const WARM: usize = 50;
const PAGE_KIB: u64 = 4;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!(
        "resident set in KiB over {FIRINGS} firings in batches of {BATCH}, their text and the ports' log of calls included:\n"
    );
    println!("{:>6} {:>10} {:>10} {:>10} {:>10} {:>10}", "rules", "first", "warm", "last", "peak", "log");
    for rules in [1, 300] {
        run(rules).await;
    }
}

async fn run(rules: usize) {
    // 333 firings a minute: the most that are kept for one rule, and below the limit.
    let gap = SignedDuration::from_millis(180);
    let guard = guarded::guard(rules, "512/60s");
    let mut samples = Vec::with_capacity(FIRINGS / BATCH);
    for batch in 0..FIRINGS / BATCH {
        guard.ports.advance(gap * BATCH as i32);
        guarded::handle(&guard, &events::batch(batch * BATCH, BATCH, rules, gap)).await;
        samples.push(resident_kib());
    }
    let peak = samples.iter().max().copied().unwrap_or_default();
    let (first, warm, last) = (samples[0], samples[WARM], samples[samples.len() - 1]);
    // The ports in memory log every call; those on AWS do not.
    let log = guard.ports.faults.log().len() * size_of::<Call>() / 1024;
    println!("{rules:>6} {first:>10} {warm:>10} {last:>10} {peak:>10} {log:>10}");
}

fn resident_kib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("resident pages");
    pages * PAGE_KIB
}
