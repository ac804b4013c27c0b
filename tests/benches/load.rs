//! Many rules at once, in virtual time: seconds of an invocation, ticks until all is done, and write units of DynamoDB.

use budget_guard_core::ports::Clock;
use budget_guard_tests::busy::{Busy, MINUTE, batch, slow_day, throttled_store};
use budget_guard_tests::memory::Call;
use jiff::SignedDuration;

/// Maximum number of ticks that are counted.
const MOST_TICKS: usize = 60;

fn main() {
    println!("50 ms a request; 600 ms a request to DynamoDB while it throttles\n");
    for rules in [150, 1_000] {
        cut_rules(rules, "", slow_day);
        cut_rules(rules, ", DynamoDB throttles", throttled_store);
    }
    trips("", slow_day);
    trips(", DynamoDB throttles", throttled_store);
    for rules in [280, 10_000] {
        let busy = Busy::enabled(rules);
        println!("a changed tag among {rules} rules: {} write units", busy.change_tag());
    }
}

fn cut_rules(rules: usize, day: &str, takes: fn(Call) -> SignedDuration) {
    let busy = Busy::cut(rules);
    busy.world.slow_down(takes);
    let began = busy.world.now();
    let mut longest = 0.0f64;
    for tick in 1..=MOST_TICKS {
        longest = longest.max(busy.tick().1);
        if busy.checked(began) == rules {
            println!("{rules} cut rules{day}: all checked after {tick} ticks, {longest:.1} s at most");
            return;
        }
    }
    println!("{rules} cut rules{day}: {} checked after {MOST_TICKS} ticks", busy.checked(began));
}

fn trips(day: &str, takes: fn(Call) -> SignedDuration) {
    let busy = Busy::enabled(60);
    busy.world.slow_down(takes);
    let count = || (busy.world.faults.count(Call::SaveHead), busy.world.written());
    let (heads, units) = count();
    let (failed, summary, took) = busy.handle(&batch(&busy.firings()), MINUTE / 2);
    let (left, back) = (summary.postponed, failed.len());
    let (heads, units) = (count().0 - heads, count().1 - units);
    println!(
        "60 trips at once{day}: {took:.1} s, {heads} writes of the directory, {units} write units; {left} left for the tick, {back} messages back"
    );
}
