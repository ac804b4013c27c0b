//! Folders that tests read: the repository, and the shared test data, which may be absent.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Path of a file or folder of the shared data. Prints a line and returns `None` if it is absent.
pub fn shared(path: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("BUDGET_GUARD_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = folder.join(path);
    if path.exists() {
        return Some(path);
    }
    say(&format!("skipped: {} is absent (BUDGET_GUARD_SHARED names another folder)", path.display()));
    None
}

/// Prints a line that is shown for passing tests too. The test harness captures only the print macros.
pub fn say(line: &str) {
    // A closed standard error does not fail the test.
    let _ = writeln!(std::io::stderr(), "{line}");
}
