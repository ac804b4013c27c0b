//! Why a command was not carried out, and what to do next.

use crate::exit::Exit;

/// For the person at the terminal: one sentence with what was seen and what is expected, then hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub exit: Exit,
    pub message: String,
    pub hints: Vec<String>,
}

impl Problem {
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message.into())
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message.into())
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message.into())
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn new(exit: Exit, message: String) -> Self {
        Self { exit, message, hints: Vec::new() }
    }
}
