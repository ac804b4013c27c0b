//! Listing of all records, page by page, on both emulators.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use budget_guard_aws::Aws;
use budget_guard_core::budget::OverspentBudgets;
use budget_guard_core::directory::Head;
use budget_guard_core::model::{RuleArn, Timestamp};
use budget_guard_core::ports::Store;
use budget_guard_core::record::{Outcome, Record, Trip};
use budget_guard_core::run::save;
use budget_guard_core::stored::Stored;
use budget_guard_core::verdict::Evidence;

use budget_guard_tests::Failure;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::world::World;

/// Number of records for more than one page, which ends after 1 MB. These are larger than records of the guard.
const RECORDS: usize = 16;
const START: Timestamp = Timestamp::constant(1_795_176_000, 0);
const REASON_BYTES: usize = 100 * 1024;

#[tokio::test]
async fn every_record_is_looked_at_on_ministack() -> Result<(), Failure> {
    every_record_is_looked_at(Kind::Ministack).await
}

#[tokio::test]
async fn every_record_is_looked_at_on_moto() -> Result<(), Failure> {
    every_record_is_looked_at(Kind::Moto).await
}

async fn every_record_is_looked_at(kind: Kind) -> Result<(), Failure> {
    let emulator = Emulator::start(kind).await?;
    let world = World::create(&emulator).await?;
    let store = Aws::new(&emulator.sdk_config(), &world.table, &world.topic_arn).store;
    assert!(store.scan(None).await?.items.is_empty());

    let mut saved = BTreeMap::new();
    for n in 0..RECORDS {
        let rule: RuleArn = format!("arn:aws:events:us-east-1:123456789012:rule/r{n:02}").parse()?;
        let mut record = Record::new(rule.clone(), "200/60s".parse()?);
        let (at, reason) = (START, "x".repeat(REASON_BYTES));
        let evidence = Evidence::manual();
        let outcome = Outcome::Cut;
        record.last_trip = Some(Trip {
            at,
            epoch: 1,
            reason,
            evidence,
            outcome,
            earliest_missed: None,
            own_role: None,
            own_before: Vec::new(),
            cost: None,
        });
        save(&store, &record, None, at).await?;
        saved.insert(rule, record);
    }
    // Other items of the table are no records, and a damaged record does not hide the others.
    store.watch(saved.keys().next().ok_or("no rule")?).await?;
    save(&store, &OverspentBudgets::default(), None, START).await?;
    save(&store, &Head::default(), None, START).await?;
    let damaged = world.dynamodb.put_item().table_name(&world.table);
    let damaged = damaged.item("pk", AttributeValue::S("rule#damaged".into()));
    damaged.item("record", AttributeValue::S("{".into())).send().await?;

    let (mut seen, mut pages, mut next) = (BTreeMap::new(), 0, None);
    let mut tokens = BTreeSet::new();
    loop {
        let page = store.scan(next.as_deref()).await?;
        pages += 1;
        let records = page.items.iter().filter_map(|(_, blob)| Record::decode(blob).ok());
        for record in records {
            assert_eq!(seen.insert(record.rule.clone(), record), None, "listed twice");
        }
        next = page.next_token;
        match &next {
            Some(token) => assert!(tokens.insert(token.clone()), "the same page again: {token}"),
            None => break,
        }
    }
    assert!(pages >= 2, "{pages} page");
    assert!(seen == saved, "{:?}", seen.keys());
    Ok(())
}
