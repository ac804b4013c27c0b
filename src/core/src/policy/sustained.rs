//! Sustained limit: number of distinct firings, over a number of distinct minutes, that makes a slow and steady rule a
//! suspect.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};

use super::limit::is_whole;
use crate::model::{Excerpt, Seconds};

/// `count` distinct firings within `window`, in at least `minutes` distinct clock minutes, make a rule a suspect.
/// Written `20/15m/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SustainedLimit {
    /// Number of distinct firings.
    pub count: NonZeroU32,
    /// Length of the sliding window, in event time.
    pub window: Seconds,
    /// Number of distinct clock minutes (UTC) with a firing. A single burst is not sustained, regardless of its size.
    pub minutes: NonZeroU32,
}

impl SustainedLimit {
    /// 20/15m/8. The loop in public CloudTrail logs runs at 3 firings a minute.
    pub const DEFAULT: Self = Self {
        count: NonZeroU32::new(20).expect("not zero"),
        window: Seconds::new(15 * 60),
        minutes: NonZeroU32::new(8).expect("not zero"),
    };
    /// Maximum count, the same as that of the burst limit.
    pub const MAX_COUNT: u32 = 100_000_000;
    /// Maximum window. The record keeps a count for each minute of it.
    pub const MAX_WINDOW: Seconds = Seconds::new(6 * 3_600);
}

/// Error for text that is not a sustained limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{seen} is not a sustained limit ({problem}); expected off or N/DURATION/MINUTES, as in 20/15m/8 or 100/2h/60"
)]
pub struct ParseSustainedLimitError {
    seen: Excerpt,
    problem: &'static str,
}

impl FromStr for SustainedLimit {
    type Err = ParseSustainedLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |problem| ParseSustainedLimitError { seen: Excerpt::new(text), problem };
        let parts: Vec<&str> = text.split('/').collect();
        let [count, window, minutes] = parts[..] else { return Err(bad("it has not three parts")) };
        if !is_whole(count) {
            return Err(bad("the count is not a whole number"));
        }
        let count: NonZeroU32 = count
            .parse()
            .ok()
            .filter(|count: &NonZeroU32| count.get() <= Self::MAX_COUNT)
            .ok_or_else(|| bad("the count is not between 1 and 100,000,000"))?;
        let window: Seconds = window.parse().map_err(|_| bad("the duration is not like 90s, 15m or 2h"))?;
        if window.get() < 60 || window > Self::MAX_WINDOW {
            return Err(bad("the duration is not between 60s and 6h"));
        }
        if !is_whole(minutes) {
            return Err(bad("the minutes are not a whole number"));
        }
        let minutes: NonZeroU32 = minutes.parse().map_err(|_| bad("the minutes are none"))?;
        if minutes.get() > window.get() / 60 {
            return Err(bad("there are not so many minutes in the duration"));
        }
        if minutes > count {
            return Err(bad("it takes at least one firing a minute"));
        }
        Ok(Self { count, window, minutes })
    }
}

impl fmt::Display for SustainedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.count, self.window, self.minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_or_says_why_not() {
        let check =
            |text: &str, expected: Result<&str, &str>| match (text.parse::<SustainedLimit>(), expected) {
                (Ok(limit), Ok(shown)) => assert_eq!(limit.to_string(), shown),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (seen, _) => panic!("{text}: {seen:?}"),
            };
        check(&SustainedLimit::DEFAULT.to_string(), Ok("20/15m/8"));
        check("20/900s/8", Ok("20/15m/8"));
        check("100/2h/60", Ok("100/2h/60"));
        check("1/60s/1", Ok("1/60s/1"));
        check("100000000/6h/360", Ok("100000000/6h/360"));
        check("", Err("it has not three parts"));
        check("20/15m", Err("it has not three parts"));
        check("20/15m/8/1", Err("it has not three parts"));
        check("+20/15m/8", Err("the count is not a whole number"));
        check("0/15m/8", Err("the count is not between"));
        check("100000001/15m/8", Err("the count is not between"));
        check("99999999999/15m/8", Err("the count is not between"));
        check("20/15/8", Err("the duration is not like"));
        check("20/59s/1", Err("the duration is not between"));
        check("20/361m/8", Err("the duration is not between"));
        check("20/15m/8m", Err("the minutes are not a whole number"));
        check("20/15m/0", Err("the minutes are none"));
        check("20/15m/16", Err("not so many minutes in the duration"));
        check("20/119s/2", Err("not so many minutes in the duration"));
        check("7/15m/8", Err("at least one firing a minute"));
    }
}
