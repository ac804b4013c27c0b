//! What the exit code says.

use std::process::ExitCode;

/// How a command ended. Scripts depend on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// AWS or the machine did not do what was asked; the same command may work later.
    Failed = 1,
    /// What was typed cannot be right: an unknown option, a malformed name, a missing setting.
    Usage = 2,
    /// The guard will not do this, and says why.
    Refused = 3,
    /// Done, and there is something that somebody should look at: a rule that would have tripped.
    Found = 4,
}

impl Exit {
    /// The one to report for both: a failure hides no refusal, a refusal no success.
    pub fn worst(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Done => 0,
            Self::Found => 1,
            Self::Refused => 2,
            Self::Failed => 3,
            Self::Usage => 4,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
