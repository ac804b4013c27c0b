//! Cost of the window and the turns per firing: the step of the core alone, without parsing the event.

mod median;

use std::hint::black_box;
use std::time::Instant;

use budget_guard_core::guard::{self, Observation};
use budget_guard_core::model::{
    Answering, Call, CallOutcome, Caller, Cause, Fingerprint, Firing, Proof, Resource, ResourceIds, RuleArn,
    Seconds, Timestamp,
};
use budget_guard_core::policy::{Limits, Mode};
use budget_guard_core::record::Record;
use jiff::SignedDuration;
use median::{middle, sorted};

const FIRINGS: usize = 5_000;
const ROUNDS: usize = 41;
/// Interval of 333 firings a minute.
const GAP: SignedDuration = SignedDuration::from_millis(180);
const START: Timestamp = Timestamp::constant(1_795_176_000, 0);
/// Number of firings in each step.
const BATCHES: [usize; 3] = [FIRINGS, 100, 10];

/// Cause of the n-th firing, and the number of its resource.
type Made = fn(usize) -> (Cause, usize);

fn main() {
    println!("{FIRINGS} firings, microseconds for each; median of {ROUNDS} rounds, the aim is 2.00\n");
    println!("{:<60} {:>8} {:>8}", "", "median", "min");
    for batch in BATCHES {
        println!("{batch} in one step");
        measure("  window alone: calls by a service", batch, |n| (Cause::Service, n % 50));
        measure("  each foreign call answered, 50 resources", batch, |n| (answered(n), n / 2 % 50));
        measure("  each foreign call answered, 2,000 resources", batch, |n| (answered(n), n / 2 % 2_000));
        // Different calls each time, because equal ones would be proved after nine.
        measure("  a loop of own calls, under the highest limit of turns", batch, |n| (looping(n), n));
    }
}

/// Each foreign call has an answer.
fn answered(n: usize) -> Cause {
    if n.is_multiple_of(2) { Cause::Foreign } else { Cause::own(Proof::Issued) }
}

/// One foreign call, and then the target's own calls.
fn looping(n: usize) -> Cause {
    if n == 0 { Cause::Foreign } else { Cause::own(Proof::Issued) }
}

fn measure(name: &str, batch: usize, made: Made) {
    let rule: RuleArn = "arn:aws:events:us-east-1:123456789012:rule/fix-acl".parse().expect("an ARN");
    let observations: Vec<Observation<'_>> =
        (0..FIRINGS).map(|n| Observation::Firing(firing(&rule, n, made(n)))).collect();
    let mut limits = Limits::new(Mode::Enforce, "512/60s".parse().expect("a limit"));
    limits.turns = Some("1000".parse().expect("a limit"));
    limits.answering = Answering { within: Seconds::new(63), is_known: true, ..Answering::UNKNOWN };
    limits.sustained = None;
    let round = |_| {
        let mut record = Record::new(rule.clone(), limits.burst);
        let seconds = timed(|| {
            for (n, observations) in observations.chunks(batch).enumerate() {
                let now = START + GAP * ((n + 1) * batch) as i32;
                let (next, plan) = guard::step(
                    &limits,
                    std::mem::replace(&mut record, Record::new(rule.clone(), limits.burst)),
                    observations,
                    now,
                );
                assert_eq!(plan.tally.trips, 0, "{name}");
                record = black_box(next);
            }
        });
        seconds * 1e6 / FIRINGS as f64
    };
    let micros = sorted((0..ROUNDS).map(round));
    println!("{name:<60} {:>8.2} {:>8.2}", middle(&micros), micros[0]);
}

fn firing(rule: &RuleArn, n: usize, (cause, resource): (Cause, usize)) -> Firing<'static> {
    let name = format!("bucket-{resource}");
    let ids = ResourceIds::new([Fingerprint::of(&name)]);
    Firing {
        rule: rule.clone(),
        event_id: format!("event-{n}").into(),
        at: START + GAP * n as i32,
        caller: Caller {
            principal: "arn:aws:sts::123456789012:assumed-role/r/fixer".into(),
            issued_to: None,
        },
        call: Some(Call {
            service: "s3.amazonaws.com".into(),
            operation: "PutBucketAcl".into(),
            role: None,
            invoked_by: None,
            access_key: None,
            is_by_service: false,
            resource: Some(Resource { name: name.into(), ids }),
            wording: Some(n as u32),
            outcome: CallOutcome::Succeeded,
        }),
        cause,
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}
