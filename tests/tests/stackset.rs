//! `infra/stackset` with a stand-in for the AWS CLI that records its calls, and the template that it deploys.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use budget_guard_tests::Failure;
use budget_guard_tests::emulator::venv_program;
use budget_guard_tests::folders::root;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Programs besides the AWS CLI that the script needs. All of them are in AWS CloudShell.
const NEEDED: [&str; 9] = ["cat", "cut", "dirname", "grep", "sed", "sh", "sha256sum", "sleep", "tr"];

const NONE: &str = "echo 'An error occurred (StackSetNotFoundException) when calling the DescribeStackSet operation' >&2; exit 254";
const OWN: &str = r"printf 'Mode\tLimit\tGone\tArchitecture\tCodeBuckets\tCodeKey\n'";
const TWO_UNITS: [&str; 4] = ["--units", "ou-ab12-1,r-ab12", "--regions", "eu-west-1,us-east-1"];

/// Replies of AWS, each a shell script.
#[derive(Clone, Copy)]
struct Aws {
    known: &'static str,
    regions: &'static str,
    units: &'static str,
    bucket: &'static str,
    status: &'static str,
    organization: &'static str,
}

/// An organization with buckets, and without the StackSet.
const FRESH: Aws = Aws {
    known: NONE,
    regions: "echo None",
    units: "echo None",
    bucket: "true",
    status: "echo SUCCEEDED",
    organization: "echo o-abc123",
};

struct Stage(TempDir);

impl Stage {
    fn new(aws: Aws) -> Result<Self, Failure> {
        let stage = Self(tempfile::tempdir()?);
        let (bin, stack) = (stage.path("bin"), stage.path("budget-guard-stack"));
        fs::create_dir(&bin)?;
        fs::create_dir(&stack)?;
        let template = r#"{"Parameters":{"Mode":{"Type":"String"},"Limit":{"Type":"String"}}}"#;
        for (name, text) in [
            ("stackset.json", template),
            ("bootstrap.zip", "PK"),
            ("ARCHITECTURE", "arm64\n"),
            ("VERSION", "1.2.3\n"),
        ] {
            fs::write(stack.join(name), text)?;
        }
        for name in ["stackset", "bucket.sh"] {
            fs::copy(root().join("infra").join(name), stack.join(name))?;
        }
        for name in NEEDED {
            let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output()?;
            symlink(String::from_utf8(found.stdout)?.trim_end(), bin.join(name))?;
        }
        let Aws { known, regions, units, bucket, status, organization } = aws;
        let script = format!(
            r#"#!/bin/sh
for argument in "$@"; do printf '[%s]' "$argument"; done >> {calls}
echo >> {calls}
case "$*" in
"sts get-caller-identity"*) echo arn:aws:sts::123456789012:assumed-role/admin/ann ;;
"organizations describe-organization"*) {organization} ;;
"s3api head-bucket"*) {bucket} ;;
*"StackSet.Parameters"*) {known} ;;
*"StackSet.Regions"*) {regions} ;;
*"StackSet.OrganizationalUnitIds"*) {units} ;;
*"describe-stack-set-operation"*) {status} ;;
"cloudformation update-stack-set"* | "cloudformation create-stack-instances"*) echo op-1 ;;
esac
"#,
            calls = stage.path("calls").display()
        );
        fs::write(bin.join("aws"), script)?;
        fs::set_permissions(bin.join("aws"), fs::Permissions::from_mode(0o755))?;
        Ok(stage)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the script. Returns the exit code and everything that was printed.
    fn run(&self, args: &[&str]) -> Result<(i32, String), Failure> {
        let mut command = Command::new(self.path("bin/sh"));
        command.arg(self.path("budget-guard-stack/stackset")).args(args).env_clear();
        command.env("PATH", self.path("bin")).current_dir(self.0.path());
        let output = command.output()?;
        let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        Ok((output.status.code().ok_or("killed")?, told))
    }

    /// Recorded calls that contain this text.
    fn calls(&self, text: &str) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        calls.lines().filter(|call| call.contains(text)).map(str::to_owned).collect()
    }
}

/// Value of an argument, as JSON.
fn json_of(call: &str, argument: &str) -> Result<Value, Failure> {
    let rest =
        call.split(&format!("[{argument}][")).nth(1).ok_or_else(|| format!("no {argument}: {call}"))?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter();
    Ok(values.next().ok_or("no value")??)
}

#[test]
fn one_command_guards_all_regions_and_accounts() -> Result<(), Failure> {
    let stage = Stage::new(FRESH)?;
    let args = [&TWO_UNITS[..], &["Mode=enforce", "TrustedSources=a.,b c"]].concat();
    let (exit, told) = stage.run(&args)?;
    assert_eq!(exit, 0, "{told}");
    // The code lies in a bucket of each Region, which the accounts may read.
    for region in ["eu-west-1", "us-east-1"] {
        let bucket = format!("[--bucket][budget-guard-code-123456789012-{region}][--region][{region}]");
        let [policy] = &stage.calls(&format!("[put-bucket-policy]{bucket}"))[..] else { panic!("{told}") };
        let policy = json_of(policy, "--policy")?;
        let statement = &policy["Statement"][0];
        assert_eq!(
            statement["Resource"],
            format!("arn:aws:s3:::budget-guard-code-123456789012-{region}/budget-guard/*")
        );
        assert_eq!(statement["Action"], "s3:GetObject");
        assert_eq!(statement["Condition"], json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}));
        let put = format!("[put-object]{bucket}[--expected-bucket-owner][123456789012][--key][budget-guard/");
        assert_eq!(stage.calls(&put).iter().filter(|call| call.contains("[bootstrap.zip]")).count(), 1);
    }
    let [create] = &stage.calls("[create-stack-set]")[..] else { panic!("{told}") };
    let expected = [
        "[--permission-model][SERVICE_MANAGED]",
        "[--capabilities][CAPABILITY_IAM]",
        // A template of more than 51,200 bytes cannot be in the call itself.
        "[--template-url][https://budget-guard-code-123456789012-eu-west-1.s3.eu-west-1.amazonaws.com/budget-guard/",
    ];
    assert!(expected.iter().all(|piece| create.contains(piece)), "{create}");
    let parameters = json_of(create, "--parameters")?;
    let value = |name: &str| {
        let mut all = parameters.as_array().into_iter().flatten();
        all.find(|one| one["ParameterKey"] == name).map(|one| one["ParameterValue"].clone())
    };
    assert_eq!(value("Architecture"), Some("arm64".into()));
    assert_eq!(value("CodeBuckets"), Some("budget-guard-code-123456789012".into()));
    assert_eq!(value("Mode"), Some("enforce".into()));
    assert_eq!(value("TrustedSources"), Some("a.,b c".into()));
    let [instances] = &stage.calls("[create-stack-instances]")[..] else { panic!("{told}") };
    let targets =
        "[--deployment-targets][OrganizationalUnitIds=ou-ab12-1,r-ab12][--regions][eu-west-1][us-east-1]";
    assert!(instances.contains(targets), "{instances}");
    assert!(told.contains("The management account is not: use ./install there."), "{told}");
    Ok(())
}

#[test]
fn a_second_run_updates_and_adds_what_is_new() -> Result<(), Failure> {
    let aws = Aws { known: OWN, regions: "echo eu-west-1", units: "echo ou-ab12-1", ..FRESH };
    let stage = Stage::new(aws)?;
    let args = [&TWO_UNITS[..], &["Limit=300/60s"]].concat();
    let (exit, told) = stage.run(&args)?;
    assert_eq!(exit, 0, "{told}");
    assert!(stage.calls("[create-stack-set]").is_empty());
    let [update] = &stage.calls("[update-stack-set]")[..] else { panic!("{told}") };
    let parameters = json_of(update, "--parameters")?;
    let mut names: Vec<&str> =
        parameters.as_array().into_iter().flatten().filter_map(|one| one["ParameterKey"].as_str()).collect();
    names.sort_unstable();
    // The template no longer has the parameter Gone.
    assert_eq!(names, ["Architecture", "CodeBuckets", "CodeKey", "Limit", "Mode"]);
    assert!(update.contains(r#"{"ParameterKey":"Mode","UsePreviousValue":true}"#), "{update}");
    let deployed = stage.calls("[create-stack-instances]");
    let [unit, region] = &deployed[..] else { panic!("{deployed:?}") };
    assert!(unit.contains("[OrganizationalUnitIds=r-ab12][--regions][eu-west-1][us-east-1]"), "{unit}");
    assert!(region.contains("[OrganizationalUnitIds=ou-ab12-1][--regions][us-east-1]"), "{region}");
    Ok(())
}

#[test]
fn a_stackset_refuses_what_would_go_wrong() -> Result<(), Failure> {
    let other = r"printf 'Mode\tVpc\n'";
    let foreign =
        "echo 'An error occurred (403) when calling the HeadBucket operation: Forbidden' >&2; exit 254";
    let wide = Aws { known: OWN, regions: r"printf 'eu-west-1\tus-east-1\teu-central-1\n'", ..FRESH };
    for (aws, expected) in [
        (Aws { organization: "exit 254", ..FRESH }, "this account is in no organization"),
        (Aws { bucket: foreign, ..FRESH }, "budget-guard-code-123456789012-eu-west-1 is not this account's"),
        (Aws { known: other, ..FRESH }, "the StackSet budget-guard is not of this script"),
        (
            Aws { known: "echo denied >&2; exit 254", ..FRESH },
            "AWS cannot be asked for the StackSet budget-guard: denied",
        ),
        (
            Aws { status: "echo FAILED", ..FRESH },
            "the operation op-1 is FAILED. The reasons: aws cloudformation",
        ),
        (wide, "the StackSet is in eu-central-1 as well: name every Region"),
    ] {
        let stage = Stage::new(aws)?;
        let (exit, told) = stage.run(&TWO_UNITS)?;
        assert!(exit == 1 && told.contains(expected), "{exit} {told}\nmissing: {expected}");
        assert!(stage.calls("[update-stack-set]").is_empty(), "{told}");
    }
    for (args, expected) in [
        (&["--units", "ou-ab12-1"][..], "--regions is missing"),
        (&["--regions", "eu-west-1"], "--units is missing"),
        (
            &["--units", "123456789012", "--regions", "eu-west-1"],
            "123456789012 is no unit of an organization",
        ),
        (&["--units", "r-ab12", "--regions", "europe"], "europe is no Region"),
        (&["--units", "--regions"], "--units needs a value, not --regions"),
        (&["MonthlyBudgetUSD=100"], "a StackSet has no budget"),
        (&["CodeKey=x"], "CodeKey is set by this script"),
        (&["AlertEmail=\"x\""], "takes no quotation mark"),
        (&["everything"], "everything is no option and no Name=value"),
    ] {
        let stage = Stage::new(FRESH)?;
        let (exit, told) = stage.run(args)?;
        assert!(exit == 2 && told.contains(expected) && told.contains("usage: ./stackset"), "{told}");
        assert!(stage.calls("").is_empty());
    }
    let (exit, told) = Stage::new(FRESH)?.run(&["--help"])?;
    assert_eq!(exit, 0);
    let document = fs::read_to_string(root().join("infra/accounts.md"))?;
    assert!(document.contains(&format!("```text\n{told}```")), "infra/accounts.md should say:\n\n{told}");
    Ok(())
}

/// StackSets with service-managed permissions refuse every transform, and types that a Region does not have.
/// Source: "CreateStackSet", Capabilities (CloudFormation API reference).
#[test]
fn the_template_of_a_stackset_fits_every_region() -> Result<(), Failure> {
    let output = Command::new(venv_program("python")?)
        .args([
            "-c",
            "import sys; sys.path[:0] = ['infra']; import expand; print(expand.for_all_accounts('arm64'))",
        ])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(root())
        .output()?;
    let template: Value = serde_json::from_slice(&output.stdout)?;
    assert!(template.get("Transform").is_none());
    let resources = template["Resources"].as_object().ok_or("no resources")?;
    assert!(resources.values().all(|one| one["Type"] != "AWS::Budgets::Budget"));
    let code: Vec<&Value> = resources
        .values()
        .filter(|one| one["Type"] == "AWS::Lambda::Function")
        .map(|one| &one["Properties"]["Code"])
        .collect();
    let expected =
        json!({"S3Bucket": {"Fn::Sub": "${CodeBuckets}-${AWS::Region}"}, "S3Key": {"Ref": "CodeKey"}});
    assert_eq!(code, [&expected; 2]);
    // Whatever is left out, nothing that stays may speak of it.
    let text = template.to_string();
    for gone in ["MonthlyBudgetUSD", "HasBudget"] {
        assert!(!text.contains(gone), "{gone}");
    }
    assert!(text.len() <= 1_000_000, "{} bytes", text.len());
    Ok(())
}
