//! Runs the inputs that fuzzing has collected through the checks of the fuzz targets.
//!
//! `make fuzz` starts from the same inputs.

#[path = "../fuzz/src/check.rs"]
mod check;
#[path = "../fuzz/src/cost_check.rs"]
mod cost_check;

use std::path::PathBuf;

use budget_guard_tests::folders::root;

/// All files in a folder of the fuzz package.
fn inputs(folder: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/fuzz").join(folder);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| file.expect("a readable folder").path()).collect()
}

/// Runs a check on all seeds and collected inputs of one target.
fn check_all(target: &str, at_least: usize, check: fn(&[u8])) {
    let inputs = [inputs(&format!("seeds/{target}")), inputs(&format!("corpus/{target}"))].concat();
    assert!(inputs.len() > at_least, "the corpus is not there: {} files", inputs.len());
    let breaks = |input: &&PathBuf| {
        let bytes = std::fs::read(input).expect("a readable file");
        std::panic::catch_unwind(|| check(&bytes)).is_err()
    };
    let broken: Vec<&PathBuf> = inputs.iter().filter(breaks).collect();
    assert!(broken.is_empty(), "promises broken by {broken:#?}; the messages above say which");
}

#[test]
fn no_collected_payload_breaks_a_promise() {
    check_all("sources", 100, check::check);
}

#[test]
fn no_collected_alert_about_cost_breaks_a_promise() {
    check_all("cost", 50, cost_check::check);
}
