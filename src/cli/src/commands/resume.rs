//! `resume`: lets the guard cut rules again after it paused because of too many cuts.

use budget_guard_aws::SystemClock;
use budget_guard_core::alerts::quoted;
use budget_guard_core::cuts::{Cuts, Pause};
use budget_guard_core::model::{RuleArn, Timestamp};
use budget_guard_core::ports::Clock;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;
use serde::Serialize;

use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::relative_time::time_ago;
use crate::session::Session;

/// JSON output of `resume`.
#[derive(Debug, Serialize)]
struct ResumeView<'a> {
    result: &'static str,
    paused_since: Timestamp,
    cut: &'a [RuleArn],
    withheld: &'a [RuleArn],
}

/// Runs `resume`.
pub(super) async fn run(context: &Context) -> Result<Exit, Problem> {
    let session = Session::of_guard(context, &[], Needs::Guard).await?;
    let settings = context.guard()?;
    let resumed = Box::pin(session.guard(settings).resume()).await;
    let Some(pause) = resumed.map_err(|fault| session.problem(&fault))? else {
        return Err(Problem::refused("the guard is not paused, so there is nothing to resume")
            .hint(format!("to see what it has cut: {}", context.command_line("status", session.region()))));
    };
    if context.is_json() {
        output::json(&ResumeView {
            result: "resumed",
            paused_since: pause.since,
            cut: &pause.cut,
            withheld: &pause.withheld,
        })?;
        return Ok(Exit::Done);
    }
    output::line(format_args!(
        "The guard cuts rules again. It was paused since {}.",
        time_ago(pause.since, SystemClock.now())
    ))?;
    for rule in &pause.withheld {
        output::note(format_args!("not cut meanwhile: rule {}", quoted(rule)));
    }
    if !pause.withheld.is_empty() {
        output::hint("a rule that still fires like a loop is cut within a minute");
    }
    Ok(Exit::Done)
}

/// Prints a warning while the guard is paused.
pub(super) async fn mention(context: &Context, session: &Session, table: &str, now: Timestamp) {
    match load::<Cuts>(&session.store(table), Key::Cuts).await {
        Ok(Some((cuts, _))) => {
            if let Some(pause) = cuts.paused() {
                output::warning(format_args!("{}", text(pause, now)));
                output::hint(format_args!(
                    "look at these rules; to let the guard cut again: {}",
                    context.command_line("resume", session.region())
                ));
            }
        }
        Ok(None) => {}
        Err(fault) => output::warning(format_args!("it was not read if the guard is paused: {fault}")),
    }
}

fn text(pause: &Pause, now: Timestamp) -> String {
    let names = |rules: &[RuleArn]| rules.iter().map(quoted).collect::<Vec<_>>().join(", ");
    format!(
        "the guard cuts nothing by itself since {}, because it had cut too many rules within an hour: {}; not cut since: {}",
        time_ago(pause.since, now),
        names(&pause.cut),
        names(&pause.withheld)
    )
}
