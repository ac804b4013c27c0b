//! `make undeploy` with a stand-in for SAM: what it says before the stack is deleted, and after that failed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use budget_guard_tests::Failure;
use budget_guard_tests::folders::root;

const POLICY: &str = "arn:aws:iam::123456789012:policy/budget-guard-OperatorPolicy-1";

fn program(path: &Path, script: &str) -> Result<(), Failure> {
    fs::write(path, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Runs `make undeploy`, with this outcome of `sam delete`. Returns the success and everything that was printed.
fn undeploy(delete: &str) -> Result<(bool, String), Failure> {
    let folder = tempfile::tempdir()?;
    let outputs = serde_json::json!([
        {"OutputKey": "TableName", "OutputValue": "records"},
        {"OutputKey": "TopicArn", "OutputValue": "any"},
        {"OutputKey": "OperatorPolicyArn", "OutputValue": POLICY},
        {"OutputKey": "QueueUrl", "OutputValue": "any"},
    ]);
    let sam = folder.path().join("sam");
    program(&sam, &format!("[ \"$1\" = delete ] && {{ {delete}; exit; }}\necho '{outputs}'"))?;
    program(&folder.path().join("budget-guard"), "echo status of $BUDGET_GUARD_TABLE")?;
    let mut make = Command::new("make");
    make.arg("undeploy")
        .arg(format!("SAM={}", sam.display()))
        .arg(format!("DIST={}", folder.path().display()));
    make.current_dir(root()).env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    let output = make.output()?;
    let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.success(), told))
}

#[test]
fn undeploy_says_what_to_do_about_the_operators_policy() -> Result<(), Failure> {
    let list = format!("aws iam list-entities-for-policy --policy-arn {POLICY}");
    let (is_good, told) = undeploy("echo deleted; true")?;
    assert!(is_good, "{told}");
    let places =
        ["status of records", "The table records stays.", &list, "deleted"].map(|part| told.find(part));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{told}");
    assert!(!told.contains("The stack is not deleted."), "{told}");

    let (is_good, told) = undeploy("echo DELETE_FAILED; false")?;
    let places = [&list, "DELETE_FAILED", "The stack is not deleted.", "run make undeploy again"];
    let places = places.map(|part| told.find(part));
    assert!(!is_good && places.iter().all(Option::is_some) && places.is_sorted(), "{told}");
    Ok(())
}
