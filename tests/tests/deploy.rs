//! `make deploy` with stand-ins for SAM and Cargo: it names everything that is missing before it builds.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use budget_guard_tests::Failure;
use budget_guard_tests::folders::root;
use serde_json::json;
use tempfile::TempDir;

/// Replies of `sam list stack-outputs`. Source: samcli/commands/list/exceptions.py (AWS SAM CLI).
const NEW: &str = "echo 'Error: The input stack guard-b does not exist on Cloudformation in the region eu-west-1' >&2; exit 1";
const NO_OUTPUTS: &str = "echo 'Error: Outputs do not exist for the input stack guard-b on Cloudformation in the region eu-west-1' >&2; exit 1";
const NO_REGION: &str = "echo 'Error: No region was specified/found. Please provide a region via the --region parameter or by the AWS_REGION environment variable.' >&2; exit 1";
const NO_CREDENTIALS: &str = "echo 'Error: Unable to locate credentials' >&2; exit 1";
const DENIED: &str =
    "echo 'Error: An error occurred (AccessDenied) when calling the DescribeStacks operation' >&2; exit 1";

fn program(path: &Path, script: &str) -> Result<(), Failure> {
    fs::write(path, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn outputs(names: &[&str]) -> String {
    let outputs: Vec<_> =
        names.iter().map(|name| json!({"OutputKey": name, "OutputValue": format!("{name} of it")})).collect();
    format!("echo '{}'", json!(outputs))
}

fn own_outputs() -> String {
    outputs(&["TableName", "TopicArn", "QueueUrl", "OperatorPolicyArn", "IngestFunctionName"])
}

/// A folder of stand-ins that write their arguments to the file `calls`.
struct Stage(TempDir);

impl Stage {
    /// `sam list` runs this script. Without one there is no `sam`.
    fn new(list: Option<&str>) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        let log = format!("echo \"$(basename $0) $*\" >> {}", path("calls").display());
        if let Some(list) = list {
            program(&path("sam"), &format!("{log}\n[ $1 = list ] || exit 0\n{list}"))?;
        }
        let built = path("target/release");
        fs::create_dir_all(&built)?;
        fs::write(built.join("bootstrap"), "ELF")?;
        fs::write(built.join("budget-guard"), "ELF")?;
        program(&path("cargo"), &log)?;
        Ok(Self(folder))
    }

    /// Runs `make ARGS`. Returns the success and everything that was printed.
    fn make(&self, args: &[&str]) -> Result<(bool, String), Failure> {
        let folder = self.0.path();
        let mut make = Command::new("make");
        make.args(args)
            .arg(format!("CARGO={}", folder.join("cargo").display()))
            .arg(format!("DIST={}", folder.join("dist").display()))
            .arg(format!("SAM={}", folder.join("sam").display()))
            .env("CARGO_TARGET_DIR", folder.join("target"));
        make.current_dir(root()).env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        let output = make.output()?;
        let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        assert!(!told.contains("Traceback"), "{told}");
        Ok((output.status.success(), told))
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.0.path().join("calls")).unwrap_or_default()
    }
}

#[test]
fn deploy_names_what_is_missing_before_it_builds() -> Result<(), Failure> {
    let other = outputs(&["TableName", "WebsiteUrl"]);
    let no_list = "echo nonsense";
    let cases: [(Option<&str>, &str, &[&str]); 10] = [
        (None, "", &["sam is missing: install the AWS SAM CLI"]),
        (Some(NO_REGION), "", &["there is no Region: export AWS_REGION="]),
        (Some(NO_CREDENTIALS), "", &["there are no credentials: sign in"]),
        (Some(DENIED), "", &["AWS cannot be asked for the stack guard-b: An error occurred (AccessDenied)"]),
        (
            Some(&other),
            "",
            &[
                "the stack guard-b is not budget-guard's, it has no output TopicArn or QueueUrl or OperatorPolicyArn",
            ],
        ),
        (Some(NO_OUTPUTS), "", &["guard-b exists and has no outputs", "sam delete --stack-name guard-b"]),
        (Some(no_list), "", &["printed no list of outputs: nonsense"]),
        (
            Some(NEW),
            "Modus=enforce",
            &["no parameter Modus, but Mode. Its parameters are Mode, Limit,", "OperatorPrincipalArn\n"],
        ),
        (Some(NEW), "Mode=observe AlertEmail", &["PARAMETERS has 'AlertEmail'; expected Name=value"]),
        // Everything at once.
        (None, "Modus=enforce Limit", &["no parameter Modus", "PARAMETERS has 'Limit'", "sam is missing"]),
    ];
    for (list, parameters, expected) in cases {
        let stage = Stage::new(list)?;
        let (is_good, told) =
            stage.make(&["deploy", "STACK=guard-b", &format!("PARAMETERS={parameters}")])?;
        assert!(!is_good && told.contains("Nothing is built or deployed:"), "{told}");
        for piece in expected {
            assert!(told.contains(piece), "{told}missing: {piece}");
        }
        let calls = stage.calls();
        assert!(!calls.contains("cargo") && !calls.contains("deploy"), "{calls}");
    }

    let (is_good, told) = Stage::new(Some(NEW))?.make(&["deploy", "STACK=guard_b"])?;
    assert!(!is_good && told.contains("'guard_b' is no name of a stack"), "{told}");
    let (is_good, told) = Stage::new(Some(NEW))?.make(&["deploy", "PYTHON=python2.0"])?;
    assert!(!is_good && told.contains("python2.0 is missing: Python 3.11 or later"), "{told}");
    Ok(())
}

#[test]
fn deploy_makes_a_new_stack_and_updates_its_own() -> Result<(), Failure> {
    for list in [NEW.to_owned(), own_outputs()] {
        let stage = Stage::new(Some(&list))?;
        let (is_good, told) =
            stage.make(&["deploy", "STACK=guard-b", "PARAMETERS=Mode=enforce AlertEmail=ops@example.com"])?;
        let calls = stage.calls();
        let calls: Vec<&str> = calls.lines().collect();
        let at = |lead: &str| calls.iter().position(|call| call.starts_with(lead));
        let places = ["sam list stack-outputs", "cargo build --release", "sam deploy"].map(at);
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{told}{calls:?}");
        let deploy = calls[at("sam deploy").ok_or("no deployment")?];
        for piece in ["--stack-name guard-b", " Mode=enforce AlertEmail=ops@example.com"] {
            assert!(deploy.contains(piece), "{deploy}");
        }
        // The stand-in never makes the stack, so the outputs are there for the second one only.
        assert_eq!(is_good, list != NEW, "{told}");
        assert_eq!(told.contains("export BUDGET_GUARD_TABLE='TableName of it'"), is_good, "{told}");
    }
    Ok(())
}

#[test]
fn exports_refuse_a_stack_that_is_none_of_the_guards() -> Result<(), Failure> {
    let cases = [
        (
            outputs(&["WebsiteUrl"]),
            "the stack budget-guard is not budget-guard's, it has no output TableName",
        ),
        (NEW.to_owned(), "The input stack guard-b does not exist"),
        (NO_CREDENTIALS.to_owned(), "Unable to locate credentials"),
        ("exit 3".to_owned(), "sam list stack-outputs failed without a word"),
    ];
    for (list, expected) in cases {
        for target in ["exports", "verify", "undeploy"] {
            let stage = Stage::new(Some(&list))?;
            let (is_good, told) = stage.make(&["-s", target])?;
            assert!(!is_good && told.contains(expected), "{target}: {told}");
            assert!(!stage.calls().contains("sam delete"), "{}", stage.calls());
        }
    }
    Ok(())
}

/// Each line is a command, and a remark that a shell leaves out.
#[test]
fn help_can_be_pasted() -> Result<(), Failure> {
    let (is_good, told) = Stage::new(None)?.make(&["help"])?;
    assert!(is_good && told.lines().count() > 15, "{told}");
    for line in told.lines() {
        let (command, about) = line.split_once(" # ").ok_or_else(|| format!("no remark: {line}"))?;
        let target = command.trim_end().strip_prefix("make ").ok_or_else(|| format!("no command: {line}"))?;
        let is_name = target.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(is_name && !about.is_empty() && !about.contains("$$"), "{line}");
        let (is_known, told) = Stage::new(None)?.make(&["-n", target])?;
        assert!(is_known, "{told}");
    }
    Ok(())
}
