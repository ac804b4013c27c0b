//! CloudTrail records of the calls that the other benchmarks have as events.

use budget_guard_core::model::Timestamp;
use jiff::SignedDuration;

use super::events::{BODY, CALLERS, at, id};

/// Record number `n`, at `n × gap`: the `detail` of the event, with one of these calls.
pub fn record(n: usize, gap: SignedDuration, calls: &[String]) -> String {
    let (_, detail) = BODY.split_once(r#""detail":"#).expect("an event with a detail");
    let time = Timestamp::from_second(at(n, gap).as_second()).expect("a time").to_string();
    detail[..detail.len() - 2]
        .replace("PutBucketAcl", &calls[n % calls.len()])
        .replace("TRAIL-ID", &id(n, 0xc7))
        .replace("TIME", &time)
        .replace("CALLER", CALLERS[n * 7 % 11 % CALLERS.len()])
        .replace("NUMBER", &(n % 50).to_string())
}
