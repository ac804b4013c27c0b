//! The resources of a guard with its two functions running, and a count of their calls.

use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_aws::SystemClock;
use budget_guard_core::ports::Clock;
use budget_guard_tests::programs;
use serde_json::{Value, json};

use budget_guard_tests::bootstrap::Bootstrap;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::gate::{Gate, Side};
use budget_guard_tests::runtime_api::RuntimeApi;
use budget_guard_tests::world::{Queue, World};
use budget_guard_tests::{Failure, payload};

pub const SOON: Duration = Duration::from_secs(20);
pub const BUDGET: &str = "team blue";
const FIXER: &str = "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer";
/// Minutes of firings. Firings older than 15 minutes are late.
const MINUTES: i64 = 14;

pub struct Bench {
    pub world: World,
    gate: Gate,
    environment: Vec<(&'static str, String)>,
    pub emulator: Emulator,
}

/// A function of the guard, in its own process.
pub struct Function {
    topic: String,
    /// Queue of attached rules.
    queue: Queue,
    api: RuntimeApi,
    bootstrap: Bootstrap,
}

impl Bench {
    /// Starts an emulator. `budgets` is another endpoint for AWS Budgets alone.
    pub async fn start(kind: Kind, budgets: Option<String>) -> Result<Self, Failure> {
        let emulator = Emulator::start(kind).await?;
        let world = World::create(&emulator).await?;
        // The gate only counts: there is no call with this number.
        let gate = Gate::start(&emulator.endpoint(), u32::MAX, Side::Before).await?;
        let mut environment = world.environment();
        environment.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
        environment.push(("AWS_ENDPOINT_URL", gate.endpoint()));
        environment.extend(budgets.map(|endpoint| ("AWS_ENDPOINT_URL_BUDGETS", endpoint)));
        Ok(Self { world, gate, environment, emulator })
    }

    /// Starts a function. It has no state but the table.
    pub async fn function(&self) -> Result<Function, Failure> {
        let api = RuntimeApi::start().await?;
        let bootstrap = Bootstrap::spawn(programs::bootstrap(), &api, &self.environment)?;
        let topic = format!("arn:aws:sns:us-east-1:{}:budget-alerts", self.emulator.account());
        Ok(Function { topic, queue: self.world.attached_queue.clone(), api, bootstrap })
    }

    /// An enabled rule with one queue as its target, and the guard's.
    pub async fn rule(&self, name: &str) -> Result<String, Failure> {
        let arn = self.world.create_rule("default", name, payload::PATTERN, RuleState::Enabled, &[]).await?;
        let queue = self.world.create_queue(&format!("work-of-{name}")).await?;
        self.world.add_queue_target("default", name, "work", &queue).await?;
        self.world.attach("default", name, "budget-guard").await?;
        Ok(arn)
    }

    /// Notification of AWS Budgets about the budget.
    pub fn notice(&self, basis: &str) -> String {
        let (threshold, amount) =
            if basis == "ACTUAL" { ("$80.00", "$91.25") } else { ("$100.00", "$120.00") };
        payload::budget_notice(self.emulator.account(), BUDGET, basis, threshold, amount)
    }

    /// Checks for each rule if it is enabled.
    pub async fn assert_states(&self, expected: &[(&str, bool)]) -> Result<(), Failure> {
        for (name, is_enabled) in expected {
            let state = self.world.rule_state("default", name).await?;
            let wanted = if *is_enabled { RuleState::Enabled } else { RuleState::Disabled };
            assert_eq!(state, wanted, "{name}");
        }
        Ok(())
    }

    /// Number of these calls by the functions.
    pub fn calls(&self, name: &str) -> usize {
        self.gate.calls().iter().filter(|call| *call == name).count()
    }

    /// Stored overspent budgets. Null if there are none.
    pub async fn pressure(&self) -> Result<Value, Failure> {
        let Some(item) = self.world.item("pressure").await? else { return Ok(Value::Null) };
        Ok(serde_json::from_str(item["pressure"].as_s().map_err(|_| "the pressure is not text")?)?)
    }

    pub async fn edit_press(&self, edit: impl FnOnce(&mut Value)) -> Result<(), Failure> {
        self.world.edit_item("pressure", "pressure", |stored| edit(&mut stored["budgets"][0])).await
    }

    /// Moves the start of the overspending and the last question to AWS back by this time.
    pub async fn minutes_ago(&self, minutes: i64) -> Result<(), Failure> {
        let then = json!(SystemClock.now() - jiff::SignedDuration::from_mins(minutes));
        self.edit_press(|press| {
            press["since"] = then.clone();
            press["care"]["asked"] = then;
        })
        .await
    }
}

impl Function {
    pub fn logs(&self) -> Vec<String> {
        self.bootstrap.logs()
    }

    pub async fn tick(&self) -> Result<(), Failure> {
        let answer = self.api.invoke(payload::tick(&payload::now())).await.json();
        let is_done = answer["firings"] == 0;
        if is_done { Ok(()) } else { Err(format!("the tick failed: {answer}").into()) }
    }

    /// Invokes the function with a message of the topic for budget alerts.
    pub async fn notify(&self, message_id: &str, text: &str) -> Value {
        self.api.invoke(payload::sns(&self.topic, "Notification", message_id, text)).await.json()
    }

    /// Invokes the function with SNS's confirmation of a subscription.
    pub async fn ask_to_confirm(&self, message_id: &str) -> Value {
        let text = "You have chosen to subscribe to the topic.";
        self.api.invoke(payload::sns(&self.topic, "SubscriptionConfirmation", message_id, text)).await.json()
    }

    /// Invokes the function with a queue batch: firings per minute of each rule over the last quarter of an hour. 0
    /// means two in all.
    pub async fn firings(&self, rules: &[(&String, i64)]) -> Result<(), Failure> {
        let now = SystemClock.now().as_second();
        let mut bodies = Vec::new();
        for (rule, each) in rules {
            let count = if *each == 0 { 2 } else { each * MINUTES };
            let apart = MINUTES * 60 / count;
            for n in 0..count {
                let at = jiff::Timestamp::from_second(now - n * apart)?.to_string();
                bodies.push(payload::attached(rule, &payload::unique_id(), &at, FIXER));
            }
        }
        let answer = self.api.invoke(payload::sqs_batch(&self.queue, &bodies)).await.json();
        assert_eq!(answer, json!({"batchItemFailures": []}), "{:#?}", self.logs());
        Ok(())
    }
}
