//! The lists of rules, and the stored directory, in memory.

use std::collections::BTreeSet;

use super::World;
use super::faults::Call;
use budget_guard_core::model::{Fault, FaultKind, ListedRule, Timestamp};
use budget_guard_core::ports::{Page, SaveError, Shelf, Version};
use budget_guard_core::record::Record;

impl World {
    /// How many rules, or buses, are on a page of a list; 100 if nothing else is said.
    pub fn set_page_size(&self, size: usize) {
        self.lock().page_size = size;
    }

    /// The names of the chunks that are stored, in order, each with the time until which it is kept.
    pub fn chunks(&self) -> Vec<(String, Timestamp)> {
        self.lock().chunks.iter().map(|(name, (_, expires))| (name.clone(), *expires)).collect()
    }

    /// What time-to-live does to everything that has expired by then.
    pub fn expire_chunks(&self, now: Timestamp) {
        self.lock().chunks.retain(|_, (_, expires)| *expires > now);
    }

    /// The stored head of the directory.
    pub fn head_json(&self) -> Option<String> {
        self.lock().head.as_ref().map(|(json, _)| json.clone())
    }

    pub(super) fn page_of_buses(&self, next_token: Option<&str>) -> Result<Page<String>, Fault> {
        let state = self.lock();
        let default = [String::from("default")];
        let buses = state.rules.keys().map(|rule| rule.bus().to_owned());
        let buses: BTreeSet<String> = buses.chain(default).collect();
        page(buses.into_iter().collect(), next_token, state.page_size)
    }

    pub(super) fn page_of_records(&self, next_token: Option<&str>) -> Result<Page<Record>, Fault> {
        let state = self.lock();
        let stored = state.records.values();
        let records = stored.filter_map(|(json, window, _)| Record::from_stored(json, window).ok()).collect();
        page(records, next_token, state.page_size)
    }

    pub(super) fn page_of_rules(
        &self,
        bus: &str,
        next_token: Option<&str>,
    ) -> Result<Page<ListedRule>, Fault> {
        let state = self.lock();
        let rules = state.rules.iter().filter(|(rule, _)| rule.bus() == bus);
        let rules = rules.map(|(rule, found)| ListedRule::of(rule.clone(), found)).collect();
        page(rules, next_token, state.page_size)
    }
}

pub(super) fn page<T>(items: Vec<T>, next_token: Option<&str>, size: usize) -> Result<Page<T>, Fault> {
    let bad =
        |token: &str| Fault::new(FaultKind::Other, format!("{token:?} is not one of the tokens given out"));
    let start = next_token.map_or(Ok(0), |token| token.parse().map_err(|_| bad(token)))?;
    let end = start + size;
    let next_token = (end < items.len()).then(|| end.to_string());
    Ok(Page { items: items.into_iter().skip(start).take(size).collect(), next_token })
}

impl Shelf for World {
    async fn head(&self) -> Result<Option<(String, Version)>, Fault> {
        self.faults.run(Call::Head, || Ok(self.lock().head.clone())).await
    }

    async fn save_head(&self, json: &str, expected: Option<Version>) -> Result<Version, SaveError> {
        let save = || {
            let mut state = self.lock();
            if state.head.as_ref().map(|(_, version)| *version) != expected {
                state.conflicts += 1;
                return Err(SaveError::Conflict);
            }
            let version = expected.unwrap_or(0) + 1;
            state.head = Some((json.to_owned(), version));
            Ok(version)
        };
        self.faults.run(Call::SaveHead, save).await
    }

    async fn chunk(&self, name: &str) -> Result<Option<String>, Fault> {
        let chunk = || Ok(self.lock().chunks.get(name).map(|(json, _)| json.clone()));
        self.faults.run(Call::Chunk, chunk).await
    }

    async fn save_chunk(&self, name: &str, json: &str, expires: Timestamp) -> Result<(), Fault> {
        let save = || {
            self.lock().chunks.insert(name.to_owned(), (json.to_owned(), expires));
            Ok(())
        };
        self.faults.run(Call::SaveChunk, save).await
    }

    async fn delete_chunk(&self, name: &str) -> Result<(), Fault> {
        let delete = || {
            self.lock().chunks.remove(name);
            Ok(())
        };
        self.faults.run(Call::DeleteChunk, delete).await
    }
}
