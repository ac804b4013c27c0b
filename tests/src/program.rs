//! Runs the real program and compares its exit code and its two streams with what is expected.

use std::process::Output;

use tempfile::TempDir;
use tokio::process::Command;

use crate::Failure;

/// The program with an environment of its own: nothing of the developer's AWS setup reaches it.
pub struct Program {
    environment: Vec<(String, String)>,
    home: TempDir,
}

impl Program {
    pub fn new(environment: &[(&str, String)]) -> Result<Self, Failure> {
        let home = tempfile::Builder::new().prefix("budget-guard-cli-").tempdir()?;
        let own = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        Ok(Self { environment: environment.iter().map(own).collect(), home })
    }

    /// Sets a variable, or takes it away.
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    /// The AWS configuration file of this program's user.
    pub fn with_aws_config(self, text: &str) -> Result<Self, Failure> {
        let folder = self.home.path().join(".aws");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("config"), text)?;
        Ok(self)
    }

    /// The program, ready to run.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::new(crate::programs::command());
        command.env_clear().env("HOME", self.home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        command.envs(environment).args(args.split_whitespace());
        command
    }

    pub async fn run(&self, args: &str) -> Result<Output, Failure> {
        Ok(self.command(args).output().await?)
    }

    /// Runs `budget-guard ARGS`; every piece of `stdout` and `stderr` has to be in that stream.
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

    /// The same with `--output json`; gives back what was printed.
    pub async fn json(&self, args: &str, exit: i32) -> Result<serde_json::Value, Failure> {
        let out = self.check(&format!("{args} --output json"), exit, &[], &[]).await?;
        Ok(serde_json::from_str(&out)?)
    }
}
