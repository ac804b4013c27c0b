//! Starts one of the two AWS emulators on a free local port, and stops it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, io};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use super::Failure;
use super::process::Leashed;

/// Region of all emulators.
pub const REGION: &str = "us-east-1";
const ACCESS_KEY_ID: &str = "testing";
const SECRET_ACCESS_KEY: &str = "testing";

const READY_LIMIT: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
const PORT_ATTEMPTS: u32 = 5;
const SHOWN_LINES: usize = 30;

/// The two emulators. They are independent of each other, so that tests do not depend on the quirks of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// MiniStack.
    Ministack,
    /// Moto in server mode.
    Moto,
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::Ministack => "ministack",
            Self::Moto => "moto_server",
        }
    }

    fn health_path(self) -> &'static str {
        match self {
            Self::Ministack => "/_ministack/health",
            Self::Moto => "/moto-api/data.json",
        }
    }

    fn command(self, program: &Path, port: u16, scratch: &Path, rights: Rights) -> Command {
        let mut command = Command::new(program);
        // The developer's AWS settings stay out, and all files stay in the folder.
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", scratch)
            .env("TMPDIR", scratch)
            .env("PYTHONUNBUFFERED", "1")
            .current_dir(scratch);
        match self {
            // Its MQTT and SFTP listeners would take fixed ports, and MQTT listens on every interface.
            Self::Ministack => command
                .env("BIND_HOST", Ipv4Addr::LOCALHOST.to_string())
                .env("GATEWAY_PORT", port.to_string())
                .env("STATE_DIR", scratch.join("state"))
                .env("IOT_MTLS_ENABLED", "0")
                .env("SFTP_ENABLED", "0")
                // Functions in the emulator read the endpoint here. The test's keys are those of the account's root
                // user.
                .env("AWS_ENDPOINT_URL", endpoint(port))
                .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
                .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
                .env("AUTH", (rights == Rights::Checked).to_string()),
            Self::Moto => command.args(["-H", &Ipv4Addr::LOCALHOST.to_string(), "-p", &port.to_string()]),
        };
        command
    }
}

/// Enforcement of IAM policies. The test itself may make every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    /// Every call is allowed.
    Ignored,
    /// Each call needs the right in the policies of its caller.
    Checked,
}

/// A running emulator. Its processes and its folder are removed when this is dropped or the test process ends.
pub struct Emulator {
    kind: Kind,
    port: u16,
    process: Leashed,
    // Declared after the process, because fields are dropped in order.
    _scratch: TempDir,
}

/// Failed start.
enum NotStarted {
    /// Another process took the port before the emulator bound it.
    PortTaken,
    /// Any other failure.
    Failed(Failure),
}

impl Emulator {
    /// Starts an emulator that ignores IAM policies.
    pub async fn start(kind: Kind) -> Result<Self, Failure> {
        Self::start_with(kind, Rights::Ignored).await
    }

    /// Starts MiniStack with IAM policies in force. Functions have the credentials of their roles.
    pub async fn start_with_rights() -> Result<Self, Failure> {
        Self::start_with(Kind::Ministack, Rights::Checked).await
    }

    async fn start_with(kind: Kind, rights: Rights) -> Result<Self, Failure> {
        let program = venv_program(kind.program())?;
        for _ in 0..PORT_ATTEMPTS {
            match Self::start_on(kind, &program, free_port().await?, rights).await {
                Ok(emulator) => return Ok(emulator),
                Err(NotStarted::PortTaken) => {}
                Err(NotStarted::Failed(failure)) => return Err(failure),
            }
        }
        Err(format!("{} found its port taken {PORT_ATTEMPTS} times", kind.program()).into())
    }

    async fn start_on(kind: Kind, program: &Path, port: u16, rights: Rights) -> Result<Self, NotStarted> {
        let scratch = tempfile::Builder::new().prefix("budget-guard-emulator-").tempdir()?;
        let process =
            Leashed::spawn(kind.command(program, port, scratch.path(), rights), Some(scratch.path()))?;
        let mut emulator = Self { kind, port, process, _scratch: scratch };
        emulator.wait_until_ready().await?;
        Ok(emulator)
    }

    async fn wait_until_ready(&mut self) -> Result<(), NotStarted> {
        // A reply alone proves nothing: another emulator may have the port.
        let own_line = format!("Running on http://{}:{}", Ipv4Addr::LOCALHOST, self.port);
        let deadline = Instant::now() + READY_LIMIT;
        while Instant::now() < deadline {
            if let Some(status) = self.process.exited()? {
                let output = self.last_output();
                let taken = output.to_lowercase().contains("already in use");
                let failed = || format!("{} ended with {status}:\n{output}", self.kind.program()).into();
                return Err(if taken { NotStarted::PortTaken } else { NotStarted::Failed(failed()) });
            }
            let bound = self.process.lines().iter().any(|line| line.contains(&own_line));
            if bound && is_answered(self.port, self.kind.health_path()).await {
                return Ok(());
            }
            sleep(POLL_INTERVAL).await;
        }
        let (program, output) = (self.kind.program(), self.last_output());
        Err(NotStarted::Failed(format!("{program} did not answer within {READY_LIMIT:?}:\n{output}").into()))
    }

    /// End of the emulator's output, for error messages.
    pub fn last_output(&self) -> String {
        let lines = self.process.lines();
        lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
    }

    /// The emulator's kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Endpoint URL.
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// Account ID.
    pub fn account(&self) -> &'static str {
        match self.kind {
            Kind::Ministack => "000000000000",
            Kind::Moto => "123456789012",
        }
    }

    /// SDK configuration for the test's own clients. It uses no profile or variable of the developer.
    pub fn sdk_config(&self) -> SdkConfig {
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test support");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(self.endpoint())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }

    /// Environment of the programs under test.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
        ]
    }
}

impl From<io::Error> for NotStarted {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

fn endpoint(port: u16) -> String {
    format!("http://{}:{port}", Ipv4Addr::LOCALHOST)
}

/// Path of a program that `make venv` installs.
pub fn venv_program(name: &str) -> Result<PathBuf, Failure> {
    let program = venv().join("bin").join(name);
    if program.exists() {
        Ok(program)
    } else {
        Err(format!("{} is missing: run make venv", program.display()).into())
    }
}

fn venv() -> PathBuf {
    env::var_os("BUDGET_GUARD_VENV").map_or_else(|| crate::folders::root().join(".venv"), PathBuf::from)
}

async fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?.port())
}

async fn is_answered(port: u16, path: &str) -> bool {
    let exchange = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut status_line = [0; "HTTP/1.1 200".len()];
        stream.read_exact(&mut status_line).await?;
        io::Result::Ok(status_line.ends_with(b" 200"))
    };
    matches!(timeout(Duration::from_secs(2), exchange).await, Ok(Ok(true)))
}
