//! Reads the logs with one thread per core. Broken files and records are reported and skipped.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use budget_guard_core::replay::{Collected, Replay};
use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt::is_interrupted;
use crate::files::{self, Aside, Content, Found, InputFiles, LeftOut, ValuesError};
use crate::problem::Problem;

/// Maximum number of problems that are reported; the others are only counted.
pub(super) const NAMED: usize = 10;

/// Result of reading all logs.
#[derive(Debug)]
pub(super) struct Reading {
    /// Records and counts for the replay.
    pub collected: Collected,
    /// Number of files and records that could not be read.
    pub skipped: u64,
    /// The first problems.
    pub troubles: Vec<Trouble>,
    /// True if reading a file failed, rather than parsing its content.
    pub io_failed: bool,
    /// Content that is no record of a call.
    pub left_out: LeftOut,
}

/// A file or record that was skipped, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Path of the file.
    pub file: PathBuf,
    /// Number of the record, from 1. `None` for the whole file.
    pub record: Option<u64>,
    /// Reason.
    pub problem: String,
}

/// State of one thread.
struct Reader<'a> {
    replay: &'a Replay,
    collected: Collected,
    skipped: u64,
    troubles: Vec<Trouble>,
    io_failed: bool,
    left_out: LeftOut,
}

/// Reads all logs and merges the results of the threads.
pub(super) fn read(replay: &Replay, logs: InputFiles) -> Result<Reading, Problem> {
    let bar = progress(&logs);
    let next = AtomicUsize::new(0);
    // One writer may fill several pipes in turn, so each pipe has a thread that waits for it.
    let count = thread::available_parallelism().map_or(1, NonZero::get).max(logs.pipes);
    let count = count.min(logs.files.len().max(1));
    let readers: Vec<Option<Reader<'_>>> = thread::scope(|scope| {
        let work = || {
            let mut reader = Reader::new(replay);
            while !is_interrupted()
                && let Some(file) = logs.files.get(next.fetch_add(1, Ordering::Relaxed))
            {
                reader.file(file, &bar);
            }
            reader
        };
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().ok()).collect()
    });
    bar.finish_and_clear();
    let mut reading = Reading {
        collected: Collected::new(replay),
        skipped: 0,
        troubles: Vec::new(),
        io_failed: !logs.unreadable.is_empty(),
        left_out: logs.left_out,
    };
    for (path, error) in logs.unreadable {
        reading.skipped += 1;
        reading.troubles.push(Trouble { file: path, record: None, problem: error.to_string() });
    }
    let mut parts = Vec::new();
    for reader in readers {
        let reader =
            reader.ok_or_else(|| Problem::failed("a reading thread died; this is a bug in budget-guard"))?;
        reading.skipped += reader.skipped;
        reading.troubles.extend(reader.troubles);
        reading.io_failed |= reader.io_failed;
        reading.left_out.append(reader.left_out);
        parts.push(reader.collected);
    }
    // Each thread takes files in order, so its first problems include the first of all.
    reading.troubles.sort_by(|a, b| (&a.file, a.record).cmp(&(&b.file, b.record)));
    reading.troubles.truncate(NAMED);
    reading.collected = Collected::merge(replay, parts);
    Ok(reading)
}

/// Progress bar on a terminal; hidden elsewhere.
fn progress(logs: &InputFiles) -> ProgressBar {
    let (bar, template) = match logs.pipes {
        0 => (ProgressBar::new(logs.bytes), "{bar:30} {bytes} of {total_bytes}, {eta} left"),
        _ => (ProgressBar::no_length(), "{spinner} {bytes}"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl<'a> Reader<'a> {
    fn new(replay: &'a Replay) -> Self {
        Self {
            replay,
            collected: Collected::new(replay),
            skipped: 0,
            troubles: Vec::new(),
            io_failed: false,
            left_out: LeftOut::default(),
        }
    }

    fn file(&mut self, path: &Path, bar: &ProgressBar) {
        let wrap = |file: File| bar.wrap_read(file);
        let opened = files::contents(path, wrap, &mut |path, content| self.content(path, content));
        if let Err(error) = opened {
            self.io(path, &error);
        }
    }

    fn content(&mut self, path: &Path, content: io::Result<Content<&mut dyn Read>>) {
        let mut values = match content {
            Ok(Content::Values(values)) => values,
            Ok(Content::Aside(what)) => return self.left_out.add(what, path),
            Err(error) => return self.io(path, &error),
        };
        let mut record = 0;
        while !is_interrupted() {
            match values.next() {
                Ok(None) => break,
                Ok(Some(value)) => {
                    record += 1;
                    self.value(path, record, value);
                }
                Err(ValuesError::Read(error)) => return self.io(path, &error),
                Err(ValuesError::Broken(problem)) => {
                    let counts = record > 0 && !values.goes_on();
                    let so_far = if counts { "; the records before it count" } else { "" };
                    self.trouble(path, None, format!("{problem}{so_far}"));
                }
            }
        }
        if is_interrupted() {
            return;
        }
        if values.is_empty() {
            self.trouble(path, None, "it is empty; expected CloudTrail records".to_owned());
        }
        if values.has_next_page() {
            let problem = "events are missing: its NextToken names a next page; fetch all of them with the same \
                           command without --max-items and --no-paginate";
            self.trouble(path, None, problem.to_owned());
        }
    }

    /// Adds a record, or the records in an exported value. A value is taken for a record first, which most are.
    fn value(&mut self, path: &Path, number: u64, value: &[u8]) {
        let Err(mut problem) = self.collected.add(self.replay, value) else { return };
        let mut is_read = true;
        let is_whole = files::unwrap(value, &mut |found| match found {
            Found::Event { record: None, .. } => self.left_out.add(Aside::Event, path),
            Found::Record(record) | Found::Event { record: Some(record), .. } => {
                if let Err(error) = self.collected.add(self.replay, record.as_bytes()) {
                    (problem, is_read) = (error, false);
                }
            }
            Found::Aside(what) => self.left_out.add(what, path),
        });
        if !is_whole || !is_read {
            self.trouble(path, Some(number), problem.to_string());
        }
    }

    fn io(&mut self, path: &Path, error: &io::Error) {
        let is_content = files::is_damaged(error);
        self.io_failed |= !is_content;
        let what = if is_content { "damaged content: " } else { "" };
        self.trouble(path, None, format!("{what}{error}"));
    }

    fn trouble(&mut self, path: &Path, record: Option<u64>, problem: String) {
        self.skipped += 1;
        if self.troubles.len() < NAMED {
            self.troubles.push(Trouble { file: path.to_owned(), record, problem });
        }
    }
}
