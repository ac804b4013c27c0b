//! Targets in a file of rules, with the roles and actors that the file gives.

use serde::Deserialize;

use crate::hints::{Hints, Known};
use crate::model::{Actor, Arn, Target};

/// Target as `aws events list-targets-by-rule` prints it, or with lower-case names.
///
/// Source: `Target` of the EventBridge API (2015-10-07).
#[derive(Deserialize)]
#[serde(expecting = "a target, with its ARN as arn or Arn")]
pub(super) struct TargetItem {
    #[serde(rename = "Id")]
    id: Option<String>,
    #[serde(alias = "Arn")]
    arn: String,
    /// Role with which EventBridge starts the target.
    #[serde(rename = "RoleArn")]
    invoked_with: Option<String>,
    /// Role with which the target makes its own calls.
    role: Option<String>,
    #[serde(rename = "Input")]
    input: Option<String>,
    #[serde(rename = "InputTransformer")]
    transformer: Option<TransformerItem>,
    #[serde(rename = "EcsParameters")]
    ecs: Option<EcsItem>,
    /// Actors of the target, as `status --output json` prints them.
    #[serde(default)]
    actors: Vec<Actor>,
    /// Reason for which some actors are not known, as `rules export` prints it.
    #[serde(rename = "unfollowed")]
    unresolved_reason: Option<String>,
}

/// Source: `EcsParameters` of the EventBridge API (2015-10-07).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EcsItem {
    task_definition_arn: Option<String>,
    task_count: Option<u32>,
}

/// Source: `InputTransformer` of the EventBridge API (2015-10-07).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TransformerItem {
    input_template: String,
}

/// Converts the targets of a rule. Those without an id are numbered.
pub(super) fn targets(items: Vec<TargetItem>) -> Vec<Target> {
    let target = |(n, item): (usize, TargetItem)| Target {
        actors: item.actors(),
        role_arn: item.invoked_with,
        unresolved_reason: item.unresolved_reason,
        ..Target::new(item.id.unwrap_or_else(|| n.to_string()), item.arn)
    };
    items.into_iter().enumerate().map(target).collect()
}

impl TargetItem {
    /// Returns the actors that the file names, or else the one whose role is constant in the target's input.
    fn actors(&self) -> Vec<Actor> {
        let hints = self.hints();
        if self.actors.is_empty() {
            let given = || match hints.role(Arn::parse(&self.arn)?) {
                Known::Constant(role) => Some(role),
                Known::Chosen | Known::Absent => None,
            };
            let role = self.role.as_deref().or_else(given);
            return role.map(|role| hints.actor(&self.arn, Some(role))).into_iter().collect();
        }
        let named = self.actors.iter().cloned();
        named.map(|actor| Actor { tasks: actor.tasks.or(hints.many_tasks()), ..actor }).collect()
    }

    /// Returns the settings that the Lambda reads from the target too.
    fn hints(&self) -> Hints {
        let template = self.transformer.as_ref().map(|transformer| &*transformer.input_template);
        Hints {
            task_definition: self.ecs.as_ref().and_then(|ecs| ecs.task_definition_arn.clone()),
            tasks: self.ecs.as_ref().and_then(|ecs| ecs.task_count),
            ..Hints::default()
        }
        .with_input(self.input.as_deref(), template)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const AUTOMATION: &str = "arn:aws:ssm:us-east-1::automation-definition/AWS-Fix:$DEFAULT";
    const CLUSTER: &str = "arn:aws:ecs:us-east-1:123456789012:cluster/work";
    const TASK: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/convert:3";
    const PROJECT: &str = "arn:aws:codebuild:us-east-1:123456789012:project/fix";

    /// A target with additional settings.
    fn target(arn: &str, settings: &[(&str, Value)]) -> Value {
        let mut target = json!({"Id": "1", "Arn": arn});
        settings.iter().for_each(|(name, value)| target[*name] = value.clone());
        target
    }

    #[test]
    fn a_constant_role_in_the_input_is_read_as_the_lambda_reads_it() {
        let check = |arn: &str, settings: &[(&str, Value)], expected: &[&str]| {
            let items = json!([target(arn, settings)]);
            let told = |actor: &Actor| {
                let name = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
                let tasks = actor.tasks.map(|tasks| format!(", {tasks} tasks")).unwrap_or_default();
                format!("{} as {}{tasks}", name(&actor.arn), name(actor.role.as_deref().unwrap()))
            };
            let targets = targets(serde_json::from_value(items).unwrap());
            let seen: Vec<String> = targets[0].actors.iter().map(told).collect();
            assert_eq!(seen, expected, "{arn} {settings:?}");
        };
        let role = "arn:aws:iam::123456789012:role/runbook";
        let input = |input: Value| ("Input", json!(input.to_string()));
        let template = |text: &str| ("InputTransformer", json!({"InputTemplate": text}));
        let ecs = ("EcsParameters", json!({"TaskDefinitionArn": TASK, "TaskCount": 4}));
        let ecs = |other| [ecs.clone(), other];

        let runbook = ["AWS-Fix as runbook"];
        check(AUTOMATION, &[input(json!({"AutomationAssumeRole": [role]}))], &runbook);
        check(AUTOMATION, &[input(json!({"automationAssumeRole": [role]}))], &runbook);
        let filled = format!(r#"{{"AutomationAssumeRole":["{role}"],"BucketName":[<b>]}}"#);
        check(AUTOMATION, &[template(&filled)], &runbook);
        check(PROJECT, &[input(json!({"serviceRoleOverride": role}))], &["fix as runbook"]);
        let convert = ["convert as runbook, 4 tasks"];
        check(CLUSTER, &ecs(input(json!({"taskRoleArn": role}))), &convert);
        check(CLUSTER, &ecs(("role", json!(role))), &convert);

        check(AUTOMATION, &[template(r#"{"AutomationAssumeRole":[<b>]}"#)], &[]);
        check(CLUSTER, &ecs(template(r#"{"taskRoleArn":<b>}"#)), &[]);
        check(CLUSTER, &ecs(input(json!({"containerOverrides": []}))), &[]);
        check(AUTOMATION, &[input(json!({"BucketName": ["b"]}))], &[]);
        check(AUTOMATION, &[("Input", json!("no JSON"))], &[]);

        // Values that a person adds to the file take precedence.
        let other = input(json!({"AutomationAssumeRole": ["arn:aws:iam::123456789012:role/other"]}));
        let word = ("role", json!(role));
        check(AUTOMATION, &[other.clone(), word.clone()], &runbook);
        let actors = ("actors", json!([{"arn": PROJECT, "role": "arn:aws:iam::123456789012:role/third"}]));
        check(AUTOMATION, &[other, word, actors], &["fix as third"]);
    }
}
