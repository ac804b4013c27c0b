//! `infra/install` with a stand-in for the AWS CLI that records its calls: the way of a person without SAM and Rust.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use budget_guard_tests::Failure;
use budget_guard_tests::folders::root;
use tempfile::TempDir;

/// Programs besides the AWS CLI that the script needs. All of them are in AWS CloudShell.
const NEEDED: [&str; 6] = ["cat", "dirname", "mktemp", "rm", "sh", "tr"];

const ACCOUNT: &str = "123456789012";
const NONE: &str = "echo 'An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id budget-guard does not exist' >&2; exit 254";
const OWN: &str = r"printf 'TableName\tTopicArn\tQueueArn\tQueueUrl\tOperatorPolicyArn\n'";
const ABSENT: &str =
    "echo 'An error occurred (404) when calling the HeadBucket operation: Not Found' >&2; exit 254";

/// Replies of AWS, each a shell script.
#[derive(Clone, Copy)]
struct Aws {
    identity: &'static str,
    outputs: &'static str,
    bucket: &'static str,
    deploy: &'static str,
    status: &'static str,
    trails: &'static str,
}

/// An account with a trail and a bucket, and without the stack.
const FRESH: Aws = Aws {
    identity: "echo 123456789012",
    outputs: NONE,
    bucket: "true",
    deploy: "true",
    status: "echo ROLLBACK_COMPLETE",
    trails: "echo 1",
};

struct Stage(TempDir);

impl Stage {
    /// An unpacked archive, and the programs that the script finds.
    fn new(aws: Option<Aws>) -> Result<Self, Failure> {
        let stage = Self(tempfile::tempdir()?);
        let (bin, stack) = (stage.path("bin"), stage.path("budget-guard-stack"));
        fs::create_dir(&bin)?;
        fs::create_dir(&stack)?;
        for (name, text) in [
            ("template.json", "{}"),
            ("bootstrap.zip", "PK"),
            ("ARCHITECTURE", "arm64\n"),
            ("VERSION", "1.2.3\n"),
        ] {
            fs::write(stack.join(name), text)?;
        }
        for name in ["install", "bucket.sh"] {
            fs::copy(root().join("infra").join(name), stack.join(name))?;
        }
        for name in NEEDED {
            let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output()?;
            symlink(String::from_utf8(found.stdout)?.trim_end(), bin.join(name))?;
        }
        if let Some(Aws { identity, outputs, bucket, deploy, status, trails }) = aws {
            // Each argument in brackets: one with a space is still one.
            let script = format!(
                r#"#!/bin/sh
for argument in "$@"; do printf '[%s]' "$argument"; done >> {calls}
echo >> {calls}
case "$*" in
"configure get region") exit 1 ;;
"sts get-caller-identity"*) {identity} ;;
"cloudformation describe-stacks"*"[].OutputKey"*) {outputs} ;;
"cloudformation describe-stacks"*"StackStatus"*) {status} ;;
"cloudformation describe-stacks"*"=='Mode'"*) echo observe ;;
"cloudformation describe-stacks"*"=='TableName'"*) echo records ;;
"cloudformation describe-stacks"*) echo other ;;
"cloudtrail describe-trails"*) {trails} ;;
"s3api head-bucket"*) {bucket} ;;
"cloudformation deploy"*) {deploy} ;;
"cloudformation describe-stack-events"*) printf 'Table\tno such right\n' ;;
esac
"#,
                calls = stage.path("calls").display()
            );
            fs::write(bin.join("aws"), script)?;
            fs::set_permissions(bin.join("aws"), fs::Permissions::from_mode(0o755))?;
        }
        Ok(stage)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the script. Returns the exit code and everything that was printed.
    fn install(&self, region: &str, args: &[&str]) -> Result<(i32, String), Failure> {
        let mut command = Command::new(self.path("bin/sh"));
        command.arg(self.path("budget-guard-stack/install")).args(args).env_clear();
        command.env("PATH", self.path("bin")).env("TMPDIR", self.0.path()).current_dir(self.0.path());
        if !region.is_empty() {
            command.env("AWS_REGION", region);
        }
        let output = command.output()?;
        let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        Ok((output.status.code().ok_or("killed")?, told))
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }
}

fn check_all(text: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(text.contains(piece), "{text}\nmissing: {piece}");
    }
}

#[test]
fn install_deploys_the_archive_and_says_what_next() -> Result<(), Failure> {
    let stage = Stage::new(Some(FRESH))?;
    let args = ["--email", "ops@example.com", "Limit=300/60s", "TrustedSources=trails., x"];
    let (exit, told) = stage.install("eu-west-1", &args)?;
    assert_eq!(exit, 0, "{told}");
    let calls = stage.calls();
    let order = ["get-caller-identity", "describe-stacks", "head-bucket", "][package]", "][deploy]"];
    let places = order.map(|call| calls.find(call));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{calls}");
    check_all(
        &calls,
        &[
            "[head-bucket][--bucket][budget-guard-code-123456789012-eu-west-1][--expected-bucket-owner][123456789012]",
            "[package][--template-file][template.json][--s3-bucket][budget-guard-code-123456789012-eu-west-1]",
            "[--stack-name][budget-guard]",
            "[--capabilities][CAPABILITY_IAM][--no-fail-on-empty-changeset]",
            "[--parameter-overrides][Architecture=arm64][Limit=300/60s][TrustedSources=trails., x][AlertEmail=ops@example.com]\n",
        ],
    );
    assert!(!calls.contains("create-bucket"), "{calls}");
    check_all(
        &told,
        &[
            "budget-guard 1.2.3 as the stack budget-guard in eu-west-1 of 123456789012",
            "in the mode observe",
            "Confirm the mail that AWS has sent to ops@example.com",
            "budget-guard-stack/exports.sh && budget-guard drill",
            "install --stack budget-guard --region eu-west-1 Mode=enforce",
        ],
    );
    let exports = fs::read_to_string(stage.path("budget-guard-stack/exports.sh"))?;
    check_all(&exports, &["export AWS_REGION='eu-west-1'\n", "export BUDGET_GUARD_TABLE='records'\n"]);
    // No file of its own is left behind.
    let mut left: Vec<_> = fs::read_dir(stage.0.path())?
        .map(|entry| Ok(entry?.file_name().into_string().unwrap_or_default()))
        .collect::<Result<_, Failure>>()?;
    left.sort();
    assert_eq!(left, ["bin", "budget-guard-stack", "calls"]);
    Ok(())
}

#[test]
fn install_updates_its_own_stack_and_makes_a_bucket_where_there_is_none() -> Result<(), Failure> {
    let stage = Stage::new(Some(Aws { outputs: OWN, bucket: ABSENT, trails: "echo 0", ..FRESH }))?;
    let (exit, told) = stage.install("", &["--region", "us-east-1", "--stack", "guard-b", "Mode=enforce"])?;
    assert_eq!(exit, 0, "{told}");
    check_all(&told, &["WARNING: no CloudTrail trail logs in us-east-1"]);
    let calls = stage.calls();
    // Source: "CreateBucket", LocationConstraint (S3 API reference): us-east-1 is none.
    check_all(
        &calls,
        &[
            "[create-bucket][--bucket][budget-guard-code-123456789012-us-east-1][--region][us-east-1]\n",
            "[put-public-access-block]",
            "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
            "[--stack-name][guard-b]",
            "[Architecture=arm64][Mode=enforce]\n",
        ],
    );
    let stage = Stage::new(Some(Aws { bucket: ABSENT, ..FRESH }))?;
    assert_eq!(stage.install("eu-west-1", &[])?.0, 0);
    check_all(&stage.calls(), &["[--create-bucket-configuration][LocationConstraint=eu-west-1]\n"]);
    Ok(())
}

/// A wrong parameter leaves such a stack behind, and the next try is to go through.
#[test]
fn install_goes_on_after_a_first_change_set_that_was_refused() -> Result<(), Failure> {
    let status = "echo REVIEW_IN_PROGRESS";
    for outputs in ["echo None", "true"] {
        let stage = Stage::new(Some(Aws { outputs, status, ..FRESH }))?;
        let (exit, told) = stage.install("eu-west-1", &[])?;
        assert_eq!(exit, 0, "{told}");
        check_all(&stage.calls(), &["[package]", "[deploy]"]);
    }
    Ok(())
}

#[test]
fn install_refuses_what_would_go_wrong_before_it_uploads_anything() -> Result<(), Failure> {
    let other = r"printf 'TableName\tWebsite\n'";
    let almost = r"printf 'TableName\tOperatorPolicyArn\tQueueUrl\n'";
    let denied = "echo 'An error occurred (AccessDenied)' >&2; exit 254";
    let no_outputs = "the stack budget-guard is ROLLBACK_COMPLETE and has no outputs";
    let cases: [(Option<Aws>, &str, &[&str], &str); 9] = [
        (None, "eu-west-1", &[], "the AWS CLI is missing"),
        (Some(FRESH), "", &[], "there is no Region: give --region"),
        (Some(Aws { identity: "exit 253", ..FRESH }), "eu-west-1", &[], "no credentials that AWS accepts"),
        (
            Some(Aws { outputs: other, ..FRESH }),
            "eu-west-1",
            &[],
            "the stack budget-guard is not budget-guard's",
        ),
        (Some(Aws { outputs: almost, ..FRESH }), "eu-west-1", &[], "it has no output TopicArn"),
        (Some(Aws { outputs: "echo None", ..FRESH }), "eu-west-1", &[], no_outputs),
        (Some(Aws { outputs: "true", ..FRESH }), "eu-west-1", &[], no_outputs),
        (
            Some(Aws { outputs: denied, ..FRESH }),
            "eu-west-1",
            &[],
            "cannot be asked for the stack budget-guard: An",
        ),
        (
            Some(Aws { bucket: ABSENT, ..FRESH }),
            "eu-west-1",
            &["--bucket", "mine"],
            "there is no bucket mine",
        ),
    ];
    for (aws, region, args, expected) in cases {
        let stage = Stage::new(aws)?;
        let (exit, told) = stage.install(region, args)?;
        assert_eq!(exit, 1, "{told}");
        check_all(&told, &[expected]);
        let calls = stage.calls();
        assert!(!calls.contains("[package]") && !calls.contains("create-bucket"), "{calls}");
    }
    let stage = Stage::new(Some(FRESH))?;
    fs::remove_file(stage.path("budget-guard-stack/bootstrap.zip"))?;
    let (exit, told) = stage.install("eu-west-1", &[])?;
    assert_eq!(exit, 1, "{told}");
    check_all(&told, &["bootstrap.zip is missing beside this script"]);
    Ok(())
}

/// The name can be guessed, so another account may have made the bucket first.
#[test]
fn install_puts_no_code_into_a_bucket_of_another_account() -> Result<(), Failure> {
    // S3 compares the owner only where it is asked to.
    let bucket = "case $* in *--expected-bucket-owner*) echo 'An error occurred (403) when calling the HeadBucket operation: Forbidden' >&2; exit 254 ;; esac";
    let stage = Stage::new(Some(Aws { bucket, ..FRESH }))?;
    let (exit, told) = stage.install("eu-west-1", &[])?;
    assert_eq!(exit, 1, "{told}");
    let name = format!("the bucket budget-guard-code-{ACCOUNT}-eu-west-1 is not this account's");
    check_all(&told, &[&name, "Give another one"]);
    let calls = stage.calls();
    assert!(!calls.contains("[package]") && !calls.contains("[deploy]"), "{calls}");
    Ok(())
}

#[test]
fn install_says_why_a_deployment_failed() -> Result<(), Failure> {
    let stage = Stage::new(Some(Aws { deploy: "exit 255", ..FRESH }))?;
    let (exit, told) = stage.install("eu-west-1", &[])?;
    assert_eq!(exit, 1, "{told}");
    check_all(&told, &["Table\tno such right", "the stack is not deployed; the reasons are above"]);
    assert!(!told.contains("What next"), "{told}");
    Ok(())
}

#[test]
fn install_explains_its_arguments() -> Result<(), Failure> {
    for (args, expected) in [
        (&["--emial", "ops@example.com"][..], "--emial is no option and no Name=value"),
        (&["ops@example.com"], "ops@example.com is no option and no Name=value"),
        (&["mode=enforce"], "mode=enforce is no option and no Name=value"),
        (&["--email"], "--email needs a value"),
        (&["--email", "--stack"], "--email needs a value, not --stack"),
        (&["--email", "ops"], "--email takes an address, as in ops@example.com, not ops"),
        (&["--email", "a b@example.com"], "not a b@example.com"),
        (&["--stack", ""], "--stack needs a value"),
        (&["Mode=enforce", "--bucket"], "--bucket needs a value"),
        (&["Architecture=x86_64"], "take the other archive"),
    ] {
        let stage = Stage::new(Some(FRESH))?;
        let (exit, told) = stage.install("eu-west-1", args)?;
        assert_eq!(exit, 2, "{told}");
        check_all(&told, &[expected, "usage: ./install"]);
        assert_eq!(stage.calls(), "");
    }
    let (exit, told) = Stage::new(None)?.install("", &["--help"])?;
    assert_eq!(exit, 0, "{told}");
    let document = fs::read_to_string(root().join("infra/install.md"))?;
    assert!(document.contains(&format!("```text\n{told}```")), "infra/install.md should say:\n\n{told}");
    Ok(())
}
