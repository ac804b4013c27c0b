//! Duration of a large batch, compared with a JSON reader that only scans the same bytes.

mod events;
mod measure;
mod median;

use std::hint::black_box;

use budget_guard_core::attribution::{Attributed, Home, attribute};
use budget_guard_core::guard::{self, Observation};
use budget_guard_core::model::{RuleArn, Timestamp};
use budget_guard_core::policy::{BurstLimit, Limits, Mode};
use budget_guard_core::record::Record;
use budget_guard_core::sources::{Message, Payload, decode};
use budget_guard_tests::own::own;
use jiff::SignedDuration;
use measure::{Candidate, compare};
use serde::de::IgnoredAny;

const FIRINGS: usize = 5_000;
const ROUNDS: usize = 41;
/// Interval of 5,000 firings in 15 minutes: 333 a minute, below both limits.
const GAP: SignedDuration = SignedDuration::from_millis(180);
/// Limit with which every firing is kept and counted.
const EXACT: &str = "512/60s";
/// Limit with which a sample of the firings is kept.
const SAMPLED: &str = "100000/60s";

fn main() {
    let payload = events::batch(0, FIRINGS, 1, GAP);
    println!("{FIRINGS} firings of one rule, {} bytes each in the batch\n", payload.len() / FIRINGS);
    let now = events::at(FIRINGS, GAP);
    let home = home(&events::rule(0));
    let messages = queue(&payload);
    let observations = observe(&messages, &home);
    assert_eq!(observations.len(), FIRINGS);
    compare(
        ROUNDS,
        &mut [
            Candidate { name: "JSON only (IgnoredAny)", run: &mut || ignore(&payload) },
            Candidate {
                name: "decode + attribute + step, sampled",
                run: &mut || whole(&payload, SAMPLED, now),
            },
            Candidate { name: "decode + attribute + step, exact", run: &mut || whole(&payload, EXACT, now) },
            Candidate { name: "decode the batch", run: &mut || drop(black_box(queue(&payload))) },
            Candidate {
                name: "decode the bodies, attribute",
                run: &mut || drop(black_box(observe(&messages, &home))),
            },
            Candidate { name: "step, sampled", run: &mut || step(&observations, SAMPLED, now) },
            Candidate { name: "step, exact", run: &mut || step(&observations, EXACT, now) },
        ],
    );
}

fn home(rule: &RuleArn) -> Home {
    Home { own: own(rule.account(), &[]), ..Home::new(rule.partition(), rule.region(), rule.account()) }
}

fn ignore(payload: &[u8]) {
    black_box(serde_json::from_slice::<IgnoredAny>(black_box(payload)).expect("JSON"));
}

fn whole(payload: &[u8], limit: &str, now: Timestamp) {
    let home = home(&events::rule(0));
    let messages = queue(black_box(payload));
    step(&observe(&messages, &home), limit, now);
}

fn queue(payload: &[u8]) -> Vec<Message<'_>> {
    match decode(payload) {
        Ok(Payload::Queue(messages)) => messages,
        other => panic!("not a batch: {other:?}"),
    }
}

fn observe<'a>(messages: &'a [Message<'_>], home: &Home) -> Vec<Observation<'a>> {
    let observe = |message: &'a Message<'_>| {
        let received = message.body.as_ref().expect("a body").received().expect("a firing");
        match attribute(received, home) {
            Ok(Attributed::Attached(firing)) => Observation::Firing(firing),
            other => panic!("not a firing: {other:?}"),
        }
    };
    messages.iter().map(observe).collect()
}

fn step(observations: &[Observation<'_>], limit: &str, now: Timestamp) {
    let burst: BurstLimit = limit.parse().expect("a limit");
    let limits = Limits::new(Mode::Enforce, burst);
    let record = Record::new(events::rule(0), burst);
    let (record, plan) = guard::step(&limits, record, black_box(observations), now);
    assert_eq!((plan.tally.firings, plan.tally.trips), (FIRINGS as u64, 0));
    black_box(record);
}
