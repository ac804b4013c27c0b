//! `rules export`: what the file holds, that the other commands take it, and what is said of the parts that are missing.

mod faults;
mod live;
mod rights;

use std::fs;
use std::path::Path;

use aws_sdk_eventbridge::types::{RuleState, Target};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Bench;
use crate::overlay::{Answer, Overlay};
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::{Failure, functions, while_doing};

const PATTERN: &str = r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#;
/// Regions of an account, as `ListRegions` prints them. Moto has no such operation.
pub(crate) const REGIONS: [Answer; 1] = [(
    "/listRegions",
    200,
    r#"{"Regions":[{"RegionName":"us-east-1","RegionOptStatus":"ENABLED_BY_DEFAULT"},
        {"RegionName":"eu-west-1","RegionOptStatus":"ENABLED"},
        {"RegionName":"af-south-1","RegionOptStatus":"DISABLED"}]}"#,
)];

fn folder() -> Result<TempDir, Failure> {
    Ok(tempfile::Builder::new().prefix("budget-guard-export-").tempdir()?)
}

/// Rules of an export.
fn lines(text: &str) -> Result<Vec<Value>, Failure> {
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Rule `fix-acl` with a function as its target, and a role that may make the call that fires it.
async fn looping(bench: &Bench) -> Result<(), Failure> {
    let iam = aws_sdk_iam::Client::new(&bench.emulator.sdk_config());
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"
    }]});
    let role = iam.create_role().role_name("fixer-role").assume_role_policy_document(trust.to_string());
    role.send().await.map_err(while_doing("creating the role"))?;
    let rights = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "Acl", "Effect": "Allow", "Action": "s3:PutBucketAcl", "Resource": "*"
    }]});
    let rights = iam
        .put_role_policy()
        .role_name("fixer-role")
        .policy_name("repair")
        .policy_document(rights.to_string());
    rights.send().await.map_err(while_doing("giving the role its rights"))?;
    let fixer = functions::create(&bench.emulator, "fixer", "fixer-role").await?;
    let tags = [("budget-guard:limit", "500/5m"), ("team", "blue")];
    bench.world.create_rule("default", "fix-acl", PATTERN, RuleState::Enabled, &tags).await?;
    let target = Target::builder().id("fix").arn(&fixer).input(r#"{"dry":false}"#).build()?;
    bench.world.events.put_targets().rule("fix-acl").targets(target).send().await?;
    Ok(())
}

/// Rules on a custom bus and with a schedule.
async fn others(bench: &Bench) -> Result<(), Failure> {
    bench.world.create_bus("orders").await?;
    bench.world.create_rule("orders", "paid", r#"{"source":["shop"]}"#, RuleState::Disabled, &[]).await?;
    let put = bench.world.events.put_rule().name("nightly").schedule_expression("rate(1 day)");
    put.send().await.map_err(while_doing("creating the schedule"))?;
    Ok(())
}

/// Log of `calls` by the function of `fix-acl`, one a minute, after one by a person.
fn log(account: &str, calls: u64) -> String {
    let record = |n: u64| {
        let fixer = format!("arn:aws:sts::{account}:assumed-role/fixer-role/fixer");
        let person = format!("arn:aws:iam::{account}:user/ann");
        let (kind, arn) = if n == 0 { ("IAMUser", person) } else { ("AssumedRole", fixer) };
        json!({
            "eventVersion": "1.11", "eventID": format!("5f0e2a6c-0000-4000-8000-{n:012x}"),
            "eventTime": format!("2026-11-20T10:{n:02}:00Z"), "eventType": "AwsApiCall",
            "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "awsRegion": "us-east-1",
            "recipientAccountId": account, "readOnly": false, "managementEvent": true,
            "userIdentity": {"type": kind, "arn": arn}, "requestParameters": {"bucketName": "uploads"},
        })
    };
    json!({"Records": (0..=calls).map(record).collect::<Vec<_>>()}).to_string()
}

/// An export of an emulator is read by the three commands, and the calls of a rule's own target are known as such.
#[tokio::test]
async fn an_export_is_what_replay_match_and_lint_take() -> Result<(), Failure> {
    for kind in [Kind::Ministack, Kind::Moto] {
        let bench = Bench::start(kind).await?;
        looping(&bench).await?;
        others(&bench).await?;
        let folder = folder()?;
        let at = folder.path().display();
        let said = ["3 rules in us-east-1; 1 on other buses than default (orders)"];
        bench.program.check(&format!("rules export --file {at}/rules.jsonl"), 0, &[], &said).await?;
        let rules = lines(&fs::read_to_string(folder.path().join("rules.jsonl"))?)?;
        let of = |name: &str| rules.iter().find(|rule| rule["Name"] == name).ok_or("no such rule");
        let rule = of("fix-acl")?;
        let account = bench.emulator.account();
        assert_eq!(rule["Arn"], format!("arn:aws:events:us-east-1:{account}:rule/fix-acl"));
        assert_eq!((&rule["EventBusName"], &rule["State"]), (&json!("default"), &json!("ENABLED")));
        assert_eq!(serde_json::from_str::<Value>(rule["EventPattern"].as_str().unwrap_or_default())?, {
            serde_json::from_str::<Value>(PATTERN)?
        });
        let tags =
            json!([{"Key": "budget-guard:limit", "Value": "500/5m"}, {"Key": "team", "Value": "blue"}]);
        assert_eq!(rule["Tags"], tags);
        let target = &rule["Targets"][0];
        assert_eq!((&target["Id"], &target["Input"]), (&json!("fix"), &json!(r#"{"dry":false}"#)));
        let role = format!("arn:aws:iam::{account}:role/fixer-role");
        assert_eq!(
            (&target["actors"][0]["arn"], &target["actors"][0]["role"]),
            (&target["Arn"], &json!(role))
        );
        assert_eq!((target.get("unfollowed"), rule.get("unknown")), (None, None));
        assert_eq!(of("nightly")?["ScheduleExpression"], "rate(1 day)");
        assert_eq!(
            (&of("paid")?["EventBusName"], &of("paid")?["State"]),
            (&json!("orders"), &json!("DISABLED"))
        );
        taken(&bench, folder.path(), account).await?;
    }
    Ok(())
}

async fn taken(bench: &Bench, folder: &Path, account: &str) -> Result<(), Failure> {
    let at = folder.display();
    fs::write(folder.join("log.json"), log(account, 20))?;
    let report = bench.program.json(&format!("replay --rules {at}/rules.jsonl {at}/log.json"), 4).await?;
    let seen = report["rules"].as_array().into_iter().flatten().find(|rule| rule["rule"] == "fix-acl");
    let seen = seen.ok_or("the rule is not in the report")?;
    assert_eq!((&seen["firings"], &seen["own"]), (&json!(21), &json!(20)), "{seen:#}");
    assert_eq!(seen["trip"]["kind"], "surplus", "{seen:#}");
    let event = json!({
        "version": "0", "id": "1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3",
        "account": account, "time": "2026-11-20T10:00:00Z", "region": "us-east-1", "resources": [],
        "detail": {"eventName": "PutBucketAcl"},
    });
    fs::write(folder.join("event.json"), event.to_string())?;
    let by = format!("match --rules {at}/rules.jsonl {at}/event.json");
    bench.program.check(&by, 0, &["fix-acl"], &[]).await?;
    let told = ["1 file, 3 rules; can fire itself: 0, cannot: 0, cannot be told: 1, not on API calls: 2"];
    bench.program.check(&format!("lint {at}/rules.jsonl"), 0, &[], &told).await?;
    Ok(())
}

#[tokio::test]
async fn all_regions_and_single_buses_are_exported() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Moto).await?;
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), &REGIONS).await?;
    let program = bench.program_at(&overlay.endpoint)?;
    bench.rule("default", "here").await?;
    bench.world.create_bus("orders").await?;
    bench.rule("orders", "paid").await?;
    let there = bench.emulator.sdk_config().into_builder();
    let there = there.region(aws_config::Region::from_static("eu-west-1")).build();
    let there = aws_sdk_eventbridge::Client::new(&there);
    there.put_rule().name("there").event_pattern(PATTERN).send().await?;
    let names = async |args: &str, said: &str| -> Result<Vec<String>, Failure> {
        let text = program.check(args, 0, &[], &[said]).await?;
        let arn = |rule: &Value| rule["Arn"].as_str().unwrap_or_default().to_owned();
        Ok(lines(&text)?
            .iter()
            .map(arn)
            .map(|arn| arn.split(':').skip(3).collect::<Vec<_>>().join(":"))
            .collect())
    };
    let off = "left out, because the account has not enabled them: af-south-1";
    let all = names("rules export --all-regions", off).await?;
    let at = |place: &str, rule: &str| format!("{place}:123456789012:rule/{rule}");
    let here = [at("us-east-1", "here"), at("us-east-1", "orders/paid")];
    assert_eq!(all, [at("eu-west-1", "there"), here[0].clone(), here[1].clone()]);
    assert_eq!(names("rules export", "2 rules in us-east-1").await?, here);
    assert_eq!(names("rules export --bus orders", "1 rule in us-east-1").await?, here[1..]);
    let unknown = ["there is no event bus \"none\" in us-east-1", "hint: to see the buses"];
    program.check("rules export --bus none", 2, &[], &unknown).await?;
    program.check("rules export --bus a*", 2, &[], &["is not the name of an event bus"]).await?;
    Ok(())
}
