//! Tests of the test library: both emulators, the Runtime API server, the queue poller.

use std::process::Command;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::poller::Poller;
use budget_guard_tests::process::Leashed;
use budget_guard_tests::runtime_api::{Outcome, RuntimeApi};
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload, while_doing};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::Instant;

const PRINCIPAL: &str = "arn:aws:sts::000000000000:assumed-role/writer/session";
const SOON: Duration = Duration::from_secs(5);
/// Time after which nothing is expected to come any more.
const NOTHING_COMES: Duration = Duration::from_millis(100);

/// One call of a runtime on its own connection. Returns request ID and body.
async fn call(
    address: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Result<(Option<String>, u16, String), Failure> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let request = hyper::Request::builder().method(method).uri(format!("/2018-06-01/runtime/{path}"));
    let response = sender.send_request(request.header("Host", address).body(body.to_owned())?).await?;
    let id = response.headers().get("lambda-runtime-aws-request-id");
    let id = id.and_then(|id| id.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    let body = http_body_util::BodyExt::collect(response.into_body()).await?.to_bytes();
    driver.abort();
    Ok((id, status, String::from_utf8(body.to_vec())?))
}

#[tokio::test]
async fn the_rule_delivers_to_the_guard_and_stops_when_disabled() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let world = World::create(&emulator).await?;
    world.create_bus("orders").await?;
    let tags = [("budget-guard:mode", "observe")];
    let arn = world.create_rule("orders", "on-put", payload::PATTERN, RuleState::Enabled, &tags).await?;
    world.attach("orders", "on-put", "budget-guard").await?;
    let work = world.create_queue("work").await?;
    world.add_queue_target("orders", "on-put", "work", &work).await?;

    let events: Vec<Value> =
        (0..23).map(|n| payload::event(&arn, &n.to_string(), &payload::now(), PRINCIPAL)).collect();
    world.put_events("orders", &events).await?;
    let firings = world.drain(&world.attached_queue).await?;
    assert_eq!((firings.len(), world.drain(&work).await?.len()), (23, 23));
    let firing: Value = serde_json::from_str(&firings[0])?;
    assert_eq!(firing["ruleArn"], json!(arn));
    assert_eq!(firing["event"]["detail-type"], json!(payload::DETAIL_TYPE));
    assert_eq!(firing["event"]["account"], json!(emulator.account()));
    assert_eq!(firing["event"]["detail"]["userIdentity"]["arn"], json!(PRINCIPAL));

    world.events.disable_rule().event_bus_name("orders").name("on-put").send().await?;
    assert_eq!(world.rule_state("orders", "on-put").await?, RuleState::Disabled);
    world.put_events("orders", &events).await?;
    assert_eq!(world.drain(&work).await?.len(), 0);
    Ok(())
}

async fn publish(world: &World) -> Result<(), Failure> {
    let kind =
        aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String").string_value("tripped");
    let message = json!({ "default": "text", "sqs": r#"{"kind":"tripped"}"# }).to_string();
    let publish = world.sns.publish().topic_arn(&world.topic_arn).message(message).message_structure("json");
    let sent = publish.message_attributes("kind", kind.build()?).send().await;
    sent.map(drop).map_err(while_doing("publishing"))
}

#[tokio::test]
async fn both_emulators_keep_alerts_records_and_tags() -> Result<(), Failure> {
    for kind in [Kind::Ministack, Kind::Moto] {
        let emulator = Emulator::start(kind).await?;
        let world = World::create(&emulator).await?;
        let tags = [("budget-guard:limit", "5/60s")];
        let arn = world.create_rule("default", "r", payload::PATTERN, RuleState::Enabled, &tags).await?;
        assert!(arn.contains(emulator.account()), "{kind:?}: {arn}");
        let kept = world.events.list_tags_for_resource().resource_arn(&arn).send().await?;
        assert_eq!(kept.tags().first().map(|tag| (tag.key(), tag.value())), Some(tags[0]), "{kind:?}");

        publish(&world).await?;
        let alerts = world.wait_for_alerts(1, SOON).await?;
        assert_eq!(alerts.len(), 1, "{kind:?}");
        assert_eq!(
            (alerts[0].kind(), &alerts[0].message),
            ("tripped", &json!({ "kind": "tripped" })),
            "{kind:?}"
        );

        assert!(world.record(&arn).await?.is_none(), "{kind:?}");
        let key = aws_sdk_dynamodb::types::AttributeValue::S(format!("rule#{arn}"));
        world.dynamodb.put_item().table_name(&world.table).item("pk", key).send().await?;
        assert!(world.record(&arn).await?.is_some(), "{kind:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_invocation_is_handed_out_once_and_again_only_on_request() -> Result<(), Failure> {
    let api = RuntimeApi::start().await?;
    let address = api.address();
    assert!(api.first_poll(NOTHING_COMES).await.is_none());

    // A runtime that dies while it waits must not take the next invocation.
    let dead = tokio::spawn({
        let address = address.clone();
        async move { call(&address, "GET", "invocation/next", "").await }
    });
    assert!(api.first_poll(SOON).await.is_some());
    dead.abort();
    assert!(dead.await.is_err_and(|error| error.is_cancelled()));

    let pending = api.send("{}");
    assert!(!pending.handed_out(NOTHING_COMES).await);
    let (id, _, body) = call(&address, "GET", "invocation/next", "").await?;
    assert_eq!((id.as_deref(), body.as_str()), (Some(pending.id()), "{}"));
    let second = tokio::time::timeout(NOTHING_COMES, call(&address, "GET", "invocation/next", "")).await;
    assert!(second.is_err(), "it was handed out twice");

    assert!(api.redeliver(&pending));
    let (again, ..) = call(&address, "GET", "invocation/next", "").await?;
    assert_eq!(again, id);
    let answer = format!("invocation/{}/response", pending.id());
    assert_eq!(call(&address, "POST", &answer, r#"{"n":1}"#).await?.1, 202);
    assert_eq!(pending.outcome().await.json(), json!({ "n": 1 }));
    assert_eq!(call(&address, "POST", &answer, "{}").await?.1, 400, "a second answer is refused");
    assert!(!api.redeliver(&pending));

    let failing = api.send("{}");
    call(&address, "GET", "invocation/next", "").await?;
    call(&address, "POST", &format!("invocation/{}/error", failing.id()), r#"{"errorType":"E"}"#).await?;
    assert_eq!(failing.outcome().await, Outcome::Error(json!({ "errorType": "E" })));
    assert_eq!(api.invoke_within("{}", NOTHING_COMES).await, Outcome::Timeout);

    call(&address, "POST", "init/error", r#"{"errorType":"I"}"#).await?;
    assert_eq!(api.init_error(), Some(json!({ "errorType": "I" })));
    Ok(())
}

/// Answers one batch as a function that fails its last message.
async fn fail_last(address: String) -> Result<Value, Failure> {
    let (id, _, batch) = call(&address, "GET", "invocation/next", "").await?;
    let batch: Value = serde_json::from_str(&batch)?;
    let last = batch["Records"].as_array().and_then(|records| records.last()).ok_or("an empty batch")?;
    let answer = json!({ "batchItemFailures": [{ "itemIdentifier": last["messageId"] }] });
    call(&address, "POST", &format!("invocation/{}/response", id.unwrap_or_default()), &answer.to_string())
        .await?;
    Ok(batch)
}

#[tokio::test]
async fn the_poller_deletes_what_succeeded_and_leaves_what_failed() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Moto).await?;
    let world = World::create(&emulator).await?;
    let api = RuntimeApi::start().await?;
    let mut poller = Poller::new(&world, &api).batch_size(3);
    for body in ["a", "b", "c"] {
        world.send(&world.guard_queue, body).await?;
    }
    let function = tokio::spawn(fail_last(api.address()));
    let polled = poller.poll_once().await?;
    let batch = function.await??;
    assert_eq!((polled.received, polled.failed.len()), (3, 1));
    assert_eq!(batch["Records"][0]["eventSource"], json!("aws:sqs"));
    assert_eq!(batch["Records"][0]["attributes"]["ApproximateReceiveCount"], json!("1"));

    assert_eq!(poller.poll_once().await?.received, 0);
    poller.return_left().await?;
    assert_eq!(
        world.drain(&world.guard_queue).await?,
        [batch["Records"][2]["body"].as_str().unwrap_or_default()]
    );
    Ok(())
}

#[tokio::test]
async fn a_dropped_child_takes_its_group_and_its_folder_along() -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    let folder = scratch.path().join("folder");
    std::fs::create_dir(&folder)?;
    let mut command = Command::new("sh");
    command.args(["-c", "sleep 600 & echo started; wait"]);
    let child = Leashed::spawn(command, Some(&folder))?;
    assert!(child.wait_for_line("started", SOON).await.is_some());
    let dropping = Instant::now();
    drop(child);
    // A drop waits for the end of the output, which the grandchild would hold open for ten minutes.
    assert!(dropping.elapsed() < SOON, "the grandchild outlived its group");
    assert!(!folder.exists());
    Ok(())
}
