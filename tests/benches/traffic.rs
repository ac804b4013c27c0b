//! Events and rules to match, from the shared data or else generated here.

use std::fs;
use std::io::Read;
use std::path::Path;

use budget_guard_tests::folders::shared;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

const SIZES: [usize; 4] = [10, 100, 300, 2_000];

pub struct Traffic {
    /// Origin of the data.
    pub origin: String,
    pub events: Vec<Vec<u8>>,
    /// Sets of patterns.
    pub rules: Vec<Vec<String>>,
    pub hostile: Vec<Hostile>,
}

/// An event that is made to be slow.
pub struct Hostile {
    pub id: String,
    pub pattern: String,
    pub event: Vec<u8>,
    pub matches: bool,
}

#[derive(Deserialize)]
struct Rule<'a> {
    #[serde(borrow)]
    pattern: &'a RawValue,
}

#[derive(Deserialize)]
struct Case<'a> {
    id: String,
    #[serde(borrow)]
    pattern: &'a RawValue,
    event: &'a RawValue,
    expect: bool,
}

pub fn load() -> Traffic {
    match shared("bench") {
        Some(folder) => read(&folder),
        None => made(),
    }
}

fn read(folder: &Path) -> Traffic {
    let packed = fs::File::open(folder.join("events.jsonl.gz")).expect("events");
    let mut events = String::new();
    GzDecoder::new(packed).read_to_string(&mut events).expect("gzip");
    let rules = |size: &usize| {
        let text = fs::read_to_string(folder.join(format!("rules-{size}.json"))).expect("rules");
        let rules: Vec<Rule<'_>> = serde_json::from_str(&text).expect("a list of rules");
        rules.iter().map(|rule| rule.pattern.get().to_owned()).collect()
    };
    let hostile = fs::read_to_string(folder.join("adversarial.jsonl")).expect("hostile events");
    let case = |line: &str| {
        let case: Case<'_> = serde_json::from_str(line).expect("a case");
        Hostile {
            id: case.id,
            pattern: case.pattern.get().to_owned(),
            event: case.event.get().as_bytes().to_vec(),
            matches: case.expect,
        }
    };
    Traffic {
        origin: "from the shared data".to_owned(),
        events: events.lines().map(|line| line.as_bytes().to_vec()).collect(),
        rules: SIZES.iter().map(rules).collect(),
        hostile: hostile.lines().map(case).collect(),
    }
}

const SERVICES: [&str; 8] = ["s3", "ec2", "iam", "sts", "kms", "rds", "ecs", "lambda"];
const VERBS: [&str; 6] = ["Create", "Delete", "Describe", "Put", "Get", "List"];
const THINGS: [&str; 8] = ["Bucket", "Role", "Key", "Instance", "Policy", "Object", "Function", "Task"];
const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];

fn made() -> Traffic {
    let mut random = fastrand::Rng::with_seed(7);
    let events = (0..20_000).map(|_| event(&mut random).into_bytes()).collect();
    let rules = SIZES.iter().map(|size| (0..*size).map(|_| rule(&mut random)).collect()).collect();
    Traffic {
        origin: "made here, as the shared data is absent".to_owned(),
        events,
        rules,
        hostile: hostile(),
    }
}

fn pick<'a>(random: &mut fastrand::Rng, of: &[&'a str]) -> &'a str {
    of[random.usize(..of.len())]
}

fn call(random: &mut fastrand::Rng) -> String {
    format!("{}{}", pick(random, &VERBS), pick(random, &THINGS))
}

fn event(random: &mut fastrand::Rng) -> String {
    let (service, region, name) = (pick(random, &SERVICES), pick(random, &REGIONS), call(random));
    let (account, user) = (111_122_220_000 + random.u64(..9), random.u32(..40));
    let [id, request] = [random.u128(..), random.u128(..)];
    format!(
        r#"{{"version":"0","id":"{id:032x}","detail-type":"AWS API Call via CloudTrail","source":"aws.{service}","account":"{account}","time":"2026-03-01T12:00:00Z","region":"{region}","resources":[],"detail":{{"eventVersion":"1.09","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLEXX:user-{user}","arn":"arn:aws:sts::{account}:assumed-role/team-{user}/user-{user}","accountId":"{account}","accessKeyId":"ASIAEXAMPLEEXAMPLEXX","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLEEXAMPLEXX","arn":"arn:aws:iam::{account}:role/team-{user}","accountId":"{account}","userName":"team-{user}"}},"attributes":{{"creationDate":"2026-03-01T11:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-03-01T11:59:58Z","eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":"{region}","sourceIPAddress":"10.1.{user}.7","userAgent":"aws-sdk-rust/1.3 os/linux","requestParameters":{{"name":"thing-{user}","tags":[{{"key":"team","value":"{user}"}},{{"key":"stage","value":"prod"}}]}},"responseElements":null,"requestID":"{request:032x}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management"}}}}"#
    )
}

fn rule(random: &mut fastrand::Rng) -> String {
    let (service, region, name, user) =
        (pick(random, &SERVICES), pick(random, &REGIONS), call(random), random.u32(..40));
    let more = match random.u32(..6) {
        0 => format!(r#","userIdentity":{{"arn":[{{"wildcard":"*:assumed-role/team-{user}/*"}}]}}"#),
        1 => format!(
            r#","requestParameters":{{"tags":{{"key":["team"],"value":[{{"anything-but":"{user}"}}]}}}}"#
        ),
        2 => r#","sourceIPAddress":[{"cidr":"10.1.0.0/20"}]"#.to_owned(),
        3 => r#","errorCode":[{"exists":false}]"#.to_owned(),
        _ => String::new(),
    };
    format!(
        r#"{{"source":["aws.{service}"],"region":["{region}"],"detail":{{"eventSource":["{service}.amazonaws.com"],"eventName":["{name}"]{more}}}}}"#
    )
}

/// A list in which no element satisfies both fields, and a wildcard that almost matches.
fn hostile() -> Vec<Hostile> {
    let case = |id: &str, pattern: &str, event: String| Hostile {
        id: id.to_owned(),
        pattern: pattern.to_owned(),
        event: event.into_bytes(),
        matches: false,
    };
    let elements = r#"{"x":1},{"y":1},"#.repeat(20_000);
    vec![
        case("one list", r#"{"a":{"x":[1],"y":[1]}}"#, format!(r#"{{"a":[{elements}{{}}]}}"#)),
        case(
            "wildcard",
            r#"{"a":[{"wildcard":"*a*a*a*a*a*b"}]}"#,
            format!(r#"{{"a":"{}"}}"#, "a".repeat(200_000)),
        ),
    ]
}
