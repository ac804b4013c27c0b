//! The stored items in memory.

use std::collections::BTreeSet;

use super::World;
use super::faults::Call;
use super::lists::page;
use budget_guard_core::budget::OverspentBudgets;
use budget_guard_core::model::{Fault, RuleArn, Timestamp};
use budget_guard_core::ports::{Page, SaveError, Store, Version};
use budget_guard_core::record::Record;
use budget_guard_core::stored::{Blob, Key, RECORDS, Stored};

/// An item as it is stored: a value that cannot be written and read back must not seem to work.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub blob: Blob,
    /// 0 if it was put without a version.
    version: Version,
    expires: Option<Timestamp>,
}

impl World {
    /// The stored record of a rule.
    pub fn record(&self, arn: &RuleArn) -> Option<Record> {
        self.stored(Key::Record(arn))
    }

    /// The stored pressure.
    pub fn pressure(&self) -> Option<OverspentBudgets> {
        self.stored(Key::Budgets)
    }

    /// The stored head of the directory.
    pub fn head_json(&self) -> Option<String> {
        self.lock().items.get(&Key::Head.to_string()).map(|item| item.blob.json.clone())
    }

    /// The names of the chunks that are stored, in order, each with the time until which it is kept.
    pub fn chunks(&self) -> Vec<(String, Timestamp)> {
        let (state, prefix) = (self.lock(), Key::Chunk("").to_string());
        let chunks = state.items.iter().filter_map(|(key, item)| Some((key.strip_prefix(&prefix)?, item)));
        chunks.filter_map(|(name, item)| Some((name.to_owned(), item.expires?))).collect()
    }

    /// Deletes every chunk that has expired by then, as time-to-live does.
    pub fn expire_chunks(&self, now: Timestamp) {
        let prefix = Key::Chunk("").to_string();
        let is_kept = |item: &Item| item.expires.is_none_or(|expires| expires > now);
        self.lock().items.retain(|key, item| !key.starts_with(&prefix) || is_kept(item));
    }

    /// Write units that the calls so far have used.
    pub fn written(&self) -> u64 {
        self.lock().written
    }

    /// DynamoDB counts the whole list with each change.
    fn change_watched(&self, change: impl FnOnce(&mut BTreeSet<RuleArn>) -> bool) {
        let mut state = self.lock();
        change(&mut state.watched);
        state.written += units(state.watched.iter().map(|rule| rule.as_str().len()).sum());
    }

    fn stored<T: Stored>(&self, key: Key<'_>) -> Option<T> {
        T::decode(&self.lock().items.get(&key.to_string())?.blob).ok()
    }
}

fn units(bytes: usize) -> u64 {
    bytes.div_ceil(1_024).max(1) as u64
}

impl Store for World {
    async fn get(&self, key: Key<'_>) -> Result<Option<(Blob, Version)>, Fault> {
        let call = match key {
            Key::Record(_) => Call::Load,
            Key::Head => Call::Head,
            Key::Chunk(_) => Call::Chunk,
            Key::Budgets => Call::LoadPressure,
            Key::Cuts => Call::LoadCuts,
        };
        let get = || {
            let state = self.lock();
            Ok(state.items.get(&key.to_string()).map(|item| (item.blob.clone(), item.version)))
        };
        self.call(call, get).await
    }

    async fn put_if(
        &self,
        key: Key<'_>,
        blob: &Blob,
        expires: Option<Timestamp>,
        expected: Option<Version>,
    ) -> Result<Version, SaveError> {
        let call = match key {
            Key::Record(_) => Call::Save,
            Key::Head => Call::SaveHead,
            Key::Chunk(_) => Call::SaveChunk,
            Key::Budgets => Call::SavePressure,
            Key::Cuts => Call::SaveCuts,
        };
        let put = || {
            let mut state = self.lock();
            if state.items.get(&key.to_string()).map(|item| item.version) != expected {
                state.conflicts += 1;
                return Err(SaveError::Conflict);
            }
            state.written += units(blob.json.len() + blob.firings.len());
            let version = expected.unwrap_or(0) + 1;
            state.items.insert(key.to_string(), Item { blob: blob.clone(), version, expires });
            Ok(version)
        };
        self.call(call, put).await
    }

    async fn put(&self, key: Key<'_>, blob: &Blob, expires: Option<Timestamp>) -> Result<(), Fault> {
        let put = || {
            let mut state = self.lock();
            state.written += units(blob.json.len() + blob.firings.len());
            state.items.insert(key.to_string(), Item { blob: blob.clone(), version: 0, expires });
            Ok(())
        };
        self.call(Call::SaveChunk, put).await
    }

    async fn delete(&self, key: Key<'_>) -> Result<(), Fault> {
        let delete = || {
            self.lock().items.remove(&key.to_string());
            Ok(())
        };
        self.call(Call::DeleteChunk, delete).await
    }

    async fn scan(&self, next_token: Option<&str>) -> Result<Page<(String, Blob)>, Fault> {
        let scan = || {
            let state = self.lock();
            let records = state.items.iter().filter(|(key, _)| key.starts_with(RECORDS));
            let records = records.map(|(key, item)| (key.clone(), item.blob.clone())).collect();
            page(records, next_token, state.page_size)
        };
        self.call(Call::Records, scan).await
    }

    async fn watched(&self) -> Result<Vec<RuleArn>, Fault> {
        self.call(Call::Watched, || Ok(self.watched_rules())).await
    }

    async fn watch(&self, rule: &RuleArn) -> Result<(), Fault> {
        let watch = || {
            self.change_watched(|watched| watched.insert(rule.clone()));
            Ok(())
        };
        self.call(Call::Watch, watch).await
    }

    async fn unwatch(&self, rule: &RuleArn) -> Result<(), Fault> {
        let unwatch = || {
            self.change_watched(|watched| watched.remove(rule));
            Ok(())
        };
        self.call(Call::Unwatch, unwatch).await
    }
}
