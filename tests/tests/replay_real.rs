//! `replay` over real CloudTrail logs and public rules: compared with counts by `jq` over the same logs, and with
//! assumed targets for the rules.
//!
//! The real files are not part of the project. Without them the tests print that they are skipped, and pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use budget_guard_tests::folders::shared;
use budget_guard_tests::programs;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

/// API call that a rule in state `ENABLED` gets, by its name.
const CALL: &str = r#".eventType == "AwsApiCall" and ((.managementEvent != false and (.eventName | test("^(Get|List|Describe)") and (IN("GetFederationToken", "GetSessionToken") | not))) | not)"#;

/// Rules, the condition in jq besides `CALL`, and the number of the logs' records that meet both.
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

/// Rules without a valid pattern: a template has a placeholder in place of a list of values.
const PLACEHOLDERS: &[&str] =
    &["LambdaEventRuleOnSubnetDeletion", "LambdaEventRuleOnVpcCidrChangeSpokeAccounts"];

/// All logs below this folder, unpacked and joined.
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

/// Counts by jq. `None` if jq is not installed.
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

fn replayed(rules: &Path, logs: &Path, exit: i32) -> Value {
    let program = programs::command();
    let mut command = Command::new(program);
    command.env_clear().args(["replay", "--output", "json", "--rules"]).arg(rules).arg(logs);
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(exit), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn real_logs_and_rules_give_the_counts_that_jq_gives() {
    let (Some(logs), Some(rules)) = (shared("data/cloudtrail"), shared("data/patterns/in-the-wild.jsonl"))
    else {
        return;
    };
    let report = replayed(&rules, &logs, 0);
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
    // The largest honest burst of one call, as in infra/evidence.md.
    let busiest = &outcomes[0];
    assert_eq!(
        (busiest["rule"].as_str(), busiest["peak"]["count"].as_u64()),
        (Some("push-ssm-events"), Some(78))
    );
    assert_eq!(busiest["smallest_limit"], "79/60s");
}

/// File with the rules, each with these targets.
fn with_targets(rules: &Path, targets: &Value, folder: &Path) -> PathBuf {
    let text = fs::read_to_string(rules).expect("rules");
    let lines = text.lines().map(|line| {
        let mut rule: Value = serde_json::from_str(line).expect("a rule");
        rule["targets"] = targets.clone();
        rule.to_string()
    });
    let path = folder.join("rules.jsonl");
    fs::write(&path, lines.collect::<Vec<_>>().join("\n")).expect("room");
    path
}

fn records(logs: &Path) -> Vec<Value> {
    let text = unpacked(logs);
    let files = serde_json::Deserializer::from_slice(&text).into_iter::<Value>();
    files.flat_map(|file| file.expect("JSON")["Records"].as_array().cloned().unwrap_or_default()).collect()
}

/// Sum of the own calls, and the rules that would have tripped, with the kind of evidence.
fn own_calls_and_trips(report: &Value) -> (u64, Vec<(&str, &str)>) {
    let rules = || report["rules"].as_array().into_iter().flatten();
    let trips = rules().filter(|rule| !rule["trip"].is_null()).map(|rule| {
        let kind = rule["trip"]["kind"].as_str();
        (rule["rule"].as_str().unwrap_or_default(), kind.unwrap_or_default())
    });
    (rules().filter_map(|rule| rule["own"].as_u64()).sum(), trips.collect())
}

/// The strictest assumption for honest logs: every role in them, other than those of people and their Terraform, is the
/// role of a target of every rule. The target is a job, so that its sessions may have any name. The logs hold no loop,
/// so no rule may trip.
#[test]
fn with_every_role_of_the_logs_as_a_target_nothing_trips() {
    let (Some(logs), Some(rules)) = (shared("data/cloudtrail"), shared("data/patterns/in-the-wild.jsonl"))
    else {
        return;
    };
    let role = |record: &Value| {
        let role = &record["userIdentity"]["sessionContext"]["sessionIssuer"];
        (role["type"] == "Role").then(|| role["arn"].as_str().map(str::to_owned)).flatten()
    };
    let roles: BTreeSet<String> = records(&logs).iter().filter_map(role).collect();
    assert_eq!(roles.len(), 18, "{roles:#?}");
    let target = |(n, role): (usize, &String)| json!({"arn": format!("arn:aws:glue:us-east-1:000000000000:job/{n}"), "role": role});
    let targets: Value = roles.iter().enumerate().map(target).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let report = replayed(&with_targets(&rules, &targets, folder.path()), &logs, 0);
    let (own, trips) = own_calls_and_trips(&report);
    assert_eq!((own, trips), (26, vec![]), "own calls there are, but no loop");
}

/// Counter-check: if a person had made each call and the target of every rule had repeated it each minute, every rule
/// on one of the calls would trip. There are 13 firings of each call, days apart from the next call's.
#[test]
fn had_the_target_itself_repeated_the_calls_every_rule_that_hears_one_trips() {
    const FIRINGS: i64 = 13;
    let (Some(logs), Some(rules)) = (shared("data/cloudtrail"), shared("data/patterns/in-the-wild.jsonl"))
    else {
        return;
    };
    let name = |record: &Value| format!("{} {}", record["eventSource"], record["eventName"]);
    let calls: BTreeMap<String, Value> =
        records(&logs).into_iter().map(|record| (name(&record), record)).collect();
    let began = "2026-11-20T12:00:00Z".parse::<jiff::Timestamp>().expect("a time");
    let turn = |(number, call): (i64, &Value), n: i64| {
        let mut record = call.clone();
        let account = call["recipientAccountId"].as_str().or(call["userIdentity"]["accountId"].as_str());
        record["userIdentity"] = match n {
            0 => {
                json!({"type": "IAMUser", "accountId": account, "arn": "arn:aws:iam::123456789012:user/ann"})
            }
            _ => {
                json!({"type": "AssumedRole", "accountId": account, "arn": "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer"})
            }
        };
        let at = began + jiff::SignedDuration::from_mins(number * 48 * 60 + n);
        record["eventTime"] = json!(at.to_string());
        record["eventID"] = json!(format!("turn-{number}-{n}"));
        record
    };
    let numbered = (0i64..).zip(calls.values());
    let turns: Vec<Value> = numbered.flat_map(|call| (0..FIRINGS).map(move |n| turn(call, n))).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log.json");
    fs::write(&log, json!({"Records": turns}).to_string()).expect("room");
    let role = "arn:aws:iam::123456789012:role/fixer-role";
    let targets = json!([{"arn": "arn:aws:lambda:us-east-1:123456789012:function:fixer", "role": role}]);
    let report = replayed(&with_targets(&rules, &targets, folder.path()), &log, 4);
    let fired = report["rules"].as_array().into_iter().flatten().filter(|rule| rule["firings"] != 0);
    let spared: Vec<&Value> =
        fired.clone().filter(|rule| rule["trip"].is_null()).map(|rule| &rule["rule"]).collect();
    assert_eq!(
        (fired.count(), spared),
        (52, vec![]),
        "rules that hear a call, and those of them that do not trip"
    );
    let (own, trips) = own_calls_and_trips(&report);
    let by = |kind: &str| trips.iter().filter(|(_, by)| *by == kind).count();
    assert_eq!((own, by("surplus"), by("turns")), (2_352, 50, 2));
}
