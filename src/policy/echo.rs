//! The echo limit: how many firings that a rule caused itself, on one resource, are too many.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};

use super::limit::is_whole;
use crate::model::Seen;

/// So many echoes on one resource, with no outside firing between them, trip the breaker. Written `10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EchoLimit(NonZeroU32);

impl EchoLimit {
    /// Most self-firing rules converge after one extra firing, the worst seen after 8.
    pub const DEFAULT: Self = Self(NonZeroU32::new(10).expect("not zero"));
    /// A single echo is no loop: nearly every remediation fires its own rule once.
    pub const MIN: u32 = 2;
    /// So many firings of one resource can be kept, with room for those that are not echoes.
    pub const MAX: u32 = 50;

    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The limit for identical echoes – same caller, call, resource and request parameters: half, and at least 2.
    pub const fn identical(self) -> u32 {
        let half = self.get().div_ceil(2);
        if half < Self::MIN { Self::MIN } else { half }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{seen} is not an echo limit ({problem}); expected off or a whole number from 2 to 50, as in 10")]
pub struct ParseEchoLimitError {
    seen: Seen,
    problem: &'static str,
}

impl FromStr for EchoLimit {
    type Err = ParseEchoLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |problem| ParseEchoLimitError { seen: Seen::new(text), problem };
        if !is_whole(text) {
            return Err(bad("it is not a whole number"));
        }
        let count: Option<NonZeroU32> = text.parse().ok();
        match count.filter(|count| count.get() <= Self::MAX) {
            Some(count) if count.get() >= Self::MIN => Ok(Self(count)),
            Some(_) => Err(bad("a single echo is no loop")),
            None => Err(bad("it is out of range")),
        }
    }
}

impl fmt::Display for EchoLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_or_says_why_not() {
        let check =
            |text: &str, expected: Result<(u32, u32), &str>| match (text.parse::<EchoLimit>(), expected) {
                (Ok(limit), Ok(counts)) => assert_eq!((limit.get(), limit.identical()), counts),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (seen, _) => panic!("{text}: {seen:?}"),
            };
        check(&EchoLimit::DEFAULT.to_string(), Ok((10, 5)));
        check("2", Ok((2, 2)));
        check("5", Ok((5, 3)));
        check("50", Ok((50, 25)));
        check("1", Err("a single echo is no loop"));
        check("0", Err("out of range"));
        check("51", Err("out of range"));
        check("99999999999", Err("out of range"));
        check("", Err("not a whole number"));
        check("-3", Err("not a whole number"));
        check("ten", Err("not a whole number"));
    }
}
