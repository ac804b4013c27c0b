//! Cost of a million firings, at list price: the calls of a busy rule are counted on the deployed stack.

use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_sqs::types::QueueAttributeName;
use budget_guard_tests::programs;
use tokio::time::{Instant, sleep};

use crate::FIXER;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::stack::{Stack, logs, summaries};
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload, while_doing};

const EVENTS: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(90);

/// Number of saves for a trip, besides one for each invocation.
const TRIP: usize = 4;

/// Prices in USD per unit in us-east-1: list prices of 2026-11, without the free tiers.
pub mod price {
    pub const SQS_REQUEST: f64 = 0.40e-6;
    pub const INVOCATION: f64 = 0.20e-6;
    pub const GB_SECOND: f64 = 16.6667e-6;
    pub const WRITE_UNIT: f64 = 0.625e-6;
    pub const READ_UNIT: f64 = 0.125e-6;
    pub const LOG_BYTE: f64 = 0.50e-9;
}

/// Billed seconds of an invocation, a generous estimate: two calls to DynamoDB, while the decision takes microseconds.
pub const SECONDS: f64 = 0.05;
const GIGABYTES: f64 = 0.25;

/// Firings per invocation of a published loop with 380 firings a second, collected for a second by Lambda's first five
/// pollers. The emulator delivers ten messages at most, so this is computed, and the calls of one invocation are
/// counted.
pub const FIRINGS_OF_A_LOOP: f64 = 380.0 / 5.0;

/// Maximum number of messages in one request to SQS.
const SQS_BATCH: f64 = 10.0;
/// Rates of a rule: firings per invocation, and messages per receive. At one firing a second each is received alone in
/// the worst case, even if the batching window collects ten.
const PACES: [(f64, f64); 3] = [(FIRINGS_OF_A_LOOP, SQS_BATCH), (10.0, 1.0), (1.0, 1.0)];

/// Bytes that CloudWatch Logs adds to each event.
const LOG_EVENT: usize = 26;

/// Cost of an invocation that reads and writes one record of this size, and logs this number of bytes.
fn invocation(record: usize, logged: usize) -> f64 {
    let writes = record.div_ceil(1_024) as f64 * price::WRITE_UNIT;
    let reads = record.div_ceil(4_096) as f64 * price::READ_UNIT;
    let logs = logged as f64 * price::LOG_BYTE;
    price::INVOCATION + SECONDS * GIGABYTES * price::GB_SECOND + writes + reads + logs
}

/// Cost of a million firings with this many per invocation and per receive.
pub fn million(firings_per_invocation: f64, received: f64, record: usize, logged: usize) -> f64 {
    // Each is sent alone. Lambda deletes up to ten at a time.
    let deleted = firings_per_invocation.min(SQS_BATCH);
    let queue = 1e6 * (1.0 + 1.0 / received + 1.0 / deleted) * price::SQS_REQUEST;
    queue + 1e6 / firings_per_invocation * invocation(record, logged)
}

/// Stored size of an item: its names and its values.
fn size(item: &std::collections::HashMap<String, AttributeValue>) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        other => panic!("an attribute that records do not have: {other:?}"),
    };
    item.iter().map(|(name, held)| name.len() + value(held)).sum()
}

/// Number of firings of each invocation so far, from the functions' summary lines.
async fn invocations(emulator: &Emulator, function: &str) -> Result<Vec<u64>, Failure> {
    let summaries = summaries(emulator, function).await?;
    Ok(summaries.iter().filter_map(|line| line["firings"].as_u64()).collect())
}

/// Places of firings that were not counted in time: in the queue, or in an invocation that failed.
async fn missing(
    emulator: &Emulator,
    world: &World,
    function: &str,
    seen: &[u64],
) -> Result<String, Failure> {
    let queue = &world.guard_queue;
    let read =
        world.sqs.get_queue_attributes().queue_url(&queue.url).attribute_names(QueueAttributeName::All);
    let read = read.send().await.map_err(while_doing("reading the queue's attributes"))?;
    let lines = logs(emulator, function).await?;
    let unlike = |line: &&String| !line.contains("_aws") && !line.contains(r#""ok":true"#);
    let lines: Vec<&String> = lines.iter().filter(unlike).collect();
    Ok(format!(
        "{} firings were counted in {PATIENCE:?}; the queue: {:?}; the log beside good invocations: {lines:#?}",
        seen.iter().sum::<u64>(),
        read.attributes
    ))
}

/// Two rules fired by the same events: one far over the default limit, and one with a limit above its rate.
#[tokio::test]
async fn a_million_firings_of_a_busy_rule_cost_less_than_sixty_cents() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    // In the form of CloudTrail's own events, with all fields that a record keeps.
    let parameters = [("Mode", "observe"), ("TrustedSources", "custom.")];
    let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &parameters).await?;
    let world = stack.world(&emulator).await?;
    let mut rules = Vec::new();
    for (name, tags) in [("over", &[][..]), ("free", &[("budget-guard:limit", "100000/60s")][..])] {
        rules.push(world.create_rule("default", name, payload::PATTERN, RuleState::Enabled, tags).await?);
    }
    stack.learn_rules(&emulator, &world).await?;
    let event = |_| payload::event(&rules[0], &payload::unique_id(), &payload::now(), FIXER);
    world.put_events("default", &(0..EVENTS).map(event).collect::<Vec<_>>()).await?;

    let function = stack.output("IngestFunctionName")?;
    let firings = (rules.len() * EVENTS) as u64;
    let deadline = Instant::now() + PATIENCE;
    let mut seen = invocations(&emulator, function).await?;
    while seen.iter().sum::<u64>() < firings && Instant::now() < deadline {
        sleep(Duration::from_millis(500)).await;
        seen = invocations(&emulator, function).await?;
    }
    if seen.iter().sum::<u64>() != firings {
        return Err(missing(&emulator, &world, function, &seen).await?.into());
    }

    let events = logs(&emulator, function).await?;
    let logged = events.iter().map(|event| event.len() + LOG_EVENT).sum::<usize>() / seen.len();
    println!("{logged} bytes of log for each invocation");

    for rule in &rules {
        let item = world.record(rule).await?.ok_or("there is no record")?;
        let saves: usize = item["version"].as_n().map_err(|_| "the version is not a number")?.parse()?;
        assert!(saves <= seen.len() + TRIP, "{saves} saves in {} invocations", seen.len());
        let record = size(&item);
        println!("{rule}: {} invocations, {saves} saves of a record of {record} bytes", seen.len());
        for (firings, received) in PACES {
            let usd = million(firings, received, record, logged);
            println!("  a million firings, {firings} an invocation, {received} a receive: {usd:.2} USD");
        }
        let usd = million(FIRINGS_OF_A_LOOP, SQS_BATCH, record, logged);
        assert!(usd < 0.60, "{usd:.3} USD");
    }
    Ok(())
}
