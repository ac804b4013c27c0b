//! Destination of a result: standard output, or a file that appears only when it is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process;

use budget_guard_core::escape;
use serde_json::Value;

use crate::problem::Problem;

/// Destination of a result.
#[derive(Debug)]
pub(crate) enum Sink {
    /// Standard output. Lines are printed as they come.
    Output,
    /// Device or pipe, which cannot be replaced.
    Device(File, PathBuf),
    /// Regular file.
    Part(Part),
}

/// File beside the one that is asked for. It is removed unless it is finished.
#[derive(Debug)]
pub(crate) struct Part {
    file: BufWriter<File>,
    /// Path of the unfinished file.
    part: PathBuf,
    /// Path of the finished file.
    path: PathBuf,
    is_finished: bool,
}

impl Sink {
    /// Opens the file, or standard output without one.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Problem> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else { return Ok(Self::Output) };
        let failed = |error: io::Error| Problem::failed(format!("{}: {error}", path.display()));
        // A link stays a link: the file behind it is replaced.
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&real) {
            Ok(about) if about.is_dir() => {
                Err(Problem::usage(format!("{} is a folder; expected a file", path.display())))
            }
            Ok(about) if !about.is_file() => {
                let file = OpenOptions::new().write(true).open(&real).map_err(failed)?;
                Ok(Self::Device(file, real))
            }
            _ => Part::beside(&real).map(Self::Part).map_err(failed),
        }
    }

    /// Returns true if the lines go to a terminal.
    pub(crate) fn is_on_terminal(&self) -> bool {
        matches!(self, Self::Output) && io::stdout().is_terminal()
    }

    /// Writes one line, with invisible characters escaped. False if the reader has gone (`| head`), and no line is needed
    /// any more.
    pub(crate) fn line(&mut self, line: &Value) -> Result<bool, Problem> {
        self.text(&format!("{}\n", escape::json(&line.to_string())))
    }

    /// Writes a text as it is. False if the reader has gone.
    pub(crate) fn text(&mut self, text: &str) -> Result<bool, Problem> {
        let written = match self {
            Self::Output => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            }
            Self::Device(file, _) => file.write_all(text.as_bytes()),
            Self::Part(part) => part.file.write_all(text.as_bytes()),
        };
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Puts the file in its place.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        match self {
            Self::Part(mut part) => {
                part.finish().map_err(|error| Problem::failed(format!("{}: {error}", part.path.display())))
            }
            Self::Output | Self::Device(..) => Ok(()),
        }
    }

    fn failed(&self, error: &io::Error) -> Problem {
        Problem::failed(match self {
            Self::Output => format!("standard output: {error}"),
            Self::Device(_, path) | Self::Part(Part { path, .. }) => format!("{}: {error}", path.display()),
        })
    }
}

impl Part {
    fn beside(path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let part = path.with_file_name(format!(".{name}.{}.part", process::id()));
        let file = BufWriter::new(File::create_new(&part)?);
        Ok(Self { file, part, path: path.to_owned(), is_finished: false })
    }

    fn finish(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.part, &self.path)?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_finished {
            // An error is ignored: the name says that the file is a part.
            let _ = fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::tempdir;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("rules.jsonl");
        fs::write(&path, "before").unwrap();
        let mut given_up = Sink::open(Some(&path)).unwrap();
        given_up.line(&json!({"Name": "a"})).unwrap();
        drop(given_up);
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        let mut whole = Sink::open(Some(&path)).unwrap();
        whole.line(&json!({"Name": "a\u{202e}"})).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        whole.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"Name\":\"a\\u202e\"}\n");
        assert_eq!(names(folder.path()), ["rules.jsonl"]);
    }

    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "before").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut sink = Sink::open(Some(&link)).unwrap();
        sink.line(&json!(1)).unwrap();
        sink.finish().unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "1\n");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let mut null = Sink::open(Some(Path::new("/dev/null"))).unwrap();
        assert!(null.line(&json!(1)).unwrap());
        null.finish().unwrap();
        assert!(Sink::open(Some(folder.path())).is_err());
    }
}
