//! A cut that happened earlier: the outcome of a cut takes minutes, which no test waits for.

use budget_guard_aws::DynamoStore;
use budget_guard_core::model::{RuleArn, Timestamp};
use budget_guard_core::record::Record;
use budget_guard_core::run::{load, save};
use budget_guard_core::stored::Key;

use crate::Failure;

/// Moves trip and cut in the stored record of a rule to this time. All other times stay.
pub async fn cut_at(store: &DynamoStore, rule: &str, at: Timestamp) -> Result<(), Failure> {
    let rule: RuleArn = rule.parse()?;
    let stored = load::<Record>(store, Key::Record(&rule)).await?;
    let (mut record, version) = stored.ok_or("no record")?;
    record.aftermath.as_mut().ok_or("not cut")?.cut_at = at;
    record.last_trip.as_mut().ok_or("no trip")?.at = at;
    record.breaker.disabled_mut().ok_or("not cut")?.at = at;
    save(store, &record, Some(version), at).await?;
    Ok(())
}
