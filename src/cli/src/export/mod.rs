//! `rules export`: all rules of an account with their targets and the actors behind them, one JSON object a line.

mod gaps;
mod line;
mod policy;
mod sink;
mod survey;

use std::collections::BTreeSet;

use budget_guard_core::model::plural;
use serde_json::Value;

use crate::args::Export;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::check_bus;
use crate::session::Session;
use sink::Sink;
use survey::{Scope, Survey, survey};

/// Runs `rules export`.
pub(crate) async fn run(context: &Context, args: &Export) -> Result<Exit, Problem> {
    let scope = Scope { all_regions: args.all_regions, buses: &args.bus };
    if args.print_policy {
        output::json(&policy::policy(&scope))?;
        return Ok(Exit::Done);
    }
    args.bus.iter().try_for_each(|bus| check_bus(bus))?;
    let session = Session::open(context, &[]).await?;
    let mut sink = Sink::open(args.file.as_deref())?;
    let is_quiet = sink.is_on_terminal();
    let mut emit = |line: &Value| sink.line(line);
    let read = tokio::select! {
        read = Box::pin(survey(&session, &scope, is_quiet, &mut emit)) => read?,
        _ = tokio::signal::ctrl_c() => return Err(interrupted(args)),
    };
    if let (0, Some(problem)) = (read.rules, read.failure()) {
        return Err(problem);
    }
    sink.finish()?;
    output::note(summary(&read));
    read.gaps.print();
    Ok(if read.gaps.is_empty() { Exit::Done } else { Exit::Failed })
}

fn interrupted(args: &Export) -> Problem {
    Problem::failed(match &args.file {
        Some(path) => format!("interrupted; {} was not written", path.display()),
        None => "interrupted; the lines above are not all rules".to_owned(),
    })
}

/// Counts in one line.
fn summary(read: &Survey) -> String {
    let place = match read.regions.as_slice() {
        [region] => format!("in {region}"),
        regions => format!("in {}", plural(regions.len() as u64, "Region")),
    };
    let mut parts = vec![format!("{} {place}", plural(read.rules, "rule"))];
    let names = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
    if read.on_other_buses > 0 {
        parts.push(format!("{} on other buses than default ({})", read.on_other_buses, names(&read.buses)));
    }
    if read.of_others > 0 {
        parts.push(format!("{} of other accounts ({})", read.of_others, names(&read.accounts)));
    }
    if read.unknown > 0 {
        parts.push(format!("{} with targets that are not fully known", read.unknown));
    }
    parts.join("; ")
}
