//! A cut that happened earlier: the outcome of a cut takes minutes, which no test waits for.

use budget_guard_aws::DynamoStore;
use budget_guard_core::aftermath::Aftermath;
use budget_guard_core::model::{RuleArn, Timestamp};
use budget_guard_core::ports::SaveError;
use budget_guard_core::record::Record;
use budget_guard_core::run::{load, save};
use budget_guard_core::stored::Key;
use jiff::SignedDuration;

use crate::Failure;

/// Moves trip and cut in the stored record of a rule to this time. All other times stay, and the events counted since the
/// cut are forgotten: some were on their way when the rule was cut, and would now be long after it.
pub async fn cut_at(store: &DynamoStore, rule: &str, at: Timestamp) -> Result<(), Failure> {
    let change = |record: &mut Record| {
        let after = record.aftermath.as_deref_mut().ok_or("not cut")?;
        let before = after.clone();
        *after = Aftermath::new(at, after.accused);
        (after.is_shown_again, after.is_over) = (before.is_shown_again, before.is_over);
        after.is_watched = before.is_watched;
        record.last_trip.as_mut().ok_or("no trip")?.at = at;
        record.breaker.disabled_mut().ok_or("not cut")?.at = at;
        Ok(at)
    };
    edit(store, rule, change).await
}

/// Moves the trial in the stored record of a rule by this time into the past. If `ends`, its end is due.
pub async fn trial(store: &DynamoStore, rule: &str, by: SignedDuration, ends: bool) -> Result<(), Failure> {
    let change = |record: &mut Record| {
        let trial = record.trial.as_mut().ok_or("no trial")?;
        for at in [&mut trial.disabled_at, &mut trial.enabled_at] {
            *at = at.map(|at| at - by);
        }
        if let Some(disabled) = record.breaker.disabled_mut().filter(|_| ends) {
            disabled.restore_at = Some(disabled.at);
        }
        Ok(record.epoch.began.unwrap_or(Timestamp::UNIX_EPOCH))
    };
    edit(store, rule, change).await
}

/// Makes the planned replay due, with all events up to this time.
pub async fn replay(store: &DynamoStore, rule: &str, to: Timestamp) -> Result<(), Failure> {
    let change = |record: &mut Record| {
        let replay = record.replay.as_mut().ok_or("no replay")?;
        (replay.to, replay.due) = (to, to);
        Ok(to)
    };
    edit(store, rule, change).await
}

/// Changes a record beside a guard that may change it as well. `change` returns the time of the change.
async fn edit(
    store: &DynamoStore,
    rule: &str,
    change: impl Fn(&mut Record) -> Result<Timestamp, Failure>,
) -> Result<(), Failure> {
    let rule: RuleArn = rule.parse()?;
    loop {
        let stored = load::<Record>(store, Key::Record(&rule)).await?;
        let (mut record, version) = stored.ok_or("no record")?;
        let now = change(&mut record)?;
        match save(store, &record, Some(version), now).await {
            Err(SaveError::Conflict) => {}
            saved => return Ok(saved.map(drop)?),
        }
    }
}
