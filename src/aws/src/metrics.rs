//! CloudWatch's GetMetricData in the JSON protocol.
//!
//! The SDK's crate would add a CBOR codec, big numbers and request compression to the Lambda function.
//! Source: "GetMetricData" (Amazon CloudWatch API reference, 2010-08-01).

use serde::{Deserialize, Serialize};

use super::json_client::{Api, JsonClient, Operation};
use budget_guard_core::model::{Fault, FaultKind};

const CLOUDWATCH: Api = Api::json_1_0("monitoring", "GraniteServiceVersion20100801");
const GET_METRIC_DATA: Operation = Operation::new(CLOUDWATCH, "cloudwatch:GetMetricData");

/// Request of GetMetricData.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    /// Start in seconds since 1970, inclusive.
    pub start_time: i64,
    /// End in seconds since 1970, exclusive.
    pub end_time: i64,
    /// One query for each series.
    pub metric_data_queries: Vec<Query>,
    /// Token of the page. `None` for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// Query for one series.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Query {
    /// Query ID: a lower-case letter, then letters, digits and underscores.
    pub id: String,
    /// Metric and its aggregation.
    pub metric_stat: MetricStat,
}

/// Metric with its period and statistic.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricStat {
    /// Metric to read.
    pub metric: Metric,
    /// Period in seconds.
    pub period: u32,
    /// Statistic, such as `Sum`.
    pub stat: &'static str,
}

/// Metric by namespace, name and dimensions.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metric {
    /// Namespace, such as `AWS/Events`.
    pub namespace: &'static str,
    /// Name of the metric.
    pub metric_name: &'static str,
    /// All dimensions that the metric has.
    pub dimensions: Vec<Dimension>,
}

/// Dimension of a metric.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Dimension {
    /// Name of the dimension.
    pub name: &'static str,
    /// Value of the dimension.
    pub value: String,
}

/// Reply of GetMetricData.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reply {
    /// Series, one or more for each query.
    #[serde(default)]
    pub metric_data_results: Vec<Series>,
    /// Token of the next page. `None` on the last.
    #[serde(default)]
    pub next_token: Option<String>,
}

/// Points of one query on one page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Series {
    /// ID of the query.
    pub id: String,
    /// Start of each period, in seconds since 1970. As long as `values`.
    #[serde(default)]
    pub timestamps: Vec<f64>,
    /// Value of each period.
    #[serde(default)]
    pub values: Vec<f64>,
    /// `Complete`, `PartialData` (more pages follow), `InternalError` or `Forbidden`.
    #[serde(default)]
    pub status_code: Option<String>,
}

/// Reads one page.
pub(super) async fn get_metric_data(client: &JsonClient, request: &Request) -> Result<Reply, Fault> {
    let body = serde_json::to_vec(request)
        .map_err(|error| Fault::new(FaultKind::Other, error.to_string()).in_call("GetMetricData"))?;
    client.call(GET_METRIC_DATA.rpc(body)).await
}
