//! Modes of the guard for a rule.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::model::Excerpt;

/// Action of the guard when a rule trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The rule is disabled and an alert is sent.
    Enforce,
    /// An alert is sent, and the rule stays enabled.
    Observe,
    /// Firings are not counted.
    Ignore,
}

/// Error for text that is not a mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a mode; expected enforce, observe or ignore")]
pub struct ParseModeError(Excerpt);

impl FromStr for Mode {
    type Err = ParseModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "observe" => Ok(Self::Observe),
            "ignore" => Ok(Self::Ignore),
            _ => Err(ParseModeError(Excerpt::new(text))),
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
