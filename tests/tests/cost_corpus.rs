//! Runs the inputs that fuzzing the reader of budget alerts has collected through the checks of the fuzz target.

#[path = "../fuzz/src/cost_check.rs"]
mod cost_check;

use std::path::PathBuf;

use budget_guard_tests::folders::root;

fn inputs(folder: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/fuzz").join(folder);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| file.expect("a readable folder").path()).collect()
}

#[test]
fn nothing_that_fuzzing_collected_breaks_a_promise() {
    let inputs = [inputs("seeds/cost"), inputs("corpus/cost")].concat();
    assert!(inputs.len() > 50, "the corpus is not there: {} files", inputs.len());
    let breaks = |input: &&PathBuf| {
        let bytes = std::fs::read(input).expect("a readable file");
        std::panic::catch_unwind(|| cost_check::check(&bytes)).is_err()
    };
    let broken: Vec<&PathBuf> = inputs.iter().filter(breaks).collect();
    assert!(broken.is_empty(), "promises broken by {broken:#?}; the messages above say which");
}
