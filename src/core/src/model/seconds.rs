//! Durations in whole seconds, written `60s`, `5m`, `24h` or `1d`.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Excerpt;

/// Duration in whole seconds, the unit of settings, tags and records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(u32);

impl Seconds {
    /// Creates a duration.
    pub const fn new(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Number of seconds.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Number of milliseconds, the resolution of event time.
    pub const fn millis(self) -> i64 {
        self.0 as i64 * 1_000
    }
}

impl From<Seconds> for SignedDuration {
    fn from(length: Seconds) -> Self {
        SignedDuration::from_secs(length.0.into())
    }
}

impl From<Seconds> for Duration {
    fn from(length: Seconds) -> Self {
        Duration::from_secs(length.0.into())
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => write!(f, "0s"),
            n if n % 86_400 == 0 => write!(f, "{}d", n / 86_400),
            n if n % 3_600 == 0 => write!(f, "{}h", n / 3_600),
            n if n % 60 == 0 && n > 60 => write!(f, "{}m", n / 60),
            n => write!(f, "{n}s"),
        }
    }
}

/// Formats a duration approximately: `about 40 seconds`, `about 3 hours`.
pub fn about(seconds: i128) -> String {
    let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds")];
    let (length, unit) =
        units.into_iter().find(|(length, _)| seconds >= 2 * length).unwrap_or((1, "seconds"));
    format!("about {} {unit}", seconds.max(1) / length)
}

/// Time without the fraction of its second, for display.
pub fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Error for text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a duration; expected a whole number and a unit, as in 60s, 5m, 24h or 1d")]
pub struct ParseSecondsError(Excerpt);

impl FromStr for Seconds {
    type Err = ParseSecondsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseSecondsError(Excerpt::new(text));
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(error)?;
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(error()),
        };
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        let number: u32 = number.parse().map_err(|_| error())?;
        number.checked_mul(factor).map(Self).ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let check = |text: &str, seconds: Option<u32>| {
            assert_eq!(text.parse::<Seconds>().ok().map(Seconds::get), seconds, "{text}");
        };
        check("60s", Some(60));
        check("5m", Some(300));
        check("24h", Some(86_400));
        check("1d", Some(86_400));
        for bad in ["", "s", "60", "60x", "-1s", "+1s", "1.5s", "1 s", "99999999d", "5µ"] {
            check(bad, None);
        }
        for text in ["1s", "60s", "90s", "5m", "1h", "1d"] {
            assert_eq!(text.parse::<Seconds>().unwrap().to_string(), text);
        }
    }
}
