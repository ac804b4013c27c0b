//! How the SDK talks: one small HTTP client, and timeouts that keep every call shorter than a lease.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// One call, with the SDK's own retries, ends within this; `model::LEASE` is longer than three of them.
const OPERATION: Duration = Duration::from_millis(2_500);
const ATTEMPT: Duration = Duration::from_millis(1_200);
const CONNECT: Duration = Duration::from_secs(1);

/// One TLS stack, without the SDK's default one.
pub fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(OnDemand::default())
}

/// Made with the first call: reading the system's root certificates is four fifths of the work of a start, and the
/// SDK's own client does it as soon as any client is built, whether that is ever used or not.
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

/// The SDK's own conventions for endpoint, Region and credentials, with the guard's client and timeouts.
pub fn loader() -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).timeout_config(timeouts)
}

/// As Lambda has it: credentials come from the environment, and nobody needs to be asked for them.
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
