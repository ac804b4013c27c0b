//! Files that `replay`, `match` and `lint` read, which may be pipes: `mkfifo`, a shell's `<(…)`, or `-` for standard input.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::output;
use crate::problem::Problem;

/// Time after which people are told that a pipe has no writer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns true for `-`, which stands for standard input. A file of that name is `./-`.
fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// Name for people.
pub(crate) fn name(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// Kind and size of a file.
pub(crate) fn metadata(path: &Path) -> io::Result<Metadata> {
    if is_standard_input(path) { standard_input()?.metadata() } else { fs::metadata(path) }
}

fn standard_input() -> io::Result<File> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Returns true if the path is a pipe. A path without a file is none.
pub(crate) fn is_pipe(path: &Path) -> bool {
    metadata(path).is_ok_and(|about| about.file_type().is_fifo())
}

/// Opens a file. A pipe opens once it has a writer; after 2 seconds without one a note says what is missing.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if is_standard_input(path) {
        return standard_input();
    }
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

/// Refuses a pipe that is named for both, because its content is gone once it was read.
pub(crate) fn check_read_once(first: &Path, second: &Path) -> Result<(), Problem> {
    let (Ok(one), Ok(other)) = (metadata(first), metadata(second)) else { return Ok(()) };
    let is_twice = is_standard_input(first) && is_standard_input(second);
    if !is_twice && !one.file_type().is_fifo() || (one.dev(), one.ino()) != (other.dev(), other.ino()) {
        return Ok(());
    }
    let (first, second) = (name(first), name(second));
    Err(Problem::usage(format!("{first} and {second} are the same pipe, which can be read only once"))
        .hint("use a pipe for each, or a file"))
}
