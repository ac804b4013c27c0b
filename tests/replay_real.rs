//! `replay` over real CloudTrail logs and rules seen in public, against counts that `jq` makes of the same logs.
//!
//! The real files are not part of the project. Without them the test says so and passes.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;

/// An API call that reaches rules in plain `ENABLED`.
const CALL: &str =
    r#".eventType == "AwsApiCall" and ((.readOnly == true and .managementEvent == true) | not)"#;

/// Rules, what they match in jq's words beside being such a call, and how many of the logs' records that are.
const COUNTS: &[(&str, &str, u64)] = &[
    (
        "push-ssm-events",
        r#".eventSource == "ssm.amazonaws.com" and (.eventName | IN("PutParameter", "DeleteParameter", "DeleteParameters"))"#,
        145,
    ),
    (
        "EventRuleIAMUsers",
        r#".eventSource == "iam.amazonaws.com" and (.eventName | test("^((Create|Delete|Update)AccessKey|(Create|Update)LoginProfile|(Create|Delete|Update)User|UpdateGroup|AddUserToGroup|ChangePassword|(Attach|Detach)(User|Group)Policy|(Delete|Put)UserPolicy)$"))"#,
        23,
    ),
    (
        "security_group_change_auto_response",
        r#".eventSource == "ec2.amazonaws.com" and (.eventName | test("^((Authorize|Revoke)SecurityGroup(In|E)gress|(Create|Delete)SecurityGroup)$"))"#,
        14,
    ),
    (
        "EventRuleNetworkInfrastructureChanges",
        r#".eventSource == "ec2.amazonaws.com" and (.eventName | test("^((Create|Accept|Delete)VpcPeeringConnection|(Create|Replace|Delete)Route|(Create|Attach|Detach)InternetGateway)$"))"#,
        22,
    ),
    (
        "CloudtrailEventRule",
        r#".eventSource == "cloudtrail.amazonaws.com" and (.eventName | IN("CreateTrail", "UpdateTrail", "StopLogging"))"#,
        6,
    ),
    (
        "AutoTagLambda",
        r#"(.eventSource | IN("ec2.amazonaws.com", "s3.amazonaws.com")) and (.eventName | IN("RunInstances", "CreateBucket"))"#,
        18,
    ),
    (
        "EventRuleExfilDisk",
        r#".eventSource == "ec2.amazonaws.com" and (.eventName | test("^(Modify(Snapshot|Image)Attribute|SharedSnapshot(CopyInitiated|VolumeCreated))$"))"#,
        6,
    ),
    (
        "EventRuleAdminPolicyAttachment",
        r#".eventSource == "iam.amazonaws.com" and (.eventName | test("^Attach(Role|User|Group)Policy$")) and .requestParameters.policyArn == "arn:aws:iam::aws:policy/AdministratorAccess""#,
        4,
    ),
    (
        "EventRuleSecurityGroupOpenAdminPortsIpv4",
        r#".eventSource == "ec2.amazonaws.com" and .eventName == "AuthorizeSecurityGroupIngress" and .requestParameters.cidrIp == "0.0.0.0/0" and (.requestParameters.fromPort | IN(22, 3389))"#,
        1,
    ),
    ("EventRuleStsWhoAmI", r#".eventSource == "sts.amazonaws.com" and .eventName == "GetCallerIdentity""#, 0),
];

/// Patterns that are no patterns: a template's placeholder stands where a list of values should.
const PLACEHOLDERS: &[&str] =
    &["LambdaEventRuleOnSubnetDeletion", "LambdaEventRuleOnVpcCidrChangeSpokeAccounts"];

/// A file or folder of the shared data, if it is there.
#[expect(clippy::disallowed_methods, reason = "where the data lies is told by the environment")]
fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("BUDGET_GUARD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is absent (BUDGET_GUARD_SHARED names another folder)", path.display());
    None
}

/// Every log below this folder, unpacked, one after the other.
fn unpacked(folder: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text.extend(unpacked(&path));
        } else if path.extension().is_some_and(|ending| ending == "gz") {
            GzDecoder::new(fs::File::open(&path).expect("readable")).read_to_end(&mut text).expect("gzip");
            text.push(b'\n');
        }
    }
    text
}

/// What jq counts; `None` where there is no jq.
fn counted_by_jq(logs: &Path) -> Option<Vec<u64>> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), unpacked(logs)).expect("room");
    let each = COUNTS.iter().map(|(_, filter, _)| format!("(map(select({CALL} and ({filter}))) | length)"));
    let each = each.collect::<Vec<_>>().join(", ");
    let program = format!("[inputs.Records[]] | unique_by(.eventID) | [{each}]");
    let output = Command::new("jq").args(["-n", "-c", &program]).arg(file.path()).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("counts"))
}

fn replayed(rules: &Path, logs: &Path) -> Value {
    let program = env!("CARGO_BIN_EXE_budget-guard");
    let mut command = Command::new(program);
    command.env_clear().args(["replay", "--output", "json", "--rules"]).arg(rules).arg(logs);
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn real_logs_and_rules_give_the_counts_that_jq_gives() {
    let (Some(logs), Some(rules)) = (shared("data/cloudtrail"), shared("data/patterns/in-the-wild.jsonl"))
    else {
        return;
    };
    let report = replayed(&rules, &logs);
    assert_eq!((report["events"].as_u64(), report["skipped"].as_u64()), (Some(3_389), Some(0)));
    let unknown: Vec<&str> =
        report["unknown"].as_array().into_iter().flatten().filter_map(|one| one["rule"].as_str()).collect();
    assert_eq!(unknown, PLACEHOLDERS);
    let outcomes = report["rules"].as_array().expect("rules");
    assert!(outcomes.iter().all(|one| one["undecided"] == 0 && one["trip"].is_null()), "{report}");
    let counts = counted_by_jq(&logs).unwrap_or_else(|| {
        eprintln!("jq is not installed: compared with the counts it made when this was written");
        COUNTS.iter().map(|(.., recorded)| *recorded).collect()
    });
    for ((rule, _, recorded), counted) in COUNTS.iter().zip(counts) {
        let outcome = outcomes.iter().find(|one| one["rule"] == *rule).expect("the rule");
        assert_eq!((outcome["firings"].as_u64(), *recorded), (Some(counted), counted), "{rule}");
    }
    // The largest honest burst of one call, as the README has it.
    let busiest = &outcomes[0];
    assert_eq!(
        (busiest["rule"].as_str(), busiest["peak"]["count"].as_u64()),
        (Some("push-ssm-events"), Some(78))
    );
    assert_eq!(busiest["smallest_limit"], "79/60s");
}
