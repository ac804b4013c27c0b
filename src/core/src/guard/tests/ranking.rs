//! Ranking of rules under an overspent budget: by cost, by caller, by firings.

use super::*;
use crate::alerts::Ranked;
use crate::model::Throttle;

const LATER: Timestamp = Timestamp::constant(1_795_176_600, 0);

fn named(name: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
}

fn targets(services: &[&str]) -> Vec<Target> {
    let arn = |service: &&str| format!("arn:aws:{service}:us-east-1:123456789012:function:fixer");
    let role = "arn:aws:iam::123456789012:role/fixer-role";
    let actor = |service: &&str| crate::model::Actor::new(&arn(service), Some(role));
    services
        .iter()
        .map(|service| Target { actors: vec![actor(service)], ..Target::new(*service, arn(service)) })
        .collect()
}

/// A number of firings within ten minutes, and the percentage that the rule's own function caused.
fn record(name: &str, firings: i64, percent: i64) -> Record {
    let mut record = Record::new(named(name), "200/60s".parse().unwrap());
    for n in 0..firings {
        let is_own = n * 100 < percent * firings;
        let caller = if is_own {
            "sts::123456789012:assumed-role/fixer-role/fixer"
        } else {
            "iam::123456789012:user/ann"
        };
        let firing = Firing {
            rule: named(name),
            event_id: format!("{name}-{n}").into(),
            at: NOON + SignedDuration::from_secs(n * 600 / firings),
            caller: Caller { principal: format!("arn:aws:{caller}").into(), issued_to: None },
            call: None,
            cause: Cause::Unknown,
        };
        record.window.insert(&firing, LATER);
    }
    record
}

/// A line for a rule, as it stands: firings and micro-USD an hour, and the share of own calls.
fn line(ranked: &Ranked) -> String {
    let or = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
    let cost = or(ranked.cost_per_hour_micro_usd.map(crate::model::MicroUsd::get));
    let (name, own) = (&ranked.rule.name, or(ranked.own_percent.map(u64::from)));
    format!("{name}: {} for {cost}, {own} %", ranked.firings_per_hour)
}

#[test]
fn a_rule_costs_what_its_targets_are_asked() {
    let check = |services: Option<&[&str]>, percent: i64, expected: &str| {
        let targets = services.map(targets);
        let ranked = rank_entry(&record("r", 100, percent), targets.as_deref(), LATER).unwrap();
        assert_eq!(line(&ranked), expected, "{services:?}");
    };
    check(Some(&["lambda"]), 0, "r: 400 for 913, 0 %");
    check(Some(&["lambda"]), 97, "r: 400 for 913, 97 %");
    check(Some(&["lambda", "sqs"]), 100, "r: 400 for 1073, 100 %");
    check(Some(&["states"]), 0, "r: 400 for 10000, 0 %");
    check(Some(&["events", "sns"]), 0, "r: 400 for 600, 0 %");
    // Without targets there is nothing to pay for.
    check(Some(&[]), 0, "r: 400 for 0, 0 %");
    // A service without a price here is not free.
    check(Some(&["ssm"]), 0, "r: 400 for ?, 0 %");
    check(Some(&["ssm", "lambda"]), 0, "r: 400 for 913, 0 %");
    // Nobody has read the targets yet: neither what they cost nor what they cause is known.
    check(None, 100, "r: 400 for ?, ? %");
}

#[test]
fn only_what_fires_now_stands_in_the_ranking() {
    let fired = record("r", 100, 0);
    let at = |minutes: i64| {
        rank_entry(&fired, None, NOON + SignedDuration::from_mins(minutes)).map(|one| one.firings_per_hour)
    };
    assert_eq!([at(10), at(20), at(26)], [Some(400), Some(196), None]);
    let mut suspect = fired.clone();
    suspect.suspected = Throttle::reported(NOON);
    assert!(rank_entry(&suspect, None, LATER).unwrap().is_suspect);
    suspect.suspected = Throttle::reported(LATER - SignedDuration::from_hours(48));
    assert!(!rank_entry(&suspect, None, LATER).unwrap().is_suspect, "two days later");
    let mut cut = fired;
    cut.breaker = Breaker::Open(Cut::default());
    assert_eq!(rank_entry(&cut, None, LATER), None);
}

#[test]
fn the_most_expensive_comes_first_then_who_fires_itself_then_the_busiest() {
    let of = |name, firings, percent, services: Option<&[&str]>| {
        rank_entry(&record(name, firings, percent), services.map(targets).as_deref(), LATER).unwrap()
    };
    let mut rules = vec![
        of("unknown-busy", 180, 0, None),
        Ranked { own_percent: Some(90), ..of("unpriced-own", 20, 0, Some(&["ssm", "ecs"])) },
        of("unknown-calm", 20, 0, None),
        of("cheap-b", 100, 0, Some(&["lambda"])),
        of("cheap-a", 100, 0, Some(&["lambda"])),
        of("cheap-own", 100, 50, Some(&["lambda"])),
        of("few-but-dear", 10, 0, Some(&["states"])),
    ];
    rank(&mut rules);
    let lines: Vec<String> = rules.iter().map(line).collect();
    let expected = [
        "few-but-dear: 40 for 1000, 0 %",
        "cheap-own: 400 for 913, 50 %",
        "cheap-a: 400 for 913, 0 %",
        "cheap-b: 400 for 913, 0 %",
        "unpriced-own: 80 for ?, 90 %",
        "unknown-busy: 720 for ?, ? %",
        "unknown-calm: 80 for ?, ? %",
    ];
    assert_eq!(lines, expected);
}
