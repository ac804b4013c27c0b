//! The product's ports on an emulator, for tests that run on both.

use budget_guard::aws::Aws;

use super::Failure;
use super::emulator::{Emulator, Kind};
use super::world::World;

/// An emulator with the resources of the guard, and the ports on it.
pub struct Bench {
    pub world: World,
    pub aws: Aws,
    pub emulator: Emulator,
}

impl Bench {
    pub async fn start(kind: Kind) -> Result<Self, Failure> {
        Self::on(Emulator::start(kind).await?).await
    }

    pub async fn on(emulator: Emulator) -> Result<Self, Failure> {
        let world = World::create(&emulator).await?;
        let aws = Aws::new(&emulator.sdk_config(), &world.table, &world.topic_arn);
        Ok(Self { world, aws, emulator })
    }
}

/// Each test on both emulators.
#[allow(unused_macros, reason = "not every test binary has tests for both")]
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
#[allow(unused_imports, reason = "not every test binary has tests for both")]
pub(crate) use on_both;
