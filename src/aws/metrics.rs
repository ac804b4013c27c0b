//! CloudWatch's GetMetricData in its JSON protocol, over the parts of the SDK that the other clients bring along.
//!
//! One call of one service: the crate for it would add a CBOR codec, big numbers and request compression to the Lambda.
//! Source: "GetMetricData" (Amazon CloudWatch API reference, 2010-08-01).

use aws_config::{Region, SdkConfig};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use serde::{Deserialize, Serialize};

pub(super) type GetMetricData = Operation<Request, Reply, ErrorMetadata>;

const TARGET: &str = "GraniteServiceVersion20100801.GetMetricData";
const SERVICE: &str = "monitoring";

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
    pub id: &'static str,
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

/// The call, without retries: whoever makes it has no time for them.
pub(super) fn get_metric_data(config: &SdkConfig) -> GetMetricData {
    let region = config.region().cloned().unwrap_or(Region::from_static("us-east-1"));
    let mut operation = Operation::builder()
        .service_name("CloudWatch")
        .operation_name("GetMetricData")
        .endpoint_url(&endpoint(config, region.as_ref()))
        .runtime_plugin(signing(config, region))
        .no_retry()
        .serializer(serialize)
        .deserializer(deserialize);
    if let Some(client) = config.http_client() {
        operation = operation.http_client(client);
    }
    if let Some(sleep) = config.sleep_impl() {
        operation = operation.sleep_impl(sleep);
    }
    if let Some(time) = config.time_source() {
        operation = operation.time_source(time);
    }
    operation.build()
}

fn signing(config: &SdkConfig, region: Region) -> StaticRuntimePlugin {
    let mut components = RuntimeComponentsBuilder::new("GetMetricData");
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    let schemes = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(schemes)));
    components.set_identity_cache(config.identity_cache());
    if let Some(provider) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(provider));
    }
    let mut layer = Layer::new("GetMetricData");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(region.into()),
        name: Some(SERVICE.into()),
        ..SigV4OperationSigningConfig::default()
    });
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

/// The endpoint that is configured for all services, else CloudWatch's own.
///
/// Source: "Amazon CloudWatch endpoints and quotas" (AWS general reference); suffixes: the SDK's table of partitions.
fn endpoint(config: &SdkConfig, region: &str) -> String {
    if let Some(url) = config.endpoint_url() {
        return url.to_owned();
    }
    let suffixes = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov"),
    ];
    let own = suffixes.iter().find(|(prefix, _)| region.starts_with(prefix));
    let suffix = own.map_or("amazonaws.com", |(_, suffix)| suffix);
    // In GovCloud the ordinary endpoint is the FIPS endpoint.
    let is_fips = config.use_fips() == Some(true) && !region.starts_with("us-gov-");
    let fips = if is_fips { "-fips" } else { "" };
    format!("https://{SERVICE}{fips}.{region}.{suffix}")
}

fn serialize(input: Request) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(serde_json::to_vec(&input)?));
    request.set_method("POST")?;
    request.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    request.headers_mut().insert("x-amz-target", TARGET);
    Ok(request)
}

fn deserialize(response: &HttpResponse) -> Result<Reply, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return serde_json::from_slice(body).map_err(|error| OrchestratorError::other(Box::new(error)));
    }
    #[derive(Default, Deserialize)]
    struct Problem {
        #[serde(default, rename = "__type")]
        kind: String,
        #[serde(default, alias = "Message")]
        message: Option<String>,
    }
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let kind = if problem.kind.is_empty() { header } else { &problem.kind };
    // `namespace#Code:uri`
    let code = kind.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default();
    let code = if code.is_empty() { format!("HTTP {}", response.status().as_u16()) } else { code.to_owned() };
    let mut error = ErrorMetadata::builder().code(code);
    error = match problem.message {
        Some(message) => error.message(message),
        None => error,
    };
    Err(OrchestratorError::operation(error.build()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_follows_the_configuration_and_the_partition() {
        let check = |region: &'static str, use_fips: bool, url: Option<&str>, expected: &str| {
            let mut config = SdkConfig::builder().use_fips(use_fips);
            config.set_endpoint_url(url.map(str::to_owned));
            assert_eq!(endpoint(&config.build(), region), expected);
        };
        check("eu-west-1", false, None, "https://monitoring.eu-west-1.amazonaws.com");
        check("us-east-1", true, None, "https://monitoring-fips.us-east-1.amazonaws.com");
        check("us-gov-west-1", true, None, "https://monitoring.us-gov-west-1.amazonaws.com");
        check("cn-north-1", false, None, "https://monitoring.cn-north-1.amazonaws.com.cn");
        check("us-iso-east-1", false, None, "https://monitoring.us-iso-east-1.c2s.ic.gov");
        check("us-isob-east-1", false, None, "https://monitoring.us-isob-east-1.sc2s.sgov.gov");
        check("eusc-de-east-1", false, None, "https://monitoring.eusc-de-east-1.amazonaws.eu");
        check("eu-west-1", false, Some("http://127.0.0.1:4566"), "http://127.0.0.1:4566");
    }
}
