//! Items that survive between invocations: their keys, their layouts, and the errors of reading them.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::model::{RuleArn, Timestamp};

/// Key of a stored item. Its text is the partition key in the table and must never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// Record of a rule.
    Record(&'a RuleArn),
    /// Head of the directory.
    Head,
    /// Chunk of the directory, by its name.
    Chunk(&'a str),
    /// The overspent budgets.
    Budgets,
    /// The cuts of the last hour.
    Cuts,
}

/// Prefix of the keys of all records.
pub const RECORDS: &str = "rule#";

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record(rule) => write!(f, "{RECORDS}{rule}"),
            Self::Head => f.write_str("directory"),
            Self::Chunk(name) => write!(f, "directory#{name}"),
            Self::Budgets => f.write_str("pressure"),
            Self::Cuts => f.write_str("cuts"),
        }
    }
}

/// Content of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blob {
    /// JSON, readable for people and tools.
    pub json: String,
    /// Firings of a record as bytes. Empty in other items.
    pub firings: Vec<u8>,
}

impl From<String> for Blob {
    fn from(json: String) -> Self {
        Self { json, firings: Vec::new() }
    }
}

/// Item that is stored under a key, and saved only if its stored version is unchanged.
pub trait Stored: Sized {
    /// Name of the item in messages, such as "the record".
    const NAME: &'static str;
    /// Version of the layout that is written. Later versions cannot be read.
    const SCHEMA: u32;

    /// Returns the key of the item.
    fn key(&self) -> Key<'_>;
    /// Returns the content to store.
    ///
    /// # Errors
    /// The item cannot be written as JSON.
    fn encode(&self) -> Result<Blob, StoredError>;
    /// Reads the content as this version or an earlier one stored it.
    ///
    /// # Errors
    /// The content is damaged, or a later version wrote it.
    fn decode(blob: &Blob) -> Result<Self, StoredError>;
    /// Time after which the item may be deleted if it is not saved again. `None` means never.
    fn expires(&self, now: Timestamp) -> Option<Timestamp>;

    /// Returns an error that names the item.
    fn damaged(problem: impl ToString) -> StoredError {
        StoredError::Damaged { item: Self::NAME, problem: problem.to_string() }
    }

    /// Reads JSON whose member `schema` is a version that can be read.
    ///
    /// # Errors
    /// The JSON is damaged, or a later version wrote it.
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

/// Reason why a stored item cannot be used. A later layout is refused, because saving it would lose its unknown
/// members.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// A later version wrote the item.
    #[error("{item} has schema {schema}, this version reads up to {known}; install the newer budget-guard")]
    LaterSchema {
        /// Name of the item.
        item: &'static str,
        /// Version of its layout.
        schema: u32,
        /// Latest version that can be read.
        known: u32,
    },
    /// No version writes such content.
    #[error("{item} is damaged: {problem}")]
    Damaged {
        /// Name of the item.
        item: &'static str,
        /// Description of the problem.
        problem: String,
    },
}

#[cfg(test)]
mod tests;
