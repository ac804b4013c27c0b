//! Labelled lines of plain text under headings. In a terminal they wrap between words, so that ARNs and IDs can be copied.

use std::fmt::{Display, Write};

use budget_guard_core::escape::plain;

use crate::output::BOLD;

/// Column at which the text after a label begins.
const INDENT: usize = 13;
/// Minimum width for wrapping, in columns. Narrower terminals get unwrapped lines.
const NARROWEST: usize = 40;

/// Text under construction.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    text: String,
    /// Width of the terminal in columns. `None` if standard output is not a terminal.
    width: Option<usize>,
}

impl Lines {
    /// Lines for standard output.
    pub(crate) fn for_stdout() -> Self {
        Self::within(None)
    }

    /// Lines within this width, or that of the terminal.
    pub(crate) fn within(width: Option<u16>) -> Self {
        let width =
            width.or(comfy_table::Table::new().width()).map(usize::from).filter(|width| *width >= NARROWEST);
        Self { text: String::new(), width }
    }

    /// Adds a heading.
    pub(crate) fn heading(&mut self, text: impl Display) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let _ = writeln!(self.text, "{BOLD}{}{BOLD:#}", plain(&text.to_string()));
    }

    /// Adds a labelled text. An empty label continues the text before.
    pub(crate) fn pair(&mut self, label: &str, text: impl Display) {
        let _ = write!(self.text, "  {label:<10} ");
        let mut column = INDENT;
        for (n, word) in plain(&text.to_string()).split(' ').enumerate() {
            let length = word.chars().count();
            if n > 0 && self.width.is_some_and(|width| column + 1 + length > width) {
                let _ = write!(self.text, "\n{:INDENT$}", "");
                column = INDENT;
            } else if n > 0 {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(word);
            column += length;
        }
        self.text.push('\n');
    }

    /// Adds a line that is never wrapped, such as a command.
    pub(crate) fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.text, "  {}", plain(&text.to_string()));
    }

    /// The text with all lines.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}
