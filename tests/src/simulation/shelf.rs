//! The stored directory of rules, as unkind as the rest of AWS.

use budget_guard_core::model::{Fault, Timestamp};
use budget_guard_core::ports::{SaveError, Shelf, Version};

use super::aws::{Process, State};

impl Shelf for Process {
    async fn head(&self) -> Result<Option<(String, Version)>, Fault> {
        self.call("GetItem", |state| Ok(state.head.clone())).await
    }

    async fn save_head(&self, json: &str, expected: Option<Version>) -> Result<Version, SaveError> {
        let save = |state: &mut State| {
            if state.head.as_ref().map(|(_, version)| *version) != expected {
                return Err(SaveError::Conflict);
            }
            let version = expected.unwrap_or(0) + 1;
            state.head = Some((json.to_owned(), version));
            Ok(version)
        };
        self.call("PutItem", save).await
    }

    async fn chunk(&self, name: &str) -> Result<Option<String>, Fault> {
        self.call("GetItem", |state| Ok(state.chunks.get(name).cloned())).await
    }

    async fn save_chunk(&self, name: &str, json: &str, _: Timestamp) -> Result<(), Fault> {
        let save = |state: &mut State| {
            state.chunks.insert(name.to_owned(), json.to_owned());
            Ok(())
        };
        self.call("PutItem", save).await
    }

    async fn delete_chunk(&self, name: &str) -> Result<(), Fault> {
        let delete = |state: &mut State| {
            state.chunks.remove(name);
            Ok(())
        };
        self.call("DeleteItem", delete).await
    }
}
