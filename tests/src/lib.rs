//! Shared parts of the integration tests, the benchmarks and the demo: emulators, a Lambda Runtime API, and the traits
//! in memory.

#![allow(
    clippy::disallowed_methods,
    reason = "this is the outside world: it has a real clock and an environment"
)]

pub mod alert;
pub mod bench;
pub mod bootstrap;
pub mod budgets;
pub mod busy;
pub mod emulator;
pub mod folders;
pub mod functions;
pub mod gate;
pub mod hostile;
pub mod memory;
pub mod metrics;
pub mod own;
pub mod payload;
pub mod poller;
pub mod process;
pub mod program;
pub mod programs;
pub mod reference;
mod resources;
pub mod rewind;
pub mod runtime_api;
mod runtime_http;
pub mod search;
pub mod simulation;
pub mod stack;
pub mod world;

use std::error::Error;
use std::fmt::Display;

use aws_smithy_types::error::display::DisplayErrorContext;

/// An error that is only shown to a person. It names the step and the cause.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Adds the step to a failed SDK call. The SDK's own `Display` is only "service error".
pub fn while_doing<E: Error>(doing: impl Display) -> impl FnOnce(E) -> Failure {
    move |error| format!("{doing}: {}", DisplayErrorContext(&error)).into()
}
