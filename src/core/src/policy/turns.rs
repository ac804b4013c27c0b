//! Turn limit: length of a chain that proves a loop.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};

use super::limit::is_whole;
use crate::model::Excerpt;

/// A chain of this many turns trips the breaker, and so do half as many equal calls without a reason. Written `10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnLimit(NonZeroU32);

impl TurnLimit {
    /// 10. Pipelines of eight stages and fixers that converge stay below it. Lambda's own loop detection stops at about
    /// 16.
    pub const DEFAULT: Self = Self(NonZeroU32::new(10).expect("not zero"));
    /// Lowest limit that a tag may set.
    pub const TAG_FLOOR: Self = Self(NonZeroU32::new(5).expect("not zero"));
    /// Minimum limit. A single answer is no loop: nearly every remediation fires its own rule once.
    pub const MIN: u32 = 2;
    /// Maximum limit: the longest loop that can be declared as intended.
    pub const MAX: u32 = 1_000;

    /// Number of turns.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// Number of equal calls without a reason that trips the breaker: half the turns, and at least 2.
    pub const fn surplus(self) -> u32 {
        let half = self.get().div_ceil(2);
        if half < Self::MIN { Self::MIN } else { half }
    }
}

impl Default for TurnLimit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Error for text that is not a turn limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{seen} is not a limit of turns ({problem}); expected off or a whole number from 2 to 1000, as in 10"
)]
pub struct ParseTurnLimitError {
    seen: Excerpt,
    problem: &'static str,
}

impl FromStr for TurnLimit {
    type Err = ParseTurnLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |problem| ParseTurnLimitError { seen: Excerpt::new(text), problem };
        if !is_whole(text) {
            return Err(bad("it is not a whole number"));
        }
        let count: Option<NonZeroU32> = text.parse().ok();
        match count.filter(|count| count.get() <= Self::MAX) {
            Some(count) if count.get() >= Self::MIN => Ok(Self(count)),
            Some(_) => Err(bad("a single answer is no loop")),
            None => Err(bad("it is out of range")),
        }
    }
}

impl fmt::Display for TurnLimit {
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
            |text: &str, expected: Result<(u32, u32), &str>| match (text.parse::<TurnLimit>(), expected) {
                (Ok(limit), Ok(counts)) => assert_eq!((limit.get(), limit.surplus()), counts),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (seen, _) => panic!("{text}: {seen:?}"),
            };
        check(&TurnLimit::DEFAULT.to_string(), Ok((10, 5)));
        check("2", Ok((2, 2)));
        check("5", Ok((5, 3)));
        check("1000", Ok((1_000, 500)));
        check("1", Err("a single answer is no loop"));
        check("0", Err("out of range"));
        check("1001", Err("out of range"));
        check("99999999999", Err("out of range"));
        check("", Err("not a whole number"));
        check("-3", Err("not a whole number"));
        check("ten", Err("not a whole number"));
    }
}
