//! What windows and echoes cost for each firing: the step of the core alone, without reading the event.

mod median;

use std::hint::black_box;
use std::time::Instant;

use budget_guard::guard::{self, Observation};
use budget_guard::model::{
    Call, Caller, Cause, Fingerprint, Firing, Proof, Resource, ResourceIds, RuleArn, Timestamp,
};
use budget_guard::policy::{Limits, Mode};
use budget_guard::record::Record;
use jiff::SignedDuration;
use median::{middle, sorted};

const FIRINGS: usize = 5_000;
const ROUNDS: usize = 41;
/// 333 firings a minute.
const GAP: SignedDuration = SignedDuration::from_millis(180);
const START: Timestamp = Timestamp::constant(1_795_176_000, 0);

fn main() {
    println!(
        "{FIRINGS} firings in one step, microseconds for each; median of {ROUNDS} rounds, the aim is 2.00\n"
    );
    println!("{:<56} {:>8} {:>8}", "", "median", "min");
    // The echo limit at its highest keeps the most.
    measure("window alone: calls by a service", 50, |_| Cause::Service, "10");
    measure("echoes: each call from outside answered, 50 resources", 50, answered, "10");
    measure("echoes: the same on 2,000 resources", 2_000, answered, "10");
    measure("echoes: the same on 24 resources, all tracks full", 24, answered, "50");
}

/// Each call from outside has its answer.
fn answered(n: usize) -> Cause {
    if n.is_multiple_of(2) { Cause::Outside } else { Cause::Target(Proof::Issued) }
}

fn measure(name: &str, resources: usize, cause: fn(usize) -> Cause, echo: &str) {
    let rule: RuleArn = "arn:aws:events:us-east-1:123456789012:rule/fix-acl".parse().expect("an ARN");
    let observations: Vec<Observation<'_>> =
        (0..FIRINGS).map(|n| Observation::Firing(firing(&rule, n, resources, cause(n)))).collect();
    let mut limits = Limits::new(Mode::Enforce, "512/60s".parse().expect("a limit"));
    limits.echo = Some(echo.parse().expect("a limit"));
    limits.sustained = None;
    let now = START + GAP * FIRINGS as i32;
    let round = |_| {
        let record = Record::new(rule.clone(), limits.burst);
        let seconds = timed(|| {
            let (record, plan) = guard::step(&limits, record, &observations, now);
            assert_eq!(plan.tally.trips, 0, "{name}");
            black_box(record);
        });
        seconds * 1e6 / FIRINGS as f64
    };
    let micros = sorted((0..ROUNDS).map(round));
    println!("{name:<56} {:>8.2} {:>8.2}", middle(&micros), micros[0]);
}

/// Firing and answer are on the same resource.
fn firing(rule: &RuleArn, n: usize, resources: usize, cause: Cause) -> Firing<'static> {
    let name = format!("bucket-{}", n / 2 % resources);
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
            resource: Some(Resource { name: name.into(), ids }),
            parameters: n as u32,
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
