//! What the guard may do about a rule.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::model::Seen;

/// `enforce` cuts, `observe` only says what it would have cut, `ignore` does not even count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Enforce,
    Observe,
    Ignore,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a mode; expected enforce, observe or ignore")]
pub struct ParseModeError(Seen);

impl FromStr for Mode {
    type Err = ParseModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "observe" => Ok(Self::Observe),
            "ignore" => Ok(Self::Ignore),
            _ => Err(ParseModeError(Seen::new(text))),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
            Self::Ignore => "ignore",
        })
    }
}
