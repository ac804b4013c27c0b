//! Roles that a target's own settings name: in its input, or in its input template. They need no API call.

mod constants;

pub use constants::{Known, constants};

use serde_json::json;

use crate::model::{Actor, Arn};

/// Settings of a target, in addition to its ARN, that identify its actor.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hints {
    /// Task definition that an ECS cluster runs: ARN or name, with or without revision.
    pub task_definition: Option<String>,
    /// Number of tasks that one event starts; `None` if it is not set, which means 1.
    pub tasks: Option<u32>,
    /// Job definition that a Batch queue runs: ARN or name, with or without revision.
    pub job_definition: Option<String>,
    /// Constant part of the target's input; `None` if there is none or it is not JSON.
    pub input: Option<serde_json::Value>,
}

/// Parameters of the input that set a role: service of the target, prefix of its resource, names of the parameters.
///
/// Sources: `TaskOverride` in the Amazon ECS API reference and `StartBuild` in the AWS CodeBuild API reference; the
/// Automation runbook reference, where AWS's own documents spell the parameter in both ways.
const ROLES: [(&str, &str, &[&str]); 3] = [
    ("codebuild", "project/", &["serviceRoleOverride"]),
    ("ecs", "cluster/", &["taskRoleArn"]),
    ("ssm", "automation-definition/", &["AutomationAssumeRole", "automationAssumeRole"]),
];

impl Hints {
    /// Sets the input: the constant input of the target, or else the template of its transformer.
    pub fn with_input(self, input: Option<&str>, template: Option<&str>) -> Self {
        Self { input: input.or(template).and_then(constants), ..self }
    }

    /// Sets the task role as an ECS call gives it, in the form of a target's input.
    pub fn with_task_role(self, role: &Known<'_>) -> Self {
        let role = match role {
            Known::Constant(role) => *role,
            Known::Chosen => "<role>",
            Known::Absent => return self,
        };
        Self { input: Some(json!({"taskRoleArn": role})), ..self }
    }

    /// Role that the input gives to the automation, build or task which this target starts.
    pub fn role(&self, target: Arn<'_>) -> Known<'_> {
        let takes = |(service, kind, _): &&(&str, &str, _)| {
            target.service == *service && target.resource.starts_with(kind)
        };
        let (Some((.., names)), Some(input)) = (ROLES.iter().find(takes), &self.input) else {
            return Known::Absent;
        };
        let given = names.iter().map(|name| Known::of_input(&input[*name]));
        given.into_iter().find(|role| *role != Known::Absent).unwrap_or(Known::Absent)
    }

    /// Returns the actor started by this target: the task of an ECS cluster, else the target itself.
    pub fn actor(&self, target: &str, role: Option<&str>) -> Actor {
        let Some(cluster) = Arn::parse(target).filter(|place| place.service == "ecs") else {
            return Actor::new(target, role);
        };
        let task = self.task_definition.as_deref();
        let task = task.map(|name| cluster.beside("ecs", "task-definition/", name));
        let actor = task.map(|task| Actor::new(&task, role).through(target));
        Actor { tasks: self.many_tasks(), ..actor.unwrap_or_else(|| Actor::new(target, role)) }
    }

    /// Number of tasks that one event starts, if it is more than one.
    pub fn many_tasks(&self) -> Option<u32> {
        self.tasks.filter(|tasks| *tasks > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTOMATION: &str = "arn:aws:ssm:us-east-1::automation-definition/AWS-Fix:$DEFAULT";
    const CLUSTER: &str = "arn:aws:ecs:us-east-1:123456789012:cluster/work";
    const PROJECT: &str = "arn:aws:codebuild:us-east-1:123456789012:project/fix";
    const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:fix";

    #[test]
    fn a_role_is_read_from_the_input_of_what_takes_one() {
        let check = |arn: &str, input: Option<&str>, template: Option<&str>, expected: Known<'_>| {
            let hints = Hints::default().with_input(input, template);
            assert_eq!(hints.role(Arn::parse(arn).unwrap()), expected, "{arn} {input:?} {template:?}");
        };
        let constant = |arn: &str, input: &str| {
            check(arn, Some(input), None, Known::Constant("arn:r"));
            check(arn, None, Some(input), Known::Constant("arn:r"));
            check(arn, Some(input), Some("{}"), Known::Constant("arn:r"));
        };
        constant(AUTOMATION, r#"{"AutomationAssumeRole":["arn:r"]}"#);
        constant(AUTOMATION, r#"{"automationAssumeRole":["arn:r"]}"#);
        constant(AUTOMATION, r#"{"AutomationAssumeRole":"arn:r"}"#);
        constant(AUTOMATION, r#"{"AutomationAssumeRole":[""],"automationAssumeRole":["arn:r"]}"#);
        constant(CLUSTER, r#"{"containerOverrides":[],"taskRoleArn":"arn:r"}"#);
        constant(PROJECT, r#"{"serviceRoleOverride":"arn:r"}"#);
        let filled = r#"{"AutomationAssumeRole":["arn:r"],"BucketName":[<bucket>]}"#;
        check(AUTOMATION, None, Some(filled), Known::Constant("arn:r"));

        let chosen = |arn: &str, template: &str| check(arn, None, Some(template), Known::Chosen);
        chosen(AUTOMATION, r#"{"AutomationAssumeRole":[<role>]}"#);
        chosen(AUTOMATION, r#"{"automationAssumeRole":["arn:aws:iam::<account>:role/r"]}"#);
        chosen(CLUSTER, r#"{"taskRoleArn":<role>}"#);
        chosen(PROJECT, r#"{"serviceRoleOverride":"<role>"}"#);

        let absent = |arn: &str, input: &str| check(arn, Some(input), None, Known::Absent);
        absent(AUTOMATION, r#"{"taskRoleArn":"arn:r"}"#);
        absent(AUTOMATION, "no JSON");
        absent(CLUSTER, r#"{"overrides":{"taskRoleArn":"arn:r"}}"#);
        absent(FUNCTION, r#"{"AutomationAssumeRole":["arn:r"],"taskRoleArn":"arn:r"}"#);
        absent("arn:aws:ssm:us-east-1::document/AWS-Run", r#"{"AutomationAssumeRole":["arn:r"]}"#);
        check(AUTOMATION, None, None, Known::Absent);
        check(AUTOMATION, Some("{}"), Some(filled), Known::Absent);
    }

    #[test]
    fn a_cluster_starts_the_task_that_the_target_names() {
        let check = |arn: &str, definition: Option<&str>, tasks: Option<u32>, expected: Actor| {
            let hints = Hints { task_definition: definition.map(str::to_owned), tasks, ..Hints::default() };
            assert_eq!(hints.actor(arn, Some("arn:r")), expected, "{arn} {definition:?}");
        };
        let task = "arn:aws:ecs:us-east-1:123456789012:task-definition/convert";
        let started = Actor::new(task, Some("arn:r")).through(CLUSTER);
        check(CLUSTER, Some("convert:3"), None, started.clone());
        check(CLUSTER, Some(task), Some(1), started.clone());
        check(CLUSTER, Some(task), Some(4), Actor { tasks: Some(4), ..started });
        check(CLUSTER, None, Some(4), Actor { tasks: Some(4), ..Actor::new(CLUSTER, Some("arn:r")) });
        check(FUNCTION, Some(task), None, Actor::new(FUNCTION, Some("arn:r")));
    }
}
