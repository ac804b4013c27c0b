//! `completions`: prints a completion script for a shell.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::args::Args;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;

/// Runs `completions`.
pub(super) fn run(shell: Shell) -> Result<Exit, Problem> {
    let mut script = Vec::new();
    generate(shell, &mut Args::command(), "budget-guard", &mut script);
    output::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
