//! The command line against the deployed stack with the operator's rights only: `drill` and `status`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_tests::programs;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::emulators_own;
use budget_guard_tests::emulator::Emulator;
use budget_guard_tests::stack::{Stack, assume, grant};
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload, while_doing};

const SOON: Duration = Duration::from_secs(20);

/// Rights for the emulator only. For changes of targets it checks the bus, it has another name for rules of the default
/// bus, and it has no conditions on PutEvents. `rights` shows that the template grants them as AWS requires.
fn operators_own() -> Value {
    json!([
        {
            "Effect": "Allow", "Action": ["events:PutTargets", "events:RemoveTargets", "events:PutEvents"],
            "Resource": "arn:aws:events:*:*:event-bus/*"
        },
        {
            "Effect": "Allow", "Action": "events:DeleteRule",
            "Resource": "arn:aws:events:*:*:rule/default/drill-budget-guard-*"
        }
    ])
}

/// The stack in mode `observe`, as it is first deployed, and an operator.
struct Site {
    world: World,
    stack: Stack,
    operator: BTreeMap<String, String>,
    emulator: Emulator,
}

impl Site {
    async fn start() -> Result<Self, Failure> {
        let emulator = Emulator::start_with_rights().await?;
        let anyone = format!("arn:aws:iam::{}:root", emulator.account());
        let parameters = [("OperatorPrincipalArn", anyone.as_str())];
        let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &parameters).await?;
        let operator = stack.output("OperatorRoleArn")?;
        let roles = [stack.output("IngestRoleArn")?, stack.output("ControlRoleArn")?, operator];
        grant(&emulator, &roles, "what-the-emulator-asks-for", &emulators_own()).await?;
        grant(&emulator, &[operator], "what-the-emulator-asks-the-operator-for", &operators_own()).await?;
        let operator = assume(&emulator, operator).await?;
        Ok(Self { world: stack.world(&emulator).await?, stack, operator, emulator })
    }

    /// Runs the program with the operator's credentials.
    async fn program(&self, args: &[&str]) -> Result<Output, Failure> {
        let mut command = Command::new(programs::command());
        command.env_clear().env("AWS_EC2_METADATA_DISABLED", "true").envs(self.world.environment());
        command.envs(&self.operator).env("BUDGET_GUARD_QUEUE_ARN", self.stack.output("QueueArn")?);
        Ok(command.args(args).output().await?)
    }

    async fn run(&self, args: &[&str]) -> Result<(Output, Value), Failure> {
        let output = self.program(&[&["drill", "--output", "json"], args].concat()).await?;
        let course = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok((output, course))
    }

    /// Number of drill rules that still exist.
    async fn left(&self) -> Result<usize, Failure> {
        let listed = self.world.events.list_rules().name_prefix("drill-").send().await;
        Ok(listed.map_err(while_doing("listing the drill's rules"))?.rules().len())
    }
}

#[tokio::test]
async fn a_drill_is_cut_told_and_cleared_away() -> Result<(), Failure> {
    let site = Site::start().await?;
    let (output, course) = site.run(&[]).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{course}\n{said}\n{}", site.emulator.last_output());
    println!("{course}");
    assert!(course["firings"].as_u64() >= course["limit"].as_u64(), "{course}");
    let (cut, alerted) = (course["cut_after_seconds"].as_f64(), course["alerted_after_seconds"].as_f64());
    assert!(cut.is_some() && alerted >= cut, "{course}");
    assert!(course["passes_traces"].is_boolean(), "what becomes of tracing headers was seen: {course}");
    assert_eq!((&course["removed"], site.left().await?), (&json!(true), 0));
    let alerts = site.world.wait_for_alerts(2, SOON).await?;
    let told: Vec<_> = alerts.iter().map(|alert| (alert.kind(), &alert.attributes["rule_arn"])).collect();
    let rule = course["rule"].as_str().unwrap_or_default().to_owned();
    assert_eq!(told, [("tripped", &rule), ("restored", &rule)]);
    Ok(())
}

#[tokio::test]
async fn a_drill_that_is_not_cut_says_so_and_is_cleared_away_too() -> Result<(), Failure> {
    let site = Site::start().await?;
    let deny = json!([{"Effect": "Deny", "Action": "events:DisableRule", "Resource": "*"}]);
    grant(&site.emulator, &[site.stack.output("IngestRoleArn")?], "no-cut", &deny).await?;
    let (output, course) = site.run(&["--within", "5s"]).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{course}\n{said}");
    assert!(said.contains("the rule was not cut within 5s"), "{said}");
    assert_eq!(course["cut_after_seconds"], Value::Null, "{course}");
    assert_eq!((&course["removed"], site.left().await?), (&json!(true), 0), "{said}");
    Ok(())
}

#[tokio::test]
async fn status_says_which_rules_the_guard_is_not_shown_in_full() -> Result<(), Failure> {
    let site = Site::start().await?;
    let third = RuleState::EnabledWithAllCloudtrailManagementEvents;
    site.world.create_rule("default", "reader", payload::PATTERN, third, &[]).await?;
    site.world.create_rule("default", "calls", payload::PATTERN, RuleState::Enabled, &[]).await?;
    let output = site.program(&["status"]).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("rule reader: calls named Get…") && said.contains("WatchReadOnlyCalls=true"),
        "{said}"
    );
    assert!(!said.contains("Watch=all"), "{said}");
    site.world.create_rule("default", "deploys", r#"{"source":["deploy"]}"#, RuleState::Enabled, &[]).await?;
    let output = site.program(&["status"]).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("rule deploys: not only API calls") && said.contains("Watch=all"), "{said}");

    // Without a call to the command, the function reports it.
    site.stack.learn_rules(&site.emulator, &site.world).await?;
    let alerts = site.world.wait_for_alerts(1, SOON).await?;
    let told: Vec<_> = alerts.iter().map(|alert| (alert.kind(), &alert.message["settings"])).collect();
    assert_eq!(told, [("unwatched", &json!(["WatchReadOnlyCalls=true", "Watch=all"]))]);
    let rules = alerts[0].message["rules"].as_array().ok_or("no rules")?;
    assert_eq!(rules.iter().map(|rule| &rule["name"]).collect::<Vec<_>>(), ["deploys", "reader"]);
    Ok(())
}
