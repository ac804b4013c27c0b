//! Paths of the product's two programs.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::Failure;

/// Name of the Lambda function's program.
pub const BOOTSTRAP: &str = "bootstrap";
/// Name of the command line's program.
pub const COMMAND: &str = "budget-guard";

/// Folder of the programs, for a program in the same folder.
pub fn folder() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()?;
    let folder = here.parent().ok_or("this program has no folder")?;
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

/// Path of the Lambda function, for a test.
pub fn bootstrap() -> &'static str {
    built(BOOTSTRAP)
}

/// Path of the command line, for a test.
pub fn command() -> &'static str {
    built(COMMAND)
}

/// Path of an up-to-date program. Cargo does not know that a test runs programs of other packages, so the first call
/// builds them.
pub fn built(program: &str) -> &'static str {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let here = std::env::current_exe().expect("a test program has a path");
        // target/debug/deps/test
        let folder = here.ancestors().nth(2).expect("tests lie in a folder of cargo's").to_owned();
        let target = folder.parent().expect("profiles lie in the target folder");
        let status = Command::new(env!("CARGO"))
            // One small test is among them, so that all crates have the features that they have in tests.
            .args(["build", "--quiet", "--offline", "--locked", "--workspace", "--bins"])
            .args(["--test", "tidy", "--target-dir"])
            .arg(target)
            .current_dir(crate::folders::root())
            .status()
            .expect("cargo runs");
        assert!(status.success(), "cargo build --workspace --bins: {status}");
        folder
    });
    let path = folder.join(program).into_os_string().into_string().expect("the path is UTF-8");
    path.leak()
}
