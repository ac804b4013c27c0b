//! Changes by others to a rule that the guard has cut, on the deployed stack: the guard reports them and does not
//! revert them.

use std::path::Path;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_aws::SystemClock;
use budget_guard_core::ports::Clock;
use budget_guard_tests::alert::Alert;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::programs;
use budget_guard_tests::stack::Stack;
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload, while_doing};
use serde_json::{Value, json};

const ANN: &str = "arn:aws:iam::000000000000:user/ann";
const SOON: Duration = Duration::from_secs(20);

/// A running guard with its resources.
struct Stage {
    world: World,
    _emulator: Emulator,
}

impl Stage {
    async fn start() -> Result<Self, Failure> {
        let emulator = Emulator::start(Kind::Ministack).await?;
        let parameters = [("Mode", "enforce"), ("Limit", "10/60s")];
        let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &parameters).await?;
        let world = stack.world(&emulator).await?;
        world.create_bus("orders").await?;
        Ok(Self { world, _emulator: emulator })
    }

    /// Creates a rule on the bus `orders` in this state.
    async fn rule(&self, name: &str, state: RuleState) -> Result<String, Failure> {
        let rule = self.world.create_rule("orders", name, payload::PATTERN, state, &[]).await?;
        self.world.attach("orders", name, "budget-guard").await?;
        Ok(rule)
    }

    /// Sends firings in the form of the guard's target. Returns when all are counted.
    async fn fire(&self, rule: &str, times: usize) -> Result<(), Failure> {
        let time = payload::now();
        let body = |_| payload::attached(rule, &payload::unique_id(), &time, ANN);
        let bodies: Vec<String> =
            (0..times).map(body).map(|body| String::from_utf8_lossy(&body).into_owned()).collect();
        for ten in bodies.chunks(10) {
            self.world.send_batch(&self.world.attached_queue, ten).await?;
        }
        self.world.wait_until_empty(&self.world.attached_queue, SOON).await
    }

    /// Sends the CloudTrail event of a call that changed a rule.
    async fn tell(&self, call: &str, name: &str) -> Result<(), Failure> {
        let mut event =
            payload::event("arn:aws:events:us-east-1:000000000000:rule/x", "e", &payload::now(), ANN);
        event["source"] = json!("aws.events");
        event["time"] = json!((SystemClock.now() + jiff::SignedDuration::from_secs(1)).to_string());
        event["detail"]["eventSource"] = json!("events.amazonaws.com");
        event["detail"]["eventName"] = json!(call);
        event["detail"]["requestParameters"] = json!({"name": name, "eventBusName": "orders"});
        self.world.send(&self.world.guard_queue, &event.to_string()).await?;
        self.world.wait_until_empty(&self.world.guard_queue, SOON).await
    }

    async fn alerts(&self, count: usize) -> Result<Vec<Alert>, Failure> {
        self.world.wait_for_alerts(count, SOON).await
    }

    async fn breaker(&self, rule: &str) -> Result<Value, Failure> {
        let item = self.world.record(rule).await?.ok_or("there is no record")?;
        let record: Value = serde_json::from_str(item["record"].as_s().map_err(|_| "not text")?)?;
        Ok(record["breaker"]["state"].clone())
    }
}

#[tokio::test]
async fn a_rule_that_someone_enabled_is_put_on_probation_and_cut_again() -> Result<(), Failure> {
    let stage = Stage::start().await?;
    let rule = stage.rule("fix-acl", RuleState::Enabled).await?;
    stage.fire(&rule, 10).await?;
    assert_eq!(stage.alerts(1).await?[0].kind(), "tripped");

    let enable = stage.world.events.enable_rule().event_bus_name("orders").name("fix-acl").send().await;
    enable.map_err(while_doing("enabling the rule"))?;
    stage.tell("EnableRule", "fix-acl").await?;
    let undone = &stage.alerts(1).await?[0];
    assert_eq!(undone.kind(), "undone");
    let reason = undone.message["reason"].as_str().unwrap_or_default();
    assert!(
        reason.starts_with(&format!("{ANN} set it to ENABLED; it is on probation with 2/60s")),
        "{reason}"
    );
    assert_eq!(stage.breaker(&rule).await?, "half-open");

    // It still loops, and a quarter of the limit is enough. Event times are whole seconds, and the epoch began within
    // one.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    stage.fire(&rule, 2).await?;
    let again = &stage.alerts(1).await?[0];
    assert_eq!((again.kind(), &again.attributes["dedup_id"]), ("tripped", &format!("{rule}/2/tripped")));
    assert_eq!(stage.world.rule_state("orders", "fix-acl").await?, RuleState::Disabled);
    Ok(())
}

#[tokio::test]
async fn a_deleted_rule_is_forgotten_and_a_disabled_one_is_not_claimed() -> Result<(), Failure> {
    let stage = Stage::start().await?;
    let gone = stage.rule("brief", RuleState::Enabled).await?;
    stage.fire(&gone, 10).await?;
    assert_eq!(stage.alerts(1).await?[0].kind(), "tripped");
    let delete = stage.world.events.delete_rule().event_bus_name("orders").name("brief").send().await;
    delete.map_err(while_doing("deleting the rule"))?;
    stage.tell("DeleteRule", "brief").await?;
    let undone = &stage.alerts(1).await?[0];
    assert_eq!((undone.kind(), stage.breaker(&gone).await?), ("undone", json!("closed")));
    assert!(
        undone.message["reason"]
            .as_str()
            .is_some_and(|reason| reason.starts_with(&format!("{ANN} deleted it")))
    );

    let off = stage.rule("off", RuleState::Disabled).await?;
    stage.fire(&off, 20).await?;
    assert_eq!(
        stage.breaker(&off).await?,
        "closed",
        "a person had disabled it: the guard has nothing to restore"
    );
    assert!(stage.world.alerts().await?.is_empty());
    Ok(())
}
