//! Hostile names through every renderer: mail, chat, JSON, shell commands, and the command line over files.

use std::fs;

use budget_guard_core::alerts::{
    Alert, AlertJson, BudgetBody, BudgetEvent, BudgetRef, CodeSource, Commands, CostEstimate,
    Failure as Failed, NotTaken, Occurrence, RuleBody, RuleEvent, Subject, Tamper, Tampered, Tampering,
    command, command_in, message,
};
use budget_guard_core::archive::Replay;
use budget_guard_core::escape;
use budget_guard_core::model::{MeanDurations, RuleArn, RuleState, Target, Timestamp};
use budget_guard_core::prices::CostBasis;
use budget_guard_core::sources::cost;
use budget_guard_core::trial::TrialOutcome;
use budget_guard_core::verdict::{CallerEvidence, Evidence, EvidenceKind, Finding, OwnEvidence};
use budget_guard_tests::Failure;
use budget_guard_tests::hostile::{NAMES, RULES, chat_problem, plain_problem, words};
use budget_guard_tests::program::Program;
use serde_json::{Value, json};

const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);
/// Name that needs no escape, and is no id.
const TAME: &str = "a name";

fn rule(path: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse().unwrap()
}

/// Evidence with this name wherever there is text.
fn evidence(name: &str) -> Evidence {
    let text = || name.to_owned();
    Evidence {
        kind: EvidenceKind::Turns,
        count: 10,
        limit: Some(10),
        first: Some(NOON),
        last: Some(NOON),
        callers: vec![CallerEvidence {
            principal: text(),
            issued_to: Some(text()),
            count: 3,
            is_target: true,
        }],
        sample_event_ids: vec!["event-1".into(), text()],
        call: Some(text()),
        own: Some(OwnEvidence {
            finding: Finding::Surplus { calls: 3, reasons: 1 },
            resource: Some(text()),
            missing: Some(text()),
            cycle: vec![rule("a"), rule("b")],
        }),
        history: Some(text()),
        overspent_budgets: vec![text()],
        otherwise: Some(text()),
        ..Evidence::manual()
    }
}

/// Alerts of every kind that carries text of others, with this name in each place.
fn alerts(name: &str) -> Vec<Alert> {
    let text = || name.to_owned();
    let (why, limit) = (text(), "50/60s".parse().unwrap());
    let source = Some(CodeSource::CloudFormation { stack: text(), logical_id: Some(text()) });
    let target = Target::new(name, format!("arn:aws:{name}:us-east-1:123456789012:{name}"));
    let firing = CostBasis::new("default", None, &[target]).firing(&MeanDurations::new(), Some(name));
    let mut events = vec![
        RuleEvent::Suspect { why: text(), because: Some(text()), kind: EvidenceKind::Turns },
        RuleEvent::WouldTrip { why: text(), because: text(), at: NOON, is_observed: true },
        RuleEvent::TrialOver { outcome: TrialOutcome::Open, why: text(), replay_at: None },
        RuleEvent::Restored { to: RuleState::Enabled, limit, changed: vec![text()], missed: None },
        RuleEvent::Undone { by: Some(text()), to: RuleState::Enabled, limit, source: source.clone() },
        RuleEvent::Deleted { by: Some(text()) },
        RuleEvent::Reminder { since: Some(NOON), why, source },
        RuleEvent::Advice { own: 3, all: 4, role: Some(text()) },
    ];
    let failures = [
        Failed::Tags(vec![text()]),
        Failed::Pattern(text()),
        Failed::Disable(text()),
        Failed::Restore(text()),
        Failed::Replay { fault: text(), archive: text(), replay: Replay::new(NOON, NOON) },
        Failed::RestoreChanged(vec![text()]),
    ];
    events.extend(failures.map(RuleEvent::Failed));
    let body = |event| {
        let cost = CostEstimate::new(&evidence(name), firing.clone());
        RuleBody::new(event, "open").with_evidence(&evidence(name)).with_cost(cost)
    };
    let mut alerts: Vec<Alert> =
        events.into_iter().map(|event| Alert::about_rule(&rule("fix-acl"), 3, body(event), NOON)).collect();
    let budget = BudgetRef { name: text(), limit: None, threshold: None, amount: None, until: Some(NOON) };
    let read = cost::read(Some(name), &json!({"AlarmName": name, "x": name}).to_string()).to_string();
    for event in [
        BudgetEvent::Pressure { why: text(), cut: Vec::new(), left: Vec::new(), unlisted: 0 },
        BudgetEvent::Unconfirmed { said: text(), doubt: NotTaken::Doubted(text()) },
        BudgetEvent::Unconfirmed { said: read, doubt: NotTaken::Full },
        BudgetEvent::Cleared(text()),
    ] {
        for subject in [Subject::Budget(text()), Subject::Message(text())] {
            let body =
                BudgetBody { event: event.clone(), budget: Some(budget.clone()), region: "us-east-1".into() };
            alerts.push(Alert::about_budget(subject, Occurrence::default(), body, NOON));
        }
    }
    let before = Some(text());
    let tag = Tamper::Tag { rule: rule("fix-acl"), key: format!("budget-guard:{name}"), before, after: None };
    let tampering = Tampering::of(vec![Tampered { change: tag, by: Some(text()) }]);
    alerts.push(Alert::about_tampering(tampering, NOON));
    alerts
}

/// Texts of a notification that a chat client may show: all but ids and the alert for programs.
fn shown(chat: &Value) -> Vec<&str> {
    let (content, metadata) = (&chat["content"], &chat["metadata"]);
    let one = [&content["title"], &content["description"], &metadata["summary"], &metadata["eventType"]];
    let many = [&content["nextSteps"], &content["keywords"], &metadata["relatedResources"]];
    let many = many.into_iter().flat_map(|list| list.as_array().into_iter().flatten());
    one.into_iter().chain(many).map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn no_markup_survives_in_an_alert() {
    let tame = alerts(TAME);
    for name in NAMES {
        for (alert, tame) in alerts(name).iter().zip(&tame) {
            let kind = &alert.key.kind;
            let parts: Value =
                serde_json::from_str(&message(alert, &Commands::default()).unwrap().body).unwrap();
            let part = |part: &str| parts[part].as_str().unwrap().to_owned();
            for mail in [part("default"), part("email")] {
                assert_eq!(plain_problem(&mail), None, "{kind:?}: {name:?}");
                let lines = AlertJson::of(tame).text().lines().count();
                assert_eq!(mail.lines().count(), lines, "{kind:?}: a line of its own: {name:?}\n{mail}");
            }
            let subject = message(alert, &Commands::default()).unwrap().subject;
            assert!(
                subject.is_ascii() && plain_problem(&subject).is_none() && !subject.contains('\n'),
                "{subject}"
            );
            let chat: Value = serde_json::from_str(&part("https")).unwrap();
            for text in shown(&chat) {
                assert_eq!(chat_problem(text), None, "{kind:?}: {name:?}");
            }
            // Programs get the alert as it is.
            let json = serde_json::to_value(AlertJson::of(alert)).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&part("sqs")).unwrap(), json);
            assert_eq!(chat["metadata"]["additionalContext"]["alert"], json);
        }
    }
}

#[test]
fn an_id_is_shown_only_if_it_is_one() {
    for name in NAMES {
        let event = RuleEvent::Suspect { why: "why".into(), because: None, kind: EvidenceKind::Turns };
        let evidence =
            Evidence { sample_event_ids: vec![name.into(), "event-1".into()], ..Evidence::manual() };
        let body = RuleBody::new(event, "closed").with_evidence(&evidence);
        let text = AlertJson::of(&Alert::about_rule(&rule("fix-acl"), 3, body, NOON)).text();
        let ids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Events:    ")).collect();
        assert_eq!(ids, ["event-1"], "{name:?}\n{text}");
        assert!(name.is_empty() || !text.contains(name), "{text}");
    }
}

#[test]
fn a_word_of_a_shell_stays_one_word() -> Result<(), Failure> {
    for name in NAMES {
        assert_eq!(words(&escape::shell(name))?, [name]);
        assert_eq!(
            words(&escape::option("--queue", name))?.concat().replace('=', ""),
            format!("--queue{name}").replace('=', "")
        );
        // Also as it is printed.
        assert_eq!(words(&escape::plain(&escape::shell(name)))?, [escape::plain(name)]);
        assert!(words(&escape::option("--queue", name))?.len() <= 2);
    }
    for path in RULES {
        let rule = rule(path);
        for verb in ["enable", "explain", "attach"] {
            let words = words(&command(verb, &rule))?;
            assert_eq!(words[..2], ["budget-guard", verb]);
            let options: Vec<&str> =
                words[2..].iter().filter(|word| word.starts_with('-')).map(|word| &**word).collect();
            let bus = options.iter().filter(|option| option.starts_with("--bus")).count();
            assert_eq!(options.len() - bus, 1, "only the Region: {words:?}");
            assert!(words[2] == rule.as_str() || words[2] == rule.name(), "{words:?}");
        }
    }
    assert_eq!(words(&command_in("status", "-x y"))?, ["budget-guard", "status", "--region=-x y"]);
    Ok(())
}

#[tokio::test]
async fn the_command_line_prints_names_as_text() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, lines: Vec<String>| {
        let path = folder.path().join(name);
        fs::write(&path, lines.join("\n")).map(|()| path.display().to_string())
    };
    let names = || NAMES.into_iter().filter(|name| !name.is_empty());
    let pattern = json!({"source": ["aws.s3"]});
    let rules = write(
        "rules.jsonl",
        names().map(|name| json!({"name": name, "pattern": pattern}).to_string()).collect(),
    )?;
    let bad = write(
        "bad.jsonl",
        names().map(|name| json!({"name": name, "pattern": {"source": name}}).to_string()).collect(),
    )?;
    let events = write(
        "events.jsonl",
        names().map(|name| json!({"id": name, "source": "aws.s3"}).to_string()).collect(),
    )?;
    let record = |(number, name): (usize, &str)| {
        json!({
            "eventVersion": "1.08", "eventID": format!("event-{number}"), "eventTime": "2026-11-20T12:00:00Z",
            "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "awsRegion": "us-east-1",
            "eventType": "AwsApiCall", "recipientAccountId": "123456789012", "userIdentity": {"arn": name},
            "requestParameters": {"bucketName": name},
        })
    };
    let records: Vec<Value> = names().enumerate().map(record).collect();
    let log = write("log.json", vec![json!({"Records": records}).to_string()])?;
    let program = Program::new(&[])?;
    let tried = [
        format!("match --rules {rules} {events}"),
        format!("match --rules {bad} {events}"),
        format!("replay --rules {rules} {log} --limit 3/60s"),
        format!("replay --rules {bad} {log} --limit 3/60s"),
    ];
    for args in tried.iter().flat_map(|args| [args.clone(), format!("{args} --output json")]) {
        let output = program.run(&args).await?;
        let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        assert!(!out.is_empty() && !err.contains("panicked"), "{args}\n{err}");
        for text in [&out, &err] {
            assert_eq!(plain_problem(text), None, "{args}");
        }
        let forged = err.lines().filter(|line| line.starts_with("Alert id") || line.starts_with("lines"));
        assert_eq!(forged.count(), 0, "{args}\n{err}");
    }
    Ok(())
}
