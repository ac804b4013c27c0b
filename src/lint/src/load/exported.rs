//! Rules as AWS's command line prints them, and roles of `get-account-authorization-details`.

use std::collections::BTreeMap;

use budget_guard_core::replay::{RuleSpec, RulesError, read_rules};
use serde_json::Value as Json;

use super::{managed, pattern, policy};
use crate::form::{Acting, Document, Language, Remark, Role, Rule, Target};
use crate::node::{Node, Place, Unreadable, Value};

/// Reads rules as `replay --rules` takes them.
pub(super) fn rules(path: &str, text: &str) -> Result<Document, Unreadable> {
    let place = |error: &RulesError| Place { line: error.place.line, column: error.place.column };
    let list =
        read_rules(text).map_err(|error| Unreadable { place: place(&error), problem: error.problem })?;
    let mut roles = BTreeMap::new();
    let rules = list.rules.iter().map(|spec| rule(spec, &mut roles)).collect();
    let mut remarks: Vec<Remark> =
        list.broken.iter().map(|error| Remark { place: place(error), text: error.problem.clone() }).collect();
    if list.has_next_page {
        let text = "rules are missing: the file's NextToken names a next page; all of them: budget-guard rules export";
        remarks.push(Remark { place: Place { line: 1, column: 1 }, text: text.to_owned() });
    }
    let (path, text, language) = (path.to_owned(), text.to_owned(), Language::Rules);
    let is_partial = !remarks.is_empty();
    Ok(Document { path, text, language, rules, roles, remarks, is_partial })
}

fn rule(spec: &RuleSpec, roles: &mut BTreeMap<String, Role>) -> Rule {
    let place = spec.pattern.as_ref().and_then(|pattern| pattern.place);
    let place = place.map_or_else(Place::default, |place| Place { line: place.line, column: place.column });
    let mut targets: Vec<Target> = Vec::new();
    for target in spec.targets.iter().flatten() {
        let actors: Vec<Acting> = target
            .actors
            .iter()
            .map(|actor| Acting {
                label: actor.arn.clone(),
                role: actor.role.as_ref().map(|arn| foreign(arn, roles)),
            })
            .collect();
        let unknown = match (&target.unresolved_reason, actors.is_empty() && !target.arn.contains(":logs:")) {
            (Some(why), _) => Some(why.clone()),
            (None, true) => Some("the file does not tell who acts for it".to_owned()),
            (None, false) => None,
        };
        targets.push(Target { label: target.arn.clone(), actors, unknown });
    }
    let pattern = spec.pattern.as_ref().map(|text| match &spec.managed_by {
        Some(service) => Err(Remark { place, text: format!("the AWS service {service} manages it") }),
        None => pattern::plain(&Node::new(Value::Text(text.text.clone()), place)),
    });
    Rule {
        name: spec.name.clone(),
        place,
        pattern,
        takes_reads: spec.state.as_str() == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        region: spec.arn.as_ref().map(|arn| arn.region().to_owned()),
        bus: (spec.bus != "default").then(|| spec.bus.clone()),
        allowed: spec.lint.as_deref().and_then(pattern::reason),
        targets,
        targets_unknown: spec.targets.is_none().then(|| "the file does not tell its targets".to_owned()),
    }
}

fn foreign(arn: &str, roles: &mut BTreeMap<String, Role>) -> String {
    let reference = Some(Node::new(Value::Text(arn.to_owned()), Place::default()));
    let unknown = vec!["its policies are in none of the files".to_owned()];
    let role =
        Role { label: format!("role {arn}"), arn: arn.to_owned(), reference, unknown, ..Role::default() };
    roles.entry(arn.to_owned()).or_insert(role);
    arn.to_owned()
}

/// Reads `aws iam get-account-authorization-details`: roles of an account with their policies, by ARN.
///
/// Source: `GetAccountAuthorizationDetails` (AWS IAM API reference, 2010-05-08).
pub(super) fn roles(path: &str, text: &str, root: &Json) -> Document {
    let own: BTreeMap<&str, &Json> = root["Policies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|policy| Some((policy["Arn"].as_str()?, default_version(policy)?)))
        .collect();
    let mut roles = BTreeMap::new();
    for detail in root["RoleDetailList"].as_array().into_iter().flatten() {
        let Some(arn) = detail["Arn"].as_str() else { continue };
        let reference = Some(Node::new(Value::Text(arn.to_owned()), Place::default()));
        let mut role =
            Role { label: format!("role {arn}"), arn: arn.to_owned(), reference, ..Role::default() };
        for inline in detail["RolePolicyList"].as_array().into_iter().flatten() {
            let name = inline["PolicyName"].as_str().unwrap_or("without a name");
            let document = Node::from_json(&inline["PolicyDocument"], Place::default());
            policy::add(&mut role, &document, &format!("policy {name}"));
        }
        for attached in detail["AttachedManagedPolicies"].as_array().into_iter().flatten() {
            let arn = attached["PolicyArn"].as_str().unwrap_or_default();
            match own.get(arn) {
                Some(document) => {
                    let name = arn.rsplit('/').next().unwrap_or(arn);
                    policy::add(
                        &mut role,
                        &Node::from_json(document, Place::default()),
                        &format!("policy {name}"),
                    );
                }
                None => managed::add(&mut role, arn),
            }
        }
        roles.insert(arn.to_owned(), role);
    }
    let language = Language::Roles;
    Document {
        path: path.to_owned(),
        text: text.to_owned(),
        language,
        rules: Vec::new(),
        roles,
        remarks: Vec::new(),
        is_partial: false,
    }
}

fn default_version(policy: &Json) -> Option<&Json> {
    let versions = policy["PolicyVersionList"].as_array()?;
    let version = versions.iter().find(|version| version["IsDefaultVersion"].as_bool() == Some(true))?;
    version.get("Document")
}
