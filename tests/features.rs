//! What each build carries: the core no AWS crate, the Lambda nothing of signing in, each binary nothing of the other.

use std::process::Command;

/// The crates that a build with these features needs.
fn crates(features: &str, edges: &str) -> Vec<String> {
    let arguments =
        ["tree", "--offline", "--locked", "--no-default-features", "--prefix", "none", "--format", "{p}"];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--features", features, "--edges", edges])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn check(features: &str, edges: &str, needed: &[&str], unwanted: &[&str]) {
    let crates = crates(features, edges);
    for name in needed {
        assert!(crates.iter().any(|seen| seen == name), "{features:?} does not build {name}");
    }
    for prefix in unwanted {
        let found: Vec<&String> = crates.iter().filter(|seen| seen.starts_with(prefix)).collect();
        assert!(found.is_empty(), "{features:?} builds {found:?}");
    }
}

#[test]
fn the_core_and_its_tests_build_without_any_aws_crate() {
    check("", "normal,dev", &["serde_json", "proptest"], &["aws-", "lambda_runtime", "rustls"]);
}

#[test]
fn the_lambda_cannot_sign_in_and_has_no_command_line() {
    let unwanted = [
        "aws-sdk-sso",
        "aws-sdk-signin",
        "clap",
        "comfy-table",
        "anstream",
        "aws-lc",
        "native-tls",
        "openssl-sys",
    ];
    check("lambda", "normal", &["lambda_runtime", "aws-sdk-eventbridge"], &unwanted);
}

#[test]
fn the_command_line_signs_in_and_has_no_runtime() {
    let needed = ["aws-sdk-sso", "aws-sdk-ssooidc", "aws-sdk-signin", "clap"];
    check("cli", "normal", &needed, &["lambda_runtime", "aws-lc", "native-tls", "openssl-sys"]);
}

/// The fuzz targets have a lock file of their own, which nothing else in the tests reads.
#[test]
fn what_the_core_needs_is_locked_for_the_fuzz_targets_too() {
    let arguments = ["metadata", "--offline", "--locked", "--no-deps", "--format-version", "1"];
    let root = env!("CARGO_MANIFEST_DIR");
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root).output().expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let declared = metadata["packages"][0]["dependencies"].as_array().expect("dependencies");
    let is_core = |one: &&serde_json::Value| one["kind"].is_null() && one["optional"] == false;
    let needed: Vec<_> = declared.iter().filter(is_core).filter_map(|one| one["name"].as_str()).collect();
    assert!(needed.contains(&"serde_json"), "{needed:?}");

    let lock = std::fs::read_to_string(format!("{root}/tests/fuzz/Cargo.lock")).expect("the lock file");
    let own = lock.split("[[package]]").find(|block| block.contains("name = \"budget-guard\"\n"));
    let own = own.expect("the crate itself");
    for name in needed {
        assert!(
            own.contains(&format!(" \"{name}\",\n")),
            "{name} is missing: cargo update --workspace there"
        );
    }
}
