//! The ledger in one DynamoDB table: an item for each rule, and one that lists the rules the tick looks after.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;

use super::clock::SystemClock;
use super::fault::fault;
use super::lazy::Lazy;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::{Fault, FaultKind, RuleArn};
use budget_guard_core::ports::{Clock, Ledger, Page, SaveError, Version};
use budget_guard_core::record::Record;

/// Partition key of the item that lists the rules to look after.
const WATCHED: &str = "watched";
/// A closed rule that does not fire is forgotten after this. Cut rules never are.
const KEEP: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Records in DynamoDB, and the directory (`shelf`). Items: `pk` = `rule#ARN` with `version`, `record` (JSON), `window` (bytes), `expires_at` (TTL).
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    pub(super) client: Lazy<Client>,
    pub(super) table: String,
}

pub(super) type Item = HashMap<String, AttributeValue>;

impl DynamoLedger {
    pub fn new(config: &SdkConfig, table: &str) -> Self {
        Self { client: Lazy::new(config, Client::new), table: table.to_owned() }
    }

    /// The item with this key, as it is at this moment.
    pub(super) async fn get(&self, key: AttributeValue) -> Result<Option<Item>, Fault> {
        let call = self.client.get_item().table_name(&self.table).key("pk", key).consistent_read(true);
        call.send().await.map(|reply| reply.item).map_err(|error| fault("GetItem", &error))
    }

    /// Every record in the table, for the command line. A damaged record is an error that names it.
    pub async fn list(&self) -> Result<Vec<Record>, Fault> {
        let mut records = Vec::new();
        let mut start = None;
        loop {
            let (items, last) = self.scan(start).await?;
            for item in &items {
                records.push(read(item)?.0);
            }
            start = last;
            if start.is_none() {
                return Ok(records);
            }
        }
    }

    /// One page of the items of rules, and the key of the last item that was looked at.
    async fn scan(&self, start: Option<Item>) -> Result<(Vec<Item>, Option<Item>), Fault> {
        let call = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("begins_with(pk, :rule)")
            .expression_attribute_values(":rule", AttributeValue::S("rule#".into()))
            .set_exclusive_start_key(start);
        let page = call.send().await.map_err(|error| fault("Scan", &error))?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }

    async fn change_watched(&self, rule: &RuleArn, verb: &str) -> Result<(), Fault> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(WATCHED.into()))
            .update_expression(format!("{verb} watched_rules :rule"))
            .expression_attribute_values(":rule", AttributeValue::Ss(vec![rule.to_string()]));
        call.send().await.map(|_| ()).map_err(|error| fault("UpdateItem", &error))
    }
}

/// Puts an item as the next version, if the stored one is still `expected`.
pub(super) async fn put(call: PutItemFluentBuilder, expected: Option<Version>) -> Result<Version, SaveError> {
    let version = expected.unwrap_or(0) + 1;
    let call = call.item("version", AttributeValue::N(version.to_string()));
    let call = match expected {
        None => call.condition_expression("attribute_not_exists(pk)"),
        Some(expected) => call
            .condition_expression("version = :expected")
            .expression_attribute_values(":expected", AttributeValue::N(expected.to_string())),
    };
    match call.send().await {
        Ok(_) => Ok(version),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
        {
            Err(SaveError::Conflict)
        }
        Err(error) => Err(fault("PutItem", &error).into()),
    }
}

fn key(rule: &RuleArn) -> AttributeValue {
    AttributeValue::S(format!("rule#{rule}"))
}

pub(super) fn damaged(item: &Item, problem: impl std::fmt::Display) -> Fault {
    let name = item.get("pk").and_then(|pk| pk.as_s().ok()).map_or("?", String::as_str);
    Fault::new(FaultKind::Other, format!("item {name}: {problem}"))
}

pub(super) fn json<'a>(item: &'a Item, attribute: &str) -> Result<&'a str, Fault> {
    let json = item.get(attribute).and_then(|value| value.as_s().ok());
    json.map(String::as_str)
        .ok_or_else(|| damaged(item, format!("attribute {attribute} is missing or not text")))
}

pub(super) fn version(item: &Item) -> Result<Version, Fault> {
    let number = item.get("version").and_then(|value| value.as_n().ok());
    number
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| damaged(item, "attribute version is missing or not a number"))
}

fn read(item: &Item) -> Result<(Record, Version), Fault> {
    let window: &[u8] = item.get("window").and_then(|value| value.as_b().ok()).map_or(&[], Blob::as_ref);
    let record = Record::from_stored(json(item, "record")?, window).map_err(|error| damaged(item, error))?;
    Ok((record, version(item)?))
}

impl Ledger for DynamoLedger {
    async fn load(&self, rule: &RuleArn) -> Result<Option<(Record, Version)>, Fault> {
        self.get(key(rule)).await?.as_ref().map(read).transpose()
    }

    async fn save(&self, record: &Record, expected: Option<Version>) -> Result<Version, SaveError> {
        let stored = record.to_stored().map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
        let mut call = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", key(&record.rule))
            .item("record", AttributeValue::S(stored.0))
            .item("window", AttributeValue::B(Blob::new(stored.1)));
        if matches!(record.breaker, Breaker::Closed) {
            let expires = (SystemClock.now() + KEEP).as_second();
            call = call.item("expires_at", AttributeValue::N(expires.to_string()));
        }
        put(call, expected).await
    }

    async fn watched(&self) -> Result<Vec<RuleArn>, Fault> {
        let item = self.get(AttributeValue::S(WATCHED.into())).await?;
        let names =
            item.as_ref().and_then(|item| item.get("watched_rules")).and_then(|rules| rules.as_ss().ok());
        let rules = names.into_iter().flatten().map(|name| name.parse());
        rules
            .collect::<Result<_, _>>()
            .map_err(|error| Fault::new(FaultKind::Other, format!("item {WATCHED}: {error}")))
    }

    async fn watch(&self, rule: &RuleArn) -> Result<(), Fault> {
        self.change_watched(rule, "ADD").await
    }

    async fn unwatch(&self, rule: &RuleArn) -> Result<(), Fault> {
        self.change_watched(rule, "DELETE").await
    }

    async fn records(&self, next_token: Option<&str>) -> Result<Page<Record>, Fault> {
        let start = next_token.map(|pk| Item::from([("pk".to_owned(), AttributeValue::S(pk.to_owned()))]));
        let (found, last) = self.scan(start).await?;
        let mut items = Vec::with_capacity(found.len());
        for item in &found {
            match read(item) {
                Ok((record, _)) => items.push(record),
                Err(fault) => tracing::error!(%fault, "a record cannot be read"),
            }
        }
        let next_token = last.and_then(|key| key.get("pk")?.as_s().ok().cloned());
        Ok(Page { items, next_token })
    }
}
