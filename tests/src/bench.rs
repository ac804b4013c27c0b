//! The product's ports on an emulator, for tests that run on both emulators.

use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_eventbridge::types::builders::TargetBuilder;
use budget_guard_aws::Aws;
use budget_guard_core::model::RuleArn;

use super::Failure;
use super::emulator::{Emulator, Kind, REGION};
use super::own::own;
use super::payload;
use super::world::World;

/// An emulator with the resources of the guard, and the ports on it.
pub struct Bench {
    /// Resources of the guard.
    pub world: World,
    /// Ports on the emulator.
    pub aws: Aws,
    /// The emulator, which ends when this is dropped.
    pub emulator: Emulator,
}

impl Bench {
    /// Starts an emulator and creates the resources.
    pub async fn start(kind: Kind) -> Result<Self, Failure> {
        Self::on(Emulator::start(kind).await?).await
    }

    /// Creates the resources on a running emulator.
    pub async fn on(emulator: Emulator) -> Result<Self, Failure> {
        let world = World::create(&emulator).await?;
        let aws = Aws::new(&emulator.sdk_config(), &world.table, &world.topic_arn);
        let aws = aws.of_stack(&own(emulator.account(), &[]));
        Ok(Self { world, aws, emulator })
    }

    /// Creates a rule with a pattern and one tag.
    pub async fn rule(&self, bus: &str, name: &str, state: RuleState) -> Result<RuleArn, Failure> {
        Ok(self.world.create_rule(bus, name, payload::PATTERN, state, &[("team", "blue")]).await?.parse()?)
    }

    /// ARN of a rule of the default bus that does not exist.
    pub fn missing(&self) -> Result<RuleArn, Failure> {
        Ok(self.arn("events", "rule/missing").parse()?)
    }

    /// Adds a target to a rule of the default bus.
    pub async fn target(&self, rule: &str, target: TargetBuilder) -> Result<(), Failure> {
        self.world.events.put_targets().rule(rule).targets(target.build()?).send().await?;
        Ok(())
    }

    /// ARN of a resource in the emulator's account.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{REGION}:{}:{resource}", self.emulator.account())
    }

    /// ARN of a role in the emulator's account.
    pub fn role(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:role/{name}", self.emulator.account())
    }
}

/// Defines each test for both emulators.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_ministack { use super::*; $(#[tokio::test] async fn $name() -> Result<(), Failure> {
            super::$name(Bench::start(Kind::Ministack).await?).await
        })* }
        mod on_moto { use super::*; $(#[tokio::test] async fn $name() -> Result<(), Failure> {
            super::$name(Bench::start(Kind::Moto).await?).await
        })* }
    };
}
