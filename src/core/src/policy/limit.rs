//! Burst limit: number of distinct firings within a window that trips the breaker.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::model::{Excerpt, Seconds};

/// `count` distinct firings within any `window` trip the breaker. Written `200/60s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurstLimit {
    /// Number of distinct firings that trips the breaker.
    pub count: NonZeroU32,
    /// Length of the sliding window, in event time.
    pub window: Seconds,
}

impl BurstLimit {
    /// Maximum count. Larger ones would be no limit: EventBridge's default quota is 18,750 invocations a second.
    pub const MAX_COUNT: u32 = 100_000_000;
    /// Maximum window: one day.
    pub const MAX_WINDOW: Seconds = Seconds::new(86_400);
    /// Default: 200 a minute. In real CloudTrail logs the largest honest burst of one call is 78 a minute (a Terraform
    /// run), and 189 a minute of all write calls together.
    pub const DEFAULT: Self =
        Self { count: NonZeroU32::new(200).expect("not zero"), window: Seconds::new(60) };
    /// Default of the lowest limit that a tag may set: 20 a minute, far above what a rule fires by hand.
    pub const TAG_FLOOR: Self =
        Self { count: NonZeroU32::new(20).expect("not zero"), window: Seconds::new(60) };
    /// Floor below which there is no limit.
    pub const NO_FLOOR: Self = Self { count: NonZeroU32::MIN, window: Self::MAX_WINDOW };
}

impl BurstLimit {
    /// Limit on probation: a quarter of the count, at least 1.
    pub fn on_probation(self) -> Self {
        self.divided(const { NonZeroU32::new(4).expect("four is not zero") })
    }

    /// Returns true if fewer firings in the same time reach this limit than `floor`.
    pub fn is_below(self, floor: Self) -> bool {
        let scaled = |limit: Self, window: Seconds| u64::from(limit.count.get()) * u64::from(window.get());
        scaled(self, floor.window) < scaled(floor, self.window)
    }

    /// Smaller count of the two, within the window of `self`.
    pub fn at_most(self, other: Self) -> Self {
        Self { count: self.count.min(other.count), ..self }
    }

    /// Count divided by `divisor`, at least 1, within the same window.
    pub fn divided(self, divisor: NonZeroU32) -> Self {
        Self { count: NonZeroU32::new(self.count.get() / divisor).unwrap_or(NonZeroU32::MIN), ..self }
    }
}

/// Error for text that is not a burst limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{seen} is not a burst limit ({problem}); expected N/DURATION, as in 200/60s or 500/5m")]
pub struct ParseBurstLimitError {
    seen: Excerpt,
    problem: &'static str,
}

impl FromStr for BurstLimit {
    type Err = ParseBurstLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |problem| ParseBurstLimitError { seen: Excerpt::new(text), problem };
        let (count, window) = text.split_once('/').ok_or_else(|| bad("there is no /"))?;
        if !is_whole(count) {
            return Err(bad("the count is not a whole number"));
        }
        let count: NonZeroU32 =
            count.parse().map_err(|_| bad("the count is not between 1 and 100,000,000"))?;
        if count.get() > Self::MAX_COUNT {
            return Err(bad("the count is not between 1 and 100,000,000"));
        }
        let window: Seconds = window.parse().map_err(|_| bad("the duration is not like 60s, 5m or 24h"))?;
        if window.get() == 0 || window > Self::MAX_WINDOW {
            return Err(bad("the duration is not between 1s and 24h"));
        }
        Ok(Self { count, window })
    }
}

/// Returns true if the text has digits only. `parse` would accept a sign as well.
pub(super) fn is_whole(number: &str) -> bool {
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for BurstLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_or_says_why_not() {
        let check = |text: &str, expected: Result<&str, &str>| match (text.parse::<BurstLimit>(), expected) {
            (Ok(limit), Ok(shown)) => assert_eq!(limit.to_string(), shown),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (seen, _) => panic!("{text}: {seen:?}"),
        };
        check("200/60s", Ok("200/60s"));
        check("500/5m", Ok("500/5m"));
        check("1/1s", Ok("1/1s"));
        check("100000000/24h", Ok("100000000/1d"));
        let quarter = |text: &str| text.parse::<BurstLimit>().unwrap().on_probation().to_string();
        assert_eq!([quarter("200/60s"), quarter("3/1m"), quarter("7/5m")], ["50/60s", "1/60s", "1/5m"]);
        check("200", Err("there is no /"));
        check("/60s", Err("not a whole number"));
        check("-3/60s", Err("not a whole number"));
        check("0/60s", Err("between 1 and"));
        check("100000001/60s", Err("between 1 and"));
        check("99999999999/60s", Err("between 1 and"));
        check("200/60", Err("the duration is not like"));
        check("200/0s", Err("between 1s and 24h"));
        check("200/25h", Err("between 1s and 24h"));
    }
}
