//! The stored items, as unkind as the rest of AWS.

use budget_guard_core::budget::OverspentBudgets;
use budget_guard_core::model::{Fault, RuleArn, Timestamp};
use budget_guard_core::ports::{Page, SaveError, Store, Version};
use budget_guard_core::record::Record;
use budget_guard_core::stored::{Blob, Key, RECORDS, Stored};

use super::aws::{Process, State};
use super::{Planted, check};

impl State {
    pub fn record(&self, rule: &RuleArn) -> Option<Record> {
        self.stored(Key::Record(rule))
    }

    /// The records of all rules.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let records = self.items.iter().filter(|(key, _)| key.starts_with(RECORDS));
        records.filter_map(|(_, (blob, _))| Record::decode(blob).ok())
    }

    pub fn pressure(&self) -> Option<OverspentBudgets> {
        self.stored(Key::Budgets)
    }

    fn stored<T: Stored>(&self, key: Key<'_>) -> Option<T> {
        T::decode(&self.items.get(&key.to_string())?.0).ok()
    }
}

impl Store for Process {
    async fn get(&self, key: Key<'_>) -> Result<Option<(Blob, Version)>, Fault> {
        let get = |state: &mut State| {
            let mut found = state.items.get(&key.to_string()).cloned();
            if let (Key::Record(rule), Planted::NoEpochCheck) = (key, state.planted)
                && let (Some((blob, _)), Some(mut record)) = (&mut found, state.record(rule))
            {
                record.epoch.began = None;
                *blob = record.encode().expect("a record");
            }
            Ok(found)
        };
        self.call("GetItem", get).await
    }

    async fn put_if(
        &self,
        key: Key<'_>,
        blob: &Blob,
        _: Option<Timestamp>,
        expected: Option<Version>,
    ) -> Result<Version, SaveError> {
        let save = |state: &mut State| {
            let stored = state.items.get(&key.to_string()).map(|(_, version)| *version);
            let is_planted = state.planted == Planted::LastWriterWins && matches!(key, Key::Record(_));
            if stored != expected && !is_planted {
                return Err(SaveError::Conflict);
            }
            let version = stored.unwrap_or(0) + 1;
            if matches!(key, Key::Record(_)) {
                check::before_save(state, &Record::decode(blob).expect("a record"));
            }
            state.items.insert(key.to_string(), (blob.clone(), version));
            Ok(version)
        };
        self.call("PutItem", save).await
    }

    async fn put(&self, key: Key<'_>, blob: &Blob, _: Option<Timestamp>) -> Result<(), Fault> {
        let put = |state: &mut State| {
            state.items.insert(key.to_string(), (blob.clone(), 0));
            Ok(())
        };
        self.call("PutItem", put).await
    }

    async fn delete(&self, key: Key<'_>) -> Result<(), Fault> {
        let delete = |state: &mut State| {
            state.items.remove(&key.to_string());
            Ok(())
        };
        self.call("DeleteItem", delete).await
    }

    /// All records, on one page.
    async fn scan(&self, _: Option<&str>) -> Result<Page<(String, Blob)>, Fault> {
        let scan = |state: &mut State| {
            let records = state.items.iter().filter(|(key, _)| key.starts_with(RECORDS));
            let items = records.map(|(key, (blob, _))| (key.clone(), blob.clone())).collect();
            Ok(Page { items, next_token: None })
        };
        self.call("Scan", scan).await
    }

    async fn watched(&self) -> Result<Vec<RuleArn>, Fault> {
        self.call("GetItem", |state| Ok(state.watched.iter().cloned().collect())).await
    }

    async fn watch(&self, rule: &RuleArn) -> Result<(), Fault> {
        let watch = |state: &mut State| {
            state.watched.insert(rule.clone());
            Ok(())
        };
        self.call("UpdateItem", watch).await
    }

    async fn unwatch(&self, rule: &RuleArn) -> Result<(), Fault> {
        let unwatch = |state: &mut State| {
            state.watched.remove(rule);
            Ok(())
        };
        self.call("UpdateItem", unwatch).await
    }
}
