//! Number of calls to AWS per batch without a trip, counted on the ports in memory.

mod events;
mod guarded;

use budget_guard_tests::memory::Call;
use jiff::SignedDuration;

/// Number of batches, over five minutes.
const BATCHES: usize = 60;
const BATCH_EVERY: SignedDuration = SignedDuration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("{BATCHES} batches, 5 s apart; calls per rule and batch, and tags read per rule and minute:\n");
    println!(
        "{:>6} {:>8} {:>8} {:>8} {:>8} {:>14}",
        "rules", "firings", "loads", "saves", "others", "tags a minute"
    );
    // A batch of ten for one rule is 120 firings a minute, below the default limit.
    for (rules, firings) in [(1, 10), (10, 10), (100, 1_000), (300, 3_000)] {
        count(rules, firings).await;
    }
}

async fn count(rules: usize, firings: usize) {
    let gap = BATCH_EVERY / firings as i32;
    let guard = guarded::guard(rules, "200/60s");
    for batch in 0..BATCHES {
        guarded::handle(&guard, &events::batch(batch * firings, firings, rules, gap)).await;
        guard.ports.advance(BATCH_EVERY);
    }
    let log = guard.ports.faults.log();
    let each = |wanted: fn(Call) -> bool| {
        log.iter().filter(|call| wanted(**call)).count() as f64 / (rules * BATCHES) as f64
    };
    let loads = each(|call| call == Call::Load);
    let saves = each(|call| call == Call::Save);
    let others = each(|call| !matches!(call, Call::Load | Call::Save | Call::Tags));
    let batches_a_minute = 60.0 / BATCH_EVERY.as_secs_f64();
    let tags = each(|call| call == Call::Tags) * batches_a_minute;
    println!("{rules:>6} {firings:>8} {loads:>8.2} {saves:>8.2} {others:>8.2} {tags:>14.2}");
}
