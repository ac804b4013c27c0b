//! Log files of `replay`: files by name, and files found in folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::input;
use crate::problem::Problem;

const ENDINGS: &[&str] = &[".json", ".json.gz"];
/// Folder of digest files, which hold hashes and no events.
const DIGESTS: &str = "CloudTrail-Digest";

/// Files to read, in the order of their paths.
#[derive(Debug, Default)]
pub(super) struct Logs {
    /// Paths of the files.
    pub files: Vec<PathBuf>,
    /// Size of all files together, as stored. Pipes have none.
    pub bytes: u64,
    /// Number of pipes among the files.
    pub pipes: usize,
    /// Folders that could not be read, with the reason.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

impl Logs {
    /// Finds the logs. A file named on the command line is read under any name; a folder is searched.
    pub(super) fn find(named: &[PathBuf]) -> Result<Self, Problem> {
        let mut logs = Self::default();
        for path in named {
            let about =
                fs::metadata(path).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))?;
            if about.is_dir() {
                logs.search(path);
            } else {
                logs.files.push(path.clone());
                logs.bytes += about.len();
            }
        }
        logs.files.sort();
        logs.files.dedup();
        logs.pipes = logs.files.iter().filter(|file| input::is_pipe(file)).count();
        if logs.files.is_empty() && logs.unreadable.is_empty() {
            let seen: Vec<String> = named.iter().map(|path| path.display().to_string()).collect();
            return Err(Problem::usage(format!(
                "no log file in {}; expected .json or .json.gz",
                seen.join(", ")
            ))
            .hint(
                "CloudTrail's bucket holds them: aws s3 sync s3://BUCKET/AWSLogs/ACCOUNT/CloudTrail logs",
            ));
        }
        Ok(logs)
    }

    fn search(&mut self, folder: &Path) {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            if let Err(error) = self.list(&folder, &mut folders) {
                self.unreadable.push((folder, error));
            }
        }
    }

    fn list(&mut self, folder: &Path, folders: &mut Vec<PathBuf>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            // Links are not followed, because a link to a folder could form a cycle.
            if entry.file_type()?.is_dir() {
                if name != DIGESTS {
                    folders.push(path);
                }
            } else if ENDINGS.iter().any(|ending| name.to_string_lossy().ends_with(ending)) && path.is_file()
            {
                self.bytes += fs::metadata(&path)?.len();
                self.files.push(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_for_logs_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("us-east-1/2026");
        let digests = root.path().join("CloudTrail-Digest");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(&digests).unwrap();
        for file in [
            deep.join("b.json.gz"),
            root.path().join("a.json"),
            root.path().join("notes.txt"),
            digests.join("d.json"),
        ] {
            fs::write(file, "{}").unwrap();
        }
        let logs = Logs::find(&[root.path().to_owned(), root.path().join("a.json")]).unwrap();
        let expected = [root.path().join("a.json"), deep.join("b.json.gz")];
        assert_eq!(logs.files, expected);
        assert!(Logs::find(&[digests.join("none")]).is_err());
        let error =
            Logs::find(&[root.path().join("us-east-1/2026/../../CloudTrail-Digest")]).map(|logs| logs.files);
        assert_eq!(error.unwrap(), [root.path().join("us-east-1/2026/../../CloudTrail-Digest/d.json")]);
    }
}
