//! `doctor`: looks at each part of the deployed guard, and says what to do about those that do not work.

mod checks;

use serde::Serialize;
use std::fmt;

use super::table;
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::session::Session;

/// State of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// It works.
    Ok,
    /// It works, and something about it should be known.
    Note,
    /// It could not be looked at.
    Unknown,
    /// It does not work.
    Problem,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Unknown => "unknown",
            Self::Problem => "problem",
        })
    }
}

/// Part of the guard that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// The functions and their version.
    Functions,
    /// The mode.
    Mode,
    /// The trail whose events fire rules.
    Trail,
    /// The rules that bring events, and the readers of the queues.
    Events,
    /// The topic for alerts.
    Alerts,
    /// The directory of rules.
    Directory,
    /// The actors behind the targets of rules.
    Actors,
    /// The limit of cuts within an hour.
    Cuts,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Functions => "functions",
            Self::Mode => "mode",
            Self::Trail => "trail",
            Self::Events => "events",
            Self::Alerts => "alerts",
            Self::Directory => "directory",
            Self::Actors => "who acts",
            Self::Cuts => "cuts",
        })
    }
}

/// Finding about a part.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    /// The part.
    pub part: Part,
    /// Its state.
    pub state: State,
    /// The finding in a sentence.
    pub text: String,
    /// Next steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

/// Runs `doctor`.
pub(super) async fn run(context: &Context) -> Result<Exit, Problem> {
    let session = Session::of_guard(context, &[], Needs::All).await?;
    let findings = Box::pin(checks::all(context, &session)).await?;
    if context.is_json() {
        output::json(&findings)?;
    } else {
        let row = |one: &Finding| [one.state.to_string(), one.part.to_string(), one.text.clone()];
        let rows = findings.iter().map(|one| row(one).map(table::cell).to_vec());
        output::data(&table::render(&["STATE", "PART", "FINDING"], rows.collect()))?;
        for finding in &findings {
            finding.hints.iter().for_each(|hint| output::hint(format_args!("{}: {hint}", finding.part)));
        }
    }
    let worst = findings.iter().map(|one| match one.state {
        State::Ok | State::Note => Exit::Done,
        State::Unknown => Exit::Failed,
        State::Problem => Exit::Found,
    });
    Ok(worst.fold(Exit::Done, Exit::worst))
}

/// Fails if events do not reach the guard, or no subscriber is told of a cut: the drill would show more than a loop meets.
pub(super) async fn check_before_drill(context: &Context, session: &Session) -> Result<(), Problem> {
    let findings = Box::pin(checks::of_the_way(context, session)).await?;
    let is_bad = |one: &&Finding| one.state == State::Problem;
    let Some(first) = findings.iter().find(is_bad) else { return Ok(()) };
    for other in findings.iter().filter(is_bad).skip(1) {
        output::warning(&other.text);
    }
    let problem = Problem::failed(format!("no rule was made, because {}", first.text));
    let hints = findings.iter().filter(is_bad).flat_map(|one| one.hints.clone());
    let hint = context.command_line("doctor", session.region());
    Err(hints.fold(problem, Problem::hint).hint(format!("to see all parts: {hint}")))
}
