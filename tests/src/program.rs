//! Runs the command line and compares its exit code and its output with the expected ones.

use std::process::Output;

use tempfile::TempDir;
use tokio::process::Command;

use crate::Failure;

/// The command line with its own environment, apart from the developer's AWS settings.
pub struct Program {
    environment: Vec<(String, String)>,
    home: TempDir,
}

impl Program {
    /// The program with these variables and an empty home folder.
    pub fn new(environment: &[(&str, String)]) -> Result<Self, Failure> {
        let home = tempfile::Builder::new().prefix("budget-guard-cli-").tempdir()?;
        let own = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        Ok(Self { environment: environment.iter().map(own).collect(), home })
    }

    /// Sets a variable or removes it.
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    /// Writes the AWS configuration file of the program's user.
    pub fn with_aws_config(self, text: &str) -> Result<Self, Failure> {
        let folder = self.home.path().join(".aws");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("config"), text)?;
        Ok(self)
    }

    /// Command for these arguments, ready to run.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::new(crate::programs::command());
        command
            .kill_on_drop(true)
            .env_clear()
            .env("HOME", self.home.path())
            .env("AWS_EC2_METADATA_DISABLED", "true");
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        command.envs(environment).args(args.split_whitespace());
        command
    }

    /// Runs `budget-guard ARGS`.
    pub async fn run(&self, args: &str) -> Result<Output, Failure> {
        Ok(self.command(args).output().await?)
    }

    /// Runs `budget-guard ARGS` and checks the exit code. Every piece of `stdout` and `stderr` has to be in that
    /// stream.
    pub async fn check(
        &self,
        args: &str,
        exit: i32,
        stdout: &[&str],
        stderr: &[&str],
    ) -> Result<String, Failure> {
        let output = self.run(args).await?;
        let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        let seen = format!(
            "$ budget-guard {args}\n{out}--- standard error\n{err}--- exit {:?}, expected {exit}\n",
            output.status.code()
        );
        assert_eq!(output.status.code(), Some(exit), "{seen}");
        for (stream, text, expected) in [("output", &out, stdout), ("error", &err, stderr)] {
            for piece in expected {
                assert!(text.contains(piece), "{seen}missing on standard {stream}: {piece}");
            }
            assert!(!text.contains('\u{1b}'), "{seen}colour where there is no terminal");
        }
        assert!(exit == 0 || !err.is_empty(), "{seen}a failure without a word");
        Ok(out)
    }

    /// Runs `budget-guard ARGS --output json`, checks the exit code and returns the output.
    pub async fn json(&self, args: &str, exit: i32) -> Result<serde_json::Value, Failure> {
        let out = self.check(&format!("{args} --output json"), exit, &[], &[]).await?;
        Ok(serde_json::from_str(&out)?)
    }
}
