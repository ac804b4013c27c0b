//! Forged and malformed input to the stack is refused, named and kept.

use std::path::Path;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_sqs::types::QueueAttributeName;
use budget_guard_tests::programs;
use serde_json::json;

use crate::FIXER;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::stack::{Stack, logs};
use budget_guard_tests::{Failure, payload, while_doing};

/// Time limit for five deliveries, a second or two apart.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_cannot_be_read_becomes_a_dead_letter_and_costs_only_itself() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &[]).await?;
    let world = stack.world(&emulator).await?;
    // The template's four minutes between two deliveries become one second.
    let timeout = world.sqs.set_queue_attributes().queue_url(&world.guard_queue.url);
    let timeout = timeout.attributes(QueueAttributeName::VisibilityTimeout, "1").send().await;
    timeout.map_err(while_doing("shortening the visibility timeout"))?;

    let rule = world.create_rule("default", "honest", payload::PATTERN, RuleState::Enabled, &[]).await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let good = text(payload::attached(&rule, "e-1", &payload::now(), FIXER));
    let foreign = "arn:aws:events:us-east-1:999999999999:rule/honest";
    let foreign = text(payload::attached(foreign, "e-2", &payload::now(), FIXER));
    let bad = ["hello".to_owned(), "{}".to_owned(), foreign];
    world.send_batch(&world.guard_queue, &[&bad[..], &[good]].concat()).await?;

    let dead = stack.dead_letters()?;
    world.wait_for_messages(&dead, bad.len() as u64, PATIENCE).await?;
    world.wait_until_empty(&world.guard_queue, PATIENCE).await?;
    let mut letters = world.drain(&dead).await?;
    letters.sort_unstable();
    let mut expected = bad.to_vec();
    expected.sort_unstable();
    assert_eq!(letters, expected, "as they came, so that they can be sent again");
    let record = world.record(&rule).await?.ok_or("the good one is not counted")?;
    assert_eq!(record["version"].as_n().map(String::as_str), Ok("1"), "once");
    let said = logs(&emulator, stack.output("IngestFunctionName")?).await?.join("\n");
    for words in ["not JSON: expected value", "an object with no keys", "account 999999999999"] {
        assert!(said.contains(words), "no log line says {words}");
    }
    Ok(())
}

#[tokio::test]
async fn nobody_but_aws_puts_events_of_aws_on_the_bus() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &[]).await?;
    let world = stack.world(&emulator).await?;
    let rule = "arn:aws:events:us-east-1:000000000000:rule/fix-acl";
    let mut event = payload::event(rule, &payload::unique_id(), &payload::now(), FIXER);
    event["source"] = json!("aws.s3");
    let refused = world.put_events("default", &[event]).await.expect_err("it was taken").to_string();
    assert!(refused.contains("NotAuthorizedForSource"), "{refused}");
    Ok(())
}
