//! SDK client that is built at its first use.

use std::ops::Deref;
use std::sync::OnceLock;

use aws_config::SdkConfig;

/// Builds a client at its first use. Each SDK client parses the table of partitions when it is built, and most
/// invocations use two of the clients.
#[derive(Debug, Clone)]
pub(super) struct Lazy<C> {
    config: SdkConfig,
    build: fn(&SdkConfig) -> C,
    client: OnceLock<C>,
}

impl<C> Lazy<C> {
    /// Keeps the configuration until `build` is needed.
    pub(crate) fn new(config: &SdkConfig, build: fn(&SdkConfig) -> C) -> Self {
        Self { config: config.clone(), build, client: OnceLock::new() }
    }
}

impl<C> Deref for Lazy<C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.client.get_or_init(|| (self.build)(&self.config))
    }
}
