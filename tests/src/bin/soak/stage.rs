//! The deployed stack under load: its rules, its queue, its function and its records.

use std::ops::Sub;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_aws::DynamoStore;
use budget_guard_core::model::RuleArn;
use budget_guard_core::record::Record;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::stack::{Stack, summaries};
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload, programs};

const BUS: &str = "default";
/// Limit of honest rules: above their rate, and small enough for exact counts.
const PARAMETERS: [(&str, &str); 2] = [("Mode", "enforce"), ("Limit", "512/1h")];
/// Default limit of the product, for the rules that loop.
pub const LOOP_LIMIT: u64 = 200;
const LOOP_TAGS: [(&str, &str); 1] = [("budget-guard:limit", "200/60s")];
const LOOK: Duration = Duration::from_millis(50);

/// A rule and its purpose.
#[derive(Clone)]
pub struct Rule {
    /// ARN of the rule.
    pub arn: RuleArn,
    /// True if it loops.
    pub is_loop: bool,
}

/// The deployed stack.
pub struct Stage {
    /// Resources of the guard.
    pub world: Arc<World>,
    stack: Stack,
    store: DynamoStore,
    emulator: Emulator,
}

/// Sum of the function's summaries so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Number of invocations.
    pub invocations: u64,
    /// Number of firings as delivered. One that is delivered twice counts twice.
    pub firings: u64,
    /// Number of late firings.
    pub late: u64,
    /// Number of messages that returned to the queue.
    pub failed: u64,
    /// Number of trips.
    pub trips: u64,
}

impl Sub for Totals {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            invocations: self.invocations - before.invocations,
            firings: self.firings - before.firings,
            late: self.late - before.late,
            failed: self.failed - before.failed,
            trips: self.trips - before.trips,
        }
    }
}

impl Stage {
    /// Starts the emulator and deploys the stack.
    pub async fn set() -> Result<Self, Failure> {
        let bootstrap = programs::folder()?.join(programs::BOOTSTRAP);
        let emulator = Emulator::start(Kind::Ministack).await?;
        let stack = Stack::deploy(&emulator, "guard", &bootstrap, &PARAMETERS).await?;
        let world = Arc::new(stack.world(&emulator).await?);
        let store = DynamoStore::new(&emulator.sdk_config(), &world.table);
        Ok(Self { world, stack, store, emulator })
    }

    /// Creates one rule that will loop and this number of honest ones. `story` is the prefix of their names.
    pub async fn rules(&self, story: &str, honest: usize) -> Result<Vec<Rule>, Failure> {
        let mut rules = Vec::new();
        for n in 0..=honest {
            let is_loop = n == 0;
            let name = if is_loop { format!("{story}-loop") } else { format!("{story}-{n}") };
            let tags = if is_loop { &LOOP_TAGS[..] } else { &[] };
            let made = self.world.create_rule(BUS, &name, payload::PATTERN, RuleState::Enabled, tags).await?;
            self.world.attach(BUS, &name, "budget-guard").await?;
            rules.push(Rule { arn: made.parse()?, is_loop });
        }
        Ok(rules)
    }

    /// Waits until the guard knows all rules.
    pub async fn learn_rules(&self) -> Result<(), Failure> {
        self.stack.learn_rules(&self.emulator, &self.world).await
    }

    /// Enables or disables the event source mapping.
    pub async fn feed(&self, is_on: bool) -> Result<(), Failure> {
        self.stack.feed(&self.emulator, is_on).await
    }

    /// Number of messages in the guard's queue.
    pub async fn waiting(&self) -> Result<u64, Failure> {
        self.world.messages_in(&self.world.attached_queue).await
    }

    /// Number of messages in the dead-letter queue.
    pub async fn dead(&self) -> Result<u64, Failure> {
        self.world.messages_in(&self.stack.dead_letters()?).await
    }

    /// Returns true if the rule is enabled.
    pub async fn is_enabled(&self, rule: &Rule) -> Result<bool, Failure> {
        Ok(self.world.rule_state(BUS, rule.arn.name()).await? == RuleState::Enabled)
    }

    /// Waits until the rule is disabled. Returns the time.
    pub async fn cut(&self, rule: &Rule) -> Result<Instant, Failure> {
        while self.is_enabled(rule).await? {
            sleep(LOOK).await;
        }
        Ok(Instant::now())
    }

    /// The guard's record of a rule.
    pub async fn record(&self, rule: &Rule) -> Result<Option<Record>, Failure> {
        Ok(load(&self.store, Key::Record(&rule.arn)).await?.map(|(record, _)| record))
    }

    /// Totals of the function so far.
    pub async fn totals(&self) -> Result<Totals, Failure> {
        let lines = summaries(&self.emulator, self.stack.output("IngestFunctionName")?).await?;
        let sum = |field: &str| lines.iter().filter_map(|line: &Value| line[field].as_u64()).sum();
        Ok(Totals {
            invocations: lines.len() as u64,
            firings: sum("firings"),
            late: sum("late"),
            failed: sum("failed"),
            trips: sum("trips"),
        })
    }
}
