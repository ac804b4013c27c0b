//! Where the two binaries are, for the programs that cargo builds as examples: one folder above them.

use std::path::{Path, PathBuf};

use super::Failure;

pub const BOOTSTRAP: &str = "bootstrap";
pub const COMMAND: &str = "budget-guard";

/// The folder of the binaries, with both in it.
pub fn folder() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent).ok_or("this program has no folder")?;
    for program in [BOOTSTRAP, COMMAND] {
        if !folder.join(program).is_file() {
            let missing = folder.join(program);
            return Err(
                format!("{} is missing: make demo and make soak build it first", missing.display()).into()
            );
        }
    }
    Ok(folder.to_path_buf())
}
