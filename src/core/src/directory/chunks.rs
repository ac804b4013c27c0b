//! Layout of the stored directory: a head, and chunks named by a hash of their content. A chunk is never changed.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Entries, Entry};
use crate::model::{HashUse, RuleArn, Timestamp, content_hash};
use crate::stored::StoredError;

/// Maximum size of a chunk in bytes. DynamoDB allows 400 KB in an item. The rest is room for one more rule of the
/// largest kind, and for names.
pub const MAX_CHUNK_BYTES: usize = 256 * 1024;
/// Time after which a chunk expires if it is not written again. This removes chunks that a crash left behind.
pub const KEEP_CHUNKS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Time after which a chunk in use is written again.
const RENEW_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Number of chunks in use that one edit writes again at most. A tick makes an edit every 15 minutes at least.
const MAX_RENEWED: usize = 16;
/// Size up to which smaller chunks are of no use, in bytes: DynamoDB counts each started KB of a write.
const SMALL_CHUNK_BYTES: usize = 4 * 1024;
/// Size of a bucket in the head, in bytes.
const BUCKET_BYTES: usize = 80;
/// Maximum number of buckets. More of them would not make the largest bucket smaller.
const MAX_BUCKETS: usize = 1 << 16;

/// Rules with the same remainder of the hash, stored in one chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Hash of the content.
    hash: String,
    /// Version of the first head that named the chunk. It prevents that a name is used again.
    version: u64,
    /// Time at which the chunk was last written.
    written: Timestamp,
}

impl Bucket {
    /// Returns the name of the chunk.
    pub fn chunk(&self) -> String {
        format!("{}-{}", self.version, self.hash)
    }
}

/// Chunk to write.
#[derive(Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Name of the chunk.
    pub name: String,
    /// Entries as JSON.
    pub json: String,
}

/// Puts the entries into buckets. Returns the buckets, and the chunks that are not stored yet or expire soon. `before`
/// are the stored buckets; `version` is the version of the next head.
///
/// # Errors
/// An entry cannot be written as JSON.
pub fn pack(
    entries: &Entries,
    before: &[Bucket],
    version: u64,
    now: Timestamp,
) -> Result<(Vec<Bucket>, Vec<Chunk>), StoredError> {
    let written: Vec<(&RuleArn, String)> = entries
        .iter()
        .map(|(rule, entry)| Ok((rule, serde_json::to_string(entry).map_err(damaged)?)))
        .collect::<Result<_, _>>()?;
    let bytes: usize = written.iter().map(|(_, json)| json.len() + 1).sum();
    // A change writes one chunk and the head. Their sum is smallest where they are of the same size.
    let mut count = before.len().max(1).next_power_of_two();
    while count < MAX_BUCKETS && count * SMALL_CHUNK_BYTES.max(count * BUCKET_BYTES) < bytes {
        count *= 2;
    }
    let texts = loop {
        let texts = texts(&written, count);
        if count >= MAX_BUCKETS || texts.iter().all(|text| text.len() <= MAX_CHUNK_BYTES) {
            break texts;
        }
        count *= 2;
    };
    let (mut chunks, mut buckets, mut renewed) = (Vec::new(), Vec::new(), 0);
    for (index, json) in texts.into_iter().enumerate() {
        let hash = content_hash(json.as_bytes());
        let known = before.get(index).filter(|bucket| bucket.hash == hash && before.len() == count);
        let bucket = match known {
            Some(bucket) if now < bucket.written + RENEW_AFTER || renewed >= MAX_RENEWED => bucket.clone(),
            known => {
                renewed += usize::from(known.is_some());
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

/// Arrays of the entries of each bucket, as JSON.
fn texts(written: &[(&RuleArn, String)], count: usize) -> Vec<String> {
    let mut texts = vec![String::from("["); count];
    for (rule, json) in written {
        let text = &mut texts[place(rule, count)];
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(json);
    }
    texts.iter_mut().for_each(|text| text.push(']'));
    texts
}

/// Reads the entries of one chunk.
///
/// # Errors
/// The chunk is damaged.
pub fn unpack(json: &str) -> Result<Vec<Entry>, StoredError> {
    serde_json::from_str(json).map_err(damaged)
}

/// Error of a chunk. A chunk has no schema of its own; the head that names it has one.
fn damaged(problem: serde_json::Error) -> StoredError {
    StoredError::Damaged { item: "a chunk of the directory", problem: problem.to_string() }
}

/// Index of the bucket of a rule among `count` buckets.
fn place(rule: &RuleArn, count: usize) -> usize {
    // The remainder is less than `count`, so it fits.
    (HashUse::Bucket.of(rule.as_str()) % count as u64) as usize
}
