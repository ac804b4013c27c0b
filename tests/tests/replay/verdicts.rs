//! Verdicts of `replay`: proved, over the limit, unproved, not in the logs, quiet; by account and Region, with their cost.

use serde_json::{Value, json};

use crate::logs::{Record, in_file};
use crate::{folder, program};
use budget_guard_tests::Failure;

const ANN: &str = "arn:aws:iam::123456789012:user/ann";
const FIXER: &str = "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer";
const ACCOUNT: &str = "123456789012";

/// Rule on `PutBucketAcl` in a Region. Without a Region the rule has no ARN.
fn rule(region: &str, targets: Option<Value>) -> Value {
    let pattern = json!({"source": ["aws.s3"], "detail": {"eventName": ["PutBucketAcl"]}});
    let mut rule = json!({"name": "fix-acl", "pattern": pattern});
    if !region.is_empty() {
        rule["Arn"] = json!(format!("arn:aws:events:{region}:{ACCOUNT}:rule/fix-acl"));
    }
    if let Some(targets) = targets {
        rule["targets"] = targets;
    }
    rule
}

/// Target that is the function `fixer` with its role.
fn fixer() -> Value {
    let (function, role) = (format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:fixer"), "role/fixer-role");
    json!([{"arn": function, "role": format!("arn:aws:iam::{ACCOUNT}:{role}")}])
}

/// Target that is a task of ECS with the same role.
fn task() -> Value {
    let (cluster, role) = (format!("arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/work"), "role/fixer-role");
    json!([{"arn": cluster, "role": format!("arn:aws:iam::{ACCOUNT}:{role}")}])
}

/// This many calls by a principal in a Region, one a minute.
fn calls(who: &str, region: &str, count: u64) -> Vec<Record> {
    let first = if region == "us-east-1" { 0 } else { 1_000 };
    (0..count).map(|n| Record::new(first + n, n * 60_000).by(who).at(region)).collect()
}

async fn replayed(rules: &[Value], records: &[Record], exit: i32) -> Result<Value, Failure> {
    let rules: Vec<String> = rules.iter().map(Value::to_string).collect();
    let files = [("rules.jsonl", rules.join("\n")), ("log.json", in_file(records))];
    let folder = folder(&files.each_ref().map(|(name, text)| (*name, text.as_bytes())))?;
    let at = folder.path().display();
    program()?.json(&format!("replay --rules {at}/rules.jsonl {at}/log.json"), exit).await
}

#[tokio::test]
async fn a_verdict_says_no_more_than_the_logs_and_the_rules_tell() -> Result<(), Failure> {
    let check = async |rule: Value, records: Vec<Record>, verdict: &str| -> Result<(), Failure> {
        let exit = if ["proved", "over-limit"].contains(&verdict) { 4 } else { 0 };
        let report = replayed(&[rule], &records, exit).await?;
        assert_eq!(report["rules"][0]["verdict"], verdict, "{report}");
        Ok(())
    };
    let loops = || [calls(ANN, "us-east-1", 1), calls(FIXER, "us-east-1", 20).split_off(1)].concat();
    let burst: Vec<Record> = (0..200).map(|n| Record::new(n, n * 100).by(FIXER)).collect();
    let session = "arn:aws:sts::123456789012:assumed-role/fixer-role/by-hand";
    let home = "us-east-1";
    check(rule(home, Some(fixer())), loops(), "proved").await?;
    check(rule(home, None), burst, "over-limit").await?;
    // Without targets, without their actors, or with calls of the role in other sessions, there may be a loop.
    check(rule(home, None), loops(), "unproved").await?;
    check(rule(home, Some(json!([{"arn": fixer()[0]["arn"]}]))), loops(), "unproved").await?;
    check(rule(home, Some(task())), calls(session, home, 20), "unproved").await?;
    check(rule(home, Some(task())), calls(session, home, 4), "quiet").await?;
    check(rule(home, Some(fixer())), calls(ANN, home, 20), "quiet").await?;
    check(rule(home, Some(json!([]))), calls(ANN, home, 20), "quiet").await?;
    // A rule that did not fire is no loop, if the logs are of its place.
    check(rule(home, None), vec![Record::new(0, 0).calling("CreateBucket", &json!({}))], "quiet").await?;
    check(rule("eu-west-1", Some(fixer())), loops(), "not-in-logs").await?;
    check(rule("eu-west-1", Some(fixer())), [loops(), calls(ANN, "eu-west-1", 1)].concat(), "quiet").await
}

#[tokio::test]
async fn a_rule_is_judged_by_the_events_of_one_place_at_a_time() -> Result<(), Failure> {
    // 150 calls within the minute in each of two Regions: together they would be over the limit.
    let burst = |region: &str, first: u64| {
        (0..150).map(|n| Record::new(first + n, n * 100).by(ANN).at(region)).collect::<Vec<_>>()
    };
    let records = [burst("us-east-1", 0), burst("eu-west-1", 1_000)].concat();
    let report = replayed(&[rule("", None)], &records, 0).await?;
    let seen = &report["rules"][0];
    let place = |region: &str| json!({"account": ACCOUNT, "region": region});
    assert_eq!(report["places"], json!([place("eu-west-1"), place("us-east-1")]));
    assert_eq!((&seen["firings"], &seen["peak"]["count"]), (&json!(300), &json!(150)), "{seen}");
    let regions: Vec<_> = seen["places"].as_array().into_iter().flatten().map(|one| &one["region"]).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);

    let seen = replayed(&[rule("us-east-1", None), rule("ap-south-1", None)], &records, 0).await?;
    let told = |n: usize| {
        let rule = &seen["rules"][n];
        json!([rule["verdict"], rule["firings"], rule["elsewhere"]])
    };
    assert_eq!([told(0), told(1)], [json!(["unproved", 150, 150]), json!(["not-in-logs", 0, 300])]);
    Ok(())
}

#[tokio::test]
async fn a_trip_says_what_came_after_it_and_what_that_cost() -> Result<(), Failure> {
    let mut records = [calls(ANN, "us-east-1", 1), calls(FIXER, "us-east-1", 20).split_off(1)].concat();
    records.push(Record::new(900, 1_500_000).by(ANN));
    let trip = |report: &Value| report["rules"][0]["trip"].clone();
    let seen = trip(&replayed(&[rule("us-east-1", Some(fixer()))], &records, 4).await?);
    let count = |name: &str| seen[name].as_u64();
    assert_eq!(
        [count("firings_before"), count("firings_after"), count("own_after")],
        [Some(9), Some(12), Some(11)]
    );
    // A request to Lambda, a second of 128 MB and a PUT request of Amazon S3 for each of nine and of twelve firings.
    let cost = &seen["cost"];
    assert_eq!(json!([cost["before_micro_usd"], cost["after_micro_usd"]]), json!([65, 87]));
    assert_eq!(cost["firing"]["function"]["duration_from"], "assumed");
    assert_eq!(seen["known_past_seconds"], 8 * 60);

    let burst: Vec<Record> = (0..250).map(|n| Record::new(n, n * 100).by(FIXER)).collect();
    let seen = trip(&replayed(&[rule("us-east-1", None)], &burst, 4).await?);
    assert_eq!(
        (&seen["firings_after"], &seen["own_after"], &seen["cost"]),
        (&json!(50), &Value::Null, &Value::Null)
    );
    Ok(())
}

#[tokio::test]
async fn a_rate_is_compared_with_the_rules_own_past_in_the_logs() -> Result<(), Failure> {
    // The deployed guard takes ten times the busiest minute of the past as the limit, without the last hour.
    let burst = |first: u64, at_ms: u64, count: u64| {
        (0..count).map(move |n| Record::new(first + n, at_ms + n * 100).by(ANN)).collect::<Vec<_>>()
    };
    let check = async |past: u64, exit: i32| {
        let records = [burst(0, 0, past), burst(1_000, 2 * 3_600_000, 250)].concat();
        replayed(&[rule("us-east-1", None)], &records, exit).await
    };
    check(24, 4).await?;
    check(26, 0).await?;
    Ok(())
}
