//! How the SDK talks: one small HTTP client, and timeouts that keep every call shorter than a lease.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// One call, with the SDK's own retries, ends within this; `breaker::LEASE` is longer than three of them.
const OPERATION: Duration = Duration::from_millis(2_500);
const ATTEMPT: Duration = Duration::from_millis(1_200);
const CONNECT: Duration = Duration::from_secs(1);

/// One TLS stack, without the SDK's default one.
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_outlives_a_save_a_call_and_a_read_back() {
        assert!(OPERATION * 3 < Duration::try_from(crate::breaker::LEASE).expect("a length of time"));
    }
}
