//! Lambda functions. One call for each.

use serde_json::Value;

use super::super::json_client::{Api, Operation, encoded};
use super::search::{Search, Step};
use budget_guard_core::model::Seconds;

/// Lambda (2015-03-31).
pub(super) const LAMBDA: Api = Api::rest("lambda");
/// Reads the function's role, time limit, memory and code hash.
pub(super) const GET: Operation = Operation::new(LAMBDA, "lambda:GetFunctionConfiguration");

/// Finds the role, the time limit and the memory of a function, and its code hash if it is the target itself.
///
/// Source: `FunctionConfiguration` in the AWS Lambda API reference.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let path = format!("/2015-03-31/functions/{}/configuration", encoded(&step.arn));
    let Some(function) = search.ask(GET.get(path)).await else {
        // The target itself is known by its ARN; a function behind it only by this actor.
        if step.via.is_some() {
            search.add(step.actor(None));
        }
        return;
    };
    if step.via.is_none() {
        search.runs(function["CodeSha256"].as_str());
    }
    let actor = step.actor(function["Role"].as_str());
    let memory = function["MemorySize"].as_u64().and_then(|megabytes| u32::try_from(megabytes).ok());
    search.add(actor.with_time_limit(seconds(&function["Timeout"], 1)).with_memory(memory));
}

/// Converts a number of units to seconds; `unit` is one unit in seconds. `None` for 0 and for a value that is no
/// number.
pub(super) fn seconds(value: &Value, unit: u64) -> Option<Seconds> {
    let seconds = value.as_u64()?.checked_mul(unit)?;
    u32::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Seconds::new)
}
