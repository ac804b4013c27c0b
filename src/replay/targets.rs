//! Targets in a file of rules, with the roles and actors that the file tells.

use serde::Deserialize;

use crate::model::{Actor, Target};

/// A target as `aws events list-targets-by-rule` prints it, or with the lower-case names.
///
/// Source: `Target` of the EventBridge API (2015-10-07).
#[derive(Deserialize)]
#[serde(expecting = "a target, with its ARN as arn or Arn")]
pub(super) struct TargetItem {
    #[serde(rename = "Id")]
    id: Option<String>,
    #[serde(alias = "Arn")]
    arn: String,
    /// The role EventBridge takes to start the target.
    #[serde(rename = "RoleArn")]
    invoked_with: Option<String>,
    /// The role the target's own calls are made with.
    role: Option<String>,
    #[serde(rename = "EcsParameters")]
    ecs: Option<EcsItem>,
    /// All who act for the target, as `status --output json` prints them.
    #[serde(default)]
    actors: Vec<Actor>,
}

/// Source: `EcsParameters` of the EventBridge API (2015-10-07).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EcsItem {
    task_count: Option<u32>,
}

/// The targets of a rule. Those without an id are numbered.
pub(super) fn targets(items: Vec<TargetItem>) -> Vec<Target> {
    let target = |(n, item): (usize, TargetItem)| {
        let by_role = || item.role.map(|role| Actor::new(&item.arn, Some(&role)));
        let mut actors: Vec<Actor> =
            if item.actors.is_empty() { by_role().into_iter().collect() } else { item.actors };
        let tasks = item.ecs.and_then(|ecs| ecs.task_count).filter(|tasks| *tasks > 1);
        actors.iter_mut().for_each(|actor| actor.tasks = actor.tasks.or(tasks));
        Target {
            role_arn: item.invoked_with,
            actors,
            ..Target::new(item.id.unwrap_or_else(|| n.to_string()), item.arn)
        }
    };
    items.into_iter().enumerate().map(target).collect()
}
