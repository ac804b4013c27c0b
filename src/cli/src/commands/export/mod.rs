//! `rules export`: all rules of an account with their targets and the actors behind them, one JSON object a line.

use serde_json::Value;

use crate::args::Export;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::check_bus;
use crate::session::Session;
use crate::sink::Sink;
use crate::survey::{policy, survey};

/// Runs `rules export`.
pub(crate) async fn run(context: &Context, args: &Export) -> Result<Exit, Problem> {
    let scope = &args.scope;
    if scope.print_policy {
        output::json(&policy(scope, &[]))?;
        return Ok(Exit::Done);
    }
    scope.bus.iter().try_for_each(|bus| check_bus(bus))?;
    let session = Session::open(context, &[]).await?;
    let mut sink = Sink::open(args.file.as_deref())?;
    let is_quiet = sink.is_on_terminal();
    let mut emit = |line: &Value| sink.line(line);
    let read = tokio::select! {
        read = Box::pin(survey(&session, scope, is_quiet, &mut emit)) => read?,
        _ = tokio::signal::ctrl_c() => return Err(interrupted(args)),
    };
    if let (0, Some(problem)) = (read.rules, read.failure()) {
        return Err(problem);
    }
    sink.finish()?;
    output::note(read.summary());
    read.gaps.print();
    Ok(if read.gaps.is_empty() { Exit::Done } else { Exit::Failed })
}

fn interrupted(args: &Export) -> Problem {
    Problem::failed(match &args.file {
        Some(path) => format!("interrupted; {} was not written", path.display()),
        None => "interrupted; the lines above are not all rules".to_owned(),
    })
}
