//! Optional limits: a value, or the word `off`.

use std::{fmt, str::FromStr};

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
