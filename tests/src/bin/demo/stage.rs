//! The emulator with the deployed stack, five rules, and the callers and consumers in the background.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use aws_sdk_eventbridge::types::{RuleState, Tag, Target as RuleTarget};
use budget_guard_aws::{DynamoStore, SystemClock};
use budget_guard_core::model::{RuleArn, Timestamp};
use budget_guard_core::ports::Clock;
use budget_guard_core::record::Record;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;
use jiff::SignedDuration;
use tokio::process::Command;
use tokio::task::JoinSet;

use super::fixer::{self, Target};
use super::people;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::stack::{Stack, logs};
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, functions, payload, programs, rewind, while_doing};

const BUS: &str = "default";
// PutEvents takes no `aws.*` source, on the emulator as on AWS.
const PARAMETERS: [(&str, &str); 3] =
    [("Mode", "enforce"), ("TrustedSources", "custom."), ("AutoRestore", "true")];
const TROUBLE: [&str; 3] = [r#""level":"WARN""#, r#""level":"ERROR""#, "panicked"];
const SHOWN_LOG_LINES: usize = 3;

/// A rule on the default bus with one target of its own. The guard is not attached.
pub struct Rule {
    /// ARN of the rule.
    pub arn: RuleArn,
    /// Its target.
    pub target: Arc<Target>,
}

/// Definition of a rule, to compare all that a person may set.
#[derive(Debug, PartialEq)]
pub struct Definition {
    /// State.
    pub state: Option<RuleState>,
    /// Event pattern.
    pub pattern: Option<String>,
    /// Description, role, schedule and managing service.
    pub texts: [Option<String>; 4],
    /// Targets.
    pub targets: Vec<RuleTarget>,
    /// Tags.
    pub tags: Vec<Tag>,
}

impl Definition {
    /// State as a word.
    pub fn state_word(&self) -> String {
        self.state.as_ref().map_or("absent", RuleState::as_str).to_owned()
    }
}

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets: Vec<&str> = self.targets.iter().map(RuleTarget::id).collect();
        write!(f, "{}, targets: {}", self.state_word(), targets.join(", "))
    }
}

/// Everything that the demo plays on.
pub struct Stage {
    /// The rule whose function fires it again.
    pub proved: Rule,
    /// The rule whose reader is not known and fires it again.
    pub fast: Rule,
    /// The honest rule.
    pub honest: Rule,
    /// The rule with the slow loop.
    pub slow: Rule,
    /// The honest rule with a limit of its own.
    pub burst: Rule,
    /// Resources of the guard.
    pub world: Arc<World>,
    store: DynamoStore,
    programs: PathBuf,
    stack: Stack,
    /// The emulator.
    pub emulator: Emulator,
}

impl Stage {
    /// Starts everything. The tasks in the background are returned apart, because they fail on their own.
    pub async fn set() -> Result<(Self, Crew), Failure> {
        let programs = programs::folder()?;
        let emulator = Emulator::start(Kind::Ministack).await?;
        let bootstrap = programs.join(programs::BOOTSTRAP);
        let stack = Stack::deploy(&emulator, "guard", &bootstrap, &PARAMETERS).await?;
        // The story restores a rule and continues at once.
        stack.count_alone(&emulator).await?;
        let world = Arc::new(stack.world(&emulator).await?);
        let tags = [("team", "security")];
        let proved = rule(&world, people::FIX_ACL, people::FIX_ACL_PATTERN, &tags, "fixer-input").await?;
        let fixer = functions::create(&emulator, people::FIXER, people::FIXER_ROLE).await?;
        add_function(&world, people::FIX_ACL, people::FIXER, &fixer).await?;
        let encrypts = people::ENCRYPT_BUCKETS_PATTERN;
        let fast = rule(&world, people::ENCRYPT_BUCKETS, encrypts, &[], "encryptor").await?;
        let deploys = people::NOTIFY_DEPLOYS_PATTERN;
        let honest = rule(&world, people::NOTIFY_DEPLOYS, deploys, &[], "deploy-notifier").await?;
        let tags = people::TAG_INSTANCES_PATTERN;
        let slow = rule(&world, people::TAG_INSTANCES, tags, &[], "tagger").await?;
        let (grants, tags) = (people::LOG_GRANTS_PATTERN, &people::LOG_GRANTS_TAGS);
        let burst = rule(&world, people::LOG_GRANTS, grants, tags, "grant-log").await?;
        // On AWS a schedule sends a tick every minute; the first one reads all rules.
        let learned = stack.learn_rules(&emulator, &world).await;
        let store = DynamoStore::new(&emulator.sdk_config(), &world.table);
        let crew = Crew::of(&world, [&proved, &fast, &honest, &slow, &burst], fixer);
        let stage = Self { proved, fast, honest, slow, burst, world, store, programs, stack, emulator };
        match learned {
            Ok(()) => Ok((stage, crew)),
            Err(failure) => Err(stage.with_logs(failure).await),
        }
    }

    /// Present time.
    pub fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    /// The guard's record of a rule. `None` before its first firing.
    pub async fn record(&self, rule: &Rule) -> Result<Option<Record>, Failure> {
        Ok(load(&self.store, Key::Record(&rule.arn)).await?.map(|(record, _)| record))
    }

    /// Present definition of the rule.
    pub async fn definition(&self, rule: &Rule) -> Result<Definition, Failure> {
        let (events, name) = (&self.world.events, rule.arn.name());
        let described = events.describe_rule().event_bus_name(BUS).name(name).send().await;
        let described = described.map_err(while_doing(format_args!("describing rule {name}")))?;
        let targets = events.list_targets_by_rule().event_bus_name(BUS).rule(name).send().await;
        let targets = targets.map_err(while_doing(format_args!("listing the targets of {name}")))?;
        let tags = events.list_tags_for_resource().resource_arn(rule.arn.as_str()).send().await;
        let tags = tags.map_err(while_doing(format_args!("listing the tags of {name}")))?;
        Ok(Definition {
            state: described.state,
            pattern: described.event_pattern,
            texts: [
                described.description,
                described.role_arn,
                described.schedule_expression,
                described.managed_by,
            ],
            targets: targets.targets.unwrap_or_default(),
            tags: tags.tags.unwrap_or_default(),
        })
    }

    /// Number of messages in the rule's target and in the guard's queue, those in flight included.
    pub async fn messages_under_way(&self, rule: &Rule) -> Result<u64, Failure> {
        let target = self.world.messages_in(&rule.target.queue).await?;
        Ok(target + self.world.messages_in(&self.world.guard_queue).await?)
    }

    /// Puts the event of a call onto the bus.
    pub async fn happens(&self, event: serde_json::Value) -> Result<(), Failure> {
        self.world.put_events(BUS, &[event]).await
    }

    /// Sends events to the guard's queue, as its catch-all rule does. The emulator's bus gives events the time of now.
    pub async fn guard_gets(&self, events: &[serde_json::Value]) -> Result<(), Failure> {
        let bodies: Vec<String> = events.iter().map(ToString::to_string).collect();
        for ten in bodies.chunks(10) {
            self.world.send_batch(&self.world.guard_queue, ten).await?;
        }
        Ok(())
    }

    /// Sends the tick that the stack's schedule sends every minute.
    pub async fn tick(&self) -> Result<(), Failure> {
        let tick = payload::tick(&payload::now());
        self.stack.invoke(&self.emulator, "ControlFunctionName", tick).await.map(drop)
    }

    /// Moves the cut of a rule back by this time, in the guard's record.
    pub async fn date_cut_back(&self, rule: &Rule, by: SignedDuration) -> Result<(), Failure> {
        rewind::cut_at(&self.store, rule.arn.as_str(), self.now() - by).await
    }

    /// Sends CloudTrail's event of a call about a rule to the guard's queue. PutEvents takes no source `aws.*`.
    pub async fn cloudtrail_tells(&self, call: &str, rule: &Rule) -> Result<(), Failure> {
        let (arn, named) = (rule.arn.as_str(), serde_json::json!({ "name": rule.arn.name() }));
        let event = payload::rule_call(arn, call, named, &payload::now(), &people::user(arn, "ann"));
        self.world.send(&self.world.guard_queue, &event.to_string()).await
    }

    /// Publishes a text to the stack's topic for budget alerts, as AWS Budgets does.
    pub async fn budgets_writes(&self, text: &str) -> Result<(), Failure> {
        let publish = self.world.sns.publish().topic_arn(self.stack.output("BudgetTopicArn")?);
        let sent = publish.subject("AWS Budgets").message(text).send().await;
        sent.map(drop).map_err(while_doing("writing of the budget"))
    }

    /// The command line, with the environment of an operator.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(programs::COMMAND));
        command.args(arguments).env_clear().envs(self.world.environment());
        command.envs(terminal()).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Adds the guard's last warnings and errors to a failure.
    pub async fn with_logs(&self, failure: Failure) -> Failure {
        let mut said = String::new();
        for function in ["IngestFunctionName", "ControlFunctionName"] {
            said += &match self.trouble(function).await {
                Ok(lines) => lines.iter().map(|line| format!("\n  {line}")).collect(),
                Err(error) => format!("\n  the log of {function} could not be read: {error}"),
            };
        }
        let said = if said.is_empty() { "\n  nothing" } else { &said };
        format!("{failure}\nWhat the guard's logs say of trouble, last:{said}").into()
    }

    async fn trouble(&self, function: &str) -> Result<Vec<String>, Failure> {
        let mut lines = logs(&self.emulator, self.stack.output(function)?).await?;
        lines.retain(|line| TROUBLE.iter().any(|word| line.contains(word)));
        Ok(lines.split_off(lines.len().saturating_sub(SHOWN_LOG_LINES)))
    }
}

/// All tasks in the background. They stop when this is dropped.
pub struct Crew(JoinSet<Result<(), Failure>>);

impl Crew {
    fn of(world: &Arc<World>, [proved, fast, honest, slow, burst]: [&Rule; 5], fixer: String) -> Self {
        let mut tasks = JoinSet::new();
        let world = || Arc::clone(world);
        tasks.spawn(fixer::fix(world(), Arc::clone(&proved.target), proved.arn.to_string(), fixer));
        tasks.spawn(fixer::encrypt(world(), Arc::clone(&fast.target), fast.arn.to_string()));
        tasks.spawn(fixer::listen(world(), Arc::clone(&honest.target)));
        tasks.spawn(fixer::listen(world(), Arc::clone(&slow.target)));
        tasks.spawn(fixer::listen(world(), Arc::clone(&burst.target)));
        tasks.spawn(fixer::deploy_now_and_then(world(), honest.arn.to_string()));
        Self(tasks)
    }

    /// Waits for the failure of a task.
    pub async fn failure(&mut self) -> Failure {
        match self.0.join_next().await {
            Some(Ok(Err(failure))) => failure,
            Some(Err(error)) => error.into(),
            Some(Ok(Ok(()))) | None => "somebody left the stage".into(),
        }
    }
}

async fn rule(
    world: &World,
    name: &str,
    pattern: &str,
    tags: &[(&str, &str)],
    target: &str,
) -> Result<Rule, Failure> {
    let arn = world.create_rule(BUS, name, pattern, RuleState::Enabled, tags).await?;
    let queue = world.create_queue(target).await?;
    world.add_queue_target(BUS, name, target, &queue).await?;
    Ok(Rule { arn: arn.parse()?, target: Arc::new(Target::new(queue)) })
}

/// Adds a function to the targets of a rule.
async fn add_function(world: &World, rule: &str, id: &str, function: &str) -> Result<(), Failure> {
    let target = RuleTarget::builder().id(id).arn(function).build()?;
    let put = world.events.put_targets().event_bus_name(BUS).rule(rule).targets(target);
    put.send().await.map(drop).map_err(while_doing(format_args!("adding {function} to {rule}")))
}

/// Variables of the environment that describe the terminal.
#[expect(
    clippy::disallowed_methods,
    reason = "the demo is a program: it stands in an environment of its own"
)]
fn terminal() -> impl Iterator<Item = (&'static str, OsString)> {
    ["TERM", "NO_COLOR"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}
