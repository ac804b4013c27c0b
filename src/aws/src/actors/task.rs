//! ECS tasks: the role in the task definition or in the target's own input. One call; none if the input has the role.

use serde_json::json;

use super::super::json_client::{Api, Operation};
use super::search::{Search, Step};
use budget_guard_core::hints::Known;

/// ECS (2014-11-13).
const ECS: Api = Api::json_1_1("ecs", "AmazonEC2ContainerServiceV20141113");
/// Reads the task definition.
pub(super) const DESCRIBE: Operation = Operation::new(ECS, "ecs:DescribeTaskDefinition");

/// Finds the role of a task.
///
/// Source: `TaskDefinition` in the Amazon ECS API reference.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let Some(definition) = step.hints.task_definition.as_deref() else {
        search.miss(format!("the target does not name the task that {} runs", step.place().resource));
        return;
    };
    let started = |role: Option<&str>| step.late(step.hints.actor(&step.arn, role));
    match step.hints.role(step.place()) {
        Known::Constant(role) => return search.add(started(Some(&step.place().role(role)))),
        Known::Chosen => {
            search.add(started(None));
            return search.miss(format!("each event chooses the role of the task {definition}"));
        }
        Known::Absent => {}
    }
    let body = json!({"taskDefinition": definition}).to_string();
    let Some(reply) = search.ask(DESCRIBE.rpc(body)).await else { return };
    let role = reply["taskDefinition"]["taskRoleArn"].as_str().filter(|role| !role.is_empty());
    if role.is_none() {
        search.miss(format!("the task definition {definition} has no task role"));
    }
    let role = role.map(|role| step.place().role(role));
    search.add(started(role.as_deref()));
}
