//! Rules of a plan or state as JSON lines, the form in which `replay` and `match` read rules.

use serde_json::{Value, json};

use super::actors::Search;
use super::resources::{Resource, Resources};
use super::targets;
use crate::form::{Acting, Target};

/// Rules with their targets. `None` if the file is neither a plan nor a state.
pub(in crate::load) fn rules(root: &Value) -> Option<String> {
    let resources = Resources::read(root)?;
    let lines = resources.of_kind("aws_cloudwatch_event_rule").map(|own| rule(&resources, own).to_string());
    Some(lines.collect::<Vec<_>>().join("\n"))
}

fn rule<'j>(resources: &Resources<'j>, own: &Resource<'j>) -> Value {
    let mut foreign = Vec::new();
    let mut search = Search { resources, foreign: &mut foreign };
    let targets: Vec<Value> = targets(resources, own)
        .into_iter()
        .map(|target| {
            let found = search.target(target);
            listed(resources, target, &found)
        })
        .collect();
    let is_off = own.values["is_enabled"] == false || own.text("state") == Some("DISABLED");
    let mut rule = json!({
        "Name": own.text("name").unwrap_or(own.address),
        "State": if is_off { "DISABLED" } else { own.text("state").unwrap_or("ENABLED") },
        "Targets": targets,
    });
    let tags: Vec<Value> = own.values["tags_all"]
        .as_object()
        .or(own.values["tags"].as_object())
        .into_iter()
        .flatten()
        .map(|(key, value)| json!({"Key": key, "Value": value.as_str().unwrap_or_default()}))
        .collect();
    rule["Tags"] = tags.into();
    let texts =
        [("Arn", "arn"), ("EventBusName", "event_bus_name"), ("ScheduleExpression", "schedule_expression")];
    for (name, argument) in texts {
        if let Some(text) = own.text(argument) {
            rule[name] = text.into();
        }
    }
    // A pattern that is known only after apply is none yet, and the commands say so of the rule.
    if let Ok(Some(pattern)) = own.value("event_pattern") {
        rule["EventPattern"] = pattern.clone();
    }
    rule
}

/// Target as `rules export` writes it.
fn listed<'j>(resources: &Resources<'j>, target: &Resource<'j>, found: &Target) -> Value {
    let arn_of = |address: &str| resources.all.iter().find(|one| one.address == address)?.text("arn");
    let actor = |actor: &Acting| {
        let address = actor.label.split_once(", behind ").map_or(&*actor.label, |(address, _)| address);
        let role = actor.role.as_deref()?;
        // A role of another file is known by its ARN.
        Some(json!({"arn": arn_of(address)?, "role": arn_of(role).unwrap_or(role)}))
    };
    let actors: Vec<Value> = found.actors.iter().filter_map(actor).collect();
    let is_whole = actors.len() == found.actors.len();
    let unknown = found.unknown.as_deref().or((!is_whole).then_some("it is known only after apply"));
    let mut listed = json!({"Arn": target.text("arn").unwrap_or(&found.label), "actors": actors});
    for (name, text) in
        [("Id", target.text("target_id")), ("RoleArn", target.text("role_arn")), ("unfollowed", unknown)]
    {
        if let Some(text) = text {
            listed[name] = text.into();
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_gives_rules_with_the_roles_behind_their_targets() {
        let function = "arn:aws:lambda:us-east-1:123456789012:function:fix";
        let role = "arn:aws:iam::123456789012:role/fix";
        let resource = |kind: &str, values: Value| json!({"address": format!("{kind}.fix"), "type": kind, "values": values});
        let state = json!({"values": {"root_module": {"resources": [
            resource("aws_cloudwatch_event_rule", json!({
                "name": "fix", "arn": "arn:aws:events:us-east-1:123456789012:rule/fix", "is_enabled": false,
                "event_pattern": "{}", "event_bus_name": "default", "tags_all": {"a": "b"},
            })),
            resource("aws_cloudwatch_event_target", json!({"rule": "fix", "arn": function, "target_id": "t"})),
            resource("aws_lambda_function", json!({"arn": function, "function_name": "fix", "role": role})),
            resource("aws_iam_role", json!({"arn": role, "name": "fix"})),
        ]}}});
        let rule: Value = serde_json::from_str(&rules(&state).unwrap()).unwrap();
        assert_eq!(
            rule,
            json!({
                "Name": "fix", "Arn": "arn:aws:events:us-east-1:123456789012:rule/fix", "EventBusName": "default",
                "State": "DISABLED", "EventPattern": "{}", "Tags": [{"Key": "a", "Value": "b"}],
                "Targets": [{"Id": "t", "Arn": function, "actors": [{"arn": function, "role": role}]}],
            })
        );
        assert_eq!(rules(&json!({"Rules": []})), None);
    }
}
