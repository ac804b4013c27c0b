//! Real payloads from public sources decode, real honest bursts do not trip the default limit, and real loops do.
//!
//! The real files are not part of the project. Without them the tests print that they are skipped, and pass.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use budget_guard_core::attribution::{Attributed, Home, attribute};
use budget_guard_core::guard::Action;
use budget_guard_core::guard::{self, Answer, Observation};
use budget_guard_core::history::RateHistory;
use budget_guard_core::model::{RuleArn, Timestamp};
use budget_guard_core::policy::BurstLimit;
use budget_guard_core::policy::Limits;
use budget_guard_core::record::Record;
use budget_guard_core::settings;
use budget_guard_core::sources::{self, Bus, BusEvent, Received};
use budget_guard_tests::folders::shared;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

const RULE: &str = "arn:aws:events:us-east-1:218007301253:rule/fix-acl";

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    files
}

fn defaults() -> Limits {
    let enforce = |name: &str| (name == "BUDGET_GUARD_MODE").then(|| "enforce".to_owned());
    settings::defaults(enforce).expect("the defaults are right")
}

/// Number of firings before the trip, for attached firings of one rule that are decoded as in the Lambda function.
fn trips_after(bodies: impl Iterator<Item = String>) -> Option<usize> {
    let (limits, rule) = (defaults(), RULE.parse::<RuleArn>().expect("an ARN"));
    let home = Home::new("aws", "us-east-1", "218007301253");
    let mut record = Record::new(rule, limits.burst);
    for (n, body) in bodies.enumerate() {
        let received = sources::decode_body(&body).expect("it decodes");
        let Attributed::Attached(firing) = attribute(received, &home).expect("it is ours") else {
            panic!("{body}")
        };
        let now = firing.at;
        let (mut next, mut plan) = guard::step(&limits, record, &[Observation::Firing(firing)], now);
        if plan.next == Some(Action::History) {
            // No rule of the account has a history.
            let answer = Observation::Answer(Answer::History(Ok(RateHistory::default())));
            (next, plan) = guard::step(&limits, next, &[answer], now);
        }
        if plan.tally.trips > 0 {
            return Some(n + 1);
        }
        record = next;
    }
    None
}

#[test]
fn every_real_event_decodes() {
    let Some(folder) = shared("data/payloads/eventbridge") else { return };
    let files = files(&folder, ".json");
    assert!(files.len() > 20, "{} files", files.len());
    for file in files {
        let text = fs::read_to_string(&file).expect("readable");
        let event: Value = serde_json::from_str(&text).expect("JSON");
        let ids = [&event["detail"]["eventID"], &event["id"]].map(|id| id.as_str().unwrap_or_default());
        let without = format!("without id at {}", event["time"].as_str().expect("a time"));
        let expected_id = ids.into_iter().find(|id| !id.is_empty()).unwrap_or(&without);
        let expected_at: Timestamp = event["time"].as_str().expect("a time").parse().expect("RFC 3339");
        match sources::decode_body(&text) {
            Ok(Received::Bus(bus)) => {
                let (seen, event) = (&bus.event.event_id, bus.event.at);
                assert_eq!((&**seen, event), (expected_id, expected_at), "{}", file.display());
                assert_eq!(bus.json.bytes(), text.as_bytes(), "{}", file.display());
            }
            other => panic!("{}: {other:?}", file.display()),
        }
        let attached = format!(r#"{{"ruleArn":"{RULE}","event":{text}}}"#);
        assert!(
            matches!(sources::decode_body(&attached), Ok(Received::Attached { .. })),
            "{}",
            file.display()
        );
    }
}

#[test]
fn every_real_queue_batch_decodes() {
    let Some(folder) = shared("data/payloads/sqs") else { return };
    for file in files(&folder, ".json") {
        let bytes = fs::read(&file).expect("readable");
        let decoded = sources::decode(&bytes);
        assert!(matches!(decoded, Ok(sources::Payload::Queue(_))), "{}: {decoded:?}", file.display());
    }
}

#[test]
fn incomplete_events_are_named() {
    let Some(folder) = shared("data/payloads/eventbridge/incomplete") else { return };
    for file in files(&folder, ".json") {
        let wrapper: Value = serde_json::from_slice(&fs::read(&file).expect("readable")).expect("JSON");
        let event = wrapper["event"].to_string();
        match sources::decode_body(&event) {
            Ok(Received::Bus(_)) => {}
            Ok(other) => panic!("{}: {other:?}", file.display()),
            Err(error) => assert!(!error.to_string().contains("not JSON"), "{}: {error}", file.display()),
        }
        let error = sources::decode_body(&wrapper.to_string()).expect_err("no rule").to_string();
        assert!(error.starts_with("ruleArn is missing"), "{error}");
    }
}

/// EventBridge's envelope around a CloudTrail record.
fn envelope(record: &Value) -> Value {
    json!({
        "version": "0", "id": record["eventID"], "detail-type": "AWS API Call via CloudTrail", "source": "aws.any",
        "account": record["recipientAccountId"], "time": record["eventTime"], "region": record["awsRegion"],
        "resources": [], "detail": record,
    })
}

/// Records of one account with Terraform and an attack simulator, by time.
fn terraform_records() -> Option<Vec<Value>> {
    let folder = shared("data/cloudtrail/invictus-ir")?;
    let mut records: Vec<Value> = Vec::new();
    for file in files(&folder, ".json.gz") {
        let mut text = String::new();
        GzDecoder::new(fs::File::open(&file).expect("readable")).read_to_string(&mut text).expect("gzip");
        let mut log: Value = serde_json::from_str(&text).expect("JSON");
        records.append(log["Records"].as_array_mut().expect("records"));
    }
    records.sort_by(|a, b| a["eventTime"].as_str().cmp(&b["eventTime"].as_str()));
    assert!(records.len() > 2_000, "{} records", records.len());
    Some(records)
}

#[test]
fn real_calls_on_different_things_are_not_merged() {
    let Some(records) = terraform_records() else { return };
    let check = |operation: &str, parameter: &str| {
        let (mut values, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for record in records.iter().filter(|record| record["eventName"] == operation) {
            let body = envelope(record).to_string();
            let Ok(Received::Bus(Bus { event: BusEvent { call: Some(call), .. }, .. })) =
                sources::decode_body(&body)
            else {
                panic!("no call: {body}");
            };
            match record["requestParameters"][parameter].as_str() {
                Some(value) => {
                    values.insert(value);
                    ids.insert(call.resource.expect("named").ids);
                }
                None if record["errorCode"].is_string() => assert_eq!(call.resource, None, "{body}"),
                None => panic!("{parameter} is absent: {body}"),
            }
        }
        assert!(values.len() > 1 && values.len() == ids.len(), "{operation}: {values:?} made {ids:?}");
    };
    check("PutParameter", "name");
    check("DeleteParameter", "name");
    check("CreateSecret", "name");
    check("PutSecretValue", "secretId");
    check("DeleteSubnet", "subnetId");
    check("DeleteRole", "roleName");
    check("PutBucketTagging", "bucketName");
}

#[test]
fn real_terraform_bursts_do_not_trip() {
    let Some(records) = terraform_records() else { return };
    let bodies = |keep: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let kept = records.iter().filter(|record| keep(record));
        kept.map(|record| json!({"ruleArn": RULE, "event": envelope(record)}).to_string()).collect()
    };
    let mut names: Vec<&str> = records.iter().filter_map(|record| record["eventName"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let of_one_call = bodies(&|record| record["eventName"] == name);
        assert_eq!(trips_after(of_one_call.into_iter()), None, "{name}");
    }
    let writes = bodies(&|record| record["readOnly"] == false);
    assert_eq!(trips_after(writes.into_iter()), None, "all write calls together");
}

#[test]
fn loops_trip_at_the_limit_whatever_their_speed() {
    let limit = BurstLimit::DEFAULT.count.get() as usize;
    let start: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a time");
    let turns = |per_second: usize| {
        (0..1_000).map(move |n| {
            let time = start + jiff::SignedDuration::from_secs((n / per_second) as i64);
            let record = json!({"eventID": format!("turn-{n}"), "eventTime": time, "eventName": "PutBucketAcl",
                "recipientAccountId": "218007301253", "awsRegion": "us-east-1"});
            json!({"ruleArn": RULE, "event": envelope(&record)}).to_string()
        })
    };
    let check = |per_second: usize, expected: Option<usize>| {
        assert_eq!(trips_after(turns(per_second)), expected, "{per_second} firings a second");
    };
    check(3, None);
    check(4, Some(limit));
    check(20, Some(limit));
    check(400, Some(limit));
}
