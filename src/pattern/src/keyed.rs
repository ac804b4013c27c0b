//! Keyed hash. The keys are random, so that authors of patterns and events cannot provoke collisions in a table.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Hash table with keys from patterns and events.
pub(super) type Table<K, V> = HashMap<K, V, Keyed>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Keyed(u64, u64);

impl Default for Keyed {
    /// Takes random keys from the standard library, new ones for each table.
    fn default() -> Self {
        let random = RandomState::new();
        Self(random.hash_one(0) | 1, random.hash_one(1))
    }
}

impl BuildHasher for Keyed {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded { state: self.1, factor: self.0 }
    }
}

/// Hasher that multiplies to 128 bits and folds them to 64, eight bytes at a time.
#[derive(Debug)]
pub(super) struct Folded {
    state: u64,
    factor: u64,
}

impl Folded {
    fn fold(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.factor);
        self.state = (product as u64) ^ (product >> 64) as u64;
    }
}

impl Hasher for Folded {
    /// The caller hashes the length, so the last words may overlap.
    fn write(&mut self, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks::<8>();
        if let Some(last) = bytes.last_chunk() {
            for word in words {
                self.fold(u64::from_le_bytes(*word));
            }
            self.fold(u64::from_le_bytes(*last));
        } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            self.fold(u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)));
        } else if let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
            let middle = bytes[bytes.len() / 2];
            self.fold(u64::from(*first) << 16 | u64::from(middle) << 8 | u64::from(*last));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.fold(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.fold(word as u64);
    }

    fn finish(&self) -> u64 {
        let product = u128::from(self.state) * u128::from(self.factor);
        (product as u64) ^ (product >> 64) as u64
    }
}
