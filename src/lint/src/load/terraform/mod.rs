//! Plans and states of Terraform, as `terraform show -json` prints them.

mod actors;
mod listed;
mod resources;
mod state;

use std::collections::BTreeMap;

use budget_guard_core::replay::LINT_TAG;
use serde_json::Value as Json;

use actors::Search;
pub(super) use listed::rules;
use resources::{NotTold, Resource, Resources};
pub(super) use state::shown;

use super::{managed, pattern, policy};
use crate::form::{Document, EventPattern, Language, Remark, Role, Rule};
use crate::node::{Node, Place, Value};

/// Reads a plan or a state. `None` if the file is neither.
pub(super) fn read(path: &str, text: &str, root: &Json) -> Option<Document> {
    let resources = Resources::read(root)?;
    let mut roles: BTreeMap<String, Role> = resources
        .of_kind("aws_iam_role")
        .map(|own| (own.address.to_owned(), role(&resources, own)))
        .collect();
    let mut foreign = Vec::new();
    let mut search = Search { resources: &resources, foreign: &mut foreign };
    let rules = resources.of_kind("aws_cloudwatch_event_rule").map(|own| rule(&mut search, own)).collect();
    roles.extend(foreign);
    let language = Language::Terraform;
    Some(Document {
        path: path.to_owned(),
        text: text.to_owned(),
        language,
        rules,
        roles,
        remarks: Vec::new(),
        is_partial: false,
    })
}

/// Targets of a rule.
fn targets<'a, 'j>(resources: &'a Resources<'j>, own: &Resource<'j>) -> Vec<&'a Resource<'j>> {
    let is_target = |target: &&Resource<'j>| {
        let found = resources.referred(target, "rule", &["aws_cloudwatch_event_rule"]);
        found.iter().any(|found| found.address == own.address)
    };
    resources.of_kind("aws_cloudwatch_event_target").filter(is_target).collect()
}

fn rule<'j>(search: &mut Search<'_, 'j>, own: &Resource<'j>) -> Rule {
    let resources = search.resources;
    let targets = targets(resources, own).into_iter().map(|target| search.target(target)).collect();
    let region = own.text("arn").and_then(|arn| arn.split(':').nth(3)).or(resources.region);
    let tag =
        [&own.values["tags"], &own.values["tags_all"]].into_iter().find_map(|tags| tags[LINT_TAG].as_str());
    Rule {
        name: own.address.to_owned(),
        place: Place::default(),
        pattern: event_pattern(own),
        takes_reads: own.text("state") == Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
        region: region.filter(|region| !region.is_empty()).map(str::to_owned),
        bus: own.text("event_bus_name").filter(|bus| *bus != "default").map(str::to_owned),
        allowed: tag.and_then(pattern::reason),
        targets,
        targets_unknown: None,
    }
}

fn event_pattern(own: &Resource<'_>) -> Option<Result<EventPattern, Remark>> {
    let not_told = || Remark {
        place: Place::default(),
        text: "its event pattern is known only after apply; `terraform show -json` of the state has it"
            .to_owned(),
    };
    match own.value("event_pattern") {
        Err(NotTold) => Some(Err(not_told())),
        Ok(None) => None,
        Ok(Some(text)) => Some(pattern::plain(&Node::from_json(text, Place::default()))),
    }
}

/// Reads a role with its inline policies, its own and AWS's managed ones.
fn role<'j>(resources: &Resources<'j>, own: &Resource<'j>) -> Role {
    let path = own.text("path").unwrap_or("/");
    let name = own.text("name").map_or_else(|| format!("${{{}}}", own.address), str::to_owned);
    let arn = own
        .text("arn")
        .map_or_else(|| format!("arn:aws:iam::${{AccountId}}:role{path}{name}"), str::to_owned);
    let reference = Node::new(Value::Text(format!("{}.arn", own.expression())), Place::default());
    let mut role =
        Role { label: format!("role {}", own.address), arn, reference: Some(reference), ..Role::default() };
    for inline in own.values["inline_policy"].as_array().into_iter().flatten() {
        let name = inline["name"].as_str().unwrap_or("without a name");
        if let Some(text) = inline["policy"].as_str() {
            add(&mut role, Some(text), &format!("policy {name}"));
        }
    }
    for arn in own.values["managed_policy_arns"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        attached(resources, &mut role, arn);
    }
    let is_own = |of: &&Resource<'j>, argument: &str| {
        resources.referred(of, argument, &["aws_iam_role"]).iter().any(|found| found.address == own.address)
    };
    for policy in resources.of_kind("aws_iam_role_policy").filter(|policy| is_own(policy, "role")) {
        add(&mut role, policy.text("policy"), &format!("policy {}", policy.address));
    }
    let attachments = resources.of_kind("aws_iam_role_policy_attachment").filter(|of| is_own(of, "role"));
    let by_list = resources.of_kind("aws_iam_policy_attachment").filter(|of| {
        let names = of.values["roles"].as_array();
        names.is_some_and(|names| names.iter().any(|name| name.as_str() == Some(role.name())))
    });
    let all: Vec<&Resource<'j>> = attachments.chain(by_list).collect();
    for attachment in all {
        let policies = resources.referred(attachment, "policy_arn", &["aws_iam_policy"]);
        match (policies.first(), attachment.text("policy_arn")) {
            (Some(policy), _) => add(&mut role, policy.text("policy"), &format!("policy {}", policy.address)),
            (None, Some(arn)) => managed::add(&mut role, arn),
            (None, None) => {
                role.unknown.push(format!("the policy of {} is not told by the file", attachment.address))
            }
        }
    }
    role
}

fn attached(resources: &Resources<'_>, role: &mut Role, arn: &str) {
    match resources.of_kind("aws_iam_policy").find(|policy| policy.text("arn") == Some(arn)) {
        Some(policy) => add(role, policy.text("policy"), &format!("policy {}", policy.address)),
        None => managed::add(role, arn),
    }
}

fn add(role: &mut Role, text: Option<&str>, label: &str) {
    match text {
        Some(text) => policy::add(role, &Node::new(Value::Text(text.to_owned()), Place::default()), label),
        None => role.unknown.push(format!("{label} is known only after apply")),
    }
}

#[cfg(test)]
mod tests;
