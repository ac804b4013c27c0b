//! The command line against the deployed stack with the operator's rights only: `drill` and `status`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_aws::{DynamoStore, SystemClock};
use budget_guard_core::model::RuleArn;
use budget_guard_core::ports::Clock;
use budget_guard_core::record::Record;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;
use budget_guard_tests::{programs, rewind};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::emulators_own;
use budget_guard_tests::emulator::{Emulator, REGION};
use budget_guard_tests::stack::{Stack, assume, grant};
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload, while_doing};

const SOON: Duration = Duration::from_secs(20);
/// Time between two looks at a condition.
const LOOK: Duration = Duration::from_millis(100);
/// Time between two ticks. On AWS it is a minute.
const TICK: Duration = Duration::from_secs(1);

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
        Self::with(&[]).await
    }

    /// Deploys the stack with these parameters.
    async fn with(parameters: &[(&str, &str)]) -> Result<Self, Failure> {
        let emulator = Emulator::start_with_rights().await?;
        let anyone = format!("arn:aws:iam::{}:root", emulator.account());
        let parameters = [&[("OperatorPrincipalArn", anyone.as_str())], parameters].concat();
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
        Ok(self.command(args)?.output().await?)
    }

    fn command(&self, args: &[&str]) -> Result<Command, Failure> {
        let mut command = Command::new(programs::command());
        command.env_clear().env("AWS_EC2_METADATA_DISABLED", "true").envs(self.world.environment());
        command.envs(&self.operator).env("BUDGET_GUARD_QUEUE_ARN", self.stack.output("AttachedQueueArn")?);
        command.args(args);
        Ok(command)
    }

    async fn run(&self, args: &[&str]) -> Result<(Output, Value), Failure> {
        let output = self.program(&[&["drill", "--output", "json"], args].concat()).await?;
        let course = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok((output, course))
    }

    /// Number of drill rules that still exist.
    async fn left(&self) -> Result<usize, Failure> {
        Ok(self.rules().await?.len())
    }

    /// ARNs of the drill's rules, in the order of their names, which is that of their making.
    async fn rules(&self) -> Result<Vec<String>, Failure> {
        let listed = self.world.events.list_rules().name_prefix("drill-").send().await;
        let listed = listed.map_err(while_doing("listing the drill's rules"))?;
        let mut rules: Vec<_> =
            listed.rules().iter().filter_map(|rule| rule.arn().map(str::to_owned)).collect();
        rules.sort_unstable();
        Ok(rules)
    }

    /// Waits for both rules of a drill, and has the guard list them. On AWS, CloudTrail reports new rules.
    async fn learn_drill(&self) -> Result<[String; 2], Failure> {
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            if let Ok(rules) = <[String; 2]>::try_from(self.rules().await?) {
                self.stack.learn_rules(&self.emulator, &self.world).await?;
                return Ok(rules);
            }
            sleep(LOOK).await;
        }
        Err("the drill made no two rules".into())
    }

    /// Waits until the rule is cut and its alert published, and moves the cut this far into the past.
    async fn date_cut_back(&self, rule: &str, by: SignedDuration) -> Result<(), Failure> {
        let store = DynamoStore::new(&self.emulator.sdk_config(), &self.world.table);
        let arn: RuleArn = rule.parse()?;
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            let record = load::<Record>(&store, Key::Record(&arn)).await?.map(|(record, _)| record);
            let is_cut = |record: &Record| record.breaker.disabled().is_some() && record.outbox.is_empty();
            // The functions may save the record at the same moment.
            if record.is_some_and(|record| is_cut(&record))
                && rewind::cut_at(&store, rule, SystemClock.now() - by).await.is_ok()
            {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        Err(format!("{rule} was not cut").into())
    }

    /// Sends the guard one event in ten seconds that this rule of a drill would have missed, with earlier times.
    async fn goes_on(&self, rule: &str, (from, to): (i64, i64)) -> Result<(), Failure> {
        let name = rule.rsplit('/').next().unwrap_or_default();
        let event = |ago: i64| {
            let at = jiff::Timestamp::from_second(SystemClock.now().as_second() - ago)?;
            let event = json!({
                "version": "0", "id": payload::unique_id(), "detail-type": "Drill via CloudTrail",
                "source": "budget-guard.drill", "account": self.emulator.account(), "time": at.to_string(),
                "region": REGION, "resources": [], "detail": {"drill": name}
            });
            Ok(event.to_string())
        };
        let bodies: Vec<String> = (to..=from).step_by(10).map(event).collect::<Result<_, Failure>>()?;
        for ten in bodies.chunks(10) {
            self.world.send_batch(&self.world.guard_queue, ten).await?;
        }
        self.world.wait_until_empty(&self.world.guard_queue, SOON).await
    }

    /// Lets a quarter of an hour pass for a drill that waits for its outcomes. Then sends ticks, and ends with a failure
    /// alone.
    async fn let_time_pass(&self) -> Result<Infallible, Failure> {
        let [ended, goes_on] = self.learn_drill().await?;
        self.date_cut_back(&goes_on, SignedDuration::from_mins(12)).await?;
        self.goes_on(&goes_on, (710, 5)).await?;
        // By now, all events of the other rule have come.
        self.date_cut_back(&ended, SignedDuration::from_mins(14)).await?;
        loop {
            let tick = payload::tick(&payload::now());
            self.stack.invoke(&self.emulator, "ControlFunctionName", tick).await?;
            sleep(TICK).await;
        }
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

/// Findings of `doctor`: the state of each part, with its text.
async fn examined(site: &Site, exit: i32) -> Result<BTreeMap<String, (String, String)>, Failure> {
    let guard = site.stack.output("IngestFunctionName")?.trim_end_matches("-ingest").to_owned();
    let output = site.program(&["doctor", "--output", "json", "--stack", &guard]).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
    let found: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    Ok(found.iter().map(|one| (text(one, "part"), (text(one, "state"), text(one, "text")))).collect())
}

#[tokio::test]
async fn doctor_names_the_parts_that_do_not_work_and_no_drill_runs_then() -> Result<(), Failure> {
    let site = Site::start().await?;
    site.stack.learn_rules(&site.emulator, &site.world).await?;
    let found = examined(&site, 4).await?;
    let state = |part: &str| found.get(part).map_or("missing", |(state, _)| state.as_str());
    let parts = ["functions", "mode", "events", "alerts", "directory", "actors", "cuts"];
    assert_eq!(parts.map(state), ["ok", "note", "ok", "ok", "ok", "ok", "ok"], "{found:?}");
    assert!(found["mode"].1.starts_with("observe: "), "{found:?}");
    assert_eq!((state("trail"), found["trail"].1.contains("no trail")), ("problem", true), "{found:?}");

    let watch = format!("{}-watch", site.stack.output("IngestFunctionName")?.trim_end_matches("-ingest"));
    let disabled = site.world.events.disable_rule().name(&watch).send().await;
    disabled.map_err(while_doing("disabling the catch-all rule"))?;
    let found = examined(&site, 4).await?;
    assert_eq!(found["events"].0, "problem", "{found:?}");
    assert!(found["events"].1.contains("-watch is disabled"), "{found:?}");
    let output = site.program(&["drill"]).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), site.left().await?), (Some(1), 0), "{said}");
    assert!(said.contains("no rule was made, because the guard's own rule"), "{said}");
    assert!(said.contains("hint: to see all parts: budget-guard doctor"), "{said}");

    let enabled = site.world.events.enable_rule().name(&watch).send().await;
    enabled.map_err(while_doing("enabling the catch-all rule"))?;
    let topic = site.stack.output("TopicArn")?;
    let listed = site.world.sns.list_subscriptions_by_topic().topic_arn(topic).send().await;
    for subscription in listed.map_err(while_doing("listing subscriptions"))?.subscriptions() {
        let arn = subscription.subscription_arn().unwrap_or_default();
        let gone = site.world.sns.unsubscribe().subscription_arn(arn).send().await;
        gone.map_err(while_doing("unsubscribing"))?;
    }
    let output = site.program(&["drill"]).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), site.left().await?), (Some(1), 0), "{said}");
    assert!(said.contains("nobody subscribes to the alerts"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_drill_is_cleared_away_after_an_interrupt_and_by_the_next_drill() -> Result<(), Failure> {
    let site = Site::start().await?;
    let deny = json!([{"Effect": "Deny", "Action": "events:DisableRule", "Resource": "*"}]);
    grant(&site.emulator, &[site.stack.output("IngestRoleArn")?], "no-cut", &deny).await?;
    // One that was killed seven hours ago, and one that may still run.
    let made = |age: i64| {
        format!(
            "drill-budget-guard-{}",
            (SystemClock.now() - SignedDuration::from_mins(age)).as_millisecond()
        )
    };
    let (old, new) = (made(7 * 60), made(5 * 60));
    for name in [&old, &new] {
        site.world.create_rule("default", name, payload::PATTERN, RuleState::Enabled, &[]).await?;
    }
    let mut drill = site.command(&["drill", "--within", "60s"])?;
    let drill = drill.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let pid = drill.id().ok_or("the drill has ended")?;
    let deadline = Instant::now() + SOON;
    while site.left().await? != 2 || site.rules().await?.iter().any(|rule| rule.ends_with(&old)) {
        assert!(Instant::now() < deadline, "the old rule is gone, and the drill's own is made");
        sleep(LOOK).await;
    }
    sleep(TICK).await;
    let interrupted = Command::new("kill").args(["-INT", &pid.to_string()]).status().await?;
    assert!(interrupted.success());
    let output = drill.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("of an earlier drill is removed") && said.contains("interrupted"), "{said}");
    let left = site.rules().await?;
    assert!(left.len() == 1 && left[0].ends_with(&new), "{left:?}\n{said}");
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
async fn a_drill_shows_both_outcomes_of_a_cut() -> Result<(), Failure> {
    // Its events are dated back, which only a trusted source may do.
    let site = Site::with(&[("TrustedSources", "budget-guard.drill")]).await?;
    let (output, course) = tokio::select! {
        ran = site.run(&["--outcome", "--within", "90s"]) => ran?,
        Err(failure) = site.let_time_pass() => return Err(failure),
    };
    println!("{course}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{course}\n{said}\n{}", site.emulator.last_output());
    let outcome = |of: &str| (course[of]["outcome"].clone(), course[of]["missed"].as_u64());
    let sentence = |of: &str| course[of]["sentence"].as_str().unwrap_or_default().to_owned();
    assert_eq!(outcome("ended"), (json!("ended"), Some(0)), "{course}");
    assert!(sentence("ended").starts_with("the calls are over, which proves nothing: "), "{course}");
    assert_eq!(outcome("goes_on").0, "goes on", "{course}");
    // Those that were sent with earlier times.
    assert!(outcome("goes_on").1 >= Some(71), "{course}");
    assert!(sentence("goes_on").starts_with("the calls go on without the rule: "), "{course}");
    assert!(said.contains("is cut by hand"), "{said}");
    assert_eq!((&course["removed"], site.left().await?), (&json!(true), 0), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_drill_says_that_outcomes_are_not_seen_without_a_catch_all_rule() -> Result<(), Failure> {
    let site = Site::with(&[("Watch", "off")]).await?;
    let (ran, learned) = tokio::join!(site.run(&["--outcome", "--within", "60s"]), site.learn_drill());
    learned?;
    let (output, course) = ran?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{course}\n{said}");
    assert!(said.contains("the guard does not see the events of a rule that is off"), "{said}");
    assert!(said.contains("Watch=cloudtrail"), "{said}");
    assert_eq!((&course["firings"], &course["goes_on"]), (&json!(0), &Value::Null), "{course}");
    assert_eq!((&course["removed"], site.left().await?), (&json!(true), 0), "{said}");
    Ok(())
}

#[tokio::test]
async fn status_says_which_rules_the_guard_is_not_shown_in_full() -> Result<(), Failure> {
    let site = Site::with(&[("TrustedSources", "custom.")]).await?;
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
