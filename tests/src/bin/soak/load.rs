//! The load: firings sent to the guard's queue in the form of the rules' targets, ten per call, from several tasks.

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
/// Maximum number of messages in one SendMessageBatch call.
pub const CALL: usize = 10;
const SENDERS: usize = 8;

/// One call: the time at which it is due, and the rule of each message.
pub struct Call {
    /// Time after the start at which it is due.
    pub due: Duration,
    /// Indexes of the rules, ten at most.
    pub rules: Vec<usize>,
    /// Time from its firings to the call.
    pub age: SignedDuration,
}

/// Times of an offer.
pub struct Offered {
    /// Start of the first call.
    pub began: Instant,
    /// End of the last call.
    pub ended: Instant,
}

/// Makes each call when it is due, not before. Overdue calls follow at once, to keep the average rate.
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
                world.send_batch(&world.attached_queue, &bodies).await?;
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

/// Body of a new firing, in the form of the guard's target on this rule.
fn body(rule: &Rule, time: Timestamp) -> String {
    // Event times are whole seconds.
    let time = Timestamp::from_second(time.as_second()).unwrap_or(time).to_string();
    let firing = payload::attached(rule.arn.as_str(), &payload::unique_id(), &time, FIXER);
    String::from_utf8_lossy(&firing).into_owned()
}
