//! Runs the Lambda binary in the environment of AWS: only the variables of the service and the stack.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tokio::time::Instant;

use super::process::Leashed;
use super::runtime_api::RuntimeApi;

const FUNCTION_NAME: &str = "budget-guard-ingest";

/// A running `bootstrap`, which is killed when this is dropped.
pub struct Bootstrap(Leashed);

impl Bootstrap {
    /// Starts the binary at `path`. `envs` are the variables of the function's configuration.
    pub fn spawn(path: impl AsRef<Path>, api: &RuntimeApi, envs: &[(&str, String)]) -> io::Result<Self> {
        let mut command = Command::new(path.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", FUNCTION_NAME)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{FUNCTION_NAME}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]00000000000000000000000000000000")
            .envs(envs.iter().map(|(name, value)| (*name, value)));
        Leashed::spawn(command, None).map(Self)
    }

    /// Process ID.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Time at which the process was started. `RuntimeApi::first_poll` is the end of the cold start.
    pub fn started(&self) -> Instant {
        self.0.started()
    }

    /// Lines logged so far, of standard output and error together.
    pub fn logs(&self) -> Vec<String> {
        self.0.lines()
    }

    /// First log line that contains `needle`. `None` if there is none in time.
    pub async fn wait_for_log(&self, needle: &str, within: Duration) -> Option<String> {
        self.0.wait_for_line(needle, within).await
    }

    /// Exit status. `None` if the process still runs after `within`.
    pub async fn wait_exit(&mut self, within: Duration) -> io::Result<Option<ExitStatus>> {
        self.0.wait_exit(within).await
    }

    /// Kills the process with SIGKILL.
    pub fn kill(&mut self) -> io::Result<()> {
        self.0.kill()
    }
}
