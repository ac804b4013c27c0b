//! What the integration tests and the demo share: emulators, a Lambda Runtime API, and the processes between them.

#![allow(
    clippy::disallowed_methods,
    reason = "this is the outside world: it has a real clock and an environment"
)]

pub mod alert;
pub mod bench;
pub mod bootstrap;
pub mod budgets;
pub mod emulator;
pub mod folders;
pub mod functions;
pub mod gate;
pub mod memory;
pub mod metrics;
pub mod payload;
pub mod poller;
pub mod process;
pub mod program;
pub mod programs;
pub mod reference;
pub mod runtime_api;
mod runtime_http;
pub mod simulation;
pub mod stack;
pub mod world;

use std::error::Error;
use std::fmt::Display;

use aws_smithy_types::error::display::DisplayErrorContext;

/// An error that is only ever shown to a person: it says what was being done and what went wrong.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Names what was being done when an SDK call failed; the SDK's own `Display` says no more than "service error".
pub fn while_doing<E: Error>(doing: impl Display) -> impl FnOnce(E) -> Failure {
    move |error| format!("{doing}: {}", DisplayErrorContext(&error)).into()
}
