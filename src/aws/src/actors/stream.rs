//! Firehose streams: the functions that transform their records, and the roles of delivery. One call.

use serde_json::{Value, json};

use super::super::json_client::{Api, Operation};
use super::queue::number;
use super::search::{Search, Step};

/// Firehose (2015-08-04).
const FIREHOSE: Api = Api::json_1_1("firehose", "Firehose_20150804");
/// Reads the delivery stream with its destinations.
pub(super) const DESCRIBE: Operation = Operation::new(FIREHOSE, "firehose:DescribeDeliveryStream");

/// Default of `BufferIntervalInSeconds` of a Lambda processor, in seconds.
///
/// Source: "Data transformation" (Amazon Data Firehose developer guide).
const BUFFERED: u32 = 60;

/// Finds the delivery roles of a stream, and follows its transforming functions.
///
/// Source: `DestinationDescription` and `Processor` in the Amazon Data Firehose API reference.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let body = json!({"DeliveryStreamName": step.place().name()}).to_string();
    let Some(reply) = search.ask(DESCRIBE.rpc(body)).await else { return };
    let destinations = &reply["DeliveryStreamDescription"]["Destinations"];
    let destinations = destinations.as_array().into_iter().flatten();
    // A destination has one description, under the name of its type; the others are absent or empty.
    let described = destinations.filter_map(Value::as_object).flat_map(|destination| destination.values());
    let mut steps = Vec::new();
    for destination in described.filter(|value| value.is_object()) {
        if let Some(role) = destination["RoleARN"].as_str() {
            search.add(step.actor(Some(role)));
        }
        let processing = &destination["ProcessingConfiguration"];
        if processing["Enabled"].as_bool() == Some(true) {
            let processors = processing["Processors"].as_array().into_iter().flatten();
            steps.extend(processors.filter_map(|processor| function(&step, processor)));
        }
    }
    search.follow_all(steps).await;
}

fn function(step: &Step, processor: &Value) -> Option<Step> {
    let parameter = |name: &str| {
        let all = processor["Parameters"].as_array().into_iter().flatten();
        all.filter(|one| one["ParameterName"].as_str() == Some(name)).map(|one| &one["ParameterValue"]).next()
    };
    let function = parameter("LambdaArn")?.as_str()?;
    let interval = parameter("BufferIntervalInSeconds").map_or(BUFFERED, number);
    Some(step.to(function).after(interval))
}
