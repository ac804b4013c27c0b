//! CodePipeline pipelines: their role, and the roles, builds, functions and workflows of their actions. One call, and
//! those of the resources that the actions start.

use serde_json::{Value, json};

use super::super::json_client::{Api, Operation};
use super::search::{Search, Step};

/// CodePipeline (2015-07-09).
const CODEPIPELINE: Api = Api::json_1_1("codepipeline", "CodePipeline_20150709");
/// Reads the pipeline with its stages.
pub(super) const GET: Operation = Operation::new(CODEPIPELINE, "codepipeline:GetPipeline");

/// Finds the roles of a pipeline and its actions, and follows the resources that the actions start.
///
/// Sources: `PipelineDeclaration` in the AWS CodePipeline API reference; "Action structure reference" (AWS CodePipeline
/// user guide) for the configuration of each provider.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let body = json!({"name": step.place().name()}).to_string();
    let Some(reply) = search.ask(GET.rpc(body)).await else { return };
    let pipeline = &reply["pipeline"];
    search.add(step.actor(pipeline["roleArn"].as_str()));
    let stages = pipeline["stages"].as_array().into_iter().flatten();
    let actions = stages.filter_map(|stage| stage["actions"].as_array()).flatten();
    let mut steps = Vec::new();
    for action in actions {
        // The role of the action, and the role that CloudFormation creates a stack with.
        for role in [&action["roleArn"], &action["configuration"]["RoleArn"]] {
            if let Some(role) = role.as_str().filter(|role| role.starts_with("arn:")) {
                search.add(step.actor(Some(role)));
            }
        }
        if let Some((kind, name)) = started(action) {
            match name.contains("#{") {
                true => search.miss(format!("the pipeline {} chooses what it starts", step.place().name())),
                false => steps.push(step.to(arn(&step, action, kind, name))),
            }
        }
    }
    search.follow_all(steps).await;
}

/// Service of the resource that an action starts, and the resource's name or ARN in the configuration.
fn started(action: &Value) -> Option<(&'static str, &str)> {
    let configured = |name: &str| action["configuration"][name].as_str();
    match action["actionTypeId"]["provider"].as_str()? {
        "CodeBuild" => Some(("codebuild", configured("ProjectName")?)),
        "Lambda" => Some(("lambda", configured("FunctionName")?)),
        "StepFunctions" => Some(("states", configured("StateMachineArn")?)),
        _ => None,
    }
}

fn arn(step: &Step, action: &Value, service: &str, name: &str) -> String {
    let mut place = step.place();
    if let Some(region) = action["region"].as_str() {
        place.region = region;
    }
    match service {
        "codebuild" => place.beside(service, "project/", name),
        "lambda" => place.function(name),
        _ => place.beside(service, "stateMachine:", name),
    }
}
