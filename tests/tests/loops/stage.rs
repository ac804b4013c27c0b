//! The stage of the three stories: rules with functions behind them, a guard, and a clock that starts in the past.

use std::time::Duration;

use aws_sdk_eventbridge::types::{RuleState, Tag, Target};
use budget_guard_aws::{DynamoStore, SystemClock};
use budget_guard_core::model::Timestamp;
use budget_guard_core::ports::Clock;
use budget_guard_core::record::Record;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;
use budget_guard_tests::{programs, rewind};
use serde_json::{Value, json};

use budget_guard_tests::alert::Alert;
use budget_guard_tests::bootstrap::Bootstrap;
use budget_guard_tests::emulator::{Emulator, Kind, REGION};
use budget_guard_tests::poller::Poller;
use budget_guard_tests::runtime_api::RuntimeApi;
use budget_guard_tests::world::{Queue, World};
use budget_guard_tests::{Failure, functions, payload, while_doing};

/// Time limit of a tick, which lists the rules and reads their actors.
const TICK: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(20);
/// Maximum number of rounds of a loop that is not cut.
const ROUNDS: usize = 40;

/// An emulator with a guard.
pub struct Stage {
    pub world: World,
    pub api: RuntimeApi,
    pub bootstrap: Bootstrap,
    store: DynamoStore,
    emulator: Emulator,
}

/// A rule, its function, and a queue that receives the same events as the function, after delivery by the rule.
pub struct Machine {
    pub rule: String,
    pub function: String,
    name: &'static str,
    bus: &'static str,
    heard: Queue,
}

/// A call as in CloudTrail's record.
pub struct Call<'a> {
    pub service: &'a str,
    pub operation: &'a str,
    pub parameters: Value,
}

impl Stage {
    pub async fn start() -> Result<Self, Failure> {
        Self::with(&[]).await
    }

    /// Starts a stage with these settings of the function.
    pub async fn with(settings: &[(&'static str, &str)]) -> Result<Self, Failure> {
        let emulator = Emulator::start(Kind::Ministack).await?;
        let world = World::create(&emulator).await?;
        let api = RuntimeApi::start().await?;
        let mut environment = world.environment();
        environment.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let bootstrap = Bootstrap::spawn(programs::bootstrap(), &api, &environment)?;
        let store = DynamoStore::new(&emulator.sdk_config(), &world.table);
        Ok(Self { world, api, bootstrap, store, emulator })
    }

    /// An enabled rule on these calls of a service, with a function of this name as its target.
    pub async fn machine(
        &self,
        bus: &'static str,
        rule: &'static str,
        (service, operations): (&str, Value),
        function: &str,
    ) -> Result<Machine, Failure> {
        let pattern = json!({
            "source": [format!("custom.{service}")],
            "detail-type": [payload::DETAIL_TYPE],
            "detail": {"eventName": operations},
        });
        let arn = self.world.create_rule(bus, rule, &pattern.to_string(), RuleState::Enabled, &[]).await?;
        let function_arn = functions::create(&self.emulator, function, &format!("{function}-role")).await?;
        let target = Target::builder().id("function").arn(&function_arn).build()?;
        let put = self.world.events.put_targets().event_bus_name(bus).rule(rule).targets(target);
        put.send().await.map_err(while_doing(format_args!("adding {function} to {rule}")))?;
        let heard = self.world.create_queue(&format!("heard-by-{function}")).await?;
        self.world.add_queue_target(bus, rule, "heard", &heard).await?;
        Ok(Machine { rule: arn, function: function_arn, name: rule, bus, heard })
    }

    /// Tags a rule.
    pub async fn tag(&self, machine: &Machine, key: &str, value: &str) -> Result<(), Failure> {
        let tag = Tag::builder().key(key).value(value).build()?;
        let call = self.world.events.tag_resource().resource_arn(&machine.rule).tags(tag);
        call.send().await.map(drop).map_err(while_doing("tagging the rule"))
    }

    /// Sends a tick, with which the guard reads the rules and their actors.
    pub async fn tick(&self) {
        let outcome = self.api.invoke_within(payload::tick(&payload::now()), TICK).await;
        assert_eq!(outcome.json(), json!({"firings": 0, "tripped": [], "suspects": []}));
    }

    /// Puts events on the bus, and gives the guard the messages of its queue afterwards.
    pub async fn happen(&self, bus: &str, events: &[Value]) -> Result<(), Failure> {
        self.world.put_events(bus, events).await?;
        let polls = Poller::new(&self.world, &self.api).with_call_times().poll_until_empty().await?;
        for polled in &polls {
            assert_eq!(polled.failed, Vec::<String>::new(), "{:#?}", self.bootstrap.logs());
        }
        Ok(())
    }

    /// Events that the function has received since the last call.
    pub async fn heard_by(&self, machine: &Machine) -> Result<Vec<Value>, Failure> {
        let bodies = self.world.drain(&machine.heard).await?;
        bodies.iter().map(|body| Ok(serde_json::from_str(body)?)).collect()
    }

    /// Lets all functions answer their events from this call on, until there are no more. Returns the number of events
    /// of each.
    pub async fn go_round(
        &self,
        machines: &[&Machine],
        began_by: Value,
        answer: impl Fn(&Machine, &Value) -> Option<Value>,
    ) -> Result<Vec<usize>, Failure> {
        let mut heard = vec![0; machines.len()];
        let mut calls = vec![began_by];
        for _ in 0..ROUNDS {
            if calls.is_empty() {
                return Ok(heard);
            }
            self.happen(machines[0].bus, &std::mem::take(&mut calls)).await?;
            for (machine, count) in machines.iter().zip(&mut heard) {
                let news = self.heard_by(machine).await?;
                *count += news.len();
                calls.extend(news.iter().filter_map(|event| answer(machine, event)));
            }
        }
        Err(format!("not cut in {ROUNDS} rounds: {:#?}", self.bootstrap.logs()).into())
    }

    /// Moves the cut of a rule to this time, and lets the guard look at it.
    pub async fn watched_since(&self, machine: &Machine, cut_at: Timestamp) -> Result<(), Failure> {
        rewind::cut_at(&self.store, &machine.rule, cut_at).await?;
        self.tick().await;
        Ok(())
    }

    /// Moves the trial of a rule by this time into the past, and lets the guard end it.
    pub async fn tried_before(&self, machine: &Machine, by: jiff::SignedDuration) -> Result<(), Failure> {
        rewind::trial(&self.store, &machine.rule, by, true).await?;
        self.tick_for_rule().await
    }

    /// Moves the trial of a rule by this time into the past. The rule stays off.
    pub async fn off_since(&self, machine: &Machine, by: jiff::SignedDuration) -> Result<(), Failure> {
        rewind::trial(&self.store, &machine.rule, by, false).await
    }

    /// Makes an archive of the default bus that keeps all events.
    pub async fn archive(&self, name: &str) -> Result<(), Failure> {
        let bus = format!("arn:aws:events:{REGION}:{}:event-bus/default", self.emulator.account());
        let create = self.world.events.create_archive().archive_name(name).event_source_arn(bus);
        create.retention_days(7).send().await.map(drop).map_err(while_doing("creating the archive"))
    }

    /// Makes the planned replay due, and lets the guard start it.
    pub async fn replay_now(&self, machine: &Machine) -> Result<(), Failure> {
        rewind::replay(&self.store, &machine.rule, SystemClock.now()).await?;
        self.tick_for_rule().await
    }

    /// Events that the function receives, as soon as there are this many.
    pub async fn heard_soon(&self, machine: &Machine, count: u64) -> Result<Vec<Value>, Failure> {
        self.world.wait_for_messages(&machine.heard, count, SOON).await?;
        self.heard_by(machine).await
    }

    /// Sends a tick that may trip a rule.
    pub async fn tick_for_rule(&self) -> Result<(), Failure> {
        let outcome = self.api.invoke_within(payload::tick(&payload::now()), TICK).await;
        assert_eq!(outcome.json()["firings"], 0);
        Ok(())
    }

    pub async fn state(&self, machine: &Machine) -> Result<RuleState, Failure> {
        self.world.rule_state(machine.bus, machine.name).await
    }

    /// The only alert.
    pub async fn alert(&self) -> Result<Alert, Failure> {
        let mut alerts = self.world.wait_for_alerts(1, SOON).await?;
        assert_eq!(alerts.len(), 1, "{alerts:#?}");
        alerts.pop().ok_or_else(|| "no alert".into())
    }

    pub async fn record(&self, machine: &Machine) -> Result<Record, Failure> {
        let record = load::<Record>(&self.store, Key::Record(&machine.rule.parse()?)).await?;
        Ok(record.ok_or_else(|| format!("there is no record of {}", machine.name))?.0)
    }

    /// Checks a rule that is not cut: enabled, with this number of firings, without a trip or a suspicion.
    pub async fn check_left_alone(&self, machine: &Machine, firings: usize) -> Result<(), Failure> {
        let (name, record) = (machine.name, self.record(machine).await?);
        assert_eq!(self.state(machine).await?, RuleState::Enabled, "{name}");
        let counted = record.window.count(&record.window.all());
        assert_eq!(
            (counted, record.last_trip, record.suspected.last()),
            (firings as u64, None, None),
            "{name}"
        );
        Ok(())
    }
}

impl Machine {
    /// Session of the function's role, with Lambda's name for it.
    pub fn session(&self) -> String {
        let mut parts = self.function.split(':').skip(4);
        let account = parts.next().unwrap_or_default();
        let function = parts.last().unwrap_or_default();
        format!("arn:aws:sts::{account}:assumed-role/{function}-role/{function}")
    }

    /// A call of the function. If `is_told`, AWS's record names the function; otherwise only the session shows it.
    pub fn calls(&self, call: Call<'_>, at: Timestamp, is_told: bool) -> Value {
        let mut event = event(&self.rule, &self.session(), call, at);
        if is_told {
            event["detail"]["userIdentity"]["inScopeOf"] =
                json!({"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": self.function});
        }
        event
    }
}

/// Event of a call at this time.
pub fn event(rule: &str, principal: &str, call: Call<'_>, at: Timestamp) -> Value {
    let mut event = payload::event(rule, &payload::unique_id(), &at.to_string(), principal);
    event["source"] = json!(format!("custom.{}", call.service));
    event["detail"]["eventSource"] = json!(format!("{}.amazonaws.com", call.service));
    event["detail"]["eventName"] = json!(call.operation);
    event["detail"]["eventCategory"] = json!("Management");
    event["detail"]["managementEvent"] = json!(true);
    event["detail"]["requestParameters"] = call.parameters;
    event
}

/// Time of the call in an event.
pub fn time_of(event: &Value) -> Result<Timestamp, Failure> {
    Ok(event["detail"]["eventTime"].as_str().ok_or("no eventTime")?.parse()?)
}

/// A whole second, this many minutes ago. The guard's clock is real, so the stories begin in the past.
pub fn minutes_ago(minutes: i64) -> Result<Timestamp, Failure> {
    let now = SystemClock.now().as_second();
    Ok(Timestamp::from_second(now - minutes * 60)?)
}
