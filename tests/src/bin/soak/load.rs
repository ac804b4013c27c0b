//! The load: firings sent to the guard's queue as the rules' own targets would, ten in a call, from several tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use budget_guard_aws::SystemClock;
use budget_guard_core::model::Timestamp;
use budget_guard_core::ports::Clock;
use indicatif::ProgressBar;
use jiff::SignedDuration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::stage::{Rule, Stage};
use budget_guard_tests::{Failure, payload};

const FIXER: &str = "arn:aws:sts::000000000000:assumed-role/fixer-role/fixer";
/// SQS takes ten messages in a call.
pub const CALL: usize = 10;
const SENDERS: usize = 8;

/// One call: when it is due, and which rule each of its messages fires.
pub struct Call {
    pub due: Duration,
    /// Places in the list of rules, ten at most.
    pub rules: Vec<usize>,
    /// How long before the call its firings happened.
    pub age: SignedDuration,
}

pub struct Offered {
    pub began: Instant,
    pub ended: Instant,
}

/// Makes every call no earlier than it is due. Calls that are overdue follow at once: the average rate holds if it can.
pub async fn offer(
    stage: &Stage,
    rules: &[Rule],
    calls: Vec<Call>,
    bar: &ProgressBar,
) -> Result<Offered, Failure> {
    let began = Instant::now();
    let (calls, rules) = (Arc::new(calls), Arc::new(rules.to_vec()));
    let next = Arc::new(AtomicUsize::new(0));
    let mut senders: JoinSet<Result<(), Failure>> = JoinSet::new();
    for _ in 0..SENDERS {
        let (calls, rules, next) = (Arc::clone(&calls), Arc::clone(&rules), Arc::clone(&next));
        let (world, bar) = (Arc::clone(&stage.world), bar.clone());
        senders.spawn(async move {
            while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                sleep_until(began + call.due).await;
                let time = SystemClock.now() - call.age;
                let bodies: Vec<String> = call.rules.iter().map(|rule| body(&rules[*rule], time)).collect();
                world.send_batch(&world.guard_queue, &bodies).await?;
                bar.inc(bodies.len() as u64);
            }
            Ok(())
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    Ok(Offered { began, ended: Instant::now() })
}

/// A firing of its own, as the guard's target on this rule delivers it.
fn body(rule: &Rule, time: Timestamp) -> String {
    // Events tell whole seconds.
    let time = Timestamp::from_second(time.as_second()).unwrap_or(time).to_string();
    let firing = payload::attached(rule.arn.as_str(), &payload::unique_id(), &time, FIXER);
    String::from_utf8_lossy(&firing).into_owned()
}
