//! EventBridge Pipes, which read a queue or a stream and forward to a target of their own.
//!
//! One call to list them, one for each, and those of their targets.

use serde_json::Value;

use super::super::json_client::{Api, Operation, encoded};
use super::queue::number;
use super::search::{Search, Step};
use budget_guard_core::hints::{Hints, Known};

/// EventBridge Pipes (2015-10-07).
const PIPES: Api = Api::rest("pipes");
/// Lists the pipes that read a source.
pub(super) const LIST: Operation = Operation::new(PIPES, "pipes:ListPipes");
/// Reads a pipe.
pub(super) const DESCRIBE: Operation = Operation::new(PIPES, "pipes:DescribePipe");

/// ARNs of the running pipes that read a queue or a stream. `None` if they could not be listed.
pub(super) async fn reading(search: &Search<'_>, source: &str) -> Option<Vec<String>> {
    let path = format!("/v1/pipes?SourcePrefix={}&Limit=100", encoded(source));
    let request = |token: Option<&str>| {
        let token = token.map(|token| format!("&NextToken={}", encoded(token))).unwrap_or_default();
        LIST.get(format!("{path}{token}"))
    };
    let pages = search.pages("NextToken", request).await?;
    let all = pages.iter().filter_map(|page| page["Pipes"].as_array()).flatten();
    let reading = all.filter(|pipe| pipe["Source"].as_str() == Some(source) && is_on(&pipe["CurrentState"]));
    Some(reading.filter_map(|pipe| pipe["Arn"].as_str().map(str::to_owned)).collect())
}

/// Returns true if a pipe in this state runs or will run.
///
/// Source: `PipeState` in the Amazon EventBridge Pipes API reference.
fn is_on(state: &Value) -> bool {
    let off = ["STOPPED", "STOPPING", "DELETING", "DELETED", "CREATE_FAILED", "START_FAILED"];
    !state.as_str().is_some_and(|state| off.contains(&state))
}

/// Finds the role of a pipe, and follows its enrichment and its target.
///
/// Source: `DescribePipe` in the Amazon EventBridge Pipes API reference.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let path = format!("/v1/pipes/{}", encoded(step.place().name()));
    let Some(pipe) = search.ask(DESCRIBE.get(path)).await else { return };
    // The batching window is in the parameters of the source's own type.
    let sources = pipe["SourceParameters"].as_object().into_iter().flat_map(|sources| sources.values());
    let window = sources.map(|source| number(&source["MaximumBatchingWindowInSeconds"])).max().unwrap_or(0);
    let step = step.after(window);
    search.add(step.actor(pipe["RoleArn"].as_str()));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let parameters = &pipe["TargetParameters"];
    let input = parameters["InputTemplate"].as_str();
    let hints = Hints {
        task_definition: text(&parameters["EcsTaskParameters"]["TaskDefinitionArn"]),
        tasks: parameters["EcsTaskParameters"]["TaskCount"]
            .as_u64()
            .and_then(|count| u32::try_from(count).ok()),
        job_definition: text(&parameters["BatchJobParameters"]["JobDefinition"]),
        input: None,
    };
    let hints = hints.with_input(None, input).with_task_role(&task_role(parameters));
    let target = pipe["Target"].as_str().map(|target| step.to(target).with(hints));
    let enrichment = pipe["Enrichment"].as_str().filter(|arn| !arn.is_empty()).map(|arn| step.to(arn));
    search.follow_all(target.into_iter().chain(enrichment)).await;
}

/// Role in a pipe's overrides of its ECS task. A path means that each event chooses the role.
///
/// Sources: `EcsTaskOverride` in the Amazon EventBridge Pipes API reference; "Dynamic path parameters" (Amazon
/// EventBridge user guide).
fn task_role(parameters: &Value) -> Known<'_> {
    match &parameters["EcsTaskParameters"]["Overrides"]["TaskRoleArn"] {
        Value::String(role) if role.starts_with('$') => Known::Chosen,
        role => Known::of_input(role),
    }
}
