//! CloudWatch's GetMetricData in its JSON protocol.
//!
//! The crate of the SDK would add a CBOR codec, big numbers and request compression to the Lambda.
//! Source: "GetMetricData" (Amazon CloudWatch API reference, 2010-08-01).

use serde::{Deserialize, Serialize};

use super::json_client::{Api, JsonClient, Operation};
use budget_guard_core::model::{Fault, FaultKind};

const CLOUDWATCH: Api = Api::json_1_0("monitoring", "GraniteServiceVersion20100801");
const GET_METRIC_DATA: Operation = Operation::new(CLOUDWATCH, "cloudwatch:GetMetricData");

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    /// Seconds since 1970; the end is exclusive.
    pub start_time: i64,
    pub end_time: i64,
    pub metric_data_queries: Vec<Query>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Query {
    /// Begins with a lower-case letter; then letters, digits and underscores.
    pub id: String,
    pub metric_stat: MetricStat,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricStat {
    pub metric: Metric,
    /// Seconds.
    pub period: u32,
    pub stat: &'static str,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metric {
    pub namespace: &'static str,
    pub metric_name: &'static str,
    pub dimensions: Vec<Dimension>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Dimension {
    pub name: &'static str,
    pub value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reply {
    #[serde(default)]
    pub metric_data_results: Vec<Series>,
    #[serde(default)]
    pub next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Series {
    pub id: String,
    /// Seconds since 1970, the beginning of each period; `values` has as many.
    #[serde(default)]
    pub timestamps: Vec<f64>,
    #[serde(default)]
    pub values: Vec<f64>,
    /// `Complete`, `PartialData` (more pages follow), `InternalError` or `Forbidden`.
    #[serde(default)]
    pub status_code: Option<String>,
}

/// One page of the reply.
pub(super) async fn get_metric_data(client: &JsonClient, request: &Request) -> Result<Reply, Fault> {
    let body = serde_json::to_vec(request)
        .map_err(|error| Fault::new(FaultKind::Other, error.to_string()).in_call("GetMetricData"))?;
    client.call(GET_METRIC_DATA.rpc(body)).await
}
