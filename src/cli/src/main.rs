//! The command line: parses the arguments, runs the command and reports the result as exit code.

mod args;
mod commands;
mod context;
mod deployed;
mod document;
mod excerpt;
mod exit;
mod fault;
mod files;
mod input;
mod matching;
mod output;
mod problem;
mod queue;
mod relative_time;
mod replay;
mod rule;
mod rule_file;
mod session;
mod similar;
mod sink;
mod survey;
mod targets;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = args::Args::parse();
    match Box::pin(commands::run(args)).await {
        Ok(exit) => exit.into(),
        Err(problem) => {
            output::problem(&problem);
            problem.exit.into()
        }
    }
}
