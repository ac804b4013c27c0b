//! Glue jobs, crawlers and workflows. One call for each, and one for each job and crawler of a workflow.

use serde_json::json;

use super::super::json_client::{Api, Operation};
use super::function::seconds;
use super::search::{Search, Step};

/// Glue (2017-03-31).
const GLUE: Api = Api::json_1_1("glue", "AWSGlue");
/// Reads a workflow with its jobs and crawlers.
pub(super) const GET_WORKFLOW: Operation = Operation::new(GLUE, "glue:GetWorkflow");
/// Reads a job.
pub(super) const GET_JOB: Operation = Operation::new(GLUE, "glue:GetJob");
/// Reads a crawler.
pub(super) const GET_CRAWLER: Operation = Operation::new(GLUE, "glue:GetCrawler");

/// Finds the role and the time limit of a job, the role of a crawler, or those of a workflow's jobs and crawlers.
///
/// Sources: `Job`, `Crawler` and `WorkflowGraph` in the AWS Glue API reference.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let place = step.place();
    let name = place.name();
    match place.resource.split('/').next() {
        Some("workflow") => workflow(search, &step, name).await,
        Some("job") => {
            let Some(reply) = search.ask(GET_JOB.rpc(json!({"JobName": name}).to_string())).await else {
                return;
            };
            let job = &reply["Job"];
            // The name of a role, or its ARN.
            let role = job["Role"].as_str().map(|role| place.role(role));
            search.add(step.actor(role.as_deref()).with_time_limit(seconds(&job["Timeout"], 60)));
        }
        Some("crawler") => {
            let Some(reply) = search.ask(GET_CRAWLER.rpc(json!({"Name": name}).to_string())).await else {
                return;
            };
            let role = reply["Crawler"]["Role"].as_str().map(|role| place.role(role));
            search.add(step.actor(role.as_deref()));
        }
        _ => search.miss(format!("it is not known who acts for {}", place.resource)),
    }
}

async fn workflow(search: &Search<'_>, step: &Step, name: &str) {
    let body = json!({"Name": name, "IncludeGraph": true}).to_string();
    let Some(reply) = search.ask(GET_WORKFLOW.rpc(body)).await else { return };
    let nodes = reply["Workflow"]["Graph"]["Nodes"].as_array().into_iter().flatten();
    let parts = nodes.filter_map(|node| {
        let kind = match node["Type"].as_str()? {
            "JOB" => "job/",
            "CRAWLER" => "crawler/",
            _ => return None,
        };
        Some(step.to(step.place().beside("glue", kind, node["Name"].as_str()?)))
    });
    let parts: Vec<Step> = parts.collect();
    if parts.is_empty() {
        search.miss(format!("the workflow {name} has no job and no crawler"));
    }
    search.follow_all(parts).await;
}
