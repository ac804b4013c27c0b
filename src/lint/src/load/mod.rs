//! Files of all languages, read into one form.

mod cloudformation;
mod exported;
mod managed;
mod pattern;
mod policy;
mod terraform;

use serde_json::Value;

use crate::form::Document;
use crate::node::{Node, Place, Unreadable};

const EXPECTED: &str = "expected a CloudFormation or SAM template (`Resources:`), a state of Terraform or what \
    `terraform show -json` prints, what `budget-guard rules export` or `aws events list-rules` prints or lines of {\"name\", \"pattern\", \"targets\"}, or what \
    `aws iam get-account-authorization-details` prints";

/// Reads a file. The language is found by its members.
pub(crate) fn read(path: &str, text: &str) -> Result<Document, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_json = text.trim_start().starts_with(['{', '[']);
    let json = if is_json { json(path, text)? } else { Json::NotRead(None) };
    let root = match json {
        Json::Read(document) => return Ok(document),
        // Some JSON is no YAML, such as halves of surrogate pairs in strings. Then there are no places.
        Json::NotRead(Some(root)) => {
            Node::parse(text).unwrap_or_else(|_| Node::from_json(&root, Place::default()))
        }
        Json::NotRead(None) => Node::parse(text)?,
    };
    if root.get("Resources").is_some_and(|resources| !resources.members().is_empty()) {
        return Ok(cloudformation::read(path, text, &root));
    }
    let names: Vec<&str> = root.members().iter().take(5).map(|(name, _)| name.as_str()).collect();
    let seen = match names.as_slice() {
        [] => "no mapping".to_owned(),
        names => format!("a mapping with {}", names.join(", ")),
    };
    Err(Unreadable { place: Place { line: 1, column: 1 }, problem: format!("saw {seen}; {EXPECTED}") })
}

/// Rules of a plan or state of Terraform as JSON lines, as `rules export` writes them. `None` if the text is neither.
pub fn terraform_rules(text: &str) -> Option<String> {
    let names = ["\"planned_values\"", "\"values\"", "\"terraform_version\""];
    if !text.starts_with(['{', ' ', '\n', '\r']) || !names.iter().any(|name| text.contains(name)) {
        return None;
    }
    let root: Value = serde_json::from_str(text).ok()?;
    terraform::rules(&terraform::shown(&root).unwrap_or(root))
}

/// A file of JSON.
enum Json {
    Read(Document),
    /// CloudFormation, whose places are needed, or none of the languages.
    NotRead(Option<Value>),
}

/// Reads a file of JSON, if it is none of CloudFormation, whose places are needed.
fn json(path: &str, text: &str) -> Result<Json, Unreadable> {
    let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    let root = match first {
        Some(Ok(root)) => root,
        Some(Err(error)) => {
            let place = Place { line: error.line(), column: error.column() };
            let problem = error.to_string();
            let problem = problem.rsplit_once(" at line ").map_or(problem.as_str(), |(problem, _)| problem);
            return Err(Unreadable { place, problem: format!("not JSON: {problem}") });
        }
        None => return Ok(Json::NotRead(None)),
    };
    if root["Resources"].is_object() {
        return Ok(Json::NotRead(Some(root)));
    }
    if root["RoleDetailList"].is_array() {
        return Ok(Json::Read(exported::roles(path, text, &root)));
    }
    let root = terraform::shown(&root).unwrap_or(root);
    if let Some(document) = terraform::read(path, text, &root) {
        return Ok(Json::Read(document));
    }
    if root["terraform_version"].is_string() || root["format_version"].is_string() {
        let problem =
            "saw an old file of Terraform; expected what `terraform show -json FILE` prints of it".to_owned();
        return Err(Unreadable { place: Place { line: 1, column: 1 }, problem });
    }
    let is_rule = |value: &Value| ["Rules", "Name", "name"].iter().any(|name| value.get(name).is_some());
    if is_rule(&root) || root.as_array().is_some_and(|all| all.iter().all(is_rule)) {
        return exported::rules(path, text).map(Json::Read);
    }
    Ok(Json::NotRead(Some(root)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let seen = match read("f", text) {
            Ok(document) => format!(
                "{:?}, {} rules, {} roles",
                document.language,
                document.rules.len(),
                document.roles.len()
            ),
            Err(error) => format!("{}:{}: {}", error.place.line, error.place.column, error.problem),
        };
        assert!(seen.starts_with(expected), "{text}\n{seen}");
    }

    #[test]
    fn the_language_is_found_by_the_members() {
        let rule = r#"{"Type":"AWS::Events::Rule","Properties":{}}"#;
        check(&format!("Resources:\n  A: {rule}\n"), "CloudFormation, 1 rules, 0 roles");
        check(&format!("{{\n\t\"Resources\":\t{{\"A\": {rule}}}}}"), "CloudFormation, 1 rules, 0 roles");
        check(
            &format!(r#"{{"Description":"\ud83d\ude00","Resources":{{"A":{rule}}}}}"#),
            "CloudFormation, 1 rules, 0 roles",
        );
        check(&format!("\u{feff}Resources:\n  A: {rule}\n"), "CloudFormation, 1 rules, 0 roles");
        check(r#"{"values":{"root_module":{}}}"#, "Terraform, 0 rules, 0 roles");
        check(r#"{"planned_values":{"root_module":{}}}"#, "Terraform, 0 rules, 0 roles");
        check(r#"{"version":4,"terraform_version":"1.9.0","resources":[]}"#, "Terraform, 0 rules, 0 roles");
        check("{\"name\":\"a\",\"pattern\":{}}\n{\"name\":\"b\"}", "Rules, 2 rules, 0 roles");
        check(r#"{"Rules":[{"Name":"a"}]}"#, "Rules, 1 rules, 0 roles");
        check(r#"[{"Name":"a"}]"#, "Rules, 1 rules, 0 roles");
        check(r#"{"RoleDetailList":[{"Arn":"arn:aws:iam::1:role/a"}]}"#, "Roles, 0 rules, 1 roles");
    }

    #[test]
    fn a_file_of_no_language_says_what_was_seen_and_expected() {
        check("hello", "1:1: saw no mapping; expected a CloudFormation or SAM template");
        check("a: 1\nb: 2\n", "1:1: saw a mapping with a, b; expected a CloudFormation");
        check("{\"a\": 1,\n \"b\": }", "2:7: not JSON: expected value");
        check(
            r#"{"version":3,"terraform_version":"0.11.0","modules":[]}"#,
            "1:1: saw an old file of Terraform; expected what `terraform show",
        );
        check("Resources: {}\n", "1:1: saw a mapping with Resources; expected");
    }
}
