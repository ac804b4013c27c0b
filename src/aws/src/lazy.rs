//! An SDK client that is built when it is first used.

use std::ops::Deref;
use std::sync::OnceLock;

use aws_config::SdkConfig;

/// Each client reads its own copy of the table of partitions when it is built. Most invocations need two of the clients.
#[derive(Debug, Clone)]
pub(super) struct Lazy<C> {
    config: SdkConfig,
    build: fn(&SdkConfig) -> C,
    client: OnceLock<C>,
}

impl<C> Lazy<C> {
    pub fn new(config: &SdkConfig, build: fn(&SdkConfig) -> C) -> Self {
        Self { config: config.clone(), build, client: OnceLock::new() }
    }
}

impl<C> Deref for Lazy<C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.client.get_or_init(|| (self.build)(&self.config))
    }
}
