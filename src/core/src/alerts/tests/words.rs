//! Identity and text of every event, as subscribers know them. Each alert is also read back from its stored form.

use super::{NOON, rule};
use crate::aftermath::{CutOutcome, Measured, WhyEnded};
use crate::alerts::{
    AfterCut, Alert, AlertJson, BudgetBody, BudgetEvent, BudgetRef, CodeSource, EasedBy, Failure, NotTaken,
    Occurrence, Repetition, RuleBody, RuleEvent, Subject, Topic,
};
use crate::cure::{self, NoCure};
use crate::model::{Fault, FaultKind, RuleState};
use crate::policy::BurstLimit;
use crate::verdict::EvidenceKind;

/// Compares an alert with its expected id, reason and hint, and reads it back from its stored form.
fn check(alert: &Alert, id: &str, reason: &str, hint: Option<&str>) {
    let json = AlertJson::of(alert);
    assert_eq!((json.dedup_id.as_str(), json.reason.as_str(), json.hint.as_deref()), (id, reason, hint));
    let stored = serde_json::to_string(alert).unwrap();
    assert_eq!(serde_json::from_str::<Alert>(&stored).unwrap(), *alert, "{stored}");
}

fn check_rule(event: RuleEvent, id: &str, reason: &str, hint: Option<&str>) {
    let alert = Alert::about_rule(&rule(""), 3, RuleBody::new(event, "open"), NOON);
    check(&alert, &format!("{}/3/{id}", rule("")), reason, hint);
}

#[test]
fn events_of_a_rule() {
    let (to, limit) = (RuleState::Enabled, "50/60s".parse::<BurstLimit>().unwrap());
    let why = || "why".to_owned();
    let cut = |next| RuleEvent::Tripped { why: why(), next, is_watched: None };
    check_rule(cut(AfterCut::ByPerson), "tripped", "why", None);
    let hint = "the guard puts the rule back by itself at 2026-11-20T12:00:00Z";
    check_rule(cut(AfterCut::RestoredAt(NOON)), "tripped", "why", Some(hint));
    let hint = "it tripped three times within a day: only a person puts it back";
    check_rule(cut(AfterCut::TrippedTooOften), "tripped", "why", Some(hint));
    let hint = "the guard does not put it back by itself: the loop is proved";
    check_rule(cut(AfterCut::LoopIsProved), "tripped", "why", Some(hint));
    let watched = |is_watched| RuleEvent::Tripped {
        why: why(),
        next: AfterCut::ByPerson,
        is_watched: Some(is_watched),
    };
    let hint = "the guard goes on to see these calls, and tells the outcome of the cut";
    check_rule(watched(true), "tripped", "why", Some(hint));
    let hint =
        "the guard does not see this rule's events while it is off, so it cannot tell the outcome of the cut";
    check_rule(watched(false), "tripped", "why", Some(hint));
    let spared = RuleEvent::WouldTrip { why: why(), because: "x".into(), at: NOON, is_observed: false };
    let hint = "break the loop by hand; the guard will not touch this rule";
    check_rule(spared, "would-trip/2026-11-20T12:00:00Z", "why; not disabled, because x", Some(hint));
    let suspect = RuleEvent::Suspect { why: why(), because: None, kind: EvidenceKind::Sustained };
    let hint = "if this is how the rule works, nothing has to be done, or tag it budget-guard:sustained=off; if it is a loop, \
                cut it: budget-guard disable fix-acl --region us-east-1 --reason TEXT";
    check_rule(suspect, "suspect/2026-11-20", "why", Some(hint));
    let restored = |changed: &[&str]| {
        let changed = changed.iter().map(|&part| part.to_owned()).collect();
        RuleEvent::Restored { to, limit, changed, missed: None }
    };
    check_rule(restored(&[]), "restored", "put back to ENABLED; on probation with 50/60s", None);
    let reason = "put back to ENABLED; on probation with 50/60s. Changed while it was disabled, and kept as it is now: tags, \
                  role";
    check_rule(restored(&["tags", "role"]), "restored", reason, None);
    let reason = "an interrupted restore had put it to ENABLED; it is on probation";
    check_rule(RuleEvent::RestoredBefore { to }, "restored", reason, None);
    let undone = |by: Option<&str>, source| RuleEvent::Undone { by: by.map(Into::into), to, limit, source };
    let reason = "someone set it to ENABLED; it is on probation with 50/60s";
    let hint = "if a deployment enabled it, set the rule's state in its definition, or it will do so again";
    check_rule(undone(None, None), "undone", reason, Some(hint));
    let source = CodeSource::CloudFormation { stack: "s".into(), logical_id: Some("Rule".into()) };
    let reason = "ann set it to ENABLED; it is on probation with 50/60s";
    let hint = "if a deployment enabled it, set `State: DISABLED` on Rule in the CloudFormation stack s, or it will do so again";
    check_rule(undone(Some("ann"), Some(source)), "undone", reason, Some(hint));
    let reason = "ann deleted it while it was cut; the guard forgets the cut";
    check_rule(RuleEvent::Deleted { by: Some("ann".into()) }, "undone/deleted", reason, None);
    let source = Some(CodeSource::Terraform);
    let reminder = RuleEvent::Reminder { since: Some(NOON), why: why(), source };
    let hint = "to leave it disabled for good, set `state = \"DISABLED\"` on the aws_cloudwatch_event_rule in Terraform";
    check_rule(reminder, "reminder/2026-11-20", "disabled since 2026-11-20T12:00:00Z: why", Some(hint));
}

#[test]
fn advice_and_a_changed_pattern() {
    let advice = RuleEvent::Advice { own: 3, all: 4, role: None };
    let hint = "leave the target's own calls out of the event pattern, by the role that it acts with";
    let reason = "3 of 4 firings within 24 hours (75 %) were calls of its own target";
    check_rule(advice, "advice/2026-11-20", reason, Some(hint));
    let advice =
        RuleEvent::Advice { own: 3, all: 4, role: Some("arn:aws:iam::123456789012:role/fixer".into()) };
    let hint = "leave the target's own calls out of the event pattern; add to \"detail\": \"userIdentity\":\
                {\"sessionContext\":{\"sessionIssuer\":{\"arn\":[{\"anything-but\":[\"arn:aws:iam::123456789012:role/fixer\"]},\
                {\"exists\":false}]}}}; the whole pattern: budget-guard cure fix-acl --region us-east-1";
    check_rule(advice, "advice/2026-11-20", reason, Some(hint));
    let changed = |is_undone| RuleEvent::PatternChanged { by: "ann".into(), is_undone };
    let reason = "\"ann\" put the cure, a pattern that leaves out the calls of its own target";
    let hint = "change the rule's definition in code as well, or a deployment puts the loop back; to put the old pattern back: \
                budget-guard cure fix-acl --region us-east-1 --undo";
    check_rule(changed(false), "cured/2026-11-20T12:00:00Z", reason, Some(hint));
    let reason = "\"ann\" put back the pattern from before the cure";
    let hint = "if the rule fired itself by that pattern, it will do so again once it is enabled";
    check_rule(changed(true), "cured/2026-11-20T12:00:00Z", reason, Some(hint));
}

#[test]
fn a_cure_is_one_line_of_json_and_a_command() {
    let tripped = |cure| {
        let event = RuleEvent::Tripped { why: "why".into(), next: AfterCut::ByPerson, is_watched: None };
        let body = RuleBody::new(event, "open").with_cure(Some(cure));
        let alert = Alert::about_rule(&rule(""), 3, body, NOON);
        let stored = serde_json::to_string(&alert).unwrap();
        assert_eq!(serde_json::from_str::<Alert>(&stored).unwrap(), alert, "{stored}");
        let message = crate::alerts::message(&alert, &crate::alerts::Commands::default()).unwrap();
        (AlertJson::of(&alert).text(), message.body)
    };
    let pattern = r#"{"source":["aws.s3"],"detail":{"eventName":["a\u202eb"]}}"#;
    let cure = cure::of_role(pattern, "arn:aws:iam::123456789012:role/fixer").unwrap();
    let (text, body) = tripped(Ok(cure.clone()));
    let lines = [
        "This event pattern ends the loop: it leaves out the calls of arn:aws:iam::123456789012:role/fixer, of all who have that role.",
        &format!("  {}", cure.pattern),
        "To put it:",
        "  budget-guard cure fix-acl --region us-east-1 --apply",
    ];
    for line in lines {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
    let bodies: serde_json::Value = serde_json::from_str(&body).unwrap();
    let chat: serde_json::Value = serde_json::from_str(bodies["https"].as_str().unwrap()).unwrap();
    let next = chat["content"]["nextSteps"][0].as_str().unwrap();
    assert_eq!(
        next,
        "To break the loop by the pattern: `budget-guard cure fix-acl --region us-east-1 --apply`"
    );
    assert!(!chat["content"].to_string().contains("anything-but"), "{chat}");
    let (text, body) = tripped(Err(NoCure::Tested));
    let line = "The pattern cannot end the loop: the pattern tests the session issuer's arn and userName already; leave the \
                role out there by hand.";
    assert!(text.lines().any(|own| own == line), "{text}");
    assert!(!body.contains("budget-guard cure"), "{body}");
}

#[test]
fn outcomes_of_a_cut() {
    let numbers = Measured {
        before: 990,
        before_seconds: 600,
        after: 2,
        after_seconds: 560,
        last_after_seconds: Some(20),
    };
    let check = |outcome, is_restored, kind: &str, reason: &str, hint: &str| {
        check_rule(
            RuleEvent::CutOutcome { outcome, is_restored, is_by_hand: false },
            kind,
            reason,
            Some(hint),
        );
    };
    check(
        CutOutcome::Stopped { numbers, is_proof: true },
        false,
        "confirmed",
        "the calls stopped with the rule: 99 calls a minute before the cut, the last one about 20 seconds after it, \
         none for about 9 minutes since",
        "change the rule's pattern, its targets or their code before it is put back, or the loop goes on",
    );
    let numbers = Measured { after: 930, ..numbers };
    let reason = "the calls go on without the rule: 99 calls a minute before the cut, 100 calls a minute for about 9 minutes \
                  after it";
    let hint = "nothing has to be done: the guard puts the rule back";
    check(CutOutcome::GoesOn(numbers), true, "exonerated", reason, hint);
    let hint = "put the rule back; to let the guard do so by itself, set AutoRestore=true or tag the rule \
                budget-guard:auto-restore=30m";
    check(CutOutcome::GoesOn(numbers), false, "exonerated", reason, hint);
    let reason = "a firing by others from before the cut arrived late, and with it the calls are no loop";
    check(CutOutcome::Cleared, false, "exonerated", reason, hint);
    check(
        CutOutcome::Partly(numbers),
        false,
        "inconclusive",
        "fewer calls go on without the rule: 99 calls a minute before the cut, 100 calls a minute for about 9 minutes after \
         it",
        "find the other source of these calls; the rest may be a loop",
    );
    let over = "look at the purpose of the calls; put the rule back if it is no loop";
    for (why, said) in [
        (WhyEnded::WentOn, "they first went on without the rule"),
        (WhyEnded::Others, "others than the rule's target made them"),
        (WhyEnded::Answers { reasons: 7 }, "all may be answers to 7 firings by others"),
        (WhyEnded::TooFew, "too few had no reason"),
        (
            WhyEnded::Tail { seconds: 400 },
            "they lasted about 6 minutes after the cut, and may have ended by themselves",
        ),
    ] {
        let reason = format!(
            "the calls are over, which proves nothing: 99 calls a minute before the cut, the last one about 20 seconds after \
             it; {said}"
        );
        check(CutOutcome::Ended(numbers, why), false, "inconclusive/ended", &reason, over);
    }
}

#[test]
fn work_that_failed() {
    let check = |failure, id: &str, reason: &str, hint: &str| {
        check_rule(RuleEvent::Failed(failure), &format!("failed/{id}"), reason, Some(hint));
    };
    let fault = Fault::new(FaultKind::Denied, "DisableRule: no");
    check(
        Failure::Disable(fault.to_string()),
        "disable/2026-11-20T12:00:00Z",
        "could not disable the rule: DisableRule: no; the guard tries again every minute",
        "allow the guard events:DescribeRule, events:ListTargetsByRule, events:ListTagsForResource and events:DisableRule on \
         this rule; or disable it by hand",
    );
    check(
        Failure::Restore(fault.to_string()),
        "restore/2026-11-20T12:00:00Z",
        "could not restore the rule: DisableRule: no",
        "run budget-guard enable fix-acl --region us-east-1 again; it needs events:EnableRule, and events:PutRule for a rule in \
         the third state",
    );
    check(
        Failure::Pattern("x".into()),
        "pattern/2026-11-20T12:00:00Z",
        "the guard cannot tell which events fire this rule, so it is not guarded: x",
        "let the rule itself tell the guard of its firings: budget-guard attach fix-acl --region us-east-1; and report the \
         pattern as a bug",
    );
    check(
        Failure::NotCut(NOON),
        "not-cut",
        "the rule reads DISABLED and still fires, last seen at 2026-11-20T12:00:00Z: it is not cut",
        "remove the rule's targets by hand, and ask AWS Support about the rule",
    );
    check(
        Failure::Overtaken,
        "overtaken",
        "a delayed DisableRule took effect after the rule had been put back: it is off again",
        "look at the rule, and enable it by hand if it should run",
    );
    let replay = crate::archive::Replay::new(NOON, NOON + jiff::SignedDuration::from_mins(8));
    let archive = "arn:aws:events:us-east-1:123456789012:archive/calls".to_owned();
    check(
        Failure::Replay { fault: "StartReplay: no".into(), archive, replay },
        "replay/2026-11-20T12:00:00Z",
        "the events that it missed were not replayed: StartReplay: no",
        "replay them by hand: aws events start-replay --replay-name budget-guard-fix-acl-1795176000000 \
         --event-source-arn arn:aws:events:us-east-1:123456789012:archive/calls --event-start-time 2026-11-20T12:00:00Z \
         --event-end-time 2026-11-20T12:08:00Z --destination \
         '{\"Arn\":\"arn:aws:events:us-east-1:123456789012:event-bus/default\",\
         \"FilterArns\":[\"arn:aws:events:us-east-1:123456789012:rule/fix-acl\"]}'",
    );
    check(
        Failure::RestoreChanged(vec!["tags".into(), "role".into()]),
        "restore-changed",
        "putting the rule back changed more than its state: tags, role",
        "compare the rule with its definition",
    );
}

#[test]
fn alerts_about_money() {
    let at = Some(Repetition::At(NOON));
    let check = |topic, event, id: &str, reason: &str, hint: Option<&str>| {
        let budget =
            BudgetRef { name: "a b".into(), limit: None, threshold: None, amount: None, until: None };
        let body = BudgetBody { event, budget: Some(budget), region: "eu-west-1".into() };
        let subject = Subject::Budget("a b".into());
        check(
            &Alert::about_budget(subject, Occurrence { topic, repetition: at }, body, NOON),
            id,
            reason,
            hint,
        );
    };
    let (cut, left) = (Vec::new(), Vec::new());
    let pressure = BudgetEvent::Pressure { why: "why".into(), cut, left, unlisted: 0 };
    let hint = "see or end the pressure: budget-guard pressure --region eu-west-1";
    check(None, pressure, "budget/a b/2026-11-20T12:00:00Z", "why", Some(hint));
    let id = "budget/a b/2026-11-20T12:00:00Z/eased";
    let reason = "the budget \"a b\" no longer presses: it was deleted";
    check(Some(Topic::Eased), BudgetEvent::Eased(EasedBy::Deletion), id, reason, None);
    let id = "budget/a b/2026-11-20T12:00:00Z/cleared";
    let reason = "the pressure of the budget \"a b\" was ended by hand: x";
    check(Some(Topic::Cleared), BudgetEvent::Cleared("x".into()), id, reason, None);
    let full = BudgetEvent::Unconfirmed { said: "said".into(), doubt: NotTaken::Full };
    let id = "budget/full/a b/2026-11-20T12:00:00Z";
    let reason = "said. More budgets press than the guard keeps, so this one does not. Nothing was cut";
    let hint = "look at the budget, and at the rules: budget-guard status --region eu-west-1";
    check(Some(Topic::Full), full, id, reason, Some(hint));
    let doubt = NotTaken::Doubted("forged".into());
    assert_eq!(
        Subject::of_message(Some("m"), "said", &doubt),
        Subject::Message("m".into()),
        "the id of a message is enough"
    );
    let Subject::Text(hash) = Subject::of_message(None, "said", &doubt) else { panic!("no hash") };
    assert_eq!(hash, crate::model::TextId::of("said. Not confirmed: forged").bits());
}
