//! Durations in whole milliseconds, as CloudWatch measures runs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Seconds;

/// Duration in whole milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(u32);

impl Millis {
    /// Creates a duration.
    pub const fn new(millis: u32) -> Self {
        Self(millis)
    }

    /// Number of milliseconds.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl From<Seconds> for Millis {
    fn from(length: Seconds) -> Self {
        Self(length.get().saturating_mul(1_000))
    }
}

impl fmt::Display for Millis {
    /// Prints milliseconds below one second, and tenths of a second from there on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1_000, self.0 % 1_000 / 100) {
            (0, _) => write!(f, "{} ms", self.0),
            (seconds, 0) => write!(f, "{seconds} s"),
            (seconds, tenths) => write!(f, "{seconds}.{tenths} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_people_write_it() {
        let check = |millis, shown: &str| assert_eq!(Millis::new(millis).to_string(), shown);
        check(0, "0 ms");
        check(850, "850 ms");
        check(2_000, "2 s");
        check(2_345, "2.3 s");
        assert_eq!(Millis::from(Seconds::new(3)), Millis::new(3_000));
        assert_eq!(Millis::from(Seconds::new(u32::MAX)), Millis::new(u32::MAX));
    }
}
