//! Cure: the smallest change of a pattern that leaves out the calls of the target's own role.

mod edit;
#[cfg(test)]
mod tests;

use budget_guard_core::cure::{By, Left, LeftCall, leave_out};
use eventbridge_pattern::Facts;

use crate::form::{Document, EventPattern, Language, Role, Rule, UNKNOWN};
use crate::judge::{Route, arn_in, caller};
use crate::node::{Node, Place, Value};
use crate::report::Cure;

/// Changes the pattern of a rule so that the calls of these roles do not match, and verifies the change.
pub(crate) fn cure(document: &Document, rule: &Rule, pattern: &EventPattern, routes: &[Route<'_>]) -> Cure {
    match changed(document, rule, pattern, routes) {
        Ok(cure) => cure,
        Err(why) => Cure::Refused(why),
    }
}

fn changed(
    document: &Document,
    rule: &Rule,
    pattern: &EventPattern,
    routes: &[Route<'_>],
) -> Result<Cure, String> {
    let roles: Vec<&Role> = routes.iter().map(|route| route.role).collect();
    if let Some(role) = roles.iter().find(|role| role.arn.contains(UNKNOWN)) {
        return Err(format!(
            "the ARN of {} is not told by the file, so that it cannot be left out",
            role.label.replace(UNKNOWN, "…")
        ));
    }
    let left: Vec<Left> = routes.iter().map(|route| left(route, pattern)).collect();
    let cure = leave_out(&pattern.text, &pattern.compiled, &left, &[]).map_err(|why| why.to_string())?;
    let (path, by_name) = (cure.by.path(), cure.by == By::Name);
    let names: Vec<String> = roles.iter().map(|role| role.label.clone()).collect();
    let mut how = format!("leave out the calls of {}: {}", names.join(" and "), path.join("."));
    if let Some(quota) = cure.quota() {
        how.push_str(&format!(" ({quota})"));
    }
    let (lines, is_diff) = match document.language {
        Language::CloudFormation => (edit::diff(document, pattern, &path, &roles, by_name), true),
        Language::Terraform => (Some(edit::terraform(rule, &roles, by_name)), false),
        Language::Rules | Language::Roles => (None, false),
    };
    Ok(Cure::Change { pattern: cure.pattern, how, is_diff: is_diff && lines.is_some(), lines })
}

/// Role of a route, with the calls that it can make by the file.
fn left(route: &Route<'_>, pattern: &EventPattern) -> Left {
    let call = |call: &crate::judge::Call| LeftCall {
        name: call.name.clone(),
        facts: Facts::clone(&call.facts),
        own: caller(Facts::clone(&call.facts), route.role, pattern),
    };
    Left {
        label: route.role.label.clone(),
        arn: arn_in(route.role, pattern),
        name: route.role.name().to_owned(),
        calls: route.calls.iter().map(call).collect(),
    }
}

/// Tests of the issuer in the language of the file, as the core writes them in JSON: none of these roles, or a caller
/// without one (a user, root, a service).
fn left_out(values: Vec<Node>) -> Node {
    let node = |value| Node::new(value, Place::default());
    let but = node(Value::Map(vec![("anything-but".to_owned(), node(Value::List(values)))]));
    let none = node(Value::Map(vec![("exists".to_owned(), node(Value::Flag(false)))]));
    node(Value::List(vec![but, none]))
}

fn text(text: &str) -> Node {
    Node::new(Value::Text(text.to_owned()), Place::default())
}
