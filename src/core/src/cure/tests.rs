//! Patterns before and after the cure, and events by roles of both kinds.

use eventbridge_pattern::{Matcher, Pattern, Scratch};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::verdict::{CallerEvidence, Evidence, EvidenceKind, Finding, OwnEvidence};

const ROLE: &str = "arn:aws:iam::123456789012:role/service-role/fixer-role";
const OWN: &str = "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer";
const USER: &str = "arn:aws:iam::123456789012:user/ann";
const DEPLOY: &str = "arn:aws:sts::123456789012:assumed-role/deploy/ann";
const PATTERN: &str = r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#;

/// Evidence of a proved loop with these callers; `!` marks the rule's own target.
fn evidence(callers: &[&str]) -> Evidence {
    let caller = |text: &&str| CallerEvidence {
        principal: text.trim_start_matches('!').to_owned(),
        issued_to: None,
        count: 9,
        is_target: text.starts_with('!'),
    };
    let own = OwnEvidence {
        finding: Finding::Turns { turns: 10 },
        resource: None,
        missing: None,
        cycle: Vec::new(),
    };
    Evidence {
        kind: EvidenceKind::Turns,
        callers: callers.iter().map(caller).collect(),
        call: Some("s3 PutBucketAcl".to_owned()),
        own: Some(own),
        ..Evidence::manual()
    }
}

fn event(issuer: Value) -> String {
    let identity = match issuer {
        Value::Null => json!({"type": "IAMUser", "arn": USER}),
        issuer => json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}}),
    };
    json!({
        "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "userIdentity": identity},
    })
    .to_string()
}

fn matches(pattern: &str, event: &str) -> bool {
    let matcher = Matcher::new([Pattern::compile(pattern).expect(pattern)]);
    let mut scratch = Scratch::default();
    !matcher.matches(event.as_bytes(), &mut scratch).expect(event).matched.is_empty()
}

/// Expects this pattern, that the target's calls do not match it, and that those of others do.
fn check(pattern: &str, own_role: Option<&str>, expected: &str) {
    let cure = of_calls(pattern, &evidence(&[&format!("!{OWN}"), DEPLOY, USER]), own_role).expect(pattern);
    assert_eq!(cure.pattern, expected);
    let issuer = |arn: &str, name: &str| event(json!({"type": "Role", "arn": arn, "userName": name}));
    let others = [event(Value::Null), issuer("arn:aws:iam::123456789012:role/deploy", "deploy")];
    for event in &others {
        assert!(matches(pattern, event) && matches(&cure.pattern, event), "{event}");
    }
    let own = issuer(ROLE, "fixer-role");
    assert!(matches(pattern, &own) && !matches(&cure.pattern, &own), "{own}");
    assert!(cure.heard.iter().any(|caller| caller == DEPLOY), "{:?}", cure.heard);
}

fn refused(pattern: &str, evidence: &Evidence, own_role: Option<&str>, expected: &str) {
    let why = of_calls(pattern, evidence, own_role).expect_err(expected);
    assert_eq!(why.to_string(), expected);
}

#[test]
fn the_looping_calls_no_longer_match_and_others_do() {
    let arn =
        r#"[{"anything-but":["arn:aws:iam::123456789012:role/service-role/fixer-role"]},{"exists":false}]"#;
    check(
        r#"{ "source": ["aws.s3"], "detail": {"eventName": ["PutBucketAcl"]} }"#,
        Some(ROLE),
        &format!(
            r#"{{"source":["aws.s3"],"detail":{{"eventName":["PutBucketAcl"],"userIdentity":{{"sessionContext":{{"sessionIssuer":{{"arn":{arn}}}}}}}}}}}"#
        ),
    );
    // The name is known by the session, the path of the role is not.
    check(
        r#"{"source":["aws.s3"]}"#,
        None,
        r#"{"source":["aws.s3"],"detail":{"userIdentity":{"sessionContext":{"sessionIssuer":{"userName":[{"anything-but":["fixer-role"]},{"exists":false}]}}}}}"#,
    );
    check(
        r#"{"detail":{"$or":[{"eventName":["PutBucketAcl"]},{"eventName":["PutBucketPolicy"]}]}}"#,
        Some(ROLE),
        &format!(
            r#"{{"detail":{{"$or":[{{"eventName":["PutBucketAcl"]}},{{"eventName":["PutBucketPolicy"]}}],"userIdentity":{{"sessionContext":{{"sessionIssuer":{{"arn":{arn}}}}}}}}}}}"#
        ),
    );
    let tested = r#"{"detail":{"userIdentity":{"sessionContext":{"sessionIssuer":{"arn":[{"anything-but":["x"]},{"exists":false}]}}}}}"#;
    check(
        tested,
        Some(ROLE),
        &tested.replace(
            r#"false}]}"#,
            r#"false}],"userName":[{"anything-but":["fixer-role"]},{"exists":false}]}"#,
        ),
    );
}

#[test]
fn what_cannot_be_left_out_is_told() {
    let own = format!("!{OWN}");
    let role = Some(ROLE);
    refused(
        PATTERN,
        &Evidence { call: None, ..evidence(&[&own]) },
        role,
        "its events are no API calls, and do not name the role behind them",
    );
    refused(
        PATTERN,
        &evidence(&[&format!("!{USER}")]),
        role,
        "the role of arn:aws:iam::123456789012:user/ann is not known, so that its calls cannot be left out",
    );
    refused(
        PATTERN,
        &evidence(&[DEPLOY]),
        None,
        "the role of its target is not known, so that its calls cannot be left out",
    );
    let person = "arn:aws:sts::123456789012:assumed-role/fixer-role/ann";
    refused(
        PATTERN,
        &evidence(&[&own, person]),
        role,
        &format!("the role fixer-role is also that of {person}, whose calls would no longer be heard"),
    );
    let both =
        r#"{"detail":{"userIdentity":{"sessionContext":{"sessionIssuer":{"arn":["x"],"userName":["y"]}}}}}"#;
    refused(both, &evidence(&[&own]), role, &NoCure::Tested.to_string());
    refused(
        r#"{"detail":{"userIdentity":["x"]}}"#,
        &evidence(&[&own]),
        role,
        "the pattern tests detail.userIdentity.sessionContext.sessionIssuer as a whole",
    );
    let names: Vec<String> = (0..300).map(|number| format!("PutBucketAcl{number}")).collect();
    let long = json!({"detail": {"eventName": names}}).to_string();
    let why = of_calls(&long, &evidence(&[&own]), role).expect_err("it is too long");
    assert!(matches!(why, NoCure::TooLong(length) if length > MAX_CHARACTERS), "{why}");
    refused(
        "{",
        &evidence(&[&own]),
        role,
        "the pattern cannot be read: line 1, column 2: the end of the text where a field name in double quotes is expected",
    );
}

#[test]
fn the_members_for_people_are_those_of_the_cure() {
    let cure = of_role(PATTERN, ROLE).expect("a cure");
    let by_hand = PATTERN.replace("]}}", &format!("],{}}}}}", members(ROLE)));
    assert_eq!(cure.pattern, by_hand);
}

#[test]
fn a_long_pattern_names_the_quota() {
    let names: Vec<String> = (0..150).map(|number| format!("PutBucketAcl{number}")).collect();
    let long = json!({"detail": {"eventName": names}}).to_string();
    let cure = of_calls(&long, &evidence(&[&format!("!{OWN}")]), Some(ROLE)).expect("a cure");
    let quota = cure.quota().expect("it is longer than usual");
    assert!(quota.ends_with(" characters, more than the usual quota of 2048"), "{quota}");
}

#[test]
fn the_other_rules_role_closes_a_cycle() {
    let mut evidence = evidence(&[OWN]);
    let rule = "arn:aws:events:us-east-1:123456789012:rule/a".parse().expect("an ARN");
    evidence.own.as_mut().expect("own").cycle = vec![rule];
    let cure = of_calls(PATTERN, &evidence, None).expect("a cure");
    assert_eq!(cure.left_out, ["fixer-role"]);
    evidence.callers.push(CallerEvidence { principal: DEPLOY.to_owned(), ..evidence.callers[0].clone() });
    refused(PATTERN, &evidence, None, &NoCure::SeveralRoles.to_string());
}

#[test]
fn a_hostile_name_stays_one_line_of_visible_characters() {
    let pattern = "{\"detail\":{\"eventName\":[\"a\u{202e}\\u001b[31m\\n\"]}}";
    let cure = of_role(pattern, ROLE).expect("a cure");
    assert!(cure.pattern.is_ascii() && !cure.pattern.contains('\n'), "{}", cure.pattern);
    assert!(members("arn:aws:iam::1:role/a\u{202e}\"").is_ascii());
}

proptest! {
    /// A pattern of any shape: no event by the role matches the cure, and all others match as before.
    #[test]
    fn the_cure_changes_nothing_for_others(
        names in proptest::collection::vec("(Put|Get|Create)[A-C]", 1..4),
        wraps in any::<bool>(), tests_type in any::<bool>(),
        role in "[a-z]{1,6}", other in "[a-z]{1,6}", called in "(Put|Get|Create)[A-C]", kind in 0..3u8,
    ) {
        let mut detail = json!({"eventName": names});
        if wraps {
            detail = json!({"$or": [detail, {"eventName": [{"prefix": "Put"}]}]});
        }
        if tests_type {
            detail["userIdentity"] = json!({"type": [{"anything-but": ["Root"]}]});
        }
        let pattern = json!({"source": ["aws.s3"], "detail": detail}).to_string();
        let arn = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
        let cure = of_role(&pattern, &arn(&role)).expect("a cure");
        let issuer = |name: &str| json!({"sessionContext": {"sessionIssuer": {"arn": arn(name), "userName": name}}});
        let identity = match kind {
            0 => json!({"type": "IAMUser"}),
            1 => issuer(&other),
            _ => issuer(&role),
        };
        let event = json!({"source": "aws.s3", "detail": {"eventName": called, "userIdentity": identity}}).to_string();
        let is_own = kind == 2 || kind == 1 && other == role;
        prop_assert_eq!(matches(&cure.pattern, &event), matches(&pattern, &event) && !is_own);
    }
}
