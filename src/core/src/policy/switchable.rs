//! Optional limits, a value or the word `off`; and switches, `on` or `off`.

use std::{fmt, str::FromStr};

use crate::model::Excerpt;

/// Optional limit as it is written in settings and tags. `None` is written `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switchable<T>(pub Option<T>);

impl<T: FromStr> FromStr for Switchable<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" { Ok(Self(None)) } else { text.parse().map(|limit| Self(Some(limit))) }
    }
}

impl<T: fmt::Display> fmt::Display for Switchable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(limit) => limit.fmt(f),
            None => f.write_str("off"),
        }
    }
}
/// Switch, written as `on` or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnOff(pub bool);

/// Error for text that is not a switch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a switch; expected on or off")]
pub struct ParseOnOffError(Excerpt);

impl FromStr for OnOff {
    type Err = ParseOnOffError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self(true)),
            "off" => Ok(Self(false)),
            other => Err(ParseOnOffError(Excerpt::new(other))),
        }
    }
}

impl fmt::Display for OnOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "on" } else { "off" })
    }
}
