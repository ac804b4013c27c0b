//! Dependencies of each build: no AWS crate in the core, no sign-in code in the Lambda, and nothing of one binary in
//! the other.

use std::fs;
use std::process::Command;

use budget_guard_tests::folders::root;

/// Names of the crates that a package depends on.
fn crates(package: &str, edges: &str) -> Vec<String> {
    let arguments = ["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p}"];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--package", package, "--edges", edges])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn check(package: &str, edges: &str, needed: &[&str], unwanted: &[&str]) {
    let crates = crates(package, edges);
    for name in needed {
        assert!(crates.iter().any(|seen| seen == name), "{package} does not build {name}");
    }
    for prefix in unwanted {
        let found: Vec<&String> = crates.iter().filter(|seen| seen.starts_with(prefix)).collect();
        assert!(found.is_empty(), "{package} builds {found:?}");
    }
}

/// Other projects may use the matcher alone.
#[test]
fn the_matcher_builds_without_the_rest() {
    check("eventbridge-pattern", "normal,dev", &["memchr"], &["budget-guard", "aws-", "serde", "tokio"]);
}

#[test]
fn the_core_and_its_tests_build_without_any_aws_crate() {
    check(
        "budget-guard-core",
        "normal,dev",
        &["serde_json", "proptest"],
        &["aws-", "lambda_runtime", "rustls"],
    );
}

#[test]
fn the_lambda_cannot_sign_in_and_has_no_command_line() {
    let unwanted = [
        "aws-sdk-sso",
        "aws-sdk-signin",
        "clap",
        "comfy-table",
        "anstream",
        "budget-guard-lint",
        "budget-guard-report",
        "maud",
        "plotters",
        "saphyr",
        "similar",
        "aws-lc",
        "native-tls",
        "openssl-sys",
    ];
    check("budget-guard-lambda", "normal", &["lambda_runtime", "aws-sdk-eventbridge"], &unwanted);
}

/// Reports are text: they need no image formats, no fonts and no AWS.
#[test]
fn the_reports_draw_svg_alone() {
    let unwanted =
        ["aws-", "image", "font-kit", "ttf-parser", "ab_glyph", "chrono", "plotters-bitmap", "clap"];
    check("budget-guard-report", "normal", &["maud", "plotters-svg"], &unwanted);
}

#[test]
fn the_command_line_signs_in_and_has_no_runtime() {
    let needed = ["aws-sdk-sso", "aws-sdk-ssooidc", "aws-sdk-signin", "clap"];
    check("budget-guard", "normal", &needed, &["lambda_runtime", "aws-lc", "native-tls", "openssl-sys"]);
}

/// The fuzz targets have their own lock file, which no other test reads.
#[test]
fn what_the_core_needs_is_locked_for_the_fuzz_targets_too() {
    let lock = fs::read_to_string(root().join("tests/fuzz/Cargo.lock")).expect("the lock file");
    for package in ["core", "pattern"] {
        let manifest = root().join("src").join(package).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).expect("a manifest");
        let field = |from: &str, to: &str| {
            manifest.split(from).nth(1).and_then(|rest| rest.split(to).next()).map(str::to_owned)
        };
        let name = field("name = \"", "\"").expect("a name");
        let own = lock.split("[[package]]").find(|block| block.contains(&format!("name = \"{name}\"\n")));
        let own = own.unwrap_or_else(|| panic!("{name} is missing in the lock file"));
        let needed = field("[dependencies]\n", "\n\n").expect("dependencies");
        let needed = needed.lines().filter(|line| !line.starts_with('#'));
        let needed: Vec<&str> = needed.filter_map(|line| line.split(['.', ' ']).next()).collect();
        assert!(needed.contains(&"memchr"), "{needed:?}");
        for needed in needed {
            let is_locked = own.contains(&format!(" \"{needed}\",\n"));
            assert!(is_locked, "{name} needs {needed}: cargo update --workspace in tests/fuzz");
        }
    }
}
