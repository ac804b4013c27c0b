//! Files in every language with the reports that belong to them: `NAME.expected` beside `NAME`. A file `NAME.roles.json`
//! is given together with `NAME.jsonl`.

use std::fs;
use std::path::{Path, PathBuf};

use budget_guard_lint::{Input, lint, text, totals};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

fn input(path: &Path) -> Input {
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    Input { path: name, text: fs::read_to_string(path).expect("UTF-8") }
}

#[test]
fn each_sample_has_its_report() {
    let entries = fs::read_dir(folder()).expect("the samples");
    let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    let is_sample = |path: &&PathBuf| {
        let name = path.to_string_lossy();
        !name.ends_with(".expected") && !name.ends_with(".roles.json")
    };
    let samples: Vec<&PathBuf> = paths.iter().filter(is_sample).collect();
    assert!(samples.len() >= 6, "{samples:?}");
    let mut wrong = Vec::new();
    for path in samples {
        let mut inputs = vec![input(path)];
        let roles = path.with_extension("roles.json");
        if roles.exists() {
            inputs.push(input(&roles));
        }
        let report = lint(&inputs);
        let seen = format!("{}{}\n", text(&report, true), totals(&report, "file"));
        let expected = PathBuf::from(format!("{}.expected", path.display()));
        if fs::read_to_string(&expected).ok().as_ref() != Some(&seen) {
            wrong.push(format!("{}:\n{seen}", expected.display()));
        }
    }
    assert!(wrong.is_empty(), "these reports differ from the expected ones:\n{}", wrong.join("\n"));
}
