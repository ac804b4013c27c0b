//! Stored directory: read at most every ten seconds, and saved only if its stored version is unchanged.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;

use super::Guard;
use super::drive::Learned;
use super::fresh::{Fresh, Kept};
use super::store::save;
use crate::directory::{self, Bucket, Directory, Entries, Entry, Head, KEEP_CHUNKS};
use crate::guard::Note;
use crate::model::{Fault, FaultKind, Own, Timestamp};
use crate::ports::{Ports, SaveError, Store, Version};
use crate::stored::{Blob, Key, Stored as _, StoredError};

/// Time for which the directory is used before it is read again.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(10);

/// Number of chunks that are read or written at the same time.
const CALLS_AT_ONCE: usize = 16;

/// One version of the stored directory.
#[derive(Debug)]
pub struct StoredDirectory {
    /// Head of the directory.
    pub head: Head,
    /// Version of the head. `None` if it is not stored yet.
    version: Option<Version>,
    /// Entries of each chunk, by the name of the chunk. Only changed chunks are read again.
    chunks: HashMap<String, Arc<[Entry]>>,
    /// Rules of all chunks.
    pub directory: Arc<Directory>,
}

impl StoredDirectory {
    /// Returns true if the default bus was listed completely.
    pub fn is_usable(&self) -> bool {
        self.head.default_bus_at.is_some()
    }
}

/// Directory that this process last read. The inner `None` means that none is stored.
pub(super) type DirectoryCache = Kept<Option<Fresh<Option<Arc<StoredDirectory>>>>>;

impl DirectoryCache {
    /// Returns the directory that was last read, without a request.
    pub(super) fn known(&self) -> Option<Arc<StoredDirectory>> {
        self.lock().as_ref().and_then(|last| last.value.clone())
    }

    fn put(&self, at: Timestamp, stored: Option<Arc<StoredDirectory>>) {
        *self.lock() = Some(Fresh::new(stored, at, FRESH_FOR));
    }
}

impl<P: Ports> Guard<P> {
    /// Returns the directory, at most ten seconds old. `None` if none is stored.
    pub(super) async fn directory(&self) -> Result<Option<Arc<StoredDirectory>>, Fault> {
        let now = self.now();
        let known = self.directory.lock().clone().filter(|last| last.is_fresh(now));
        match known {
            Some(last) => Ok(last.value),
            None => self.load_directory().await,
        }
    }

    /// Reads the directory. Chunks that have not changed are not read again. `None` if none is stored.
    ///
    /// # Errors
    /// The store failed, or the directory is damaged ([`FaultKind::NotFound`]) or of a later version.
    pub async fn load_directory(&self) -> Result<Option<Arc<StoredDirectory>>, Fault> {
        let at = self.now();
        let stored = read(self.ports.store(), self.directory.known().as_ref(), &self.home.own).await?;
        self.directory.put(at, stored.clone());
        Ok(stored)
    }

    /// Returns the directory to start a refresh with: the stored one, or an empty one if none is stored or it is
    /// damaged.
    pub(super) async fn load_or_begin(&self) -> Result<Arc<StoredDirectory>, Fault> {
        match self.load_directory().await {
            Ok(Some(stored)) => Ok(stored),
            Ok(None) => Ok(Arc::new(StoredDirectory::empty(None, &self.home.own))),
            Err(fault) if fault.kind == FaultKind::NotFound => {
                tracing::error!(%fault, "the directory is built anew");
                let version = self.ports.store().get(Key::Head).await?.map(|(_, version)| version);
                Ok(Arc::new(StoredDirectory::empty(version, &self.home.own)))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Edits and saves the directory. `edit` is called again with a newer version if another invocation saved. Nothing
    /// is saved if no directory is stored or nothing changed.
    pub(super) async fn edit_directory<T>(
        &self,
        edit: impl Fn(&mut Head, &mut Entries) -> T,
    ) -> Result<Option<T>, Fault> {
        self.retry(Key::Head, async || match self.load_directory().await? {
            Some(stored) => self.replace_directory(&stored, &edit).await.map(|(_, outcome)| Some(outcome)),
            None => Ok(None),
        })
        .await
    }

    /// Saves the result of `edit` on `before`, if `before` is still the stored version.
    pub(super) async fn replace_directory<T>(
        &self,
        before: &StoredDirectory,
        edit: impl Fn(&mut Head, &mut Entries) -> T,
    ) -> Result<(Arc<StoredDirectory>, T), SaveError> {
        let (mut head, mut entries) = (before.head.clone(), before.directory.entries().clone());
        let outcome = edit(&mut head, &mut entries);
        let now = self.now();
        let old = &before.head.buckets;
        let (buckets, new) =
            directory::pack(&entries, old, before.version.unwrap_or(0) + 1, now).map_err(damaged)?;
        head.buckets = buckets;
        let store = self.ports.store();
        let puts = stream::iter(&new).map(async |chunk| {
            let blob = Blob::from(chunk.json.clone());
            store.put(Key::Chunk(&chunk.name), &blob, Some(now + KEEP_CHUNKS)).await
        });
        puts.buffer_unordered(CALLS_AT_ONCE).try_collect::<()>().await?;
        let version = match before.version {
            Some(version) if before.head == head => version,
            expected => save(store, &head, expected, now).await?,
        };
        self.forget_chunks(old, &head).await;
        let mut chunks = Chunks::new();
        for name in head.buckets.iter().map(Bucket::chunk) {
            let written = new.iter().find(|chunk| chunk.name == name);
            let known = before.chunks.get(&name).cloned();
            let read = || Ok(written.map(|chunk| directory::unpack(&chunk.json)).transpose()?.map(Arc::from));
            let entries = known.map_or_else(read, |known| Ok(Some(known)));
            chunks.extend(entries.map_err(|error: StoredError| damaged(error))?.map(|some| (name, some)));
        }
        let stored = Arc::new(StoredDirectory::new(head, version, chunks, Some(before), &self.home.own));
        self.directory.put(now, Some(Arc::clone(&stored)));
        Ok((stored, outcome))
    }

    /// Deletes chunks that are no longer in use. Chunks that are not deleted here expire.
    async fn forget_chunks(&self, old: &[Bucket], head: &Head) {
        let used: HashSet<String> = head.buckets.iter().map(Bucket::chunk).collect();
        let unused = old.iter().map(Bucket::chunk).filter(|bucket| !used.contains(bucket));
        let deletes = stream::iter(unused).map(async |bucket| {
            if let Err(fault) = self.ports.store().delete(Key::Chunk(&bucket)).await {
                tracing::debug!(bucket, %fault, "a chunk that is out of use stays until it expires");
            }
        });
        deletes.buffer_unordered(CALLS_AT_ONCE).collect::<()>().await;
    }

    /// Enters states that the guard has set or read, all in one edit. Later events are matched by them. Returns notes of
    /// what could not be entered.
    pub(super) async fn enter(&self, mut learned: Vec<Learned>) -> Vec<Note> {
        if let Some(known) = self.directory.known() {
            learned.retain(|one| known.is_changed_by(one));
        }
        if learned.is_empty() {
            return Vec::new();
        }
        let edit = |_: &mut Head, entries: &mut Entries| {
            learned.iter().for_each(|one| one.edit.clone().apply(entries));
        };
        let Err(fault) = self.edit_directory(edit).await else { return Vec::new() };
        let note = |Learned { rule, state, .. }| Note::NotEntered { rule, state, fault: fault.clone() };
        learned.into_iter().map(note).collect()
    }
}

type Chunks = HashMap<String, Arc<[Entry]>>;

/// Reads the directory. `own` are the parts of the guard's stack. `None` if none is stored.
///
/// # Errors
/// The store failed, or the directory is damaged or of a later version.
pub async fn read_directory(store: &impl Store, own: &Own) -> Result<Option<Arc<Directory>>, Fault> {
    Ok(read(store, None, own).await?.map(|stored| Arc::clone(&stored.directory)))
}

/// Reads the directory with its head and version. Chunks in `known` are not read again.
async fn read(
    store: &impl Store,
    known: Option<&Arc<StoredDirectory>>,
    own: &Own,
) -> Result<Option<Arc<StoredDirectory>>, Fault> {
    let mut missing = String::new();
    let mut chunks = known.map(|known| known.chunks.clone()).unwrap_or_default();
    // Another invocation may replace head and chunks between the two reads.
    for _ in 0..3 {
        let Some((blob, version)) = store.get(Key::Head).await? else { return Ok(None) };
        if let Some(known) = known.filter(|known| known.version == Some(version)) {
            return Ok(Some(Arc::clone(known)));
        }
        let head = Head::decode(&blob).map_err(|error| match error {
            StoredError::Damaged { .. } => damaged(error),
            StoredError::LaterSchema { .. } => Fault::new(FaultKind::Other, error.to_string()),
        })?;
        let named: HashSet<String> = head.buckets.iter().map(Bucket::chunk).collect();
        chunks.retain(|name, _| named.contains(name));
        read_chunks(store, &named, &mut chunks).await?;
        match named.into_iter().find(|name| !chunks.contains_key(name)) {
            None => {
                let known = known.map(Arc::as_ref);
                return Ok(Some(Arc::new(StoredDirectory::new(head, version, chunks, known, own))));
            }
            Some(name) => missing = name,
        }
    }
    Err(damaged(format!("its chunk {missing} is missing")))
}

/// Adds the chunks of these names that are stored and not known yet.
async fn read_chunks(store: &impl Store, names: &HashSet<String>, chunks: &mut Chunks) -> Result<(), Fault> {
    let unknown: Vec<&String> = names.iter().filter(|name| !chunks.contains_key(*name)).collect();
    let reads = stream::iter(unknown).map(async |name| {
        let Some((blob, _)) = store.get(Key::Chunk(name)).await? else { return Ok(None) };
        let entries = directory::unpack(&blob.json).map_err(damaged)?;
        Ok::<_, Fault>(Some((name.clone(), Arc::from(entries))))
    });
    let mut reads = reads.buffer_unordered(CALLS_AT_ONCE);
    while let Some(read) = reads.try_next().await? {
        chunks.extend(read);
    }
    Ok(())
}

impl StoredDirectory {
    /// Builds the directory. Patterns are compiled again only if a rule has changed since `known`.
    fn new(head: Head, version: Version, chunks: Chunks, known: Option<&Self>, own: &Own) -> Self {
        let is_known = |known: &&Self| {
            known.chunks.len() == chunks.len() && known.chunks.keys().all(|name| chunks.contains_key(name))
        };
        let directory =
            known.filter(is_known).map(|known| Arc::clone(&known.directory)).unwrap_or_else(|| {
                let entries = chunks.values().flat_map(|entries| entries.iter());
                let entries = entries.map(|entry| (entry.rule.clone(), entry.clone())).collect();
                Arc::new(Directory::new(entries, own.clone()))
            });
        Self { head, version: Some(version), chunks, directory }
    }

    /// Returns true if the directory has a rule in another state.
    fn is_changed_by(&self, learned: &Learned) -> bool {
        let Some(entry) = self.directory.get(&learned.rule) else { return false };
        let mut entries = Entries::from([(learned.rule.clone(), entry.clone())]);
        learned.edit.clone().apply(&mut entries);
        entries.get(&learned.rule) != Some(entry)
    }

    fn empty(version: Option<Version>, own: &Own) -> Self {
        let directory = Arc::new(Directory::new(Entries::new(), own.clone()));
        Self { head: Head::default(), version, chunks: Chunks::new(), directory }
    }
}

fn damaged(problem: impl Display) -> Fault {
    Fault::new(FaultKind::NotFound, format!("the stored directory of rules is damaged: {problem}"))
}
