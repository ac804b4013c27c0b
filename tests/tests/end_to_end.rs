//! The whole path on MiniStack: rule → SQS → the real `bootstrap` → DynamoDB → `DisableRule` → SNS.
//!
//! The first test runs the deployed stack. The others start `bootstrap` themselves, without Lambda: they kill it during
//! a call behind a proxy, read its reply to one payload, or watch it fail at its start.

use std::path::Path;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_tests::bootstrap::Bootstrap;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::gate::{Gate, Side};
use budget_guard_tests::own::own_arns;
use budget_guard_tests::programs;
use budget_guard_tests::runtime_api::{Outcome, RuntimeApi};
use budget_guard_tests::stack::{Stack, logs};
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

const FIXER: &str = "arn:aws:sts::000000000000:assumed-role/fixer-role/fixer";
const SOON: Duration = Duration::from_secs(20);

/// JSON of the stored record.
async fn record(world: &World, rule: &str) -> Result<Value, Failure> {
    let item = world.record(rule).await?.ok_or("there is no record")?;
    let json = item["record"].as_s().map_err(|_| "the record is not text")?;
    Ok(serde_json::from_str(json)?)
}

fn attached_batch(world: &World, rule: &str, ids: std::ops::Range<usize>) -> Vec<u8> {
    let time = payload::now();
    let bodies: Vec<Vec<u8>> = ids
        .map(|id| {
            let mut event = payload::event(rule, &format!("envelope-{id}"), &time, FIXER);
            event["detail"]["eventID"] = json!(format!("event-{id}"));
            payload::attached_event(rule, &event)
        })
        .collect();
    payload::sqs_batch(&world.attached_queue, &bodies)
}

#[tokio::test]
async fn a_runaway_rule_is_cut_and_its_twin_on_another_bus_is_not() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    // PutEvents takes no `aws.*` source, on the emulator as on AWS.
    let parameters = [("Mode", "enforce"), ("TrustedSources", "custom.")];
    let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &parameters).await?;
    let world = stack.world(&emulator).await?;
    world.create_bus("orders").await?;
    let hot = world.create_rule("orders", "fix-acl", payload::PATTERN, RuleState::Enabled, &[]).await?;
    let twin = world.create_rule("default", "fix-acl", payload::PATTERN, RuleState::Enabled, &[]).await?;
    world.attach("orders", "fix-acl", "budget-guard").await?;
    world.attach("default", "fix-acl", "budget-guard").await?;

    let events = |count: usize| -> Vec<Value> {
        (0..count).map(|_| payload::event(&hot, &payload::unique_id(), &payload::now(), FIXER)).collect()
    };
    // All messages are queued before the first is counted, so the number after the cut is known.
    stack.feed(&emulator, false).await?;
    world.put_events("default", &events(20)).await?;
    world.put_events("orders", &events(230)).await?;
    world.wait_for_messages(&world.attached_queue, 20 + 230, SOON).await?;
    // The catch-all rule delivers the events of the default bus once more.
    world.wait_for_messages(&world.guard_queue, 20, SOON).await?;
    stack.feed(&emulator, true).await?;
    world.wait_until_empty(&world.guard_queue, SOON).await?;
    world.wait_until_empty(&world.attached_queue, SOON).await?;

    assert_eq!(world.rule_state("orders", "fix-acl").await?, RuleState::Disabled);
    assert_eq!(world.rule_state("default", "fix-acl").await?, RuleState::Enabled);
    let alerts = world.wait_for_alerts(1, SOON).await?;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].kind(), "tripped");
    assert_eq!(alerts[0].attributes["rule_arn"], hot);
    assert_eq!(alerts[0].attributes["dedup_id"], format!("{hot}/1/tripped"));
    let message = &alerts[0].message;
    assert_eq!(message["evidence"]["count"], 200);
    assert_eq!(message["evidence"]["callers"][0]["principal"], FIXER);
    assert_eq!(message["state"], json!({"breaker": "open", "rule": "DISABLED"}));
    assert_eq!(message["undo"], "budget-guard enable fix-acl --bus orders --region us-east-1");

    let stored = record(&world, &hot).await?;
    // Firings that arrive during the question about the history are still counted; the others are late.
    assert!(stored["late"].as_u64().is_some_and(|late| late <= 30), "{}", stored["late"]);
    assert_eq!(stored["breaker"]["found"]["state"], "ENABLED");
    assert!(stored["last_trip"]["reason"].as_str().is_some_and(|text| text.contains("200 distinct firings")));
    assert_eq!(record(&world, &twin).await?["breaker"]["state"], "closed");

    // The loop goes on, but its rule is disabled: no firing arrives.
    world.put_events("orders", &events(10)).await?;
    assert_eq!(world.messages_in(&world.attached_queue).await?, 0);
    check_logs(&logs(&emulator, stack.output("IngestFunctionName")?).await?, 250)?;
    Ok(())
}

/// Checks the logs: one summary line and one metrics document per invocation, all lines as JSON, and all firings.
fn check_logs(events: &[String], firings: u64) -> Result<(), Failure> {
    let lambdas_own = |line: &&str| ["START ", "END ", "REPORT "].iter().any(|word| line.starts_with(word));
    let lines = events.iter().flat_map(|event| event.lines()).filter(|line| !lambdas_own(line));
    let lines: Vec<Value> = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
    let summaries: Vec<&Value> = lines.iter().filter(|line| line["message"] == "invocation").collect();
    let metrics: Vec<&Value> = lines.iter().filter(|line| line["_aws"].is_object()).collect();
    assert_eq!(summaries.len(), metrics.len());
    let sum =
        |lines: &[&Value], field: &str| lines.iter().filter_map(|line| line[field].as_u64()).sum::<u64>();
    // The catch-all rule may have delivered the events of the default bus as well. They count once.
    let again = sum(&summaries, "duplicates");
    assert_eq!((sum(&summaries, "firings") - again, sum(&metrics, "Firings") - again), (firings, firings));
    assert_eq!((sum(&summaries, "trips"), sum(&metrics, "Trips")), (1, 1));
    assert_eq!(metrics[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"], "BudgetGuard");
    Ok(())
}

#[tokio::test]
async fn killed_in_any_call_and_started_again_it_still_cuts() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    // Number of the calls of a cut. The last two only repeat earlier work.
    let calls = 1..=20;
    let stories = calls.flat_map(|nth| [(nth, Side::Before), (nth, Side::After)]);
    let reached = try_join_all(stories.map(|(nth, side)| kill_and_restart(&emulator, nth, side))).await?;
    let reached: Vec<String> = reached.into_iter().flatten().collect();
    for call in ["GetItem", "UpdateItem", "PutItem", "DescribeRule", "DisableRule", "Publish"] {
        assert!(reached.iter().any(|seen| seen == call), "never killed in {call}: {reached:?}");
    }
    Ok(())
}

/// Kills the process in its nth call to AWS, starts another, and delivers the batch again. Returns the name of the
/// call.
async fn kill_and_restart(emulator: &Emulator, nth: u32, side: Side) -> Result<Option<String>, Failure> {
    let story = format!("killed {side:?} call {nth}");
    let world = World::create(emulator).await?;
    let name = format!("loop-{nth}-{side:?}");
    let rule = world
        .create_rule(
            "default",
            &name,
            r#"{"source":["never"],"detail":{"eventName":["Never"]}}"#,
            RuleState::Enabled,
            &[],
        )
        .await?;
    world.attach("default", &name, "budget-guard").await?;
    let gate = Gate::start(&emulator.endpoint(), nth, side).await?;
    let mut environment = world.environment();
    environment.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
    environment.push(("AWS_ENDPOINT_URL", gate.endpoint()));
    environment.push(("BUDGET_GUARD_LIMIT", "10/60s".to_owned()));

    let api = RuntimeApi::start().await?;
    let mut first = Bootstrap::spawn(programs::bootstrap(), &api, &environment)?;
    let pending = api.send(attached_batch(&world, &rule, 0..40));
    let killed_in = tokio::select! {
        () = gate.reached() => {
            first.kill()?;
            gate.open();
            let killed_in = gate.calls().pop();
            let _second = Bootstrap::spawn(programs::bootstrap(), &api, &environment)?;
            api.redeliver(&pending);
            let outcome = pending.outcome_within(SOON).await;
            assert_eq!(outcome.json(), json!({"batchItemFailures": []}), "{story} ({killed_in:?})");
            killed_in
        }
        outcome = pending.outcome_within(SOON) => {
            assert_eq!(outcome.json(), json!({"batchItemFailures": []}), "{story}: fewer calls than that");
            None
        }
    };
    assert_eq!(world.rule_state("default", &name).await?, RuleState::Disabled, "{story} ({killed_in:?})");
    let stored = record(&world, &rule).await?;
    assert!(
        stored["last_trip"]["reason"].as_str().is_some_and(|text| text.contains("10 distinct")),
        "{story}"
    );
    assert_eq!(stored["outbox"], Value::Null, "{story}: every alert is out");
    let alerts = world.alerts().await?;
    assert!((1..=2).contains(&alerts.len()), "{story}: {} alerts", alerts.len());
    for alert in alerts {
        assert_eq!(alert.attributes["dedup_id"], format!("{rule}/1/tripped"), "{story}");
    }
    Ok(killed_in)
}

#[tokio::test]
async fn bad_input_is_named_and_costs_only_itself() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let world = World::create(&emulator).await?;
    let rule = world.create_rule("default", "honest", payload::PATTERN, RuleState::Enabled, &[]).await?;
    let api = RuntimeApi::start().await?;
    let bootstrap = Bootstrap::spawn(programs::bootstrap(), &api, &world.environment())?;

    let good = payload::attached(&rule, "e-1", &payload::now(), FIXER);
    let foreign =
        payload::attached("arn:aws:events:us-east-1:999999999999:rule/honest", "e-2", &payload::now(), FIXER);
    let bodies: Vec<Vec<u8>> = vec![
        good,
        b"hello".to_vec(),
        b"{}".to_vec(),
        foreign,
        "x".repeat(1 << 20).into_bytes(),
        format!("{{\"event\":{}", "[".repeat(200_000)).into_bytes(),
    ];
    let outcome = api.invoke(payload::sqs_batch(&world.attached_queue, &bodies)).await;
    let failed = ["message-1", "message-2", "message-3", "message-4", "message-5"];
    let failed = failed.map(|id| json!({"itemIdentifier": id}));
    assert_eq!(outcome.json(), json!({"batchItemFailures": failed}));
    for words in [
        "not JSON: expected value",
        "an object with no keys",
        "account 999999999999",
        "not JSON: EOF while parsing",
    ] {
        assert!(bootstrap.wait_for_log(words, SOON).await.is_some(), "no log line says {words}");
    }

    let check = async |payload: &str, words: &str| match api.invoke(payload.to_owned()).await {
        Outcome::Error(error) => assert!(error.to_string().contains(words), "{payload}: {error}"),
        other => panic!("{payload}: {other:?}"),
    };
    check("{}", "an object with no keys; expected a queue batch").await;
    check("hello", "expected value at line 1 column 1").await;
    check("[1,2]", "expected a JSON object, saw").await;
    check(r#"{"Records":[{"EventSource":"aws:sns"}]}"#, "Records[].Sns is missing; expected an SNS").await;
    check(r#"{"ruleArn":"x","event":{}}"#, "is not a rule ARN").await;
    let ticked = api.invoke(payload::tick(&payload::now())).await;
    assert_eq!(ticked.json(), json!({"firings": 0, "tripped": [], "suspects": []}), "it still works");
    Ok(())
}

#[tokio::test]
async fn a_wrong_setting_stops_the_function_with_one_line() -> Result<(), Failure> {
    let table = ("BUDGET_GUARD_TABLE", "guard");
    let topic = ("BUDGET_GUARD_TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:alerts");
    let check = async |variables: &[(&'static str, &str)], words: &str| -> Result<(), Failure> {
        let api = RuntimeApi::start().await?;
        let environment: Vec<(&str, String)> =
            variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut bootstrap = Bootstrap::spawn(programs::bootstrap(), &api, &environment)?;
        let status = bootstrap.wait_exit(SOON).await?.ok_or("it goes on")?;
        assert!(!status.success());
        assert!(bootstrap.wait_for_log(words, SOON).await.is_some(), "{words}: {:?}", bootstrap.logs());
        assert_eq!(bootstrap.logs().len(), 1, "{:?}", bootstrap.logs());
        Ok(())
    };
    let own_arns = own_arns("000000000000", &[]);
    let own = ("BUDGET_GUARD_OWN_ARNS", own_arns.as_str());
    check(&[topic], "BUDGET_GUARD_TABLE is not set; it takes the name of a DynamoDB table").await?;
    check(&[table], "BUDGET_GUARD_TOPIC_ARN is not set; it takes the ARN of an SNS topic").await?;
    check(&[table, topic], "BUDGET_GUARD_OWN_ARNS is not set; it takes the ARNs of the stack's rules")
        .await?;
    let queue = ("BUDGET_GUARD_ATTACHED_QUEUE_ARN", "arn:aws:sqs:us-east-1:000000000000:attached");
    check(
        &[table, topic, own],
        "BUDGET_GUARD_ATTACHED_QUEUE_ARN is not set; it takes the ARN of an SQS queue",
    )
    .await?;
    check(&[table, topic, own, queue, ("BUDGET_GUARD_MODE", "kill")], "it takes enforce or observe").await?;
    check(&[table, topic, own, queue, ("BUDGET_GUARD_LIMIT", "200")], "expected N/DURATION").await?;
    Ok(())
}
