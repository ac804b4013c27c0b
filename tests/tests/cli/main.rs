//! The command line: the real program on two independent emulators.

mod attachments;
mod create;
mod cure;
mod deployed;
mod export;
mod hostile;
mod missed;
mod orders;
mod overlay;
mod pressure;
mod reading;
mod trouble;
mod turns;
mod upgraded;
mod usage;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_aws::{Aws, SystemClock};
use budget_guard_core::guard::Observation;
use budget_guard_core::model::{Caller, Firing, RuleArn};
use budget_guard_core::ports::Clock;
use budget_guard_core::run::{Driven, Guard, drive};
use budget_guard_core::settings;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::program::Program;
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload};
use jiff::SignedDuration;

const FIXER: &str = "arn:aws:sts::000000000000:assumed-role/fixer-role/fixer";

/// An emulator with the resources of a guard, and the program with their environment.
struct Bench {
    world: World,
    program: Program,
    emulator: Emulator,
}

impl Bench {
    async fn start(kind: Kind) -> Result<Self, Failure> {
        let emulator = Emulator::start(kind).await?;
        let world = World::create(&emulator).await?;
        let program = Program::new(&world.environment())?
            .with("BUDGET_GUARD_QUEUE_ARN", Some(&world.attached_queue.arn));
        Ok(Self { world, program, emulator })
    }

    /// The same program with another endpoint.
    fn program_at(&self, endpoint: &str) -> Result<Program, Failure> {
        let program = Program::new(&self.world.environment())?.with("AWS_ENDPOINT_URL", Some(endpoint));
        Ok(program.with("BUDGET_GUARD_QUEUE_ARN", Some(&self.world.attached_queue.arn)))
    }

    /// An enabled rule that matches the events of `payload::event`.
    async fn rule(&self, bus: &str, name: &str) -> Result<RuleArn, Failure> {
        self.rule_in(bus, name, RuleState::Enabled, &[]).await
    }

    async fn rule_in(
        &self,
        bus: &str,
        name: &str,
        state: RuleState,
        tags: &[(&str, &str)],
    ) -> Result<RuleArn, Failure> {
        Ok(self.world.create_rule(bus, name, payload::PATTERN, state, tags).await?.parse()?)
    }

    /// The guard with the settings of its function.
    fn guard(&self) -> Result<Guard<Aws>, Failure> {
        let variables = self.world.environment();
        let lookup =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let settings = settings::Settings::read(lookup)?;
        let ports = Aws::new(&self.emulator.sdk_config(), &settings.table, &settings.topic_arn)
            .of_stack(&settings.home.own);
        Ok(Guard::new(ports, settings.home, settings.defaults))
    }

    /// Gives the guard `count` firings of the last ten seconds, as its function would.
    async fn fire(&self, rule: &RuleArn, count: usize) -> Result<Driven, Failure> {
        let guard = self.guard()?;
        let now = SystemClock.now();
        let firing = |n: usize| {
            let principal = if n.is_multiple_of(10) { "arn:aws:iam::000000000000:user/ann" } else { FIXER };
            Observation::Firing(Firing {
                rule: rule.clone(),
                event_id: payload::unique_id().into(),
                at: now - SignedDuration::from_millis(10_000 - i64::try_from(n).unwrap_or(0) * 10),
                caller: Caller { principal: principal.into(), issued_to: None },
                call: None,
                cause: budget_guard_core::model::Cause::Unknown,
            })
        };
        let firings: Vec<Observation<'_>> = (0..count).map(firing).collect();
        let limits = guard.limits(rule).await;
        Ok(Box::pin(drive(&guard, rule, limits, &firings)).await?)
    }
}
