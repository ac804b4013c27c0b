//! Text of each kind of alert, and the forms that SNS subscribers receive.

use insta::assert_snapshot;
use serde_json::{Value, json};

mod outbox;
mod stored;
mod words;

use super::*;
use crate::model::{Actor, MicroUsd, Millis, RuleArn, RuleState, Seconds, Target, Timestamp};
use crate::prices::CostBasis;
use crate::verdict::{CallerEvidence, Curve, Evidence, EvidenceKind, Finding, OwnEvidence};

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

/// Content with the evidence and the cost of a rule with three targets.
fn priced(body: RuleBody, evidence: &Evidence) -> RuleBody {
    let target = |arn: &str| Target::new("1", arn);
    let fixer = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
    let mut function = target(fixer);
    function.actors.push(Actor::new(fixer, Some("role")).with_memory(Some(512)));
    let targets = [
        function,
        target("arn:aws:sqs:us-east-1:123456789012:budget-guard"),
        target("arn:aws:ssm:us-east-1:123456789012:automation-definition/fix"),
    ];
    let basis = CostBasis::new("default", Some(r#"{"source":["aws.s3"]}"#), &targets);
    let means = [(fixer.to_owned(), Millis::new(2_345))].into();
    let cost = CostEstimate::new(evidence, basis.firing(&means, evidence.call.as_deref()));
    body.with_evidence(evidence).with_cost(cost)
}

fn rule(bus: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/{bus}fix-acl").parse().unwrap()
}

/// Alert about the rule with this reason.
fn alert(kind: AlertKind, bus: &str, reason: &str) -> AlertJson {
    let rule = rule(bus);
    let id = format!("{rule}/3/{}", kind.as_str());
    AlertJson {
        rule: Some(RuleRef::of(&rule)),
        state: Some(StateRef { breaker: "open".into(), rule: None }),
        ..AlertJson::new(kind, id, reason.into(), NOON)
    }
}

/// Rendered alert for an event of the rule.
fn told(bus: &str, body: RuleBody) -> AlertJson {
    AlertJson::of(&Alert::about_rule(&rule(bus), 3, body, NOON))
}

fn cut(why: String) -> RuleBody {
    RuleBody::new(RuleEvent::Tripped { why, next: AfterCut::ByPerson, is_watched: None }, "open")
}

fn tripped() -> AlertJson {
    let evidence = evidence();
    let body = priced(cut(evidence.sentence()), &evidence);
    told("orders/", body.with_state(RuleState::Disabled))
}

fn forms(alert: &AlertJson) -> Value {
    let message = message(&Alert::written(alert.clone()), &Commands::default()).unwrap();
    serde_json::from_str(&message.body).unwrap()
}

#[test]
fn alerts_read_well_at_three_in_the_morning() {
    let check = |name: &str, alert: &AlertJson| {
        assert_snapshot!(name, format!("Subject: {}\n\n{}", alert.subject(), alert.text()));
    };
    check("tripped", &tripped());
    let by_hand = priced(cut("cut by hand: incident 7".into()), &Evidence::manual());
    check("tripped_by_hand", &told("", by_hand.with_state(RuleState::Disabled)));
    let (why, because) = (evidence().sentence(), "its mode is observe".into());
    let would = RuleEvent::WouldTrip { why, because, at: NOON, is_observed: true };
    let would = told("", RuleBody::new(would, "open").with_evidence(&evidence()));
    let dedup_id = format!("{}/3/would-trip", rule(""));
    check("would_trip", &AlertJson { dedup_id, ..would });
    let fixer_and_other = ["fix-acl", "fix-policy"]
        .map(|name| format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap());
    let cycle = Evidence {
        kind: EvidenceKind::Turns,
        count: 10,
        limit: Some(10),
        window_seconds: None,
        rate: Curve::new(&[0, 1, 60, 61, 62, 120, 121, 180, 181, 182]),
        call: Some("s3 PutBucketAcl".into()),
        own: Some(OwnEvidence {
            finding: Finding::Turns { turns: 10 },
            resource: Some("my-bucket".into()),
            missing: None,
            cycle: fixer_and_other.into(),
        }),
        ..evidence()
    };
    let cycle = cycle.with_otherwise("200/60s".parse().unwrap());
    check("tripped_cycle", &told("", priced(cut(cycle.sentence()), &cycle)));
    let mut restored = alert(AlertKind::Restored, "", "put back to ENABLED; a new epoch begins");
    restored.state = Some(StateRef { breaker: "open".into(), rule: Some(RuleState::Enabled) });
    check("restored", &restored);
    let mut failed =
        alert(AlertKind::Failed, "", "could not disable the rule: DisableRule: AccessDeniedException: no");
    failed.hint = Some("allow the guard events:DisableRule on this rule; or disable it by hand".into());
    check("failed", &failed);
}

/// Alert about an overspent budget with rules that were cut and rules that were not.
fn overspent() -> AlertJson {
    let ranked = |path: &str, firings_per_hour, cost: Option<u64>, own_percent, is_suspect| {
        let rule: RuleArn = format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse().unwrap();
        Ranked {
            rule: RuleRef::of(&rule),
            firings_per_hour,
            cost_per_hour_micro_usd: cost.map(MicroUsd::new),
            own_percent,
            is_suspect,
        }
    };
    let reason = "the budget \"team blue\" has spent 91.25 USD, more than its alert threshold of 80.00 USD; budgeted are 100.00 USD";
    let budget = BudgetRef {
        name: "team blue".into(),
        limit: "$100".parse().ok(),
        threshold: "$80".parse().ok(),
        amount: "$91.25".parse().ok(),
        until: "2026-12-01T00:00:00Z".parse().ok(),
    };
    let cut = vec![
        ranked("orders/tag-orders", 1_800, Some(45_000), Some(98), true),
        ranked("fix-acl", 180, Some(36), Some(100), true),
    ];
    let left = vec![
        ranked("notify-deploys", 12_345, Some(4_938), Some(0), false),
        ranked("audit-all", 60, None, None, false),
    ];
    let event = BudgetEvent::Pressure { why: reason.into(), cut, left, unlisted: 1_204 };
    let body = BudgetBody { event, budget: Some(budget), region: "us-east-1".into() };
    let since = Occurrence::repeated(Repetition::At(NOON));
    let alert = Alert::about_budget(Subject::Budget("team blue".into()), since, body, NOON);
    let hint = "see why: budget-guard explain tag-orders --bus orders --region us-east-1";
    AlertJson { hint: Some(hint.into()), ..AlertJson::of(&alert) }
}

fn about_money(outcome: BudgetOutcome, reason: &str) -> AlertJson {
    AlertJson {
        outcome: Some(outcome),
        unlisted: Some(0),
        ..AlertJson::new(AlertKind::Budget, "budget/message/m-1".into(), reason.into(), NOON)
    }
}

#[test]
fn alerts_about_money_read_well_too() {
    let check = |name: &str, alert: &AlertJson| {
        assert_snapshot!(name, format!("Subject: {}\n\n{}", alert.subject(), alert.text()));
        assert!(alert.subject().len() < 100 && alert.subject().is_ascii());
    };
    check("budget_pressure", &overspent());
    let calm = AlertJson { cut: Vec::new(), unlisted: Some(0), hint: None, ..overspent() };
    check("budget_without_a_loop", &calm);
    let mut forged = about_money(
        BudgetOutcome::Unconfirmed,
        "AWS Budgets says that the actual cost of the budget \"red\" is 91.25 USD. Not confirmed: account 123456789012 has \
         no budget \"red\": the alert was forged, or the budget renamed or deleted. Nothing was cut",
    );
    forged.hint = Some("look at the budget, and at the rules: budget-guard status --region us-east-1".into());
    check("budget_unconfirmed", &forged);
    let unknown = crate::sources::cost::read(None, "Dear customer,\nyou owe us a lot\u{1b}[2J!");
    let unknown =
        format!("{unknown}. Not confirmed: only alerts of AWS Budgets can be checked. Nothing was cut");
    check("budget_unknown_text", &about_money(BudgetOutcome::Unconfirmed, &unknown));
    let reason =
        "the budget \"team blue\" no longer presses: AWS Budgets has no raised alert for it any more";
    check("budget_eased", &about_money(BudgetOutcome::Eased, reason));
    let reason = "the pressure of the budget \"team blue\" was ended by hand: a planned migration";
    check("budget_cleared", &about_money(BudgetOutcome::Cleared, reason));
}

#[test]
fn alerts_about_money_have_their_form_for_every_protocol() {
    let alert = overspent();
    let message = forms(&alert);
    let part = |name: &str| message[name].as_str().unwrap();
    assert!([part("default"), part("email")].iter().all(|text| *text == alert.text()));
    assert_eq!(part("sqs"), part("lambda"));
    let json: Value = serde_json::from_str(part("sqs")).unwrap();
    insta::assert_json_snapshot!("budget_json", json);
    assert_eq!(serde_json::from_value::<AlertJson>(json.clone()).unwrap(), alert);
    let mut chat: Value = serde_json::from_str(part("https")).unwrap();
    assert_eq!(chat["metadata"]["additionalContext"]["alert"].take(), json);
    insta::assert_json_snapshot!("budget_chat", chat);
    let small = serde_json::to_value(about_money(BudgetOutcome::Eased, "r")).unwrap();
    insta::assert_json_snapshot!("budget_eased_json", small);
}

#[test]
fn the_subject_is_one_short_line() {
    let long = alert(AlertKind::WouldTrip, &format!("{}/", "b".repeat(200)), "x");
    let subject = long.subject();
    assert!(subject.len() < 100 && subject.is_ascii() && !subject.contains('\n'), "{subject}");
}

#[test]
fn every_protocol_gets_its_form() {
    let alert = tripped();
    let message = forms(&alert);
    let part = |name: &str| message[name].as_str().unwrap().to_owned();
    assert_eq!(part("default"), alert.text());
    assert_eq!(part("email"), alert.text());
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

#[test]
fn an_alert_about_what_the_guard_is_not_shown() {
    let rules: Vec<RuleArn> = ["deploys", "reader"]
        .map(|name| format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap())
        .to_vec();
    let said = [
        "rule reader: calls named Get…, List… or Describe… fire this too".to_owned(),
        "rule deploys: not only API calls".to_owned(),
    ];
    let settings = ["WatchReadOnlyCalls=true", "Watch=all"];
    let about = |reads: &[RuleArn], events: &[RuleArn]| {
        AlertJson::of(&Alert::about_coverage(Coverage::of(reads, events, &[], &[]), NOON))
    };
    let alert = AlertJson { reason: said.join(". "), ..about(&rules[1..], &rules[..1]) };
    assert_eq!(alert.subject(), "budget-guard is not shown all that fires 2 rules");
    assert_snapshot!("unwatched_text", alert.text());
    let forms = forms(&alert);
    let json: Value = serde_json::from_str(forms["sqs"].as_str().unwrap()).unwrap();
    assert_eq!((&json["kind"], &json["settings"]), (&json!("unwatched"), &json!(settings)));
    assert_eq!(json["rules"][1]["name"], "reader");
    let chat: Value = serde_json::from_str(forms["https"].as_str().unwrap()).unwrap();
    assert_eq!(chat["metadata"]["additionalContext"]["alert"], json);
    assert_eq!(chat["metadata"]["eventType"], "unwatched");
    assert_eq!(chat["content"]["keywords"], json!(["budget-guard", "unwatched"]));

    let many: Vec<RuleArn> = (0..2_000)
        .map(|n| {
            rules[0]
                .to_string()
                .replace("deploys", &format!("a-rule-with-a-rather-long-name-{n}"))
                .parse()
                .unwrap()
        })
        .collect();
    let alert = about(&[], &many);
    assert_eq!((alert.rules.len(), alert.unlisted), (100, Some(1_900)));
    assert!(
        message(&Alert::written(alert), &Commands::default()).unwrap().body.len() < 256 * 1024,
        "SNS takes no more than 256 KB"
    );
}
