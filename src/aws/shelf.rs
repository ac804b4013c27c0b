//! The directory of rules in the ledger's table: the item `directory`, and an item for each chunk.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;

use super::fault::fault;
use super::ledger::{DynamoLedger, Item};
use crate::model::{Fault, FaultKind, Timestamp};
use crate::ports::{SaveError, Shelf, Version};

/// Partition key of the head; those of chunks go on with `#NAME`.
const HEAD: &str = "directory";

fn key(chunk: &str) -> AttributeValue {
    AttributeValue::S(format!("{HEAD}#{chunk}"))
}

/// The attribute `json` of an item.
fn json(item: &Item, name: &str) -> Result<String, Fault> {
    let text = item.get("json").and_then(|value| value.as_s().ok()).cloned();
    text.ok_or_else(|| {
        Fault::new(FaultKind::Other, format!("item {name}: attribute json is missing or not text"))
    })
}

impl Shelf for DynamoLedger {
    async fn head(&self) -> Result<Option<(String, Version)>, Fault> {
        let Some(item) = self.get(AttributeValue::S(HEAD.into())).await? else { return Ok(None) };
        let version =
            item.get("version").and_then(|value| value.as_n().ok()).and_then(|text| text.parse().ok());
        let bad = || {
            Fault::new(FaultKind::Other, format!("item {HEAD}: attribute version is missing or not a number"))
        };
        Ok(Some((json(&item, HEAD)?, version.ok_or_else(bad)?)))
    }

    async fn save_head(&self, json: &str, expected: Option<Version>) -> Result<Version, SaveError> {
        let version = expected.unwrap_or(0) + 1;
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(HEAD.into()))
            .item("version", AttributeValue::N(version.to_string()))
            .item("json", AttributeValue::S(json.to_owned()));
        let call = match expected {
            None => call.condition_expression("attribute_not_exists(pk)"),
            Some(expected) => call
                .condition_expression("version = :expected")
                .expression_attribute_values(":expected", AttributeValue::N(expected.to_string())),
        };
        match call.send().await {
            Ok(_) => Ok(version),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Err(SaveError::Conflict),
            Err(error) => Err(fault("PutItem", &error).into()),
        }
    }

    async fn chunk(&self, name: &str) -> Result<Option<String>, Fault> {
        self.get(key(name)).await?.map(|item| json(&item, name)).transpose()
    }

    async fn save_chunk(&self, name: &str, json: &str, expires: Timestamp) -> Result<(), Fault> {
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", key(name))
            .item("json", AttributeValue::S(json.to_owned()))
            .item("expires_at", AttributeValue::N(expires.as_second().to_string()));
        call.send().await.map(drop).map_err(|error| fault("PutItem", &error))
    }

    async fn delete_chunk(&self, name: &str) -> Result<(), Fault> {
        let call = self.client.delete_item().table_name(&self.table).key("pk", key(name));
        call.send().await.map(drop).map_err(|error| fault("DeleteItem", &error))
    }
}
