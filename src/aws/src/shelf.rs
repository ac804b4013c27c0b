//! The directory of rules in the ledger's table: the item `directory`, and an item for each chunk.

use aws_sdk_dynamodb::types::AttributeValue;

use super::fault::fault;
use super::ledger::{DynamoLedger, json, put, version};
use budget_guard_core::model::{Fault, Timestamp};
use budget_guard_core::ports::{SaveError, Shelf, Version};

/// Partition key of the head; those of chunks go on with `#NAME`.
const HEAD: &str = "directory";

fn key(chunk: &str) -> AttributeValue {
    AttributeValue::S(format!("{HEAD}#{chunk}"))
}

impl Shelf for DynamoLedger {
    async fn head(&self) -> Result<Option<(String, Version)>, Fault> {
        let Some(item) = self.get(AttributeValue::S(HEAD.into())).await? else { return Ok(None) };
        Ok(Some((json(&item, "json")?.to_owned(), version(&item)?)))
    }

    async fn save_head(&self, json: &str, expected: Option<Version>) -> Result<Version, SaveError> {
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(HEAD.into()))
            .item("json", AttributeValue::S(json.to_owned()));
        put(call, expected).await
    }

    async fn chunk(&self, name: &str) -> Result<Option<String>, Fault> {
        self.get(key(name)).await?.map(|item| json(&item, "json").map(str::to_owned)).transpose()
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
