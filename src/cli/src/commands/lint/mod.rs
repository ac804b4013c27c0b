//! `lint`: finds rules that can fire themselves, in templates, plans and exported rules, or in the account.

mod live;
mod read;
mod roles;

use budget_guard_lint::{Input, Language, Report, lint, sarif, text, totals};

use crate::args::Lint;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::survey::policy;

/// Runs `lint`.
pub(crate) async fn run(context: &Context, args: &Lint) -> Result<Exit, Problem> {
    let scope = &args.scope;
    if scope.print_policy {
        output::json(&policy(scope, &[roles::RIGHT]))?;
        return Ok(Exit::Done);
    }
    if args.live {
        let live = live::read(context, scope).await?;
        let inputs: Vec<Input> = live.rules.into_iter().chain(live.roles).collect();
        let mut report = lint(&inputs);
        report.files.retain(|file| file.language != Some(Language::Roles));
        return Ok(live.exit.worst(print(context, args, &report, "Region")?));
    }
    let (inputs, exit) = read::read_all(&args.files)?;
    Ok(exit.worst(print(context, args, &lint(&inputs), "file")?))
}

/// Prints the report, and returns its status. `noun` is the word for a file of the report.
fn print(context: &Context, args: &Lint, report: &Report, noun: &str) -> Result<Exit, Problem> {
    if args.sarif {
        output::json(&sarif(report, env!("CARGO_PKG_VERSION")))?;
    } else if context.is_json() {
        output::json(report)?;
    } else {
        output::data(&text(report, args.notes))?;
    }
    output::note(totals(report, noun));
    Ok(exit(report))
}

fn exit(report: &Report) -> Exit {
    let found = if report.can_loop() { Exit::Found } else { Exit::Done };
    if report.is_incomplete() { found.worst(Exit::Usage) } else { found }
}
