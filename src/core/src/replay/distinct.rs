//! Ids of records, so that a record that several files have counts once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Ids of records that any reader has read. In a million, two ids collide with a probability of 3 in 10⁸.
#[derive(Debug)]
pub(super) struct Distinct {
    /// Enough shards that readers seldom wait for each other.
    shards: Vec<Mutex<HashSet<u64>>>,
}

impl Default for Distinct {
    fn default() -> Self {
        Self { shards: (0..64).map(|_| Mutex::default()).collect() }
    }
}

impl Distinct {
    /// Returns true if the id is new.
    pub(super) fn add(&self, id: u64) -> bool {
        let shard = &self.shards[(id >> 58) as usize];
        shard.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }
}
