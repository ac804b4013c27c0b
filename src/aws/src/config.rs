//! Configuration of the SDK: the HTTP client, and timeouts shorter than a lease.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Time limit of one call with all retries of the SDK. `breaker::LEASE` is longer than three of them.
const OPERATION: Duration = Duration::from_millis(2_500);
/// Time limit of one attempt.
const ATTEMPT: Duration = Duration::from_millis(1_200);
/// Time limit for opening a connection.
const CONNECT: Duration = Duration::from_secs(1);
/// The limits for a program that reads a whole account. The waits between eight attempts add up to 40 s on average.
const PATIENT_ATTEMPTS: u32 = 8;
const PATIENT_ATTEMPT: Duration = Duration::from_secs(10);
const PATIENT_OPERATION: Duration = Duration::from_secs(120);

/// HTTP client with one TLS stack, rustls with ring. The connector is built at the first call.
pub fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(OnDemand::default())
}

/// HTTP client that is built at the first call. Reading the system's root certificates takes four fifths of a start,
/// and the SDK's own client reads them as soon as any service client is built, even one that is never used.
#[derive(Debug, Default)]
struct OnDemand(OnceLock<SharedHttpClient>);

impl HttpClient for OnDemand {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let tls = Provider::Rustls(CryptoMode::Ring);
        let client =
            self.0.get_or_init(|| aws_smithy_http_client::Builder::new().tls_provider(tls).build_https());
        client.http_connector(settings, components)
    }
}

/// Loader with the SDK's conventions for endpoint, Region and credentials, and with the guard's HTTP client and
/// timeouts.
pub fn loader() -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).timeout_config(timeouts)
}

/// The same configuration for a program that reads a whole account, where no cut waits: more time and more retries of the
/// SDK for each call, for AWS throttles lists of many rules.
pub fn patient(config: &SdkConfig) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT * 5)
        .operation_attempt_timeout(PATIENT_ATTEMPT)
        .operation_timeout(PATIENT_OPERATION)
        .build();
    let retry = RetryConfig::standard().with_max_attempts(PATIENT_ATTEMPTS);
    config.clone().into_builder().timeout_config(timeouts).retry_config(retry).build()
}

/// Loader for the Lambda function. The credentials come from the environment, and no other provider is tried.
pub fn lambda_loader() -> ConfigLoader {
    loader().credentials_provider(EnvironmentVariableCredentialsProvider::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_outlives_a_save_a_call_and_a_read_back() {
        assert!(
            OPERATION * 3 < Duration::try_from(budget_guard_core::model::LEASE).expect("a length of time")
        );
    }
}
