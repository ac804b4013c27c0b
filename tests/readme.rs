//! Every command that the documents name exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The word after `lead` wherever it stands in code: a fenced block or a span between backticks.
fn words_after(document: &str, lead: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(document)).expect("the document");
    let in_code = |line: &str| line.contains('`') || !line.contains("](");
    let mut words = BTreeSet::new();
    for line in text.lines().filter(|line| in_code(line)) {
        for piece in line.split(lead).skip(1) {
            let word: String = piece.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let before_ok = line.starts_with(lead)
                || line.contains(&format!("`{lead}"))
                || line.contains(&format!("$ {lead}"));
            if before_ok && !word.is_empty() {
                words.insert(word);
            }
        }
    }
    words
}

#[test]
fn every_make_target_that_is_named_exists() {
    let makefile =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Makefile")).expect("the Makefile");
    let targets = words_after("README.md", "make ");
    assert!(targets.len() >= 6, "{targets:?}");
    for target in targets.iter().chain(&words_after("infra/README.md", "make ")) {
        assert!(
            makefile.lines().any(|line| line.starts_with(&format!("{target}:"))),
            "make {target} does not exist"
        );
    }
}

#[test]
fn every_command_of_the_program_that_is_named_exists() {
    let verbs = words_after("README.md", "budget-guard ");
    assert!(verbs.contains("enable") && verbs.contains("attach"), "{verbs:?}");
    for verb in verbs.iter().chain(&words_after("infra/README.md", "budget-guard ")) {
        let status = Command::new(env!("CARGO_BIN_EXE_budget-guard"))
            .args(["help", verb])
            .output()
            .expect("it runs")
            .status;
        assert!(status.success(), "budget-guard {verb} does not exist");
    }
}
