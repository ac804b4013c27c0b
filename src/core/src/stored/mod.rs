//! Items that survive between invocations: their keys, their layouts, and what can be wrong with them.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::model::{RuleArn, Timestamp};

/// Key of a stored item. Its text is the partition key in the table, and may never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// The record of a rule.
    Record(&'a RuleArn),
    /// The head of the directory.
    Head,
    /// A chunk of the directory, by its name.
    Chunk(&'a str),
    /// The overspent budgets.
    Budgets,
}

/// Beginning of the keys of all records.
pub const RECORDS: &str = "rule#";

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record(rule) => write!(f, "{RECORDS}{rule}"),
            Self::Head => f.write_str("directory"),
            Self::Chunk(name) => write!(f, "directory#{name}"),
            Self::Budgets => f.write_str("pressure"),
        }
    }
}

/// Content of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blob {
    /// JSON, for people and tools.
    pub json: String,
    /// The firings of a record in bytes; empty in other items.
    pub firings: Vec<u8>,
}

impl From<String> for Blob {
    fn from(json: String) -> Self {
        Self { json, firings: Vec::new() }
    }
}

/// An item that is stored under a key, and changed only over the version that was read.
pub trait Stored: Sized {
    /// Name of the item in messages, such as "the record".
    const NAME: &'static str;
    /// Latest layout that this version reads, and the one that it writes.
    const SCHEMA: u32;

    /// The key that the item is stored under.
    fn key(&self) -> Key<'_>;
    /// The item as it is stored.
    fn encode(&self) -> Result<Blob, StoredError>;
    /// The item as it was stored, by this version or an earlier one.
    fn decode(blob: &Blob) -> Result<Self, StoredError>;
    /// Time after which the item may be deleted when it is not saved again; `None`: never.
    fn expires(&self, now: Timestamp) -> Option<Timestamp>;

    /// An error that names the item.
    fn damaged(problem: impl ToString) -> StoredError {
        StoredError::Damaged { item: Self::NAME, problem: problem.to_string() }
    }

    /// Reads JSON whose field `schema` is a layout that this version knows.
    fn parse(json: &str) -> Result<Self, StoredError>
    where
        Self: DeserializeOwned,
    {
        #[derive(Deserialize)]
        struct Layout {
            schema: u32,
        }
        let Layout { schema } = serde_json::from_str(json).map_err(Self::damaged)?;
        if schema > Self::SCHEMA {
            return Err(StoredError::LaterSchema { item: Self::NAME, schema, known: Self::SCHEMA });
        }
        serde_json::from_str(json).map_err(Self::damaged)
    }
}

/// A stored item that this version cannot use. A guard refuses a later layout rather than lose what it does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// A newer version wrote it.
    #[error("{item} has schema {schema}, this version reads up to {known}; install the newer budget-guard")]
    LaterSchema {
        /// Name of the item.
        item: &'static str,
        /// The layout that was found.
        schema: u32,
        /// The latest layout that this version reads.
        known: u32,
    },
    /// It is not what any version writes.
    #[error("{item} is damaged: {problem}")]
    Damaged {
        /// Name of the item.
        item: &'static str,
        /// The problem, in words.
        problem: String,
    },
}

#[cfg(test)]
mod tests;
