//! SQS queues and Kinesis streams: the functions and pipes that read them.
//!
//! Three calls for a queue, two for a stream, more for more pages; then one for each function, and those of each pipe.

use futures_util::future::join;
use serde_json::{Value, json};

use super::super::json_client::{Api, Operation, encoded};
use super::function::LAMBDA;
use super::pipe;
use super::search::{Search, Step};
use super::wire::Ask;
use budget_guard_core::model::{Fault, Own};

/// SQS (2012-11-05).
const SQS: Api = Api::json_1_0("sqs", "AmazonSQS");
/// Reads the delivery delay of a queue.
pub(super) const GET_ATTRIBUTES: Operation = Operation::new(SQS, "sqs:GetQueueAttributes");
/// Lists the functions that read a queue or a stream.
pub(super) const LIST_MAPPINGS: Operation = Operation::new(LAMBDA, "lambda:ListEventSourceMappings");

/// Follows the functions and pipes that read a queue or a stream.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let ((mappings, pipes), delay) =
        join(join(mappings(search, &step.arn), pipe::reading(search, &step.arn)), delay(search, &step)).await;
    let is_known = mappings.is_some() && pipes.is_some();
    let (mappings, pipes) = (mappings.unwrap_or_default(), pipes.unwrap_or_default());
    if is_known && mappings.is_empty() && pipes.is_empty() {
        let kind = if step.place().service == "sqs" { "queue" } else { "stream" };
        search.miss(format!(
            "no event source mapping and no pipe reads the {kind} {}, and programs that read it are not seen",
            step.place().resource
        ));
    }
    let functions = mappings.iter().map(|mapping| step.to(&*mapping.function).after(delay + mapping.window));
    let pipes = pipes.into_iter().map(|pipe| step.to(pipe).after(delay));
    search.follow_all(functions.chain(pipes)).await;
}

/// An enabled event source mapping.
struct Mapping {
    function: String,
    /// Batching window in seconds.
    window: u32,
}

/// Enabled event source mappings of a queue or a stream. `None` if they could not be listed.
///
/// Source: `EventSourceMappingConfiguration` in the AWS Lambda API reference.
async fn mappings(search: &Search<'_>, source: &str) -> Option<Vec<Mapping>> {
    let path = format!("/2015-03-31/event-source-mappings?EventSourceArn={}", encoded(source));
    let request = |marker: Option<&str>| {
        let marker = marker.map(|marker| format!("&Marker={}", encoded(marker))).unwrap_or_default();
        LIST_MAPPINGS.get(format!("{path}{marker}"))
    };
    let pages = search.pages("NextMarker", request).await?;
    let on = pages.iter().flat_map(enabled).filter_map(|mapping| {
        let window = &mapping["MaximumBatchingWindowInSeconds"];
        Some(Mapping { function: mapping["FunctionArn"].as_str()?.to_owned(), window: number(window) })
    });
    Some(on.collect())
}

/// Enabled mappings of one page.
fn enabled(page: &Value) -> impl Iterator<Item = &Value> {
    let all = page["EventSourceMappings"].as_array().into_iter().flatten();
    all.filter(|mapping| !matches!(mapping["State"].as_str(), Some("Disabled" | "Disabling" | "Deleting")))
}

/// Returns true if an enabled mapping sends the messages of a queue to one of these functions. Reads the first page, of 100.
pub(super) async fn has_reader(asks: &dyn Ask, own: &Own, queue: &str) -> Result<bool, Fault> {
    let path = format!("/2015-03-31/event-source-mappings?EventSourceArn={}", encoded(queue));
    let page = asks.ask(LIST_MAPPINGS.get(path)).await?;
    let has_reader =
        enabled(&page).any(|mapping| mapping["FunctionArn"].as_str().is_some_and(|arn| own.has(arn)));
    Ok(has_reader)
}

/// Delivery delay of a queue in seconds. 0 for a stream.
async fn delay(search: &Search<'_>, step: &Step) -> u32 {
    if step.place().service != "sqs" {
        return 0;
    }
    let Some(url) = search.queue_url(GET_ATTRIBUTES, step.place()) else { return 0 };
    let body = json!({"QueueUrl": url, "AttributeNames": ["DelaySeconds"]});
    let reply = search.ask(GET_ATTRIBUTES.rpc(body.to_string())).await.unwrap_or_default();
    number(&reply["Attributes"]["DelaySeconds"])
}

/// Parses a JSON number, or a text that holds one. 0 if it is neither.
pub(super) fn number(value: &Value) -> u32 {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.and_then(|number| number.try_into().ok()).unwrap_or(0)
}
