//! Text of labelled lines under headings. In a terminal it wraps between words, so ARNs and ids can be copied.

use std::fmt::{Display, Write};

use crate::output::BOLD;

/// Where the text after a label begins.
const INDENT: usize = 13;
/// Narrower than this, wrapping helps nobody.
const NARROWEST: usize = 40;

#[derive(Debug, Default)]
pub struct Lines {
    text: String,
    /// Columns of the terminal, if there is one.
    width: Option<usize>,
}

impl Lines {
    pub fn for_stdout() -> Self {
        Self::within(None)
    }

    /// The same within this width, or that of the terminal.
    pub fn within(width: Option<u16>) -> Self {
        let width =
            width.or(comfy_table::Table::new().width()).map(usize::from).filter(|width| *width >= NARROWEST);
        Self { text: String::new(), width }
    }

    pub fn heading(&mut self, text: impl Display) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let _ = writeln!(self.text, "{BOLD}{text}{BOLD:#}");
    }

    pub fn pair(&mut self, label: &str, text: impl Display) {
        let _ = write!(self.text, "  {label:<10} ");
        let mut column = INDENT;
        for (n, word) in text.to_string().split(' ').enumerate() {
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

    /// A line that is never wrapped: a command has to survive copying.
    pub fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.text, "  {text}");
    }

    pub fn into_text(self) -> String {
        self.text
    }
}
