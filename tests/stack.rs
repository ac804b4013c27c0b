//! `infra/template.yaml` itself, deployed to an emulator: it cuts a loop with the rights it has, and has no others.

mod support;

#[path = "stack/calls.rs"]
mod calls;
#[path = "stack/cost.rs"]
mod cost;
#[path = "stack/glibc.rs"]
mod glibc;
#[path = "stack/policies.rs"]
mod policies;
#[path = "stack/rights.rs"]
mod rights;
#[path = "stack/variants.rs"]
mod variants;

use std::path::Path;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};
use support::emulator::Emulator;
use support::stack::{Stack, grant};
use support::world::{Queue, World};
use support::{Failure, payload, while_doing};
use tokio::time::{Instant, sleep};

const BOOTSTRAP: &str = env!("CARGO_BIN_EXE_bootstrap");
const FIXER: &str = "arn:aws:sts::000000000000:assumed-role/fixer-role/fixer";
const LIMIT: usize = 10;
/// Loops that are never cut end here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Watched through an attached rule: the catch-all is off.
const PARAMETERS: [(&str, &str); 3] = [("Mode", "enforce"), ("Limit", "10/60s"), ("Watch", "off")];

/// For two calls the emulator asks for rights on another resource than AWS does: the bus and `*`, not the rule. That the
/// template grants them on the rule is shown in `rights`.
fn emulators_own() -> Value {
    json!([{
        "Effect": "Allow",
        "Action": ["events:ListTargetsByRule", "events:ListTagsForResource"],
        "Resource": ["arn:aws:events:*:*:event-bus/*", "*"]
    }])
}

/// The deployed stack, what surrounds it, and a looping rule beside an honest one.
struct Stage {
    world: World,
    stack: Stack,
    fixer: Queue,
    rule: String,
    emulator: Emulator,
}

impl Stage {
    async fn start() -> Result<Self, Failure> {
        let emulator = Emulator::start_with_rights().await?;
        let stack = Stack::deploy(&emulator, "guard", Path::new(BOOTSTRAP), &PARAMETERS).await?;
        let roles = [stack.output("IngestRoleArn")?, stack.output("ControlRoleArn")?];
        grant(&emulator, &roles, "what-the-emulator-asks-for", &emulators_own()).await?;
        let world = stack.world(&emulator).await?;
        let fixer = world.create_queue("fixer").await?;
        let rule = world.create_rule("default", "fix-acl", payload::PATTERN, RuleState::Enabled, &[]).await?;
        world.attach("default", "fix-acl", "budget-guard").await?;
        world.add_queue_target("default", "fix-acl", "fixer", &fixer).await?;
        let honest = r#"{"source":["custom.deploy"]}"#;
        world.create_rule("default", "honest", honest, RuleState::Enabled, &[]).await?;
        world.attach("default", "honest", "budget-guard").await?;
        Ok(Self { world, stack, fixer, rule, emulator })
    }

    fn event(&self) -> Value {
        payload::event(&self.rule, &payload::unique_id(), &payload::now(), FIXER)
    }

    /// Answers every firing with the call that fires the rule again, until nothing comes or the time is over. Returns
    /// the number of firings.
    async fn loop_until_cut(&self, within: Duration) -> Result<usize, Failure> {
        let deadline = Instant::now() + within;
        let mut firings = 0;
        self.world.put_events("default", &[self.event()]).await?;
        while Instant::now() < deadline {
            let seen = self.world.drain(&self.fixer).await?.len();
            firings += seen;
            let again: Vec<Value> = (0..seen).map(|_| self.event()).collect();
            self.world.put_events("default", &again).await?;
            if seen == 0 && self.world.rule_state("default", "fix-acl").await? == RuleState::Disabled {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(firings)
    }

    /// What the function answers to a payload.
    async fn invoke(&self, function: &str, payload: Vec<u8>) -> Result<Value, Failure> {
        let client = aws_sdk_lambda::Client::new(&self.emulator.sdk_config());
        let call = client.invoke().function_name(self.stack.output(function)?).payload(Blob::new(payload));
        let reply = call.send().await.map_err(while_doing(format_args!("invoking {function}")))?;
        let answer = reply.payload.map(Blob::into_inner).unwrap_or_default();
        Ok(serde_json::from_slice(&answer)?)
    }
}

#[tokio::test]
async fn the_deployed_stack_cuts_a_loop_with_the_rights_it_has() -> Result<(), Failure> {
    let started = Instant::now();
    let stage = Stage::start().await?;
    let ready = started.elapsed();
    stage
        .world
        .put_events("default", &[json!({"source": "custom.deploy", "detail-type": "d", "detail": {}})])
        .await?;
    let firings = stage.loop_until_cut(PATIENCE).await?;
    println!("ready after {ready:?}, cut {:?} later, after {firings} firings", started.elapsed() - ready);

    assert_eq!(
        stage.world.rule_state("default", "fix-acl").await?,
        RuleState::Disabled,
        "{}",
        stage.emulator.last_output()
    );
    assert_eq!(stage.world.rule_state("default", "honest").await?, RuleState::Enabled);
    assert!(firings >= LIMIT, "it was cut after {firings} firings");
    let alerts = stage.world.wait_for_alerts(1, PATIENCE).await?;
    assert_eq!(alerts.iter().map(|alert| alert.kind()).collect::<Vec<_>>(), ["tripped"]);
    assert_eq!(alerts[0].attributes["rule_arn"], stage.rule);

    let ticked = stage.invoke("ControlFunctionName", payload::tick(&payload::now())).await?;
    assert_eq!(ticked, json!({"firings": 0, "tripped": [], "suspects": []}));
    let dead = stage.stack.output("DeadLetterQueueUrl")?.to_owned();
    let dead = Queue { url: dead, arn: stage.stack.output("DeadLetterQueueArn")?.to_owned() };
    assert_eq!(stage.world.drain(&dead).await?, Vec::<String>::new());
    Ok(())
}

/// Shows that the emulator does look at rights: the same loop, the same stack, one right less.
#[tokio::test]
async fn without_its_one_dangerous_right_the_rule_goes_on() -> Result<(), Failure> {
    let stage = Stage::start().await?;
    let deny = json!([{"Effect": "Deny", "Action": "events:DisableRule", "Resource": "*"}]);
    grant(&stage.emulator, &[stage.stack.output("IngestRoleArn")?], "no-cut", &deny).await?;
    stage.loop_until_cut(Duration::from_secs(6)).await?;
    assert_eq!(stage.world.rule_state("default", "fix-acl").await?, RuleState::Enabled);
    let item = stage.world.record(&stage.rule).await?.ok_or("there is no record")?;
    let record: Value = serde_json::from_str(item["record"].as_s().map_err(|_| "not text")?)?;
    assert!(record["last_trip"]["reason"].is_string(), "it tripped, and could not be cut: {record}");
    Ok(())
}
