//! Forged and malformed input to the stack is refused, named and kept.

use std::path::Path;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_sqs::types::QueueAttributeName;
use budget_guard_tests::programs;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::FIXER;
use budget_guard_tests::alert::Alert;
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
    for queue in [&world.guard_queue, &world.attached_queue] {
        let timeout = world.sqs.set_queue_attributes().queue_url(&queue.url);
        let timeout = timeout.attributes(QueueAttributeName::VisibilityTimeout, "1").send().await;
        timeout.map_err(while_doing("shortening the visibility timeout"))?;
    }

    let rule = world.create_rule("default", "honest", payload::PATTERN, RuleState::Enabled, &[]).await?;
    world.attach("default", "honest", "budget-guard").await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let good = text(payload::attached(&rule, "e-1", &payload::now(), FIXER));
    let foreign = "arn:aws:events:us-east-1:999999999999:rule/honest";
    let foreign = text(payload::attached(foreign, "e-2", &payload::now(), FIXER));
    // The content of the one queue in the other: a firing that no attached rule sent, and an event that one made up.
    let astray = text(payload::attached(&rule, "e-3", &payload::now(), FIXER));
    let forged = payload::event(&rule, "e-4", &payload::now(), FIXER).to_string();
    world.send(&world.guard_queue, &astray).await?;
    let bad = ["hello".to_owned(), "{}".to_owned(), foreign, forged];
    world.send_batch(&world.attached_queue, &[&bad[..], &[good]].concat()).await?;
    let bad = [&bad[..], &[astray]].concat();

    let dead = stack.dead_letters()?;
    world.wait_for_messages(&dead, bad.len() as u64, PATIENCE).await?;
    world.wait_until_empty(&world.guard_queue, PATIENCE).await?;
    world.wait_until_empty(&world.attached_queue, PATIENCE).await?;
    let mut letters = world.drain(&dead).await?;
    letters.sort_unstable();
    let mut expected = bad.clone();
    expected.sort_unstable();
    assert_eq!(letters, expected, "as they came, so that they can be sent again");
    let record = world.record(&rule).await?.ok_or("the good one is not counted")?;
    assert_eq!(record["version"].as_n().map(String::as_str), Ok("1"), "once");
    let said = logs(&emulator, stack.output("IngestFunctionName")?).await?.join("\n");
    let admitted =
        ["a firing of an attached rule came through", "a message without ruleArn and event came through"];
    for words in
        ["not JSON: expected value", "an object with no keys", "account 999999999999"].iter().chain(&admitted)
    {
        assert!(said.contains(words), "no log line says {words}");
    }
    Ok(())
}

/// A principal with `events:PutRule` and `events:PutTargets` alone: its rule names another one to the guard.
#[tokio::test]
async fn what_a_rule_says_of_another_cuts_nothing() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let parameters = [("Mode", "enforce"), ("Limit", "5/60s"), ("TrustedSources", "custom.")];
    let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &parameters).await?;
    let world = stack.world(&emulator).await?;
    let never = r#"{"source":["never"],"detail":{"eventName":["Never"]}}"#;
    let victim = world.create_rule("default", "victim", never, RuleState::Enabled, &[]).await?;
    // Nothing is known of what reads this queue, so the number of firings alone would cut the rule.
    let work = world.create_queue("work").await?;
    world.add_queue_target("default", "victim", "work", &work).await?;
    // Its own firings would have it cut, and it would send no more.
    let observed = [("budget-guard:mode", "observe")];
    world.create_rule("default", "mine", payload::PATTERN, RuleState::Enabled, &observed).await?;
    let template = format!(r#"{{"ruleArn": "{victim}", "event": <aws.events.event.json>}}"#);
    world.attach_with("default", "mine", "any", &template).await?;
    let fires = async |count: usize| -> Result<(), Failure> {
        let event = |_| payload::event(&victim, &payload::unique_id(), &payload::now(), FIXER);
        world.put_events("default", &(0..count).map(event).collect::<Vec<_>>()).await?;
        sleep(Duration::from_millis(500)).await;
        world.wait_until_empty(&world.attached_queue, PATIENCE).await
    };
    // Before the guard knows its rules: it reads this one before it cuts it.
    fires(20).await?;
    assert_eq!(world.rule_state("default", "victim").await?, RuleState::Enabled);
    // And once it knows them. A process uses its directory for some seconds.
    stack.learn_rules(&emulator, &world).await?;
    let deadline = Instant::now() + PATIENCE;
    let words = "firings of a rule that does not send to the guard's queue are not counted";
    while !logs(&emulator, stack.output("IngestFunctionName")?).await?.join("\n").contains(words) {
        assert!(Instant::now() < deadline, "no log line says: {words}");
        fires(20).await?;
    }
    assert_eq!(world.rule_state("default", "victim").await?, RuleState::Enabled);
    let told = world.alerts().await?;
    let is_cut = |alert: &Alert| alert.kind() == "tripped" && alert.attributes["rule_arn"] == victim;
    assert!(!told.iter().any(is_cut), "{told:?}");
    // The same firings of a rule that is attached are its own.
    world.attach("default", "victim", "budget-guard").await?;
    stack.learn_rules(&emulator, &world).await?;
    let deadline = Instant::now() + PATIENCE;
    while world.rule_state("default", "victim").await? == RuleState::Enabled {
        assert!(Instant::now() < deadline, "the rule is not cut");
        fires(20).await?;
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
