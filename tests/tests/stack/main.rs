//! `infra/template.yaml` on an emulator: it cuts a loop with the rights it has, and has no others.

mod calls;
mod cost;
mod cost_alerts;
mod documents;
mod forged;
mod glibc;
mod operator;
mod policies;
mod refused;
mod rights;
mod spend;
mod variants;
mod watch;

use std::path::Path;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_tests::emulator::Emulator;
use budget_guard_tests::programs;
use budget_guard_tests::stack::{Stack, grant};
use budget_guard_tests::world::{Queue, World};
use budget_guard_tests::{Failure, payload};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const FIXER: &str = "arn:aws:sts::000000000000:assumed-role/fixer-role/fixer";
const LIMIT: usize = 10;
/// Time limit for a loop that is not cut.
const PATIENCE: Duration = Duration::from_secs(60);

const PARAMETERS: [(&str, &str); 3] =
    [("Mode", "enforce"), ("Limit", "10/60s"), ("TrustedSources", "custom.")];

/// Rights for the emulator only. For two calls it checks another resource than AWS does: the bus and `*`, not the rule.
/// For those to AWS Budgets it checks the names of the operations. `rights` shows that the template grants them as AWS
/// requires.
fn emulators_own() -> Value {
    json!([
        {
            "Effect": "Allow",
            "Action": ["events:ListTargetsByRule", "events:ListTagsForResource"],
            "Resource": ["arn:aws:events:*:*:event-bus/*", "*"]
        },
        {
            "Effect": "Allow",
            "Action": ["budgets:DescribeBudget", "budgets:DescribeNotificationsForBudget"],
            "Resource": "*"
        }
    ])
}

/// A looping rule and an honest one, on one bus.
#[derive(Clone, Copy)]
struct Scene {
    bus: &'static str,
    /// True if the guard is attached to the rules. It gets every API call on the default bus only.
    attached: bool,
}

const ZERO_TOUCH: Scene = Scene { bus: "default", attached: false };
const ATTACHED: Scene = Scene { bus: "orders", attached: true };

/// The deployed stack, its resources and the rules.
struct Stage {
    world: World,
    stack: Stack,
    fixer: Queue,
    rule: String,
    scene: Scene,
    emulator: Emulator,
}

impl Stage {
    async fn start(scene: Scene) -> Result<Self, Failure> {
        let emulator = Emulator::start_with_rights().await?;
        let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &PARAMETERS).await?;
        let roles = [stack.output("IngestRoleArn")?, stack.output("ControlRoleArn")?];
        grant(&emulator, &roles, "what-the-emulator-asks-for", &emulators_own()).await?;
        let world = stack.world(&emulator).await?;
        let fixer = world.create_queue("fixer").await?;
        if scene.bus != "default" {
            world.create_bus(scene.bus).await?;
        }
        let rule = world.create_rule(scene.bus, "fix-acl", payload::PATTERN, RuleState::Enabled, &[]).await?;
        let honest = r#"{"source":["custom.deploy"],"detail-type":["AWS API Call via CloudTrail"]}"#;
        world.create_rule(scene.bus, "honest", honest, RuleState::Enabled, &[]).await?;
        if scene.attached {
            world.attach(scene.bus, "fix-acl", "budget-guard").await?;
            world.attach(scene.bus, "honest", "budget-guard").await?;
        }
        world.add_queue_target(scene.bus, "fix-acl", "fixer", &fixer).await?;
        stack.learn_rules(&emulator, &world).await?;
        Ok(Self { world, stack, fixer, rule, scene, emulator })
    }

    fn event(&self) -> Value {
        payload::event(&self.rule, &payload::unique_id(), &payload::now(), FIXER)
    }

    async fn state(&self, rule: &str) -> Result<RuleState, Failure> {
        self.world.rule_state(self.scene.bus, rule).await
    }

    /// Answers every firing with the call that fires the rule again, until there are no more or the time is over.
    /// Returns the number of firings.
    async fn loop_until_cut(&self, within: Duration) -> Result<usize, Failure> {
        let deadline = Instant::now() + within;
        let mut firings = 0;
        self.world.put_events(self.scene.bus, &[self.event()]).await?;
        while Instant::now() < deadline {
            let seen = self.world.drain(&self.fixer).await?.len();
            firings += seen;
            let again: Vec<Value> = (0..seen).map(|_| self.event()).collect();
            self.world.put_events(self.scene.bus, &again).await?;
            if seen == 0 && self.state("fix-acl").await? == RuleState::Disabled {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(firings)
    }

    /// Checks everything that a loop has to cause, and that there is nothing else.
    async fn check_cut(&self) -> Result<(), Failure> {
        let mut deploy = self.event();
        deploy["source"] = json!("custom.deploy");
        self.world.put_events(self.scene.bus, &[deploy]).await?;
        let began = Instant::now();
        let firings = self.loop_until_cut(PATIENCE).await?;
        println!("on {}: cut after {firings} firings in {:?}", self.scene.bus, began.elapsed());

        assert_eq!(self.state("fix-acl").await?, RuleState::Disabled, "{}", self.emulator.last_output());
        assert_eq!(self.state("honest").await?, RuleState::Enabled);
        assert!(firings >= LIMIT, "it was cut after {firings} firings");
        let alerts = self.world.wait_for_alerts(1, PATIENCE).await?;
        assert_eq!(alerts.iter().map(|alert| alert.kind()).collect::<Vec<_>>(), ["tripped"]);
        assert_eq!(alerts[0].attributes["rule_arn"], self.rule);

        let tick = payload::tick(&payload::now());
        let ticked = self.stack.invoke(&self.emulator, "ControlFunctionName", tick).await?;
        assert_eq!(ticked, json!({"firings": 0, "tripped": [], "suspects": []}));
        assert_eq!(self.world.drain(&self.stack.dead_letters()?).await?, Vec::<String>::new());
        Ok(())
    }
}

#[tokio::test]
async fn the_deployed_stack_cuts_a_loop_that_nothing_is_attached_to() -> Result<(), Failure> {
    let stage = Stage::start(ZERO_TOUCH).await?;
    stage.check_cut().await
}

#[tokio::test]
async fn on_a_bus_of_its_own_a_rule_is_cut_once_it_is_attached() -> Result<(), Failure> {
    let stage = Stage::start(ATTACHED).await?;
    stage.check_cut().await
}

/// Shows that the emulator checks rights: the same loop and stack, with one right removed.
#[tokio::test]
async fn without_its_one_dangerous_right_the_rule_goes_on() -> Result<(), Failure> {
    let stage = Stage::start(ZERO_TOUCH).await?;
    let deny = json!([{"Effect": "Deny", "Action": "events:DisableRule", "Resource": "*"}]);
    grant(&stage.emulator, &[stage.stack.output("IngestRoleArn")?], "no-cut", &deny).await?;
    stage.loop_until_cut(Duration::from_secs(6)).await?;
    assert_eq!(stage.state("fix-acl").await?, RuleState::Enabled);
    let item = stage.world.record(&stage.rule).await?.ok_or("there is no record")?;
    let record: Value = serde_json::from_str(item["record"].as_s().map_err(|_| "not text")?)?;
    assert!(record["last_trip"]["reason"].is_string(), "it tripped, and could not be cut: {record}");
    Ok(())
}
