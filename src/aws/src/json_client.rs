//! Client for AWS APIs that speak JSON, built on the parts of the SDK that the other clients already link.
//!
//! The guard needs few operations of many services, and an SDK crate is large: `aws-sdk-sfn`, for one operation, adds
//! 180 KB to `bootstrap`. Protocols: "AWS JSON 1.0", "AWS JSON 1.1" and "AWS restJson1" (Smithy specification).

use aws_config::SdkConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation as Orchestrated;
use aws_smithy_runtime::client::retries::classifiers::TransientErrorClassifier;
use aws_smithy_runtime_api::box_error::BoxError;
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
use aws_smithy_types::retry::RetryConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::endpoint::endpoint;
use super::fault::fault;
use budget_guard_core::model::{Fault, FaultKind};

/// An AWS API: its name in endpoints and signatures, and its protocol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Api {
    service: &'static str,
    protocol: Protocol,
}

/// Protocol of an API, which decides how a request names its operation.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    /// `POST /` with the header `X-Amz-Target: PREFIX.OPERATION`.
    Rpc { content_type: &'static str, prefix: &'static str },
    /// A method and a path for each operation.
    Rest,
}

impl Api {
    /// API that speaks AWS JSON 1.0. `prefix` is the first part of its `X-Amz-Target`.
    pub(crate) const fn json_1_0(service: &'static str, prefix: &'static str) -> Self {
        Self { service, protocol: Protocol::Rpc { content_type: "application/x-amz-json-1.0", prefix } }
    }

    /// API that speaks AWS JSON 1.1. `prefix` is the first part of its `X-Amz-Target`.
    pub(crate) const fn json_1_1(service: &'static str, prefix: &'static str) -> Self {
        Self { service, protocol: Protocol::Rpc { content_type: "application/x-amz-json-1.1", prefix } }
    }

    /// API that speaks AWS restJson1.
    pub(crate) const fn rest(service: &'static str) -> Self {
        Self { service, protocol: Protocol::Rest }
    }
}

/// An operation of an API, with the IAM action that allows it, such as `states:DescribeStateMachine`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    api: Api,
    /// IAM action, such as `states:DescribeStateMachine`.
    pub right: &'static str,
}

impl Operation {
    /// The IAM action `right` ends with the name of the operation. `tests/stack/calls.rs` finds the guard's calls by
    /// it.
    pub(crate) const fn new(api: Api, right: &'static str) -> Self {
        Self { api, right }
    }

    /// API that the operation belongs to.
    pub(crate) fn api(self) -> Api {
        self.api
    }

    /// Name of the operation in the API reference, such as `DescribeStateMachine`.
    pub(crate) fn name(self) -> &'static str {
        self.right.split(':').next_back().unwrap_or(self.right)
    }

    /// Request with a JSON body, for APIs with a single path.
    pub(crate) fn rpc(self, body: impl Into<Vec<u8>>) -> Request {
        Request { operation: self, method: "POST", path: "/".to_owned(), body: body.into() }
    }

    /// Request without a body. `path` begins with `/` and may have a query. Its variable parts must be `encoded`.
    pub(crate) fn get(self, path: String) -> Request {
        Request { operation: self, method: "GET", path, body: Vec::new() }
    }

    /// Request with a JSON body to this path.
    pub(crate) fn post(self, path: &str, body: impl Into<Vec<u8>>) -> Request {
        Request { operation: self, method: "POST", path: path.to_owned(), body: body.into() }
    }
}

/// One request, ready to be signed.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Operation to call.
    pub operation: Operation,
    /// HTTP method.
    pub method: &'static str,
    /// Path with the query.
    pub path: String,
    /// JSON text, or empty.
    pub body: Vec<u8>,
}

/// Retry policy for failed calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// One attempt only.
    Never,
    /// Retries as in the SDK's own clients.
    Standard,
}

/// Client with the endpoint, credentials, HTTP client and timeouts of one SDK configuration.
#[derive(Debug, Clone)]
pub(super) struct JsonClient {
    config: SdkConfig,
    retry: Retry,
}

impl JsonClient {
    /// Client with the settings of `config` and this retry policy.
    pub(crate) fn new(config: &SdkConfig, retry: Retry) -> Self {
        Self { config: config.clone(), retry }
    }

    /// URL that calls of the API go to: the configured endpoint, or that of the Region.
    ///
    /// # Errors
    ///
    /// Returns an error if no Region is configured.
    pub(crate) fn endpoint(&self, api: Api) -> Result<String, Fault> {
        if let Some(url) = self.config.endpoint_url() {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        let region = self.config.region().ok_or_else(|| other("no Region is configured"))?;
        Ok(endpoint(api.service, region.as_ref(), self.config.use_fips() == Some(true)))
    }

    /// Makes the call and parses the reply's body as `T`.
    ///
    /// # Errors
    ///
    /// Returns the error of AWS with its kind, or an error of kind `Other` if the reply is not a `T`.
    pub(crate) async fn call<T: DeserializeOwned>(&self, request: Request) -> Result<T, Fault> {
        let name = request.operation.name();
        let operation = self.operation(request.operation)?;
        let reply = operation.invoke(request).await.map_err(|error| fault(name, &error))?;
        serde_json::from_slice(&reply)
            .map_err(|error| other(&format!("unreadable reply: {error}")).in_call(name))
    }

    fn operation(
        &self,
        operation: Operation,
    ) -> Result<Orchestrated<Request, Vec<u8>, ErrorMetadata>, Fault> {
        let config = &self.config;
        let mut call = Orchestrated::builder()
            .service_name(operation.api.service)
            .operation_name(operation.name())
            .endpoint_url(&self.endpoint(operation.api)?)
            .runtime_plugin(signing(config, operation.api.service))
            .serializer(serialize)
            .deserializer(deserialize);
        call = match self.retry {
            Retry::Never => call.no_retry(),
            Retry::Standard => call
                .standard_retry(config.retry_config().unwrap_or(&RetryConfig::standard()))
                .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
                .retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new()),
        };
        if let Some(timeouts) = config.timeout_config() {
            call = call.timeout_config(timeouts.clone());
        }
        if let Some(client) = config.http_client() {
            call = call.http_client(client);
        }
        if let Some(sleep) = config.sleep_impl() {
            call = call.sleep_impl(sleep);
        }
        if let Some(time) = config.time_source() {
            call = call.time_source(time);
        }
        Ok(call.build())
    }
}

fn other(message: &str) -> Fault {
    Fault::new(FaultKind::Other, message.to_owned())
}

fn signing(config: &SdkConfig, service: &'static str) -> StaticRuntimePlugin {
    let mut components = RuntimeComponentsBuilder::new("signing");
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    let schemes = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(schemes)));
    components.set_identity_cache(config.identity_cache());
    if let Some(provider) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(provider));
    }
    let mut layer = Layer::new("signing");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().cloned().map(Into::into),
        name: Some(service.into()),
        ..SigV4OperationSigningConfig::default()
    });
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

fn serialize(input: Request) -> Result<HttpRequest, BoxError> {
    let name = input.operation.name();
    let has_body = !input.body.is_empty();
    let mut request = HttpRequest::new(SdkBody::from(input.body));
    request.set_method(input.method)?;
    request.set_uri(input.path)?;
    match input.operation.api.protocol {
        Protocol::Rpc { content_type, prefix } => {
            request.headers_mut().insert("content-type", content_type);
            request.headers_mut().insert("x-amz-target", format!("{prefix}.{name}"));
        }
        Protocol::Rest if has_body => {
            request.headers_mut().insert("content-type", "application/json");
        }
        Protocol::Rest => {}
    }
    Ok(request)
}

fn deserialize(response: &HttpResponse) -> Result<Vec<u8>, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(body.to_vec());
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
    // Format: `namespace#Code:uri`.
    let code = kind.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default();
    let code = if code.is_empty() { format!("HTTP {}", response.status().as_u16()) } else { code.to_owned() };
    let mut error = ErrorMetadata::builder().code(code);
    error = match problem.message {
        Some(message) => error.message(message),
        None => error,
    };
    Err(OrchestratorError::operation(error.build()))
}

/// Percent-encodes a text as one segment of a path or one value of a query.
///
/// Source: "Uniform Resource Identifier (URI): Generic Syntax" (RFC 3986), unreserved characters.
pub(super) fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte.into());
        } else {
            // Writing into a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_the_protocol_asks_for() {
        let check = |request: Request, line: &str, headers: &[(&str, &str)], body: &str| {
            let request = serialize(request).expect("a request");
            assert_eq!(format!("{} {}", request.method(), request.uri()), line);
            let seen: Vec<(&str, &str)> = request.headers().iter().collect();
            assert_eq!(seen, headers, "{line}");
            assert_eq!(request.body().bytes().unwrap_or_default(), body.as_bytes(), "{line}");
        };
        let machines = Api::json_1_0("states", "AWSStepFunctions");
        let describe = Operation::new(machines, "states:DescribeStateMachine");
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "AWSStepFunctions.DescribeStateMachine"),
        ];
        check(describe.rpc("{}"), "POST /", &headers, "{}");
        let batch = Api::rest("batch");
        let jobs = Operation::new(batch, "batch:DescribeJobDefinitions");
        let headers = [("content-type", "application/json")];
        check(jobs.post("/v1/describe", "{}"), "POST /v1/describe", &headers, "{}");
        let api = Api::rest("pipes");
        let pipes = Operation::new(api, "pipes:ListPipes");
        let path = format!("/v1/pipes?SourcePrefix={}", encoded("arn:aws:sqs:x/ä"));
        check(pipes.get(path), "GET /v1/pipes?SourcePrefix=arn%3Aaws%3Asqs%3Ax%2F%C3%A4", &[], "");
    }

    #[tokio::test]
    async fn a_throttled_call_is_tried_again_if_it_may_be() {
        use aws_sdk_sns::config::{Credentials, Region, SharedCredentialsProvider};
        use wiremock::{Mock, MockServer, ResponseTemplate, matchers};
        let check = async |retry: Retry, expected: Result<u64, FaultKind>, calls: usize| {
            let server = MockServer::start().await;
            let throttled = serde_json::json!({"__type": "ns#ThrottlingException", "message": "slow down"});
            let throttled = ResponseTemplate::new(400).set_body_json(throttled);
            Mock::given(matchers::any()).respond_with(throttled).up_to_n_times(1).mount(&server).await;
            let answered = ResponseTemplate::new(200).set_body_json(7);
            Mock::given(matchers::path("/v1/pipes")).respond_with(answered).mount(&server).await;
            let keys = Credentials::new("AKIDEXAMPLE", "secret", Some("token".into()), None, "test");
            let fast = RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1));
            let config = SdkConfig::builder()
                .region(Region::from_static("eu-west-1"))
                .endpoint_url(format!("{}/", server.uri()))
                .credentials_provider(SharedCredentialsProvider::new(keys))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .retry_config(fast)
                .build();
            let api = Api::rest("pipes");
            let pipes = Operation::new(api, "pipes:ListPipes");
            let reply = JsonClient::new(&config, retry).call(pipes.get("/v1/pipes?a=b%3Ac".to_owned())).await;
            assert_eq!(reply.map_err(|fault| fault.kind), expected, "{retry:?}");
            let seen = server.received_requests().await.unwrap_or_default();
            assert_eq!(seen.len(), calls, "{retry:?}");
            let signature = seen[0].headers["authorization"].to_str().expect("text");
            assert!(signature.contains("/eu-west-1/pipes/aws4_request"), "{signature}");
            assert_eq!(seen[0].headers["x-amz-security-token"], "token");
            assert_eq!(seen[0].url.query(), Some("a=b%3Ac"));
        };
        check(Retry::Standard, Ok(7), 2).await;
        check(Retry::Never, Err(FaultKind::Throttled), 1).await;
    }

    #[tokio::test]
    async fn without_a_region_there_is_no_call() {
        let client = JsonClient::new(&SdkConfig::builder().build(), Retry::Standard);
        let api = Api::rest("pipes");
        let pipes = Operation::new(api, "pipes:ListPipes");
        let reply: Result<serde_json::Value, Fault> = client.call(pipes.get("/v1/pipes".to_owned())).await;
        assert_eq!(reply.expect_err("a fault").to_string(), "no Region is configured");
    }
}
