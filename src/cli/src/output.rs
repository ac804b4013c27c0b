//! Data on standard output, messages on standard error. Colours only repeat what the words say.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::exit::Exit;
use crate::problem::Problem;

pub(crate) const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();

/// Prints the result. A reader that closed early (`| head`) is no failure.
pub(crate) fn data(text: &str) -> Result<(), Problem> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Problem::failed(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints the result as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Problem::failed(error.to_string()))?;
    data(&format!("{text}\n"))
}

/// Prints a remark that is neither data nor a problem.
pub(crate) fn note(message: impl Display) {
    let _ = writeln!(anstream::stderr(), "{message}");
}

/// Prints a warning.
pub(crate) fn warning(message: impl Display) {
    message_line(YELLOW, "warning", message);
}

/// Prints a hint.
pub(crate) fn hint(hint: impl Display) {
    message_line(CYAN, "hint", hint);
}

/// Prints a problem with its hints.
pub(crate) fn problem(problem: &Problem) {
    let (style, word) = match problem.exit {
        Exit::Refused => (YELLOW, "refused"),
        Exit::Done | Exit::Found | Exit::Failed | Exit::Usage => (RED, "error"),
    };
    message_line(style, word, &problem.message);
    problem.hints.iter().for_each(hint);
}

fn message_line(style: Style, word: &str, message: impl Display) {
    // An error is ignored: there is no other place to report it.
    let _ = writeln!(anstream::stderr(), "{style}{word}:{style:#} {message}");
}
