//! The Lambda function: checks the settings and builds the adapters once, then handles one payload after the other.

use std::process::ExitCode;

use budget_guard_aws::Aws;
use budget_guard_core::model::Timestamp;
use budget_guard_core::ports::{Clock, Ports};
use budget_guard_core::run::Guard;
use budget_guard_core::settings::Settings;
use budget_guard_core::telemetry;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Value of an environment variable. `None` if it is missing or not UTF-8.
#[expect(clippy::disallowed_methods, reason = "the environment is read here, once")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // `Targets` parses the same directives as `EnvFilter` and needs no regex engine.
    let filter: Option<Targets> = variable("RUST_LOG").and_then(|directives| directives.parse().ok());
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false).with_target(false);
    tracing_subscriber::registry()
        .with(lines)
        .with(filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)))
        .init();
    match Box::pin(run()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function stopped");
            ExitCode::FAILURE
        }
    }
}

/// Starts the function and handles invocations until the process ends.
async fn run() -> Result<(), Error> {
    let settings = Settings::read(variable)?;
    let config = budget_guard_aws::lambda_loader().load().await;
    let ports = Aws::new(&config, &settings.table, &settings.topic_arn).of_stack(&settings.home.own);
    let function = settings.function;
    let guard = Guard::new(ports, settings.home, settings.defaults);
    let service = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let deadline = i64::try_from(event.context.deadline).ok();
        let deadline = deadline.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX);
        handle(&guard, &function, event.payload.get().as_bytes(), deadline).await
    });
    Box::pin(lambda_runtime::run(service)).await
}

/// Handles one invocation: returns its reply, and writes its summary and metrics.
async fn handle(
    guard: &Guard<Aws>,
    function: &str,
    payload: &[u8],
    deadline: Timestamp,
) -> Result<serde_json::Value, Error> {
    let (reply, summary) = Box::pin(guard.handle_by(payload, deadline)).await;
    telemetry::log(&summary, reply.as_ref().err());
    println!("{}", telemetry::metrics(&summary, function, guard.ports.clock().now()));
    Ok(serde_json::to_value(reply?)?)
}
