//! How the directory is stored: a head, and chunks named by what is in them. No chunk is ever changed.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Entries, Entry};
use crate::model::{HashUse, RuleArn, Timestamp, content_hash};
use crate::stored::StoredError;

/// DynamoDB takes 400 KB in an item; this leaves room for one more rule of the largest kind, and for names.
pub const MAX_CHUNK_BYTES: usize = 256 * 1024;
/// How long a chunk is kept without being written again. What crashes leave behind goes away by that.
pub const KEEP_CHUNKS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A chunk that is in use is written again this often.
const RENEW_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// No more buckets than this: beyond, hashes are not what keeps them large.
const MAX_BUCKETS: usize = 1 << 16;

/// The rules with one value of the hash, as they lie in a chunk of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Hash of the content.
    hash: String,
    /// The version of the head that was the first to name it: a name that went out of use never comes back.
    version: u64,
    written: Timestamp,
}

impl Bucket {
    /// The name of the chunk.
    pub fn chunk(&self) -> String {
        format!("{}-{}", self.version, self.hash)
    }
}

/// A chunk that has to be written.
#[derive(Debug, PartialEq, Eq)]
pub struct Chunk {
    pub name: String,
    pub json: String,
}

/// The entries in buckets, and the chunks that are not stored yet or soon expire. `version` is that of the next head.
pub fn pack(
    entries: &Entries,
    before: &[Bucket],
    version: u64,
    now: Timestamp,
) -> Result<(Vec<Bucket>, Vec<Chunk>), StoredError> {
    let mut count = before.len().max(1).next_power_of_two();
    let texts = loop {
        let texts = texts(entries, count)?;
        if count >= MAX_BUCKETS || texts.iter().all(|text| text.len() <= MAX_CHUNK_BYTES) {
            break texts;
        }
        count *= 2;
    };
    let mut chunks = Vec::new();
    let mut buckets = Vec::new();
    for (index, json) in texts.into_iter().enumerate() {
        let hash = content_hash(json.as_bytes());
        let known = before.get(index).filter(|bucket| bucket.hash == hash && before.len() == count);
        let bucket = match known {
            Some(bucket) if now < bucket.written + RENEW_AFTER => bucket.clone(),
            known => {
                let version = known.map_or(version, |bucket| bucket.version);
                let bucket = Bucket { hash, version, written: now };
                chunks.push(Chunk { name: bucket.chunk(), json });
                bucket
            }
        };
        buckets.push(bucket);
    }
    Ok((buckets, chunks))
}

fn texts(entries: &Entries, count: usize) -> Result<Vec<String>, StoredError> {
    let mut buckets: Vec<Vec<&Entry>> = vec![Vec::new(); count];
    for entry in entries.values() {
        buckets[place(&entry.rule, count)].push(entry);
    }
    buckets.iter().map(serde_json::to_string).collect::<Result<_, _>>().map_err(damaged)
}

/// The entries of one chunk.
pub fn unpack(json: &str) -> Result<Vec<Entry>, StoredError> {
    serde_json::from_str(json).map_err(damaged)
}

/// A chunk has no schema of its own: the head that names it has.
fn damaged(problem: serde_json::Error) -> StoredError {
    StoredError::Damaged { item: "a chunk of the directory", problem: problem.to_string() }
}

/// Index of the bucket of a rule, of `count` buckets.
fn place(rule: &RuleArn, count: usize) -> usize {
    // A power of two: the remainder is less than `count`.
    (HashUse::Bucket.of(rule.as_str()) % count as u64) as usize
}
