//! Roles of a template, with the policies that the template gives them.

use std::collections::BTreeMap;

use super::values::{Template, kind};
use crate::form::Role;
use crate::load::{managed, policy};
use crate::node::{Node, Value};

/// Reads all roles: those of the template, and those that SAM makes for functions and state machines.
pub(super) fn all(template: &Template<'_>) -> BTreeMap<String, Role> {
    let mut roles = BTreeMap::new();
    for (id, resource) in template.resources() {
        match kind(resource) {
            "AWS::IAM::Role" => {
                roles.insert(id.to_owned(), role(template, id, resource));
            }
            kind @ ("AWS::Serverless::Function" | "AWS::Serverless::StateMachine")
                if resource.at(&["Properties", "Role"]).is_none() =>
            {
                let key = format!("{id}Role");
                roles.insert(key.clone(), generated(template, &key, resource, kind));
            }
            _ => {}
        }
    }
    for (id, resource) in template.resources() {
        attach(template, &mut roles, id, resource);
    }
    roles
}

fn named(template: &Template<'_>, id: &str) -> Role {
    let argument = Node::new(Value::Text(format!("{id}.Arn")), crate::node::Place::default());
    let reference =
        Node::new(Value::Map(vec![("Fn::GetAtt".to_owned(), argument)]), crate::node::Place::default());
    let arn = template.resolve(&reference).and_then(|arn| arn.text().map(str::to_owned)).unwrap_or_default();
    Role { label: format!("role {id}"), arn, reference: Some(reference), ..Role::default() }
}

fn role(template: &Template<'_>, id: &str, resource: &Node) -> Role {
    let mut role = named(template, id);
    for inline in template.property(resource, "Policies").iter().flat_map(Node::items) {
        inline_policy(&mut role, inline);
    }
    if let Some(policies) = resource.at(&["Properties", "ManagedPolicyArns"]) {
        managed_policies(template, &mut role, policies);
    }
    role
}

fn inline_policy(role: &mut Role, inline: &Node) {
    let name = inline.get("PolicyName").and_then(Node::text).unwrap_or("without a name");
    match inline.get("PolicyDocument") {
        Some(document) => policy::add(role, document, &format!("policy {}", shown(name))),
        None => role.unknown.push(format!("policy {} has no PolicyDocument", shown(name))),
    }
}

/// Managed policies: AWS's by their ARNs, the template's own by reference, which [`attach`] adds as well as here.
fn managed_policies(template: &Template<'_>, role: &mut Role, policies: &Node) {
    for item in policies.items() {
        let own = template.references(item);
        let mut own = own.iter().filter(|id| template.kind(id) == "AWS::IAM::ManagedPolicy").peekable();
        if own.peek().is_some() {
            for id in own {
                document(template, role, id);
            }
            continue;
        }
        for text in template.resolve(item).iter().flat_map(Node::items) {
            match text.text() {
                Some(arn) if !arn.contains(crate::form::UNKNOWN) => managed::add(role, arn),
                _ => role.unknown.push("a managed policy is not told by the file".to_owned()),
            }
        }
    }
}

/// Statements of a policy resource.
fn document(template: &Template<'_>, role: &mut Role, id: &str) {
    let resource = template.resource(id);
    match resource.and_then(|resource| template.property(resource, "PolicyDocument")) {
        Some(document) => policy::add(role, &document, &format!("policy {id}")),
        None => role.unknown.push(format!("policy {id} has no PolicyDocument")),
    }
}

/// Adds a policy resource to the roles that it names.
fn attach(template: &Template<'_>, roles: &mut BTreeMap<String, Role>, id: &str, resource: &Node) {
    let property = match kind(resource) {
        "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => "Roles",
        "AWS::IAM::RolePolicy" => "RoleName",
        _ => return,
    };
    let Some(names) = resource.at(&["Properties", property]) else { return };
    let mut keys = template.references(names);
    let resolved = template.resolve(names);
    let texts: Vec<&str> = resolved.iter().flat_map(Node::items).filter_map(Node::text).collect();
    keys.extend(roles.iter().filter(|(_, role)| texts.contains(&role.name())).map(|(key, _)| key.clone()));
    keys.sort();
    keys.dedup();
    for key in keys {
        if let Some(role) = roles.get_mut(&key) {
            document(template, role, id);
        }
    }
}

/// Role that SAM makes of `Policies`: names, ARNs, templates and documents.
///
/// Source: "AWS::Serverless::Function" (AWS Serverless Application Model developer guide).
fn generated(template: &Template<'_>, id: &str, resource: &Node, kind: &str) -> Role {
    let mut role = named(template, id);
    if kind == "AWS::Serverless::Function" {
        managed::add(&mut role, "AWSLambdaBasicExecutionRole");
    }
    let policies = resource.at(&["Properties", "Policies"]).and_then(|policies| template.resolve(policies));
    for (number, item) in policies.iter().flat_map(Node::items).enumerate() {
        match (&item.value, item.single()) {
            (Value::Text(text), _) if !text.contains(crate::form::UNKNOWN) => managed::add(&mut role, text),
            (Value::Map(_), Some((name, _))) if name.ends_with("Policy") => {
                managed::add(&mut role, &format!("sam:{name}"))
            }
            (Value::Map(_), _) => policy::add(&mut role, item, &format!("policy {}", number + 1)),
            _ => role.unknown.push("a policy is not told by the file".to_owned()),
        }
    }
    role
}

fn shown(name: &str) -> String {
    name.replace(crate::form::UNKNOWN, "…")
}
