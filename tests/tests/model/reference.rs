//! Runs the plain model of the rules of evidence, which is not part of the project, over timelines in a file.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::timeline::{Timeline, Verdict};

/// Program that loads the model without its main part and prints its verdict on each timeline.
const DRIVER: &str = r#"
import json, sys
path, given = sys.argv[1:]
source = []
for line in open(path, encoding="utf-8"):
    if line.startswith("if sys.argv"):
        break
    source.append(line)
model = {"__name__": "model", "__file__": path}
exec(compile("".join(source), path, "exec"), model)
SOFT = ("service", "sibling", "unplaced-session")
for line in open(given, encoding="utf-8"):
    row = json.loads(line)
    firings = [(t, who == "own", words, frozenset(on), who in SOFT, refused) for t, who, words, on, refused in row["firings"]]
    print(json.dumps(model["verdict"](firings, row["answer_time"])))
"#;

/// The model, from the shared folder.
pub struct Reference<'a> {
    pub path: &'a Path,
}

impl Reference<'_> {
    /// Returns true if Python is installed.
    pub fn can_run() -> bool {
        Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success())
    }

    /// Verdicts on the timelines, in the same order.
    pub fn judge(&self, timelines: &[Timeline]) -> Vec<Verdict> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        for timeline in timelines {
            let line = serde_json::to_string(timeline).expect("JSON");
            writeln!(file, "{line}").expect("room");
        }
        let mut command = Command::new("python3");
        command.args(["-c", DRIVER]).arg(self.path).arg(file.path());
        let output = command.output().expect("Python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        let verdicts: Vec<Verdict> = lines.lines().map(verdict).collect();
        assert_eq!(verdicts.len(), timelines.len(), "a verdict for each");
        verdicts
    }
}

/// Reads the number of firings until the cut, or `null`, and the reason.
fn verdict(line: &str) -> Verdict {
    let (after, why): (Option<usize>, Value) = serde_json::from_str(line).expect("a verdict");
    let why = why.as_str().unwrap_or_default();
    match after {
        Some(after) => Verdict::Cut(after, why.to_owned()),
        None => match why.strip_prefix("suspect: ") {
            Some(why) => Verdict::Suspect(why.to_owned()),
            None => Verdict::LeftAlone(why.to_owned()),
        },
    }
}
