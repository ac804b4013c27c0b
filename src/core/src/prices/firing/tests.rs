//! Costs of firings, by rules and measurements.

use super::*;
use crate::model::{Actor, MeanDurations};

const PATTERN: &str = r#"{"source":["aws.s3"]}"#;
const OWN: &str = r#"{"source":["shop"]}"#;

fn arn(target: &str) -> String {
    let (service, resource) = target.split_once(' ').unwrap_or((target, "x"));
    format!("arn:aws:{service}:us-east-1:123456789012:{resource}")
}

fn function(name: &str) -> Actor {
    Actor::new(&arn(&format!("lambda function:{name}")), Some("role"))
}

fn target(service: &str, actors: Vec<Actor>) -> Target {
    Target { actors, ..Target::new("1", arn(service)) }
}

#[test]
fn adds_up_the_deliveries() {
    let check = |services: &[&str], micros: u64, unpriced: &[&str]| {
        let targets: Vec<Target> = services.iter().map(|service| target(service, Vec::new())).collect();
        let cost = CostBasis::new("default", Some(PATTERN), &targets).firing(&MeanDurations::new(), None);
        let unpriced: Vec<String> = unpriced.iter().map(|service| (*service).to_owned()).collect();
        assert_eq!((cost.delivery.per_million.get(), cost.unpriced_services), (micros, unpriced));
    };
    check(&[], 0, &[]);
    check(&["lambda"], 200_000, &[]);
    check(&["lambda", "sqs", "sqs"], 1_000_000, &[]);
    check(&["events event-bus/other", "events api-destination/hook/1"], 1_200_000, &[]);
    check(&["ssm", "ecs", "ssm"], 0, &["ssm", "ecs"]);
}

#[test]
fn events_of_aws_are_free() {
    let check = |bus: &str, pattern: Option<&str>, micros: u64| {
        let cost = CostBasis::new(bus, pattern, &[]).firing(&MeanDurations::new(), None);
        assert_eq!(cost.event.per_million.get(), micros, "{bus} {pattern:?}");
    };
    check("default", Some(PATTERN), 0);
    check("default", Some(r#"{"detail-type":["AWS API Call via CloudTrail"]}"#), 0);
    check("default", None, 0);
    check("default", Some(OWN), 1_000_000);
    check("orders", Some(PATTERN), 1_000_000);
}

#[test]
fn says_where_each_part_comes_from() {
    let check =
        |pattern: &str, targets: &[Target], measured: &[(&str, u32)], call: Option<&str>, shown: &str| {
            let means =
                measured.iter().map(|(name, millis)| (function(name).arn, Millis::new(*millis))).collect();
            let cost = CostBasis::new("default", Some(pattern), targets).firing(&means, call);
            assert_eq!(format!("{cost}: {}", cost.parts()), shown);
        };
    let large = |name: &str| function(name).with_memory(Some(512)).with_time_limit(Some(Seconds::new(900)));
    let one = [target("lambda function:f", vec![large("f")])];
    check(
        PATTERN,
        &one,
        &[("f", 2_300)],
        Some("s3 PutBucketAcl"),
        "about 24.36 USD a million firings: event 0 USD, delivery 0.20 USD, function 19.16 USD (512 MB configured, 2.3 s measured), requests 5.00 USD (s3 PutBucketAcl)",
    );
    check(
        OWN,
        &one,
        &[],
        Some("iam PutRolePolicy"),
        "about 9.53 USD a million firings: event 1.00 USD, delivery 0.20 USD, function 8.33 USD (512 MB configured, 1 s assumed), requests 0 USD (iam PutRolePolicy)",
    );
    let short = function("f").with_time_limit(Some(Seconds::new(1)));
    let two =
        [target("sqs q", vec![short.through("q"), large("g").through("q")]), target("ecs cluster/c", vec![])];
    check(
        PATTERN,
        &two,
        &[("f", 100)],
        None,
        "at least 9.34 USD a million firings: event 0 USD, delivery 0.80 USD, 2 functions 8.54 USD (the most expensive: 512 MB configured, 1 s assumed)",
    );
    check(
        PATTERN,
        &[target("lambda function:f", vec![])],
        &[],
        None,
        "about 2.28 USD a million firings: event 0 USD, delivery 0.20 USD, function 2.08 USD (128 MB, 1 s assumed)",
    );
    check(PATTERN, &[], &[], None, "about 0 USD a million firings: event 0 USD, delivery 0 USD");
}
