//! Real rules with the calls that their targets are known to make, as roles of a template.

use std::fs;

use budget_guard_lint::{Cure, Input, RuleReport, Verdict, lint};
use budget_guard_tests::folders::shared;
use serde_json::{Value, json};

/// Template with the rule, and with a function whose role may do this.
fn template(rule: &Value, actions: &[String]) -> String {
    let role = match rule["name"].as_str() {
        // The pattern leaves out its role by name.
        Some("cloud-guardrails-s3-public-access") => {
            json!({"RoleName": "cloud-guardrails-remediate-s3-role"})
        }
        _ => json!({}),
    };
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let mut role = json!({"Type": "AWS::IAM::Role", "Properties": role});
    role["Properties"]["Policies"] =
        json!([{"PolicyName": "known", "PolicyDocument": {"Statement": [statement]}}]);
    let template = json!({"Resources": {
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {
            "EventPattern": rule["pattern"],
            "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": ["Function", "Arn"]}}],
        }},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["Role", "Arn"]}}},
        "Role": role,
    }});
    serde_json::to_string_pretty(&template).expect("JSON")
}

fn judge(rule: &Value, actions: &[String]) -> RuleReport {
    let input = Input { path: "wild.template.json".to_owned(), text: template(rule, actions) };
    lint(&[input]).files[0].rules[0].clone()
}

/// Actions that the description of a rule names, as `SERVICE:Call`.
fn actions(rule: &Value) -> Vec<String> {
    let text = rule["loop"]["target_api"].as_str().unwrap_or_default();
    let words = text.split([' ', ',', '/', '(', ')']).filter(|word| !word.is_empty());
    let mut service = "";
    let mut actions = Vec::new();
    for word in words {
        let call = match word.split_once(':') {
            Some((own, call)) => {
                service = if own == "efs" { "elasticfilesystem" } else { own };
                call
            }
            None => word,
        };
        let is_call = call.starts_with(|c: char| c.is_ascii_uppercase()) && call.len() > 4;
        if !service.is_empty() && service != "*" && is_call {
            actions.push(format!("{service}:{call}"));
        }
    }
    actions
}

fn rules() -> Option<Vec<Value>> {
    let path = shared("data/patterns/in-the-wild.jsonl")?;
    let text = fs::read_to_string(path).expect("UTF-8");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

/// Two of the 30 are only fought over with another tool: the role makes no call that the rule matches. Of one the role is
/// not known.
const NOT_ITSELF: [(&str, &str); 3] = [
    ("${var.project_name}-sg-ingress-change-rule", "it revokes, and the rule hears of authorizing"),
    ("s3-create-bucket-rule", "its function only logs"),
    ("EbsEncryptionByDefaultDeactivated", "it enables, and the rule hears of disabling"),
];

#[test]
fn rules_that_loop_are_found_as_far_as_their_roles_are_known() {
    let Some(rules) = rules() else { return };
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    for rule in rules.iter().filter(|rule| rule["loop_prone"] == true) {
        let name = rule["name"].as_str().unwrap_or_default();
        let mut actions = actions(rule);
        // Rights that every function needs.
        actions
            .extend(["CreateLogGroup", "CreateLogStream", "PutLogEvents"].map(|call| format!("logs:{call}")));
        let report = judge(rule, &actions);
        match report.verdict {
            Verdict::CanFireItself => {
                assert!(matches!(report.cure, Some(Cure::Change { .. })), "{name}: {:?}", report.cure);
                assert!(report.paths[0].event.is_some(), "{name} has no event that shows it");
                found.push(name);
            }
            _ => missed.push(name),
        }
    }
    println!("{} of {} found", found.len(), found.len() + missed.len());
    assert_eq!(missed, NOT_ITSELF.map(|(name, _)| name), "found {}", found.len());
}

#[test]
fn honest_rules_are_silent() {
    let Some(rules) = rules() else { return };
    let mut count = 0;
    for rule in rules.iter().filter(|rule| rule["loop_prone"] != true) {
        let name = rule["name"].as_str().unwrap_or_default();
        let report = judge(rule, &actions(rule));
        // Guarded in the code of the function, which no lint sees.
        let is_guarded = rule["loop"]["class"] == "guarded in code";
        assert_eq!(report.verdict == Verdict::CanFireItself, is_guarded, "{name}: {report:?}");
        count += 1;
    }
    assert!(count > 70, "{count}");
}
