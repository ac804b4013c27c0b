//! Tests of the page about a trip.

use std::num::NonZeroU32;

use budget_guard_core::aftermath::{Accused, Aftermath, CutOutcome, Measured};
use budget_guard_core::alerts::{Commands, CostEstimate, Remedy};
use budget_guard_core::breaker::{Breaker, Cut, Disabled};
use budget_guard_core::cure::{self, pretty};
use budget_guard_core::model::{RuleArn, RuleState, Seconds, Target};
use budget_guard_core::policy::BurstLimit;
use budget_guard_core::prices::CostBasis;
use budget_guard_core::record::Outcome;
use budget_guard_core::verdict::{CallerEvidence, Curve, Evidence, EvidenceKind, Finding, OwnEvidence};

use super::*;
use crate::samples::check_sample;

const PATTERN: &str = r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#;
const FIXER: &str = "arn:aws:sts::123456789012:assumed-role/acl-fixer-role/acl-fixer";

fn at(time: &str) -> Timestamp {
    format!("2026-11-20T{time}Z").parse().unwrap()
}

/// A proved loop of ten turns, disabled a minute later, after which the calls stopped.
fn looping() -> Record {
    let rule: RuleArn = "arn:aws:events:eu-west-1:123456789012:rule/fix-acl".parse().unwrap();
    let limit = BurstLimit { count: NonZeroU32::new(200).unwrap(), window: Seconds::new(60) };
    let mut record = Record::new(rule, limit);
    let caller = |principal: &str, count, is_target| CallerEvidence {
        principal: principal.to_owned(),
        issued_to: None,
        count,
        is_target,
    };
    let evidence = Evidence {
        kind: EvidenceKind::Turns,
        count: 10,
        limit: Some(10),
        first: Some(at("12:00:05")),
        last: Some(at("12:00:50")),
        callers: vec![caller(FIXER, 10, true), caller("arn:aws:iam::123456789012:user/ann", 1, false)],
        sample_event_ids: (5..10).map(|n| format!("5d3ed0a4-0000-4000-8000-00000000000{n}")).collect(),
        call: Some("s3 PutBucketAcl".to_owned()),
        own: Some(OwnEvidence {
            finding: Finding::Turns { turns: 10 },
            resource: Some("arn:aws:s3:::uploads".to_owned()),
            missing: None,
            cycle: Vec::new(),
        }),
        rate: Curve::new(&(0..10).map(|turn| turn * 5).collect::<Vec<_>>()),
        ..Evidence::manual()
    };
    let reason = evidence.sentence();
    let target = Target::new("1", "arn:aws:lambda:eu-west-1:123456789012:function:acl-fixer");
    let basis = CostBasis::new("default", Some(PATTERN), std::slice::from_ref(&target));
    let firing = basis.firing(record.means(), evidence.call.as_deref());
    let cost = CostEstimate::new(&evidence, firing).map(Box::new);
    record.last_trip = Some(Trip {
        at: at("12:01:10"),
        epoch: 1,
        reason,
        evidence,
        outcome: Outcome::Cut,
        earliest_missed: None,
        own_role: Some("arn:aws:iam::123456789012:role/acl-fixer-role".to_owned()),
        own_before: Vec::new(),
        cost,
    });
    let found = RuleDefinition {
        state: RuleState::Enabled,
        event_pattern: Some(PATTERN.to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
        targets: vec![target],
        tags: Default::default(),
    };
    record.breaker = Breaker::Open(Cut::Disabled(Box::new(Disabled::new(found, at("12:01:12"), None))));
    let mut aftermath = Aftermath::new(at("12:01:12"), Accused::Own);
    aftermath.outcome = CutOutcome::Stopped {
        numbers: Measured {
            before: 10,
            before_seconds: 50,
            after: 2,
            after_seconds: 900,
            last_after_seconds: Some(8),
        },
        is_proof: true,
    };
    record.aftermath = Some(Box::new(aftermath));
    record
}

/// Page about this record, as the command line fills it.
fn shown(record: &Record) -> String {
    let trip = record.last_trip.as_ref().unwrap();
    let found = record.breaker.found();
    let remedy = found.and_then(|found| record.cure(found)).map(Remedy::from);
    let cure = remedy.map(|remedy| CureJson::new(&remedy, &record.rule, &Commands::default()));
    let diff = cure.as_ref().and_then(|cure| cure.pattern.as_deref()).map(diff).unwrap_or_default();
    explain_html(&Explanation {
        record,
        trip,
        result: "disabled at 2026-11-20T12:01:12Z (28m ago)".to_owned(),
        cure,
        diff,
        next: NextStep {
            text: "Break the loop first. Then put the rule back:".to_owned(),
            command: Some("budget-guard enable fix-acl --region eu-west-1".to_owned()),
        },
        now: at("12:30:00"),
    })
}

fn diff(after: &str) -> Vec<String> {
    let before = pretty(PATTERN);
    let mark = |line: &str| {
        if before.contains(line.trim_end_matches(',')) { format!("  {line}") } else { format!("+ {line}") }
    };
    cure::pretty(after).lines().map(mark).collect()
}

/// Page of the documents. They show what this version makes.
#[test]
fn the_sample_is_current() {
    check_sample("explain.html", &shown(&looping()));
}

#[test]
fn each_section_says_what_the_record_holds() {
    let page = shown(&looping());
    let check = |text: &str| assert!(page.contains(text), "{text:?} is missing:\n{page}");
    check("<span class=\"word\">Proved loop</span>");
    check("10 turns in a chain");
    check("Outcome: the calls stopped with the rule");
    check("Rate curve: 10 firings in 16 bars of 3s, the highest 1; disabled 22s after the last one counted");
    check("lies above this chart");
    check(
        "Cycle: rule fix-acl invokes (cut here) target function:acl-fixer calls call s3 PutBucketAcl fires fix-acl",
    );
    check("90 %");
    check(
        "<li class=\"bad\"><time datetime=\"2026-11-20T12:01:12Z\">2026-11-20T12:01:12Z, 1m 7s later</time>",
    );
    check("The rule stays disabled until a person puts it back.");
    check("<span class=\"added\">+ ");
    check("budget-guard enable fix-acl --region eu-west-1");
    check("aws cloudtrail lookup-events");
}

#[test]
fn what_is_not_known_is_said() {
    let check = |change: fn(&mut Record), text: &str| {
        let mut record = looping();
        change(&mut record);
        let page = shown(&record);
        assert!(page.contains(text), "{text:?} is missing:\n{page}");
    };
    check(|record| record.aftermath = None, "What came after the cut is not known");
    let unpriced = |record: &mut Record| record.last_trip.iter_mut().for_each(|trip| trip.cost = None);
    check(unpriced, "the record has no price of these firings");
    check(|record| record.breaker = Breaker::Closed, "The command cure computes one");
    let by_hand = |record: &mut Record| {
        let Some(trip) = &mut record.last_trip else { return };
        trip.evidence = Evidence::manual();
        record.aftermath = None;
    };
    check(by_hand, "Cut by hand");
    check(by_hand, "The record keeps no rate of this trip.");
    check(by_hand, "a person cut the rule");
    check(
        |record| {
            if let Some(trip) = &mut record.last_trip {
                trip.outcome = Outcome::Undone { at: at("13:00:00") };
            }
        },
        "CloudTrail has the EnableRule call",
    );
}

/// A burst that reaches the limit, whose rate is drawn with it.
#[test]
fn the_limit_is_drawn_where_the_rate_comes_near_it() {
    let mut record = looping();
    let trip = record.last_trip.as_mut().unwrap();
    let times: Vec<i64> = (0..200).map(|n| n / 5).collect();
    trip.evidence = Evidence {
        kind: EvidenceKind::Burst,
        count: 200,
        limit: Some(200),
        window_seconds: Some(Seconds::new(60)),
        first: Some(at("12:00:00")),
        last: Some(at("12:00:39")),
        rate: Curve::new(&times),
        ..Evidence::manual()
    };
    let page = shown(&record);
    assert!(page.contains("\nlimit\n") && !page.contains("lies above this chart"), "{page}");
    assert!(page.contains("No cycle is known"), "{page}");
    assert!(page.contains("200 firings, judged by their number alone."), "{page}");
}

#[test]
fn a_page_is_complete_in_itself_and_runs_nothing() {
    let page = shown(&looping());
    for part in ["http:", "https:", "<script", "<link rel=\"stylesheet", "@import", "url(", "src="] {
        assert!(!page.contains(part), "{part}:\n{page}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("prefers-color-scheme:dark") && page.contains("@media print"));
    assert_eq!(page.matches("<svg ").count(), page.matches("<svg role=\"img\" aria-label=\"").count());
    assert!(page.len() < 100_000, "{} bytes", page.len());
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "</title><script>alert(1)</script>\"'&\u{202e}\n";
    let mut record = looping();
    let trip = record.last_trip.as_mut().unwrap();
    trip.reason = hostile.to_owned();
    trip.evidence.call = Some(hostile.to_owned());
    trip.evidence.callers[1].principal = hostile.to_owned();
    let own = trip.evidence.own.as_mut().unwrap();
    (own.resource, own.missing) = (Some(hostile.to_owned()), Some(hostile.to_owned()));
    record.aftermath = None;
    let page = shown(&record);
    assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
    assert_eq!(page.matches("</title>").count(), 1 + page.matches("<svg ").count(), "{page}");
    assert!(page.contains("&lt;script&gt;"));
}
