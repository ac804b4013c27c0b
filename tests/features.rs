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
