//! Budget pressure in the ledger's table: one item of overspent budgets.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;

use super::clock::SystemClock;
use super::ledger::{DynamoLedger, Item, damaged, json, put, version};
use budget_guard_core::model::{Fault, FaultKind, Timestamp};
use budget_guard_core::ports::{Clock, PressureStore, SaveError, Version};
use budget_guard_core::pressure::Pressure;

/// Partition key of the item with the overspent budgets: `version`, `pressure` (JSON), `expires_at` (TTL).
const PRESSURE: &str = "pressure";
/// The item outlives the last of its budgets by this: other clocks may be behind.
const KEEP_PRESSURE: SignedDuration = SignedDuration::from_hours(24);

fn read_pressure(item: &Item) -> Result<(Pressure, Version), Fault> {
    let pressure = Pressure::from_stored(json(item, "pressure")?).map_err(|error| damaged(item, error))?;
    Ok((pressure, version(item)?))
}

impl PressureStore for DynamoLedger {
    async fn load_pressure(&self) -> Result<Option<(Pressure, Version)>, Fault> {
        let key = AttributeValue::S(PRESSURE.into());
        self.get(key).await?.as_ref().map(read_pressure).transpose()
    }

    async fn save_pressure(
        &self,
        pressure: &Pressure,
        expected: Option<Version>,
    ) -> Result<Version, SaveError> {
        let json = pressure.to_stored().map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
        let ends = pressure.ends().unwrap_or_else(|| SystemClock.now());
        let expires = ends.saturating_add(KEEP_PRESSURE).unwrap_or(Timestamp::MAX).as_second();
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(PRESSURE.into()))
            .item("pressure", AttributeValue::S(json))
            .item("expires_at", AttributeValue::N(expires.to_string()));
        put(call, expected).await
    }
}
