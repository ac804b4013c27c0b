//! Samples in the documents: what this version makes.

/// Compares a sample with what it has to be.
pub(crate) fn check_sample(name: &str, expected: &str) {
    let path = format!("{}/../../infra/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::fs::read_to_string(&path).is_ok_and(|seen| seen == expected) {
        return;
    }
    let made = std::env::temp_dir().join(name);
    std::fs::write(&made, expected).expect("a sample");
    panic!("{path} is out of date: cp {} {path}", made.display());
}
