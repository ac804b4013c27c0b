//! The folder of shared test data, which may be absent.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The path of a file or folder of the shared data. Prints a line and returns `None` if it is absent.
#[expect(clippy::disallowed_methods, reason = "the environment names the folder")]
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("BUDGET_GUARD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    say(&format!("skipped: {} is absent (BUDGET_GUARD_SHARED names another folder)", path.display()));
    None
}

/// Prints a line that is shown for passing tests as well. The test harness captures only the print macros.
pub fn say(line: &str) {
    // A closed standard error is no problem of the test.
    let _ = writeln!(std::io::stderr(), "{line}");
}
