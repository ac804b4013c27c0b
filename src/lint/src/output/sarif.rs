//! Report as SARIF 2.1.0.
//!
//! Source: "Static Analysis Results Interchange Format (SARIF) Version 2.1.0" (OASIS).

use serde_json::{Value, json};

use crate::node::Place;
use crate::report::{Cure, FileReport, Report, RuleReport, Verdict, sentence};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Kinds of results: id, level, description.
const KINDS: [(&str, &str, &str); 5] = [
    ("can-fire-itself", "error", "A target of the rule can make a call that the rule matches."),
    ("cycle", "error", "Targets of rules can make calls that fire one another's rules."),
    ("never-matches", "warning", "No event matches the pattern of the rule."),
    ("cannot-be-told", "note", "The file does not tell enough about the rule, its targets or their roles."),
    ("unreadable", "error", "The file is in none of the languages that are read."),
];

/// Report as a SARIF log. `version` is that of the program.
pub fn sarif(report: &Report, version: &str) -> Value {
    let kinds = KINDS.map(|(id, level, words)| {
        json!({
            "id": id,
            "shortDescription": {"text": words},
            "defaultConfiguration": {"level": level},
        })
    });
    let results: Vec<Value> = report.files.iter().flat_map(file).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "budget-guard", "version": version, "rules": kinds}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn file(file: &FileReport) -> Vec<Value> {
    let path = &file.path;
    let mut results = Vec::new();
    if let Some(problem) = &file.unreadable {
        results.push(result("unreadable", path, problem.place, &problem.text, path, None));
    }
    for remark in &file.remarks {
        results.push(result("cannot-be-told", path, remark.place, &remark.text, &remark.text, None));
    }
    for own in &file.rules {
        if let Some(why) = &own.never {
            let text = format!("Rule {} can never match: {why}.", own.name);
            results.push(result("never-matches", path, own.place, &text, &own.name, None));
        }
        results.extend(rule(path, own));
    }
    for cycle in &file.cycles {
        let text =
            format!("Rules can fire one another: {}.{}", sentence(&cycle.steps), cured(cycle.cure.as_ref()));
        let name = cycle.rules.join(" ");
        results.push(result("cycle", path, cycle.place, &text, &name, cycle.allowed.as_deref()));
    }
    results
}

fn rule(path: &str, rule: &RuleReport) -> Option<Value> {
    let ways: Vec<String> = rule.paths.iter().map(|path| path.sentence()).collect();
    match rule.verdict {
        Verdict::CanFireItself => {
            let cure = cured(rule.cure.as_ref());
            let text = format!("Rule {} can fire itself: {}.{cure}", rule.name, ways.join("; "));
            Some(result("can-fire-itself", path, rule.place, &text, &rule.name, rule.allowed.as_deref()))
        }
        Verdict::CannotBeTold => {
            let why = rule.unknown.join("; ");
            let text = format!("It cannot be told if rule {} can fire itself: {why}.", rule.name);
            Some(result("cannot-be-told", path, rule.place, &text, &rule.name, None))
        }
        Verdict::Cannot | Verdict::NotOnCalls => None,
    }
}

fn cured(cure: Option<&Cure>) -> String {
    match cure {
        Some(Cure::Change { how, lines, pattern, .. }) => {
            format!("\nCure: {how}\n{}", lines.as_deref().unwrap_or(pattern))
        }
        Some(Cure::Refused(why)) => format!("\nNo cure by the pattern: {why}."),
        None => String::new(),
    }
}

fn result(kind: &str, path: &str, place: Place, text: &str, name: &str, allowed: Option<&str>) -> Value {
    let index = KINDS.iter().position(|(id, ..)| *id == kind);
    let level = index.map_or("warning", |index| KINDS[index].1);
    let mut location = json!({"artifactLocation": {"uri": uri(path)}});
    if place.line > 0 {
        location["region"] = json!({"startLine": place.line, "startColumn": place.column.max(1)});
    }
    let mut result = json!({
        "ruleId": kind,
        "ruleIndex": index,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
        // Results of the same rule are the same, wherever it moves in its file.
        "partialFingerprints": {"budgetGuardRule/v1": format!("{kind} {name}")},
    });
    if let Some(reason) = allowed {
        result["suppressions"] = json!([{"kind": "inSource", "justification": reason}]);
    }
    result
}

/// Path as a URI reference: characters beyond those that a path may have are percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                uri.push(char::from(byte))
            }
            b'\\' => uri.push('/'),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Input, lint};

    const LOOP: &str = "
Resources:
  Rule:
    Type: AWS::Events::Rule
    Metadata: {x: y}
    Properties:
      EventPattern: {source: [aws.s3], detail: {eventName: [PutBucketAcl]}}
      Targets: [{Id: fix, Arn: !GetAtt Fixer.Arn}]
  Fixer: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
  Role: {Type: AWS::IAM::Role, Properties: {ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonS3FullAccess]}}
";

    fn run(path: &str, text: &str) -> Value {
        sarif(&lint(&[Input { path: path.to_owned(), text: text.to_owned() }]), "1.2.3")
    }

    #[test]
    fn a_result_has_what_the_standard_requires() {
        let log = run("a b/t.yaml", LOOP);
        assert_eq!(
            (&log["version"], &log["runs"][0]["tool"]["driver"]["name"]),
            (&json!("2.1.0"), &json!("budget-guard"))
        );
        let result = &log["runs"][0]["results"][0];
        let kind = &log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(
            (&result["ruleId"], &result["level"]),
            (&kind["id"], &kind["defaultConfiguration"]["level"])
        );
        assert_eq!(
            result["locations"][0]["physicalLocation"],
            json!({"artifactLocation": {"uri": "a%20b/t.yaml"}, "region": {"startLine": 4, "startColumn": 5}})
        );
        let text = result["message"]["text"].as_str().unwrap();
        assert!(
            text.starts_with("Rule Rule can fire itself: rule Rule → function Fixer → role Role → "),
            "{text}"
        );
        assert!(text.contains("\n--- a/a b/t.yaml\n"), "{text}");
        assert_eq!(result["suppressions"], Value::Null);
    }

    #[test]
    fn what_is_allowed_is_suppressed_with_its_reason() {
        let allowed = LOOP.replace("{x: y}", "{'budget-guard:lint': allow it stops after one turn}");
        let log = run("t.yaml", &allowed);
        let expected = json!([{"kind": "inSource", "justification": "it stops after one turn"}]);
        assert_eq!(log["runs"][0]["results"][0]["suppressions"], expected);
    }

    #[test]
    fn a_file_that_is_not_read_is_a_result() {
        let result = &run("/x/t.yaml", "a: b")["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "unreadable");
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "file:///x/t.yaml");
    }
}
