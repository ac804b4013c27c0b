//! ECS tasks: the role in the task definition, or in the target's own input. One call, none if the input has the role.

use serde_json::json;

use super::super::json_client::{Api, Operation};
use super::search::{Search, Step};
use crate::model::Actor;

/// ECS (2014-11-13).
const ECS: Api = Api::json_1_1("ecs", "AmazonEC2ContainerServiceV20141113");
pub(super) const DESCRIBE: Operation = Operation::new(ECS, "ecs:DescribeTaskDefinition");

/// Sources: `TaskDefinition` and `TaskOverride` in the Amazon ECS API reference.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let Some(definition) = step.hints.task_definition.as_deref() else {
        search.miss(format!("the target does not name the task that {} runs", step.place().resource));
        return;
    };
    let arn = step.place().beside("ecs", "task-definition/", definition);
    let input = step.hints.input.clone().unwrap_or_default();
    if let Some(role) = input["taskRoleArn"].as_str() {
        search.add(actor(&step, &arn, Some(role)));
        return;
    }
    let body = json!({"taskDefinition": definition}).to_string();
    let Some(reply) = search.ask(DESCRIBE.rpc(body)).await else { return };
    let role = reply["taskDefinition"]["taskRoleArn"].as_str().filter(|role| !role.is_empty());
    if role.is_none() {
        search.miss(format!("the task definition {definition} has no task role"));
    }
    let role = role.map(|role| step.place().role(role));
    search.add(actor(&step, &arn, role.as_deref()));
}

fn actor(step: &Step, definition: &str, role: Option<&str>) -> Actor {
    let tasks = step.hints.tasks.filter(|tasks| *tasks > 1);
    Actor { tasks, ..step.other_actor(definition, role, Some(&step.arn)) }
}
