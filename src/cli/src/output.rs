//! Data on standard output, messages on standard error. Colours only repeat what the words say.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use anstyle::{AnsiColor, Style};
use budget_guard_core::escape;
use serde::Serialize;

use crate::exit::Exit;
use crate::problem::Problem;

pub(crate) const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();

/// Prints the result, whose names are plain already. A reader that closed early (`| head`) is no failure.
pub(crate) fn data(text: &str) -> Result<(), Problem> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Problem::failed(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints one line of the result.
pub(crate) fn line(text: impl Display) -> Result<(), Problem> {
    data(&format!("{}\n", escape::plain(&text.to_string())))
}

/// Prints the result as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Problem::failed(error.to_string()))?;
    data(&format!("{}\n", escape::json(&text)))
}

/// Prints a remark that is neither data nor a problem.
pub(crate) fn note(message: impl Display) {
    let _ = writeln!(anstream::stderr(), "{}", indented(message));
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
    let _ = writeln!(anstream::stderr(), "{style}{word}:{style:#} {}", indented(message));
}

/// Makes each line plain. Lines after the first are indented, so that no name brings a line with a word in front.
fn indented(message: impl Display) -> String {
    let text = message.to_string();
    let mut shown = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            shown.push_str(if line.starts_with("  ") { "\n" } else { "\n  " });
        }
        shown.push_str(&escape::plain(line));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_brings_a_line_or_a_colour_of_its_own() {
        let check = |message: &str, shown: &str| assert_eq!(indented(message), shown);
        check("plain", "plain");
        check("a\n  b\n  ^", "a\n  b\n  ^");
        check("a\nhint: run this", "a\n  hint: run this");
        check("\u{1b}[2J\rhint: x\u{202e}", "\\u{1b}[2J\\rhint: x\\u{202e}");
    }
}
