//! Stored items: loaded, saved, and edited only if the stored version is unchanged.

use jiff::SignedDuration;

use super::Guard;
use crate::model::{Fault, FaultKind, TextId, Timestamp};
use crate::ports::{Clock, Ports, SaveError, Store, Version};
use crate::record::Record;
use crate::stored::{Blob, Key, Stored, StoredError};

/// Number of conflicts in a row after which an edit fails.
const MAX_CONFLICTS: u32 = 12;

/// Loads an item with its version. `None` if it is not stored.
///
/// # Errors
/// The store failed, or the item cannot be used ([`FaultKind::Other`], with its key).
pub async fn load<T: Stored>(store: &impl Store, key: Key<'_>) -> Result<Option<(T, Version)>, Fault> {
    let Some((blob, version)) = store.get(key).await? else { return Ok(None) };
    Ok(Some((T::decode(&blob).map_err(|error| unusable(key, &error))?, version)))
}

/// Saves an item if the stored version is still `expected`, and returns the new version. `None` expects that there is
/// no such item.
///
/// # Errors
/// Another invocation saved it ([`SaveError::Conflict`]), or the store failed.
pub async fn save<T: Stored>(
    store: &impl Store,
    item: &T,
    expected: Option<Version>,
    now: Timestamp,
) -> Result<Version, SaveError> {
    let blob = item.encode().map_err(|error| unusable(item.key(), &error))?;
    store.put_if(item.key(), &blob, item.expires(now), expected).await
}

/// Loads the records of all rules.
///
/// # Errors
/// The store failed, or a record cannot be used ([`FaultKind::Other`], with its key).
pub async fn records(store: &impl Store) -> Result<Vec<Record>, Fault> {
    let (mut records, mut next) = (Vec::new(), None);
    loop {
        let page = store.scan(next.as_deref()).await?;
        for (key, blob) in &page.items {
            records.push(read_record(key, blob)?);
        }
        next = page.next_token;
        if next.is_none() {
            return Ok(records);
        }
    }
}

/// Reads the record in one item of a page.
pub(super) fn read_record(key: &str, blob: &Blob) -> Result<Record, Fault> {
    Record::decode(blob).map_err(|error| unusable(key, &error))
}

fn unusable(key: impl std::fmt::Display, error: &StoredError) -> Fault {
    Fault::new(FaultKind::Other, format!("item {key}: {error}"))
}

impl<P: Ports> Guard<P> {
    /// Loads an item or its default, edits it, and saves it if it changed. `edit` is called again with the newer
    /// version if another process saved. Returns the item as stored now, and the result of `edit`.
    pub(super) async fn edit<T, O>(&self, key: Key<'_>, edit: impl Fn(&mut T) -> O) -> Result<(T, O), Fault>
    where
        T: Stored + Clone + Default + PartialEq,
    {
        let store = self.ports.store();
        self.retry(key, async || {
            let (before, version) = match load::<T>(store, key).await? {
                Some((item, version)) => (item, Some(version)),
                None => (T::default(), None),
            };
            let mut after = before.clone();
            let outcome = edit(&mut after);
            if after != before {
                save(store, &after, version, self.now()).await?;
            }
            Ok((after, outcome))
        })
        .await
    }

    /// Repeats an attempt to load, edit and save an item as long as other processes save it in between.
    pub(super) async fn retry<T>(
        &self,
        key: Key<'_>,
        mut attempt: impl AsyncFnMut() -> Result<T, SaveError>,
    ) -> Result<T, Fault> {
        let mut lost = 0;
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(SaveError::Fault(fault)) => return Err(fault),
                Err(SaveError::Conflict) if lost < MAX_CONFLICTS => {
                    lost += 1;
                    self.pause(key, lost).await;
                }
                Err(SaveError::Conflict) => {
                    let message = format!("{MAX_CONFLICTS} races for the item {key} were lost");
                    return Err(Fault::new(FaultKind::Conflict, message));
                }
            }
        }
    }

    /// Waits up to 10 ms × 2ⁿ. A hash spreads the waits, so that processes do not collide again.
    async fn pause(&self, key: Key<'_>, lost: u32) {
        let now = self.now();
        let span = 10_000u64 << lost.min(6);
        let seed = format!("{key}/{lost}/{}", now.as_nanosecond());
        let micros = TextId::of(&seed).bits() % span;
        let wait = SignedDuration::from_micros(i64::try_from(micros).unwrap_or(0));
        self.ports.clock().sleep_until(now + wait).await;
    }
}
