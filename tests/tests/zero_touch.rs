//! Zero-touch on MiniStack: one catch-all rule sends every event to the guard, which finds the looping rule.
//!
//! The tests start the function themselves, to control its ticks and deliveries.

use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_aws::{DynamoStore, SystemClock};
use budget_guard_core::ports::Clock;
use budget_guard_core::record::Record;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;
use budget_guard_tests::alert::Alert;
use budget_guard_tests::bootstrap::Bootstrap;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::poller::Poller;
use budget_guard_tests::program::Program;
use budget_guard_tests::runtime_api::RuntimeApi;
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload};
use budget_guard_tests::{programs, rewind};
use serde_json::{Value, json};

const FIXER: &str = "arn:aws:sts::000000000000:assumed-role/fixer-role/fixer";
const SOON: Duration = Duration::from_secs(20);
/// Time limit of a tick that reads targets and tags of a hundred rules, at five calls a second.
const TICK: Duration = Duration::from_secs(60);
/// Number of rules besides the looping one: ten for each of ten calls.
const OTHERS: usize = 99;
const CALLS: usize = 10;

fn pattern(call: &str) -> String {
    let (source, kind) = (payload::SOURCE, payload::DETAIL_TYPE);
    format!(r#"{{"source":["{source}"],"detail-type":["{kind}"],"detail":{{"eventName":["{call}"]}}}}"#)
}

/// This many events of one call.
fn events(rule: &str, call: &str, count: usize) -> Vec<Value> {
    let event = |_| {
        let mut event = payload::event(rule, &payload::unique_id(), &payload::now(), FIXER);
        event["detail"]["eventName"] = json!(call);
        event
    };
    (0..count).map(event).collect()
}

/// Events of one call by one caller, from the first to the last second before now.
fn spread(rule: &str, call: &str, caller: &str, (from, to): (i64, i64), count: i64) -> Vec<Value> {
    let now = SystemClock.now();
    let event = |n| {
        let ago = from - (from - to) * n / (count - 1).max(1);
        let at = (now - jiff::SignedDuration::from_secs(ago)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut event = payload::event(rule, &payload::unique_id(), &at, caller);
        event["detail"]["eventName"] = json!(call);
        event
    };
    (0..count).map(event).collect()
}

/// A guard with its catch-all rule. It is attached to no rule.
struct Stage {
    world: World,
    api: RuntimeApi,
    store: DynamoStore,
    bootstrap: Bootstrap,
    _emulator: Emulator,
}

impl Stage {
    async fn start() -> Result<Self, Failure> {
        Self::with(&[]).await
    }

    /// Starts a stage with these settings of the function.
    async fn with(settings: &[(&'static str, &str)]) -> Result<Self, Failure> {
        let emulator = Emulator::start(Kind::Ministack).await?;
        let world = World::create(&emulator).await?;
        world.catch_all().await?;
        let api = RuntimeApi::start().await?;
        let mut environment = world.environment();
        environment.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let bootstrap = Bootstrap::spawn(programs::bootstrap(), &api, &environment)?;
        let store = DynamoStore::new(&emulator.sdk_config(), &world.table);
        Ok(Self { world, api, store, bootstrap, _emulator: emulator })
    }

    async fn rule(&self, name: &str, call: &str) -> Result<String, Failure> {
        self.world.create_rule("default", name, &pattern(call), RuleState::Enabled, &[]).await
    }

    async fn tick(&self) {
        let outcome = self.api.invoke_within(payload::tick(&payload::now()), TICK).await;
        assert_eq!(outcome.json(), json!({"firings": 0, "tripped": [], "suspects": []}));
    }

    /// Invokes the function with everything in its queue.
    async fn deliver(&self) -> Result<usize, Failure> {
        let polls =
            Poller::new(&self.world, &self.api).batch_size(100).with_call_times().poll_until_empty().await?;
        for polled in &polls {
            assert_eq!(polled.failed, Vec::<String>::new(), "{:#?}", self.bootstrap.logs());
        }
        Ok(polls.iter().map(|polled| polled.received).sum())
    }

    /// Number of counted firings of a rule.
    async fn count(&self, rule: &str) -> Result<u64, Failure> {
        let record = load::<Record>(&self.store, Key::Record(&rule.parse()?)).await?;
        Ok(record.map_or(0, |(record, _)| record.window.count_at(SystemClock.now())))
    }
}

#[tokio::test]
async fn the_rule_that_loops_is_found_among_a_hundred() -> Result<(), Failure> {
    let stage = Stage::start().await?;
    let looping = stage.rule("fix-acl", "PutBucketAcl").await?;
    let mut others = Vec::new();
    for n in 0..OTHERS {
        others.push(stage.rule(&format!("other-{n:02}"), &format!("Call{}", n % CALLS)).await?);
    }
    stage.tick().await;

    let mut all = events(&looping, "PutBucketAcl", 230);
    for n in 0..CALLS {
        all.extend(events(&looping, &format!("Call{n}"), 12));
    }
    stage.world.put_events("default", &all).await?;
    assert_eq!(stage.deliver().await?, all.len(), "every event once, however many rules it fires");

    assert_eq!(stage.world.rule_state("default", "fix-acl").await?, RuleState::Disabled);
    let alerts = stage.world.wait_for_alerts(1, SOON).await?;
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].kind(), &alerts[0].attributes["rule_arn"]), ("tripped", &looping));
    assert_eq!(alerts[0].message["evidence"]["callers"][0]["principal"], FIXER);
    for (n, rule) in others.iter().enumerate() {
        assert_eq!(stage.world.rule_state("default", &format!("other-{n:02}")).await?, RuleState::Enabled);
        assert_eq!(stage.count(rule).await?, 12, "{rule}");
    }

    // The bus still delivers such calls, but they do not fire a disabled rule.
    stage.world.put_events("default", &events(&looping, "PutBucketAcl", 10)).await?;
    assert_eq!(stage.deliver().await?, 10);
    let (record, _) =
        load::<Record>(&stage.store, Key::Record(&looping.parse()?)).await?.ok_or("no record")?;
    assert!(record.late <= 30, "{} late", record.late);
    Ok(())
}

/// A principal with no other right than to put events dates them an hour ago, so that none of them counts.
#[tokio::test]
async fn events_that_their_sender_dates_an_hour_ago_count_when_they_come() -> Result<(), Failure> {
    let stage = Stage::with(&[("BUDGET_GUARD_TRUSTED_SOURCES", "")]).await?;
    let rule = stage.rule("fix-acl", "PutBucketAcl").await?;
    stage.tick().await;
    stage.world.put_events("default", &events(&rule, "PutBucketAcl", 1)).await?;
    stage.deliver().await?;
    stage.world.put_events("default", &spread(&rule, "PutBucketAcl", FIXER, (3_600, 3_600), 230)).await?;
    assert_eq!(stage.deliver().await?, 230);
    assert_eq!(stage.world.rule_state("default", "fix-acl").await?, RuleState::Disabled);
    Ok(())
}

#[tokio::test]
async fn a_rule_made_later_is_known_from_the_event_of_its_making() -> Result<(), Failure> {
    let stage = Stage::start().await?;
    stage.rule("first", "Call0").await?;
    stage.tick().await;
    let later = stage.rule("later", "Late").await?;
    let change = payload::rule_call(&later, "PutRule", json!({"name": "later"}), &payload::now(), FIXER);
    stage.world.send(&stage.world.guard_queue, &change.to_string()).await?;
    stage.deliver().await?;
    stage.world.put_events("default", &events(&later, "Late", 5)).await?;
    stage.deliver().await?;
    assert_eq!(stage.count(&later).await?, 5);
    Ok(())
}

#[tokio::test]
async fn a_rule_whose_target_nobody_can_follow_is_told_once() -> Result<(), Failure> {
    let mut stage = Stage::start().await?;
    let rule = stage.rule("fix-acl", "PutBucketAcl").await?;
    let work = stage.world.create_queue("work").await?;
    stage.world.add_queue_target("default", "fix-acl", "work", &work).await?;
    stage.tick().await;
    let alerts = stage.world.wait_for(Alert::is_of_unknown_actors, 1, SOON).await?;
    let alert = alerts.first().ok_or("no alert")?;
    assert_eq!(alert.subject.as_deref(), Some("budget-guard cannot tell who acts for 1 rule"));
    let reason = "rule fix-acl: who acts behind the targets is not known, so a slow loop is not seen; budget-guard status RULE \
                  says what is missing, and the tag budget-guard:acts-as names the roles";
    assert_eq!((&alert.message["reason"], &alert.message["rules"][0]["arn"]), (&json!(reason), &json!(rule)));

    // Another process reads from the table that the alert was published.
    stage.bootstrap.kill()?;
    stage.bootstrap.wait_exit(SOON).await?;
    stage.bootstrap = Bootstrap::spawn(programs::bootstrap(), &stage.api, &stage.world.environment())?;
    stage.tick().await;
    assert_eq!(stage.world.wait_for(Alert::is_of_unknown_actors, 1, Duration::ZERO).await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn before_the_first_tick_events_are_said_to_be_unattributed() -> Result<(), Failure> {
    let stage = Stage::start().await?;
    let rule = stage.rule("first", "Call0").await?;
    stage.world.put_events("default", &events(&rule, "Call0", 5)).await?;
    assert_eq!(stage.deliver().await?, 5, "they do not come again for ever");
    assert!(stage.bootstrap.wait_for_log("no directory of rules yet", SOON).await.is_some());
    let line = stage.bootstrap.wait_for_log(r#""unattributed":5"#, SOON).await;
    assert!(line.is_some(), "{:#?}", stage.bootstrap.logs());
    Ok(())
}

/// A deployment calls 230 times within a minute, and goes on at one call a second: the number of calls cuts the rule,
/// because nothing is known of its targets, and the calls go on without it.
async fn cut_for_a_deployment(settings: &[(&'static str, &str)]) -> Result<Stage, Failure> {
    const DEPLOYMENT: &str = "arn:aws:sts::000000000000:assumed-role/deploy/terraform";
    let stage = Stage::with(settings).await?;
    let rule = stage.rule("fix-acl", "PutBucketAcl").await?;
    stage.tick().await;
    stage.world.put_events("default", &spread(&rule, "PutBucketAcl", DEPLOYMENT, (780, 720), 230)).await?;
    stage.deliver().await?;
    assert_eq!(stage.world.rule_state("default", "fix-acl").await?, RuleState::Disabled);

    let cut_at = SystemClock.now() - jiff::SignedDuration::from_mins(12);
    rewind::cut_at(&stage.store, &rule, cut_at).await?;
    let meanwhile = spread(&rule, "PutBucketAcl", DEPLOYMENT, (700, 1), 800);
    stage.world.put_events("default", &meanwhile).await?;
    assert_eq!(stage.deliver().await?, 800, "the bus goes on to show what the rule misses");
    stage.tick().await;
    stage.tick().await;
    Ok(stage)
}

#[tokio::test]
async fn a_wrong_cut_is_undone_by_itself() -> Result<(), Failure> {
    let stage = cut_for_a_deployment(&[("BUDGET_GUARD_AUTO_RESTORE", "true")]).await?;
    let alerts = stage.world.wait_for_alerts(3, SOON).await?;
    let kinds: Vec<_> = alerts.iter().map(Alert::kind).collect();
    assert_eq!(kinds, ["tripped", "exonerated", "restored"], "{:#?}", stage.bootstrap.logs());
    let reason = |alert: &Alert| alert.message["reason"].as_str().unwrap_or_default().to_owned();
    assert!(reason(&alerts[1]).starts_with("the calls go on without the rule: "), "{}", reason(&alerts[1]));
    assert!(
        reason(&alerts[2]).ends_with("It missed 800 events: 800 by sessions that could not be placed"),
        "{}",
        reason(&alerts[2])
    );
    assert_eq!(stage.world.rule_state("default", "fix-acl").await?, RuleState::Enabled);

    // The same burst again makes a suspect, and no cut. Event times are whole seconds: in the second of the restore, they
    // would count as older.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let rule = alerts[0].attributes["rule_arn"].clone();
    stage.world.put_events("default", &events(&rule, "PutBucketAcl", 230)).await?;
    stage.deliver().await?;
    assert_eq!(stage.world.rule_state("default", "fix-acl").await?, RuleState::Enabled);
    let alerts = stage.world.wait_for_alerts(1, SOON).await?;
    assert_eq!(alerts.iter().map(Alert::kind).collect::<Vec<_>>(), ["suspect"]);
    Ok(())
}

#[tokio::test]
async fn a_wrong_cut_is_told_with_the_command_where_the_guard_may_not_undo_it() -> Result<(), Failure> {
    let stage = cut_for_a_deployment(&[]).await?;
    let alerts = stage.world.wait_for_alerts(2, SOON).await?;
    assert_eq!(alerts.iter().map(Alert::kind).collect::<Vec<_>>(), ["tripped", "exonerated"]);
    assert_eq!(alerts[1].message["undo"], "budget-guard enable fix-acl --region us-east-1");
    assert_eq!(stage.world.rule_state("default", "fix-acl").await?, RuleState::Disabled);

    let program = Program::new(&stage.world.environment())?;
    let missed = "800 events: 800 by sessions that could not be placed";
    let explained =
        ["the calls go on without the rule: ", missed, "It is no loop by all that was seen since."];
    program.check("explain fix-acl", 0, &explained, &[]).await?;
    let after = program.json("status fix-acl", 0).await?["aftermath"].clone();
    assert_eq!((&after["outcome"], &after["missed"]), (&json!("goes on"), &json!(800)), "{after:#}");
    let note = format!("While it was off it missed {missed}.");
    program.check("enable fix-acl", 0, &["is ENABLED again"], &[&note]).await?;
    Ok(())
}

#[tokio::test]
async fn after_too_many_cuts_the_guard_only_reports_until_it_is_resumed() -> Result<(), Failure> {
    let stage = Stage::with(&[("BUDGET_GUARD_MAX_CUTS_PER_HOUR", "2")]).await?;
    let mut rules = Vec::new();
    for name in ["a", "b", "c"] {
        rules.push(stage.rule(name, &format!("Call{name}")).await?);
    }
    stage.tick().await;
    for (rule, name) in rules.iter().zip(["a", "b", "c"]) {
        stage.world.put_events("default", &events(rule, &format!("Call{name}"), 210)).await?;
        stage.deliver().await?;
    }
    let mut states = Vec::new();
    for name in ["a", "b", "c"] {
        states.push(stage.world.rule_state("default", name).await?);
    }
    assert_eq!(states, [RuleState::Disabled, RuleState::Disabled, RuleState::Enabled]);
    let alerts = stage.world.wait_for_alerts(4, SOON).await?;
    let kinds: Vec<_> = alerts.iter().map(Alert::kind).collect();
    assert_eq!(kinds, ["tripped", "tripped", "would-trip", "paused"]);
    let reason = alerts[3].message["reason"].as_str().unwrap_or_default();
    let expected = "the guard made 2 cuts within an hour: \"a\", \"b\". It would have cut rule \"c\" now, and cuts nothing more";
    assert!(reason.starts_with(expected), "{reason}");

    let program = Program::new(&stage.world.environment())?;
    program.check("status", 0, &["RULE"], &["the guard cuts nothing by itself since"]).await?;
    let hint = "a rule that still fires like a loop is cut within a minute";
    program.check("resume", 0, &["The guard cuts rules again."], &["rule \"c\"", hint]).await?;
    program.check("resume", 3, &[], &["the guard is not paused"]).await?;
    Ok(())
}
