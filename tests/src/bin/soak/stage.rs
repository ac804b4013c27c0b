//! The deployed stack under load: its rules, what its queue holds, and what its function and its records say.

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
/// What honest rules may do: more than they do, and few enough firings to be counted one by one.
const PARAMETERS: [(&str, &str); 2] = [("Mode", "enforce"), ("Limit", "512/1h")];
/// The published default, on the rules that loop.
pub const LOOP_LIMIT: u64 = 200;
const LOOP_TAGS: [(&str, &str); 1] = [("budget-guard:limit", "200/60s")];
const LOOK: Duration = Duration::from_millis(50);

/// A rule, and what it is there for.
#[derive(Clone)]
pub struct Rule {
    pub arn: RuleArn,
    pub is_loop: bool,
}

pub struct Stage {
    pub world: Arc<World>,
    stack: Stack,
    store: DynamoStore,
    emulator: Emulator,
}

/// What the function has said of its invocations so far, added up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub invocations: u64,
    /// As delivered: one that came twice is in here twice.
    pub firings: u64,
    pub late: u64,
    /// Messages that went back to the queue.
    pub failed: u64,
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
    pub async fn set() -> Result<Self, Failure> {
        let bootstrap = programs::folder()?.join(programs::BOOTSTRAP);
        let emulator = Emulator::start(Kind::Ministack).await?;
        let stack = Stack::deploy(&emulator, "guard", &bootstrap, &PARAMETERS).await?;
        let world = Arc::new(stack.world(&emulator).await?);
        let store = DynamoStore::new(&emulator.sdk_config(), &world.table);
        Ok(Self { world, stack, store, emulator })
    }

    /// One rule that will loop, and so many that will not, each with the name of its part in the story.
    pub async fn rules(&self, story: &str, honest: usize) -> Result<Vec<Rule>, Failure> {
        let mut rules = Vec::new();
        for n in 0..=honest {
            let is_loop = n == 0;
            let name = if is_loop { format!("{story}-loop") } else { format!("{story}-{n}") };
            let tags = if is_loop { &LOOP_TAGS[..] } else { &[] };
            let made = self.world.create_rule(BUS, &name, payload::PATTERN, RuleState::Enabled, tags).await?;
            rules.push(Rule { arn: made.parse()?, is_loop });
        }
        Ok(rules)
    }

    pub async fn learn_rules(&self) -> Result<(), Failure> {
        self.stack.learn_rules(&self.emulator, &self.world).await
    }

    /// Holds back what is in the queue, or lets Lambda have it.
    pub async fn feed(&self, is_on: bool) -> Result<(), Failure> {
        self.stack.feed(&self.emulator, is_on).await
    }

    pub async fn waiting(&self) -> Result<u64, Failure> {
        self.world.messages_in(&self.world.guard_queue).await
    }

    pub async fn dead(&self) -> Result<u64, Failure> {
        self.world.messages_in(&self.stack.dead_letters()?).await
    }

    pub async fn is_enabled(&self, rule: &Rule) -> Result<bool, Failure> {
        Ok(self.world.rule_state(BUS, rule.arn.name()).await? == RuleState::Enabled)
    }

    /// When the rule is found disabled; it does not come back before that.
    pub async fn cut(&self, rule: &Rule) -> Result<Instant, Failure> {
        while self.is_enabled(rule).await? {
            sleep(LOOK).await;
        }
        Ok(Instant::now())
    }

    pub async fn record(&self, rule: &Rule) -> Result<Option<Record>, Failure> {
        Ok(load(&self.store, Key::Record(&rule.arn)).await?.map(|(record, _)| record))
    }

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
