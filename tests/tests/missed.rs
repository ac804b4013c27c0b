//! A rule that was cut gets the events that it missed, from an archive on MiniStack, with the real programs. The guard
//! does not count replayed events, attached or zero-touch.
//!
//! MiniStack replays to all rules of the bus. So the catch-all rule gets the events as well, which AWS leaves out.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_eventbridge::types::{ReplayState, RuleState};
use budget_guard_aws::{DynamoStore, SystemClock};
use budget_guard_core::ports::Clock;
use budget_guard_core::record::Record;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;
use budget_guard_tests::bootstrap::Bootstrap;
use budget_guard_tests::emulator::{Emulator, Kind, REGION};
use budget_guard_tests::poller::Poller;
use budget_guard_tests::program::Program;
use budget_guard_tests::runtime_api::RuntimeApi;
use budget_guard_tests::world::{Queue, World};
use budget_guard_tests::{Failure, payload, programs, while_doing};
use serde_json::{Value, json};

const ANN: &str = "arn:aws:iam::000000000000:user/ann";
const SOON: Duration = Duration::from_secs(20);
/// Events carry whole seconds, so what is to be told apart has to be further apart.
const APART: Duration = Duration::from_millis(1_100);
const MISSED: usize = 5;

/// A guard, and a rule with a queue as its target.
struct Stage {
    bus: &'static str,
    rule: String,
    work: Queue,
    program: Program,
    world: World,
    api: RuntimeApi,
    store: DynamoStore,
    bootstrap: Bootstrap,
    emulator: Emulator,
}

impl Stage {
    /// On the default bus nothing is attached to the rule. On another one it is.
    async fn start(bus: &'static str) -> Result<Self, Failure> {
        let emulator = Emulator::start(Kind::Ministack).await?;
        let world = World::create(&emulator).await?;
        world.catch_all().await?;
        let is_attached = bus != "default";
        if is_attached {
            world.create_bus(bus).await?;
        }
        let rule = world.create_rule(bus, "fix-acl", payload::PATTERN, RuleState::Enabled, &[]).await?;
        let work = world.create_queue("work").await?;
        world.add_queue_target(bus, "fix-acl", "work", &work).await?;
        if is_attached {
            world.attach(bus, "fix-acl", "budget-guard").await?;
        }
        let api = RuntimeApi::start().await?;
        let bootstrap = Bootstrap::spawn(programs::bootstrap(), &api, &world.environment())?;
        let store = DynamoStore::new(&emulator.sdk_config(), &world.table);
        let program = Program::new(&world.environment())?;
        let stage = Self { bus, rule, work, program, world, api, store, bootstrap, emulator };
        let outcome = stage.api.invoke_within(payload::tick(&payload::now()), SOON).await;
        assert_eq!(outcome.json(), json!({"firings": 0, "tripped": [], "suspects": []}));
        Ok(stage)
    }

    /// Makes an archive of the bus, with the pattern of the stack's.
    async fn archive(&self) -> Result<(), Failure> {
        let bus = format!("arn:aws:events:{REGION}:{}:event-bus/{}", self.emulator.account(), self.bus);
        let create = self.world.events.create_archive().archive_name("calls").event_source_arn(bus);
        let create =
            create.retention_days(7).event_pattern(r#"{"detail-type":[{"suffix":"via CloudTrail"}]}"#);
        create.send().await.map(drop).map_err(while_doing("creating the archive"))
    }

    /// Puts calls on the bus that fire the rule, and returns the IDs that CloudTrail gave them.
    async fn put(&self, count: usize) -> Result<BTreeSet<String>, Failure> {
        let ids: BTreeSet<String> = (0..count).map(|_| payload::unique_id()).collect();
        let event = |id: &String| {
            let mut event = payload::event(&self.rule, id, &payload::now(), ANN);
            event["detail"]["eventID"] = json!(id);
            event
        };
        self.world.put_events(self.bus, &ids.iter().map(event).collect::<Vec<_>>()).await?;
        Ok(ids)
    }

    /// Events that the rule's target got, in the order of their IDs: the ID that CloudTrail gave, and the replay.
    async fn got(&self, count: usize) -> Result<Vec<(String, Value)>, Failure> {
        self.world.wait_for_messages(&self.work, count as u64, SOON).await?;
        let read = |body: &String| {
            let event: Value = serde_json::from_str(body)?;
            let id = event["detail"]["eventID"].as_str().ok_or("no ID")?.to_owned();
            Ok((id, event["replay-name"].clone()))
        };
        let bodies = self.world.drain(&self.work).await?;
        let mut got = bodies.iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
        got.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(got)
    }

    /// Gives the function all that is in the guard's queue. Returns the replayed events that it has left out so far.
    async fn deliver(&self) -> Result<u64, Failure> {
        for polled in Poller::new(&self.world, &self.api).batch_size(100).poll_until_empty().await? {
            assert_eq!(polled.failed, Vec::<String>::new(), "{:#?}", self.bootstrap.logs());
        }
        let lines = self.bootstrap.logs();
        let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(lines.filter_map(|line| line["replays"].as_u64()).sum())
    }

    /// Firings that count for the rule now.
    async fn count(&self) -> Result<u64, Failure> {
        let record = load::<Record>(&self.store, Key::Record(&self.rule.parse()?)).await?;
        Ok(record.map_or(0, |(record, _)| record.window.count_at(SystemClock.now())))
    }
}

async fn what_was_missed_comes_once_and_never_counts(bus: &'static str) -> Result<(), Failure> {
    let stage = Stage::start(bus).await?;
    stage.archive().await?;
    let before = stage.put(1).await?;
    assert_eq!(stage.got(1).await?, before.into_iter().map(|id| (id, Value::Null)).collect::<Vec<_>>());
    stage.deliver().await?;
    assert_eq!(stage.count().await?, 1, "an event that was not replayed counts");

    tokio::time::sleep(APART).await;
    stage.program.check(&format!("disable {} --reason incident-7", stage.rule), 0, &[], &[]).await?;
    tokio::time::sleep(APART).await;
    let missed = stage.put(MISSED).await?;
    tokio::time::sleep(APART).await;
    assert_eq!(stage.got(0).await?, [], "the rule is cut");
    stage.deliver().await?;

    let enable = format!("enable {} --replay-missed --archive-delay 1s", stage.rule);
    let enabled = stage.program.json(&enable, 0).await?;
    assert_eq!((&enabled["result"], &enabled["replay"]["state"]), (&json!("enabled"), &json!("COMPLETED")));
    assert_eq!(stage.world.rule_state(bus, "fix-acl").await?, RuleState::Enabled);
    let name = &enabled["replay"]["name"];
    let got = stage.got(MISSED).await?;
    assert_eq!(got.len(), MISSED, "each once: {got:?}");
    assert_eq!(got, missed.into_iter().map(|id| (id, name.clone())).collect::<Vec<_>>());

    let listed = stage.world.events.list_replays().state(ReplayState::Completed).send().await;
    let listed = listed.map_err(while_doing("listing the replays"))?;
    let names: Vec<_> = listed.replays().iter().map(|replay| json!(replay.replay_name())).collect();
    assert_eq!(json!(names), json!([name]));

    let mut replayed = 0;
    let deadline = tokio::time::Instant::now() + SOON;
    while replayed < MISSED as u64 && tokio::time::Instant::now() < deadline {
        replayed = stage.deliver().await?;
    }
    assert_eq!(replayed, MISSED as u64, "{:#?}", stage.bootstrap.logs());
    assert_eq!(stage.count().await?, 0, "replayed events do not count");
    assert_eq!(stage.got(0).await?, [], "none came again meanwhile");
    let status = stage.program.json(&format!("status {}", stage.rule), 0).await?;
    assert_eq!(status["breaker"], "half-open", "{status}");
    Ok(())
}

#[tokio::test]
async fn a_rule_that_nothing_is_attached_to_gets_what_it_missed() -> Result<(), Failure> {
    what_was_missed_comes_once_and_never_counts("default").await
}

#[tokio::test]
async fn an_attached_rule_of_another_bus_gets_what_it_missed() -> Result<(), Failure> {
    what_was_missed_comes_once_and_never_counts("orders").await
}
