//! Batch jobs: the role in the job definition. One call.

use serde_json::{Value, json};

use super::super::json_client::{Api, Operation};
use super::function::seconds;
use super::search::{Search, Step};

/// Batch (2016-08-10).
const BATCH: Api = Api::rest("batch");
/// Reads the job definition.
pub(super) const DESCRIBE: Operation = Operation::new(BATCH, "batch:DescribeJobDefinitions");

/// Finds the roles and the time limit of a Batch job.
///
/// Source: `JobDefinition` in the AWS Batch API reference.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let Some(name) = step.hints.job_definition.as_deref() else {
        search.miss(format!("the target does not name the job that {} runs", step.place().resource));
        return;
    };
    // A name without a revision means the newest active revision.
    let body = match name.contains(':') {
        true => json!({"jobDefinitions": [name]}),
        false => json!({"jobDefinitionName": name, "status": "ACTIVE"}),
    };
    let Some(reply) = search.ask(DESCRIBE.post("/v1/describejobdefinitions", body.to_string())).await else {
        return;
    };
    let all = reply["jobDefinitions"].as_array().into_iter().flatten();
    let Some(definition) = all.max_by_key(|definition| definition["revision"].as_u64()) else {
        search.miss(format!("there is no job definition {name}"));
        return;
    };
    let arn = definition["jobDefinitionArn"].as_str();
    let arn = arn.map_or_else(|| step.place().beside("batch", "job-definition/", name), str::to_owned);
    let limit = seconds(&definition["timeout"]["attemptDurationSeconds"], 1);
    let roles = roles(definition);
    if roles.is_empty() {
        search.miss(format!("the job definition {name} has no job role"));
        let actor = step.other_actor(&arn, None, Some(&step.arn));
        search.add(actor.with_time_limit(limit));
    }
    for role in roles {
        let role = step.place().role(role);
        search.add(step.other_actor(&arn, Some(&role), Some(&step.arn)).with_time_limit(limit));
    }
}

/// Roles of the containers in single-node, multi-node and multi-container definitions.
fn roles(definition: &Value) -> Vec<&str> {
    let nodes = definition["nodeProperties"]["nodeRangeProperties"].as_array().into_iter().flatten();
    let tasks = definition["ecsProperties"]["taskProperties"].as_array().into_iter().flatten();
    let single = definition["containerProperties"]["jobRoleArn"].as_str();
    let nodes = nodes.filter_map(|node| node["container"]["jobRoleArn"].as_str());
    let tasks = tasks.filter_map(|task| task["taskRoleArn"].as_str());
    single.into_iter().chain(nodes).chain(tasks).filter(|role| !role.is_empty()).collect()
}
