//! Files that `replay` and `match` read, which may be pipes: `mkfifo`, or a shell's `<(…)`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::output;
use crate::problem::Problem;

/// Time after which people are told that a pipe has no writer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Maximum size of a file that is read as a whole, in bytes. The rules of an account are a hundredth of it.
const MAX_WHOLE: u64 = 64 << 20;

/// Returns true if the path is a pipe. A path without a file is none.
pub(crate) fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.file_type().is_fifo())
}

/// Opens a file. A pipe opens once it has a writer; after 2 seconds without one a note says what is missing.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if !is_pipe(path) {
        return File::open(path);
    }
    let (opened, waits) = channel::<()>();
    let shown = path.display().to_string();
    let note = thread::spawn(move || {
        if waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            output::note(format_args!("{shown} is a pipe, and no program writes to it yet; waiting for one"));
        }
    });
    let file = File::open(path);
    drop(opened);
    let _ = note.join();
    file
}

/// Reads a file of at most 64 MiB as a whole.
pub(crate) fn read_whole(path: &Path) -> Result<Vec<u8>, Problem> {
    let failed = |error: io::Error| Problem::usage(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    open(path).map_err(failed)?.take(MAX_WHOLE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_WHOLE {
        return Err(Problem::usage(format!(
            "{} is larger than 64 MiB; expected a file of rules, or one event pattern",
            path.display()
        )));
    }
    Ok(bytes)
}

/// Refuses a pipe that is named for both, because its content is gone once it was read.
pub(crate) fn check_read_once(first: &Path, second: &Path) -> Result<(), Problem> {
    let (Ok(one), Ok(other)) = (fs::metadata(first), fs::metadata(second)) else { return Ok(()) };
    if !one.file_type().is_fifo() || (one.dev(), one.ino()) != (other.dev(), other.ino()) {
        return Ok(());
    }
    let (first, second) = (first.display(), second.display());
    Err(Problem::usage(format!("{first} and {second} are the same pipe, which can be read only once"))
        .hint("use a pipe for each, or a file"))
}
