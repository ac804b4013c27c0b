//! Lambda functions. One call each.

use serde_json::Value;

use super::super::json_client::{Api, Operation, encoded};
use super::search::{Search, Step};
use budget_guard_core::model::Seconds;

/// Lambda (2015-03-31).
pub(super) const LAMBDA: Api = Api::rest("lambda");
pub(super) const GET: Operation = Operation::new(LAMBDA, "lambda:GetFunctionConfiguration");

/// Source: `FunctionConfiguration` in the AWS Lambda API reference.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let path = format!("/2015-03-31/functions/{}/configuration", encoded(&step.arn));
    let Some(function) = search.ask(GET.get(path)).await else {
        // The target names itself; a function behind it is only known by this.
        if step.via.is_some() {
            search.add(step.actor(None));
        }
        return;
    };
    if step.via.is_none() {
        search.runs(function["CodeSha256"].as_str());
    }
    let actor = step.actor(function["Role"].as_str());
    search.add(actor.with_time_limit(seconds(&function["Timeout"], 1)));
}

/// A number of units as seconds; `unit` is the length of one in seconds. `None` for 0 and for no number.
pub(super) fn seconds(value: &Value, unit: u64) -> Option<Seconds> {
    let seconds = value.as_u64()?.checked_mul(unit)?;
    u32::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Seconds::new)
}
