//! How alerts read: the whole text of each kind, and the forms on the wire.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::model::{Proof, RuleArn, RuleDefinition, RuleState, Seconds, Target, Timestamp};
use crate::verdict::{CallerEvidence, Curve, EchoEvidence, Evidence, EvidenceKind};

const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);

fn evidence() -> Evidence {
    let caller = |principal: &str, count, is_target| CallerEvidence {
        principal: principal.into(),
        issued_to: None,
        count,
        is_target,
    };
    Evidence {
        kind: EvidenceKind::Burst,
        count: 200,
        limit: Some(200),
        window_seconds: Some(Seconds::new(60)),
        first: Some(NOON),
        last: Some(NOON + jiff::SignedDuration::from_secs(10)),
        callers: vec![
            caller("arn:aws:sts::123456789012:assumed-role/fixer-role/fixer", 199, true),
            caller("arn:aws:iam::123456789012:user/ann", 1, false),
        ],
        sample_event_ids: vec!["event-1".into(), "event-2".into()],
        ..Evidence::manual()
    }
}

fn found() -> RuleDefinition {
    let target = |arn: &str| Target::new("1", arn);
    let mut rule = crate::testing::World::rule(RuleState::Enabled);
    rule.targets = vec![
        target("arn:aws:lambda:us-east-1:123456789012:function:fixer"),
        target("arn:aws:sqs:us-east-1:123456789012:budget-guard"),
        target("arn:aws:ssm:us-east-1:123456789012:automation-definition/fix"),
    ];
    rule
}

fn alert(kind: AlertKind, bus: &str, reason: &str) -> Alert {
    let rule: RuleArn = format!("arn:aws:events:us-east-1:123456789012:rule/{bus}fix-acl").parse().unwrap();
    Alert::new(kind, &rule, 3, "open", "", reason.into(), NOON)
}

fn tripped() -> Alert {
    let evidence = evidence();
    alert(AlertKind::Tripped, "orders/", &evidence.sentence())
        .with_evidence(&evidence, Some(&found()))
        .with_state(RuleState::Disabled)
        .with_undo()
}

#[test]
fn alerts_read_well_at_three_in_the_morning() {
    let check = |name: &str, alert: &Alert| {
        assert_snapshot!(name, format!("Subject: {}\n\n{}", subject(alert), text(alert)));
    };
    check("tripped", &tripped());
    let by_hand = alert(AlertKind::Tripped, "", "cut by hand: incident 7")
        .with_evidence(&Evidence::manual(), Some(&found()))
        .with_state(RuleState::Disabled)
        .with_undo();
    check("tripped_by_hand", &by_hand);
    let reason = format!("{}; not disabled, because its mode is observe", evidence().sentence());
    let would = alert(AlertKind::WouldTrip, "", &reason)
        .with_evidence(&evidence(), None)
        .with_hint("to let the guard disable it, tag the rule budget-guard:mode=enforce");
    check("would_trip", &would);
    let fixer_and_other = ["fix-acl", "fix-policy"]
        .map(|name| format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap());
    let cycle = Evidence {
        kind: EvidenceKind::Echo,
        count: 10,
        limit: Some(10),
        window_seconds: None,
        rate: Curve::new(&[0, 1, 60, 61, 62, 120, 121, 180, 181, 182]),
        echo: Some(EchoEvidence {
            resource: "my-bucket".into(),
            shared: 0,
            identical: false,
            outside: 0,
            proof: Some(Proof::Session),
            cycle: fixer_and_other.into(),
        }),
        ..evidence()
    };
    let cycle = cycle.with_otherwise("200/60s".parse().unwrap());
    let tripped =
        alert(AlertKind::Tripped, "", &cycle.sentence()).with_evidence(&cycle, Some(&found())).with_undo();
    check("tripped_cycle", &tripped);
    let restored = alert(AlertKind::Restored, "", "put back to ENABLED; a new epoch begins");
    check("restored", &restored.with_state(RuleState::Enabled));
    let failed =
        alert(AlertKind::Failed, "", "could not disable the rule: DisableRule: AccessDeniedException: no");
    check(
        "failed",
        &failed.with_hint("allow the guard events:DisableRule on this rule; or disable it by hand"),
    );
}

#[test]
fn the_subject_is_one_short_line() {
    let long = alert(AlertKind::WouldTrip, &format!("{}/", "b".repeat(200)), "x");
    let subject = subject(&long);
    assert!(subject.len() < 100 && subject.is_ascii() && !subject.contains('\n'), "{subject}");
}

#[test]
fn every_protocol_gets_its_form() {
    let alert = tripped();
    let message: Value = serde_json::from_str(&sns_message(&alert).unwrap()).unwrap();
    let part = |name: &str| message[name].as_str().unwrap().to_owned();
    assert_eq!(part("default"), text(&alert));
    assert_eq!(part("email"), text(&alert));
    let as_json = serde_json::to_value(&alert).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&part("sqs")).unwrap(), as_json);
    assert_eq!(serde_json::from_str::<Value>(&part("lambda")).unwrap(), as_json);
    let chat: Value = serde_json::from_str(&part("https")).unwrap();
    assert_eq!((&chat["version"], &chat["source"]), (&json!("1.0"), &json!("custom")));
    assert_eq!(chat["metadata"]["additionalContext"]["alert"], as_json);
}

#[test]
fn the_json_has_the_promised_shape() {
    let alert = serde_json::to_value(tripped()).unwrap();
    insta::assert_json_snapshot!("tripped_json", alert);
}

#[test]
fn what_is_not_json_for_an_alert_is_refused() {
    assert!(serde_json::from_value::<Alert>(json!({"kind": "exploded"})).is_err());
}
