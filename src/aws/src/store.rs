//! The guard's items in one DynamoDB table, and the item that lists the rules which the tick looks after.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob as Bytes;
use aws_sdk_dynamodb::types::AttributeValue;

use super::fault::fault;
use super::lazy::Lazy;
use budget_guard_core::model::{Fault, FaultKind, RuleArn, Timestamp};
use budget_guard_core::ports::{Page, SaveError, Store, Version};
use budget_guard_core::stored::{Blob, Key, RECORDS};

/// Partition key of the item that lists the rules to look after.
const WATCHED: &str = "watched";

/// Items in DynamoDB. Attributes: `pk`, `version`, the JSON under the name of [`text`], `window` (bytes, of records only)
/// and `expires_at` (TTL).
#[derive(Debug, Clone)]
pub struct DynamoStore {
    client: Lazy<Client>,
    table: String,
}

type Item = HashMap<String, AttributeValue>;

/// Name of the attribute with the JSON.
fn text(key: Key<'_>) -> &'static str {
    match key {
        Key::Record(_) => "record",
        Key::Head | Key::Chunk(_) => "json",
        Key::Budgets => "pressure",
        Key::Cuts => "cuts",
    }
}

impl DynamoStore {
    /// A store in this table, which is first called when it is first used.
    pub fn new(config: &SdkConfig, table: &str) -> Self {
        Self { client: Lazy::new(config, Client::new), table: table.to_owned() }
    }

    async fn item(&self, key: String) -> Result<Option<Item>, Fault> {
        let key = AttributeValue::S(key);
        let call = self.client.get_item().table_name(&self.table).key("pk", key).consistent_read(true);
        call.send().await.map(|reply| reply.item).map_err(|error| fault("GetItem", &error))
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

fn missing(key: impl std::fmt::Display, attribute: &str, kind: &str) -> Fault {
    let message = format!("item {key}: attribute {attribute} is missing or not {kind}");
    Fault::new(FaultKind::Other, message)
}

/// The item's content; without the JSON it is none.
fn blob(mut item: Item, text: &str) -> Option<Blob> {
    let Some(AttributeValue::S(json)) = item.remove(text) else { return None };
    let firings = match item.remove("window") {
        Some(AttributeValue::B(bytes)) => bytes.into_inner(),
        _ => Vec::new(),
    };
    Some(Blob { json, firings })
}

impl Store for DynamoStore {
    async fn get(&self, key: Key<'_>) -> Result<Option<(Blob, Version)>, Fault> {
        let Some(item) = self.item(key.to_string()).await? else { return Ok(None) };
        let number = item.get("version").and_then(|value| value.as_n().ok()?.parse().ok());
        let version = match key {
            Key::Chunk(_) => 0,
            _ => number.ok_or_else(|| missing(key, "version", "a number"))?,
        };
        let blob = blob(item, text(key)).ok_or_else(|| missing(key, text(key), "text"))?;
        Ok(Some((blob, version)))
    }

    async fn put_if(
        &self,
        key: Key<'_>,
        blob: &Blob,
        expires: Option<Timestamp>,
        expected: Option<Version>,
    ) -> Result<Version, SaveError> {
        let version = expected.unwrap_or(0) + 1;
        let mut item = attributes(key, blob, expires);
        item.insert("version".into(), AttributeValue::N(version.to_string()));
        let call = self.client.put_item().table_name(&self.table).set_item(Some(item));
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

    async fn put(&self, key: Key<'_>, blob: &Blob, expires: Option<Timestamp>) -> Result<(), Fault> {
        let item = attributes(key, blob, expires);
        let call = self.client.put_item().table_name(&self.table).set_item(Some(item));
        call.send().await.map(drop).map_err(|error| fault("PutItem", &error))
    }

    async fn delete(&self, key: Key<'_>) -> Result<(), Fault> {
        let key = AttributeValue::S(key.to_string());
        let call = self.client.delete_item().table_name(&self.table).key("pk", key);
        call.send().await.map(drop).map_err(|error| fault("DeleteItem", &error))
    }

    async fn scan(&self, next_token: Option<&str>) -> Result<Page<(String, Blob)>, Fault> {
        let start = next_token.map(|pk| Item::from([("pk".to_owned(), AttributeValue::S(pk.to_owned()))]));
        let call = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("begins_with(pk, :rule)")
            .expression_attribute_values(":rule", AttributeValue::S(RECORDS.into()))
            .set_exclusive_start_key(start);
        let page = call.send().await.map_err(|error| fault("Scan", &error))?;
        let key = |item: &Item| item.get("pk")?.as_s().ok().cloned();
        let next_token = page.last_evaluated_key.as_ref().and_then(key);
        let found = page.items.unwrap_or_default().into_iter();
        // Without its JSON it is left to the reader, who names it as damaged.
        let items = found.filter_map(|item| Some((key(&item)?, blob(item, "record").unwrap_or_default())));
        Ok(Page { items: items.collect(), next_token })
    }

    async fn watched(&self) -> Result<Vec<RuleArn>, Fault> {
        let item = self.item(WATCHED.to_owned()).await?;
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
}

/// Attributes of an item, without its version.
fn attributes(key: Key<'_>, blob: &Blob, expires: Option<Timestamp>) -> Item {
    let mut item = Item::from([
        ("pk".to_owned(), AttributeValue::S(key.to_string())),
        (text(key).to_owned(), AttributeValue::S(blob.json.clone())),
    ]);
    if matches!(key, Key::Record(_)) {
        item.insert("window".into(), AttributeValue::B(Bytes::new(blob.firings.clone())));
    }
    if let Some(expires) = expires {
        item.insert("expires_at".into(), AttributeValue::N(expires.as_second().to_string()));
    }
    item
}
