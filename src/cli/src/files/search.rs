//! Files named on the command line, and files found in folders by their names and first bytes.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::aside::{Aside, LeftOut};
use super::begins::{self, begins_like_log};
use crate::input;
use crate::problem::Problem;

/// Endings of templates, states and rules.
const TEMPLATES: [&str; 8] = [".yaml", ".yml", ".json", ".jsonl", ".template", ".tfstate", ".gz", ".zip"];
/// Endings of files that are read whatever they hold, so that a broken one is reported.
const ENDINGS: [&str; 8] = [".json", ".jsonl", ".ndjson", ".log", ".csv", ".gz", ".zst", ".zip"];
/// Folders below `AWSLogs/ACCOUNT` in a bucket that hold no calls.
///
/// Sources: "CloudTrail digest file structure" (CloudTrail user guide); "Delivery channel" (AWS Config developer guide);
/// the logging pages of VPC, Elastic Load Balancing, AWS WAF, GuardDuty and Route 53.
const FOLDERS: [(&str, Aside); 7] = [
    ("CloudTrail-Digest", Aside::DigestFolder),
    ("Config", Aside::ConfigFolder),
    ("vpcflowlogs", Aside::ServiceFolder),
    ("elasticloadbalancing", Aside::ServiceFolder),
    ("WAFLogs", Aside::ServiceFolder),
    ("GuardDuty", Aside::ServiceFolder),
    ("vpcdnsquerylogs", Aside::ServiceFolder),
];

/// Files to read, in the order of their paths.
#[derive(Debug, Default)]
pub(crate) struct InputFiles {
    /// Paths of the files. `-` is standard input.
    pub files: Vec<PathBuf>,
    /// Size of all files together, as stored. Pipes have none.
    pub bytes: u64,
    /// Number of pipes among the files.
    pub pipes: usize,
    /// Folders and files that could not be looked at, with the reason.
    pub unreadable: Vec<(PathBuf, io::Error)>,
    /// Content that is no log.
    pub left_out: LeftOut,
    /// Folders that were searched, by their canonical paths: a link may lead back.
    searched: HashSet<PathBuf>,
    /// Canonical path of the file that is passed over.
    but: Option<PathBuf>,
    /// True for templates, false for logs.
    is_for_templates: bool,
}

impl InputFiles {
    /// Finds the files. One that is named is read under any name; a folder is searched, links included. In folders,
    /// the file `but` is passed over: rules often lie beside their logs.
    pub(crate) fn find(named: &[PathBuf], but: Option<&Path>) -> Result<Self, Problem> {
        let but = but.and_then(|but| fs::canonicalize(but).ok());
        Self { but, ..Self::default() }.all(named)
    }

    /// Finds the template, or the files of a folder that may be templates.
    pub(crate) fn templates(named: &Path) -> Result<Self, Problem> {
        Self { is_for_templates: true, ..Self::default() }.all(&[named.to_owned()])
    }

    fn all(mut self, named: &[PathBuf]) -> Result<Self, Problem> {
        for path in named {
            let about = input::metadata(path)
                .map_err(|error| Problem::usage(format!("{}: {error}", path.display())))?;
            if about.is_dir() {
                self.search(path);
            } else {
                self.files.push(path.clone());
                self.bytes += about.len();
            }
        }
        self.files.sort();
        self.files.dedup();
        self.pipes = self.files.iter().filter(|file| input::is_pipe(file)).count();
        Ok(self)
    }

    /// Returns true if there is nothing to read or to report as unreadable.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.unreadable.is_empty()
    }

    fn is_wanted(&self, path: &Path) -> io::Result<bool> {
        let name = lower_name(path);
        if self.is_for_templates {
            return Ok(TEMPLATES.iter().any(|ending| name.ends_with(ending)));
        }
        if has_log_ending(&name) { Ok(true) } else { is_log(path) }
    }

    fn is_passed(&self, file: &Path) -> bool {
        self.but.as_ref().is_some_and(|but| fs::canonicalize(file).is_ok_and(|file| file == *but))
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
        if !self.searched.insert(fs::canonicalize(folder)?) {
            return Ok(());
        }
        let mut paths =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        // The same path wins each time where two links lead to one folder.
        paths.sort();
        for path in paths {
            match fs::metadata(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.left_out.add(Aside::DanglingLink, &path);
                }
                Err(error) => self.unreadable.push((path, error)),
                Ok(about) if about.is_dir() => match left_out_folder(&path) {
                    Some(what) => self.left_out.add(what, &path),
                    None => folders.push(path),
                },
                // A pipe or a device in a folder is no log.
                Ok(about) if !about.is_file() => self.left_out.add(Aside::OtherFile, &path),
                Ok(_) if self.is_passed(&path) => {}
                Ok(about) => match self.is_wanted(&path) {
                    Err(error) => self.unreadable.push((path, error)),
                    Ok(false) => self.left_out.add(Aside::OtherFile, &path),
                    Ok(true) => {
                        self.bytes += about.len();
                        self.files.push(path);
                    }
                },
            }
        }
        Ok(())
    }
}

/// Kind of a folder that is not searched, by its name.
fn left_out_folder(path: &Path) -> Option<Aside> {
    let name = path.file_name()?;
    FOLDERS.iter().find(|(known, _)| *known == name).map(|(_, what)| *what)
}

/// Judgement on an entry of an archive by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// In a folder that holds no calls.
    Folder(Aside),
    /// A log by its ending.
    Named,
    /// To be judged by its first bytes.
    Unknown,
}

/// Judges an entry of an archive like a file of a folder.
pub(super) fn entry(name: &str) -> Entry {
    let path = Path::new(name);
    match path.ancestors().skip(1).find_map(left_out_folder) {
        Some(what) => Entry::Folder(what),
        // macOS stores attributes under the names of the files.
        None if has_log_ending(&name.to_lowercase()) && !name.contains("__MACOSX/") => Entry::Named,
        None => Entry::Unknown,
    }
}

fn lower_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Returns true if the file begins like a log.
fn is_log(path: &Path) -> io::Result<bool> {
    let mut first = Vec::new();
    File::open(path)?.take(begins::NEEDED as u64).read_to_end(&mut first)?;
    // Documents of office programs and Java archives are zip archives too.
    let is_archive = first.starts_with(begins::ZIP);
    Ok(if is_archive { path.extension().is_none() } else { begins_like_log(&first) })
}

fn has_log_ending(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &[u8] = b"{}";

    /// Folder with these files.
    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        root
    }

    fn check(root: &Path, named: &str, expected: &[&str]) -> InputFiles {
        let found = InputFiles::find(&[root.join(named)], None).unwrap();
        let seen: Vec<String> =
            found.files.iter().map(|file| file.strip_prefix(root).unwrap().display().to_string()).collect();
        assert_eq!(seen, expected, "{named}: {:?}", found.left_out);
        found
    }

    #[test]
    fn folders_are_searched_for_logs_by_name_and_by_first_bytes() {
        let root = folder(&[
            ("a.json", LOG),
            ("b/2026/c.JSON.GZ", b"broken"),
            ("b/d.log.gz", LOG),
            ("b/e.jsonl", LOG),
            ("b/f.csv", b"a,b"),
            ("b/firehose-1-2026-11-20-10-00-00", LOG),
            ("b/g.txt", b"\xef\xbb\xbf [{\"a\":1}]"),
            ("b/h.txt", b"2026-11-20T10:00:00.000Z {}"),
            ("b/i.part", b"\x1f\x8b\x08"),
            ("b/j.json.1", b"{\n  \"Records\": []}"),
            ("n/notes.txt", b"no log"),
            ("n/read.md", b"[see](x)"),
            ("n/sheet.xlsx", b"PK\x03\x04"),
            ("n/empty", b""),
        ]);
        let expected = [
            "a.json",
            "b/2026/c.JSON.GZ",
            "b/d.log.gz",
            "b/e.jsonl",
            "b/f.csv",
            "b/firehose-1-2026-11-20-10-00-00",
            "b/g.txt",
            "b/h.txt",
            "b/i.part",
            "b/j.json.1",
        ];
        let found = check(root.path(), "", &expected);
        assert!(found.left_out.is_harmless());
        assert!(!found.is_empty());
        assert!(check(root.path(), "n", &[]).is_empty());
        check(root.path(), "n/notes.txt", &["n/notes.txt"]);
        let rules = root.path().join("b/../a.json");
        assert_eq!(
            InputFiles::find(&[root.path().to_owned()], Some(&rules)).unwrap().files.len(),
            expected.len() - 1
        );
        assert!(InputFiles::find(&[root.path().join("none")], None).is_err());
    }

    #[test]
    fn folders_without_calls_are_left_out_unless_they_are_named() {
        let files = ["CloudTrail/a.json", "CloudTrail-Digest/d.json", "Config/c.json", "vpcflowlogs/v.gz"];
        let root = folder(&files.map(|name| (name, LOG)));
        let found = check(root.path(), "", &["CloudTrail/a.json"]);
        assert!(found.left_out.is_harmless());
        check(root.path(), "CloudTrail/../CloudTrail-Digest", &["CloudTrail/../CloudTrail-Digest/d.json"]);
    }

    #[test]
    fn links_are_followed_once_and_one_to_nothing_is_counted() {
        let root = folder(&[("real/a.json", LOG), ("logs/b.json", LOG)]);
        let link = |to: &str, at: &str| {
            std::os::unix::fs::symlink(root.path().join(to), root.path().join(at)).unwrap();
        };
        link("real", "logs/linked");
        link("logs", "real/back");
        link("real/a.json", "logs/c.json");
        let found = check(root.path(), "logs", &["logs/b.json", "logs/c.json", "logs/linked/a.json"]);
        assert!(found.left_out.is_harmless());
        link("gone", "logs/gone.json");
        assert!(!InputFiles::find(&[root.path().join("logs")], None).unwrap().left_out.is_harmless());
    }
}
