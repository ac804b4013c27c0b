//! Runs the inputs that fuzzing has collected through the checks of the fuzz target.
//!
//! `make fuzz` starts from the same inputs.

#[path = "../fuzz/src/check.rs"]
mod check;

use std::path::PathBuf;

use budget_guard_tests::folders::root;

/// All files in a folder of the fuzz package.
fn inputs(folder: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/fuzz").join(folder);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| file.expect("a readable folder").path()).collect()
}

#[test]
fn nothing_that_fuzzing_collected_breaks_a_promise() {
    let inputs = [inputs("seeds/sources"), inputs("corpus/sources")].concat();
    assert!(inputs.len() > 100, "the corpus is not there: {} files", inputs.len());
    let breaks = |input: &&PathBuf| {
        let bytes = std::fs::read(input).expect("a readable file");
        std::panic::catch_unwind(|| check::check(&bytes)).is_err()
    };
    let broken: Vec<&PathBuf> = inputs.iter().filter(breaks).collect();
    assert!(broken.is_empty(), "promises broken by {broken:#?}; the messages above say which");
}
