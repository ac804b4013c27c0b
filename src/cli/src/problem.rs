//! Failure of a command: its reason and the next step.

use crate::exit::Exit;

/// Failure of a command: one sentence with the value found and the value expected, then hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Exit code.
    pub exit: Exit,
    /// One sentence without a full stop.
    pub message: String,
    /// Next steps, one a line.
    pub hints: Vec<String>,
}

impl Problem {
    /// Failure of AWS or of the machine.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message.into())
    }

    /// Invalid input.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message.into())
    }

    /// Change that the guard refuses.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message.into())
    }

    /// Adds a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn new(exit: Exit, message: String) -> Self {
        Self { exit, message, hints: Vec::new() }
    }
}
