//! `lint`: finds rules that can fire themselves, in templates, plans and exported rules. Needs no AWS.

use std::fs;
use std::path::{Path, PathBuf};

use budget_guard_lint::{Input, Report, lint, sarif, text, totals};

use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;

/// Runs `lint`.
pub(crate) fn run(
    context: &Context,
    files: &[PathBuf],
    as_sarif: bool,
    notes: bool,
) -> Result<Exit, Problem> {
    let mut inputs = Vec::new();
    let mut exit = Exit::Done;
    for path in files {
        match read(path) {
            Ok(input) => inputs.push(input),
            Err(problem) => {
                output::problem(&problem);
                exit = exit.worst(problem.exit);
            }
        }
    }
    let report = lint(&inputs);
    if as_sarif {
        output::json(&sarif(&report, env!("CARGO_PKG_VERSION")))?;
    } else if context.is_json() {
        output::json(&report)?;
    } else {
        output::data(&text(&report, notes))?;
    }
    output::note(totals(&report));
    Ok(exit.worst(self::exit(&report)))
}

fn exit(report: &Report) -> Exit {
    let found = if report.can_loop() { Exit::Found } else { Exit::Done };
    if report.is_incomplete() { found.worst(Exit::Usage) } else { found }
}

fn read(path: &Path) -> Result<Input, Problem> {
    let shown = path.display();
    let bytes = fs::read(path).map_err(|error| Problem::usage(format!("{shown}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::usage(format!("{shown}: byte {at} is no UTF-8; expected a text of YAML or JSON"))
    })?;
    Ok(Input { path: shown.to_string(), text })
}
