//! Exit codes.

use std::process::ExitCode;

/// Exit code of a command. Scripts depend on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Done = 0,
    /// AWS or the machine failed. The same command may work later.
    Failed = 1,
    /// Invalid input: an unknown option, a malformed name, a missing setting.
    Usage = 2,
    /// The guard refuses the change, and the message gives the reason.
    Refused = 3,
    /// Success, with a finding that needs attention, such as a rule that would have tripped.
    Found = 4,
}

impl Exit {
    /// Combines the codes of two steps: a failure outranks a refusal, and a refusal outranks success.
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
