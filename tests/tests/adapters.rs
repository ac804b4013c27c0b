//! The ports on AWS, each on two independent emulators, so that they do not depend on the quirks of one.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::{RuleState as SdkState, Tag, Target};
use budget_guard_aws::SystemClock;
use budget_guard_core::alerts::{Alert, Commands, RuleBody, RuleEvent, message};
use budget_guard_core::budget::{FollowUp, OverspentBudget, OverspentBudgets};
use budget_guard_core::model::{
    AlertBasis, FaultKind, ListedRule, RuleArn, RuleState, Target as RuleTarget, Timestamp,
};
use budget_guard_core::ports::{Alerts, Clock, Rules, SaveError, Store};
use budget_guard_core::record::Record;
use budget_guard_core::run::{load, records, save};
use budget_guard_core::settings;
use budget_guard_core::stored::{Blob, Key};
use budget_guard_tests::bench::Bench;
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::on_both;
use budget_guard_tests::{Failure, payload};
use serde_json::{Value, json};

const THIRD_STATE: SdkState = SdkState::EnabledWithAllCloudtrailManagementEvents;

on_both!(
    a_record_is_saved_only_over_the_version_it_read,
    the_list_of_watched_rules_is_a_set,
    budget_pressure_is_saved_only_over_the_version_that_was_read,
    a_damaged_record_is_named,
    a_rule_is_read_whole,
    only_the_rule_on_the_named_bus_is_disabled_and_restored,
    the_third_state_is_put_back_with_everything_else,
    a_missing_rule_is_not_found,
    every_rule_of_every_bus_is_listed,
    the_directory_is_saved_only_over_the_version_that_was_read,
    an_alert_reaches_a_queue_as_json,
);

async fn a_record_is_saved_only_over_the_version_it_read(bench: Bench) -> Result<(), Failure> {
    let store = &bench.aws.store;
    let rule = bench.missing()?;
    let key = Key::Record(&rule);
    assert_eq!(load::<Record>(store, key).await?, None);
    let mut record = Record::new(rule.clone(), "200/60s".parse()?);
    assert_eq!(save(store, &record, None, SystemClock.now()).await?, 1);
    assert_eq!(
        save(store, &record, None, SystemClock.now()).await,
        Err(SaveError::Conflict),
        "there is one already"
    );
    record.late = 7;
    assert_eq!(save(store, &record, Some(1), SystemClock.now()).await?, 2);
    assert_eq!(
        save(store, &record, Some(1), SystemClock.now()).await,
        Err(SaveError::Conflict),
        "somebody was faster"
    );
    assert_eq!(load(store, key).await?, Some((record.clone(), 2)));
    assert_eq!(records(store).await?, [record]);
    let item = bench.world.record(rule.as_str()).await?.ok_or("no item")?;
    assert!(
        matches!(item.get("expires_at"), Some(AttributeValue::N(_))),
        "a closed record expires: {item:?}"
    );
    Ok(())
}

async fn the_list_of_watched_rules_is_a_set(bench: Bench) -> Result<(), Failure> {
    let store = &bench.aws.store;
    let rule = bench.missing()?;
    let other: RuleArn = format!("{rule}-too").parse()?;
    store.unwatch(&rule).await?;
    assert_eq!(store.watched().await?, []);
    store.watch(&rule).await?;
    store.watch(&rule).await?;
    store.watch(&other).await?;
    let mut watched = store.watched().await?;
    watched.sort();
    assert_eq!(watched, [rule.clone(), other.clone()]);
    store.unwatch(&rule).await?;
    store.unwatch(&other).await?;
    assert_eq!(store.watched().await?, []);
    Ok(())
}

async fn budget_pressure_is_saved_only_over_the_version_that_was_read(bench: Bench) -> Result<(), Failure> {
    let store = &bench.aws.store;
    assert_eq!(load::<OverspentBudgets>(store, Key::Budgets).await?, None);
    let [since, until]: [Timestamp; 2] = ["2026-11-20T12:00:00Z".parse()?, "2026-12-01T00:00:00Z".parse()?];
    let mut pressure = OverspentBudgets::default();
    let press = OverspentBudget {
        name: "équipe bleue".into(),
        basis: AlertBasis::Actual,
        since,
        until,
        reason: "\"quoted\"".into(),
        limit: Some("$183,965,812,157.54".parse()?),
        threshold: None,
        amount: Some("-0.000001 EUR".parse()?),
        follow_up: FollowUp::default(),
    };
    pressure.record(press, since);
    assert_eq!(save(store, &pressure, None, since).await?, 1);
    assert_eq!(save(store, &pressure, None, since).await, Err(SaveError::Conflict), "there is one already");
    assert_eq!(save(store, &pressure, Some(1), since).await?, 2);
    assert_eq!(save(store, &pressure, Some(1), since).await, Err(SaveError::Conflict), "somebody was faster");
    assert_eq!(load(store, Key::Budgets).await?, Some((pressure, 2)));
    assert_eq!(records(store).await?, [], "it is no record of a rule");
    let key = AttributeValue::S("pressure".into());
    let get = bench.world.dynamodb.get_item().table_name(&bench.world.table).key("pk", key).send().await?;
    let item = get.item().ok_or("no item")?;
    assert_eq!(
        item["expires_at"],
        AttributeValue::N("1796169600".into()),
        "a day after the last budget's period"
    );
    Ok(())
}

async fn a_damaged_record_is_named(bench: Bench) -> Result<(), Failure> {
    let rule = bench.missing()?;
    let key = AttributeValue::S(format!("rule#{rule}"));
    let put = bench.world.dynamodb.put_item().table_name(&bench.world.table).item("pk", key);
    put.item("record", AttributeValue::S("{".into()))
        .item("version", AttributeValue::N("1".into()))
        .send()
        .await?;
    let fault = load::<Record>(&bench.aws.store, Key::Record(&rule)).await.expect_err("damaged");
    assert!(fault.to_string().contains(&format!("item rule#{rule}: the record is damaged")), "{fault}");
    Ok(())
}

async fn a_rule_is_read_whole(bench: Bench) -> Result<(), Failure> {
    let rule = bench.rule("default", "fix-acl", SdkState::Enabled).await?;
    bench.world.add_queue_target("default", "fix-acl", "work", &bench.world.guard_queue).await?;
    let found = bench.aws.rules.inspect(&rule).await?;
    assert_eq!(found.state, RuleState::Enabled);
    let pattern: Value = serde_json::from_str(found.event_pattern.as_deref().unwrap_or_default())?;
    assert_eq!(pattern, serde_json::from_str::<Value>(payload::PATTERN)?);
    assert_eq!((found.managed_by, found.schedule_expression), (None, None));
    assert_eq!((found.targets.len(), found.targets[0].id.as_str()), (1, "work"));
    assert_eq!(found.tags, [("team".to_owned(), "blue".to_owned())].into());
    assert_eq!(bench.aws.rules.tags(&rule).await?, found.tags);
    assert_eq!(bench.aws.rules.find("default", "fix-acl").await?, rule);
    Ok(())
}

async fn only_the_rule_on_the_named_bus_is_disabled_and_restored(bench: Bench) -> Result<(), Failure> {
    bench.world.create_bus("orders").await?;
    let hot = bench.rule("orders", "fix-acl", SdkState::Enabled).await?;
    bench.rule("default", "fix-acl", SdkState::Enabled).await?;
    let before = bench.aws.rules.inspect(&hot).await?;
    assert_eq!(bench.aws.rules.disable(&hot).await?, RuleState::Disabled);
    assert_eq!(bench.world.rule_state("orders", "fix-acl").await?, SdkState::Disabled);
    assert_eq!(bench.world.rule_state("default", "fix-acl").await?, SdkState::Enabled, "its twin");
    let restored = bench.aws.rules.restore(&hot, before.state).await?;
    assert_eq!((restored.before.state, &restored.after), (RuleState::Disabled, &before));
    assert_eq!(bench.aws.rules.inspect(&hot).await?, before);
    Ok(())
}

async fn the_third_state_is_put_back_with_everything_else(bench: Bench) -> Result<(), Failure> {
    let rule = bench.rule("default", "all-calls", THIRD_STATE).await?;
    let put =
        bench.world.events.put_rule().name("all-calls").event_pattern(payload::PATTERN).state(THIRD_STATE);
    put.description("fixes ACLs").send().await?;
    let target =
        Target::builder().id("work").arn(&bench.world.guard_queue.arn).input(r#"{"a":1}"#).build()?;
    bench.world.events.put_targets().rule("all-calls").targets(target).send().await?;
    let before = bench.aws.rules.inspect(&rule).await?;
    assert_eq!(before.state, RuleState::EnabledWithAllCloudtrailManagementEvents);
    bench.aws.rules.disable(&rule).await?;
    let restored = bench.aws.rules.restore(&rule, before.state).await?;
    assert_eq!(restored.after.differences(&restored.before), Vec::<String>::new());
    assert_eq!(bench.aws.rules.inspect(&rule).await?, before);
    Ok(())
}

async fn a_missing_rule_is_not_found(bench: Bench) -> Result<(), Failure> {
    let rule = bench.missing()?;
    assert_eq!(bench.aws.rules.inspect(&rule).await.map_err(|fault| fault.kind), Err(FaultKind::NotFound));
    // MiniStack accepts DisableRule for it; only the state that is read back shows the failure.
    assert_eq!(bench.aws.rules.disable(&rule).await.map_err(|fault| fault.kind), Err(FaultKind::NotFound));
    Ok(())
}

async fn every_rule_of_every_bus_is_listed(bench: Bench) -> Result<(), Failure> {
    let rules = &bench.aws.rules;
    bench.world.create_bus("orders").await?;
    let mut made = Vec::new();
    // More than one page.
    for n in 0..120 {
        made.push(bench.rule("orders", &format!("r{n:03}"), SdkState::Enabled).await?);
    }
    bench.rule("orders", "third", THIRD_STATE).await?;
    bench.world.add_queue_target("orders", "r007", "work", &bench.world.guard_queue).await?;
    let schedule = bench.world.events.put_rule().event_bus_name("default").name("nightly");
    schedule.schedule_expression("rate(1 day)").state(SdkState::Disabled).send().await?;

    let (mut buses, mut next) = (Vec::new(), None);
    loop {
        let page = rules.buses(next.as_deref()).await?;
        buses.extend(page.items);
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    buses.sort();
    assert_eq!(buses, ["default", "orders"]);
    let (mut listed, mut pages) = (Vec::new(), 0);
    loop {
        let page = rules.list("orders", next.as_deref()).await?;
        listed.extend(page.items);
        pages += 1;
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((listed.len(), pages), (121, 2));
    listed.sort_by(|one, other| one.rule.cmp(&other.rule));
    for (listed, made) in listed.iter().zip(&made).step_by(40) {
        assert_eq!(*listed, ListedRule::of(made.clone(), &rules.inspect(made).await?));
    }
    assert_eq!(listed[120].state, RuleState::EnabledWithAllCloudtrailManagementEvents);
    let default = rules.list("default", None).await?.items;
    assert_eq!((default.len(), default[0].state), (1, RuleState::Disabled));
    let nightly = (default[0].schedule_expression.as_deref(), default[0].event_pattern.as_deref());
    assert_eq!(nightly, (Some("rate(1 day)"), None));

    // What reads the guard's own queue is not looked for.
    let environment = bench.world.environment();
    let own = environment.iter().find(|(name, _)| *name == settings::OWN).ok_or("no parts")?;
    let targets = rules.clone().of_stack(&own.1.parse()?).list_targets(&made[7]).await?;
    assert_eq!(targets, [RuleTarget::new("work", &bench.world.guard_queue.arn)]);
    assert_eq!(rules.list_targets(&made[8]).await?, []);
    // MiniStack returns an empty list for a rule that does not exist.
    let missing = rules.list_targets(&bench.missing()?).await.map_err(|fault| fault.kind);
    assert!(matches!(missing, Err(FaultKind::NotFound)) || missing == Ok(Vec::new()), "{missing:?}");
    Ok(())
}

async fn the_directory_is_saved_only_over_the_version_that_was_read(bench: Bench) -> Result<(), Failure> {
    let store = &bench.aws.store;
    let blob = |json: &str| Blob::from(json.to_owned());
    let empty = blob("{}");
    assert_eq!(store.get(Key::Head).await?, None);
    assert_eq!(store.put_if(Key::Head, &blob(r#"{"a":1}"#), None, None).await?, 1);
    assert_eq!(
        store.put_if(Key::Head, &empty, None, None).await,
        Err(SaveError::Conflict),
        "there is one already"
    );
    assert_eq!(store.put_if(Key::Head, &empty, None, Some(1)).await?, 2);
    assert_eq!(
        store.put_if(Key::Head, &empty, None, Some(1)).await,
        Err(SaveError::Conflict),
        "somebody was faster"
    );
    assert_eq!(store.get(Key::Head).await?, Some((empty, 2)));

    let expires: Timestamp = "2026-11-27T12:00:00Z".parse()?;
    let chunk = Key::Chunk("1-a");
    assert_eq!(store.get(chunk).await?, None);
    // As large as chunks get.
    let json =
        blob(&format!("[{:?}]", "x".repeat(budget_guard_core::directory::MAX_CHUNK_BYTES + 32 * 1024)));
    store.put(chunk, &json, Some(expires)).await?;
    assert_eq!(store.get(chunk).await?, Some((json, 0)));
    let key = AttributeValue::S("directory#1-a".into());
    let item = bench.world.dynamodb.get_item().table_name(&bench.world.table).key("pk", key).send().await?;
    let stored = item.item().and_then(|item| item.get("expires_at"));
    assert_eq!(stored, Some(&AttributeValue::N(expires.as_second().to_string())));
    store.delete(chunk).await?;
    store.delete(chunk).await?;
    assert_eq!(store.get(chunk).await?, None);
    assert_eq!(records(store).await?, [], "the command line lists records only");
    Ok(())
}

async fn an_alert_reaches_a_queue_as_json(bench: Bench) -> Result<(), Failure> {
    let now: Timestamp = "2026-11-20T12:00:00Z".parse()?;
    let event = RuleEvent::Reminder { since: Some(now), why: "as planned: \"quoted\"".into(), source: None };
    let alert = Alert::about_rule(&bench.missing()?, 1, RuleBody::new(event, "open"), now);
    bench.aws.alerts.publish(&alert).await?;
    let alert = message(&alert, &Commands::default())?.alert;
    let received = bench.world.wait_for_alerts(1, std::time::Duration::from_secs(10)).await?;
    assert_eq!(received[0].message, serde_json::to_value(&alert)?);
    assert_eq!(received[0].kind(), "reminder");
    assert_eq!(received[0].attributes["rule_arn"], bench.missing()?.as_str());
    assert_eq!(received[0].attributes["dedup_id"], alert.dedup_id);
    assert_eq!(received[0].message["undo"], json!("budget-guard enable missing --region us-east-1"));
    Ok(())
}

#[tokio::test]
async fn tags_can_be_changed_while_the_guard_runs() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let rule = bench.rule("default", "fix-acl", SdkState::Enabled).await?;
    let tag = Tag::builder().key("budget-guard:mode").value("observe").build()?;
    bench.world.events.tag_resource().resource_arn(rule.as_str()).tags(tag).send().await?;
    assert_eq!(bench.aws.rules.tags(&rule).await?["budget-guard:mode"], "observe");
    Ok(())
}
