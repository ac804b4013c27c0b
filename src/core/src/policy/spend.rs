//! Limit in dollars: the price of the firings within a window that trips the breaker.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{BurstLimit, ParseBurstLimitError};
use crate::model::{Amount, Excerpt, MicroUsd, Seconds};

/// Unit of a limit in dollars.
const UNIT: &str = "USD";
/// Maximum amount: a million dollars.
const MAX_MICROS: u64 = 1_000_000_000_000;

/// Firings that cost `amount` within any `window` trip the breaker. Written `5USD/1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendLimit {
    /// Price of the firings that trips the breaker.
    #[serde(rename = "micro_usd")]
    pub amount: MicroUsd,
    /// Length of the sliding window, in event time.
    pub window: Seconds,
}

impl SpendLimit {
    /// Returns the number of firings that the amount pays for, at this price of a million: at least 1, and at most
    /// what a burst limit may have. `None` if the firings cost nothing.
    pub fn firings(self, per_million: MicroUsd) -> Option<BurstLimit> {
        let paid = self.amount.pays_for(per_million)?.min(BurstLimit::MAX_COUNT.into());
        let count = u32::try_from(paid).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        Some(BurstLimit { count, window: self.window })
    }
}

impl fmt::Display for SpendLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.amount, self.window)
    }
}

/// Burst limit as a number of firings, or in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSetting {
    /// Number of firings within a window.
    Firings(BurstLimit),
    /// Price of the firings within a window.
    Spend(SpendLimit),
}

impl fmt::Display for LimitSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Firings(limit) => limit.fmt(f),
            Self::Spend(limit) => limit.fmt(f),
        }
    }
}

/// Error for text that is no limit of either form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseLimitSettingError {
    /// The text has no amount, and is not a number of firings.
    #[error("{0}, or in dollars, as in 5USD/1h")]
    Firings(#[from] ParseBurstLimitError),
    /// The text has an amount.
    #[error(
        "{seen} is not a limit in dollars ({problem}); expected AMOUNT/DURATION, as in 5USD/1h or 0.50USD/10m"
    )]
    Spend {
        /// Text that was parsed.
        seen: Excerpt,
        /// Problem with it.
        problem: &'static str,
    },
}

impl FromStr for LimitSetting {
    type Err = ParseLimitSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((amount, window)) = text.split_once('/').filter(|(amount, _)| amount.ends_with(UNIT)) else {
            return Ok(Self::Firings(text.parse()?));
        };
        let bad = |problem| ParseLimitSettingError::Spend { seen: Excerpt::new(text), problem };
        let amount: Amount = amount.parse().map_err(|_| bad("the amount is not like 5USD"))?;
        let micros = u64::try_from(amount.micros()).ok().filter(|micros| (1..=MAX_MICROS).contains(micros));
        let micros = micros.ok_or_else(|| bad("the amount is not between 0.000001 and 1,000,000"))?;
        let window: Seconds = window.parse().map_err(|_| bad("the duration is not like 60s, 5m or 24h"))?;
        if window.get() == 0 || window > BurstLimit::MAX_WINDOW {
            return Err(bad("the duration is not between 1s and 24h"));
        }
        Ok(Self::Spend(SpendLimit { amount: MicroUsd::new(micros), window }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_or_says_why_not() {
        let check = |text: &str, expected: Result<&str, &str>| match (text.parse::<LimitSetting>(), expected)
        {
            (Ok(limit), Ok(shown)) => assert_eq!(limit.to_string(), shown),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (seen, _) => panic!("{text}: {seen:?}"),
        };
        check("200/60s", Ok("200/60s"));
        check("5USD/1h", Ok("5.00 USD in 1h"));
        check("0.50USD/10m", Ok("0.50 USD in 10m"));
        check("1,000 USD/24h", Ok("1,000.00 USD in 1d"));
        check("many", Err("as in 200/60s or 500/5m, or in dollars, as in 5USD/1h"));
        check("5EUR/1h", Err("the count is not a whole number"));
        check("5USD", Err("there is no /"));
        check("USD/1h", Err("the amount is not like 5USD"));
        check("fiveUSD/1h", Err("the amount is not like 5USD"));
        check("$5USD/1h", Err("the amount is not like 5USD"));
        check("0USD/1h", Err("the amount is not between"));
        check("-5USD/1h", Err("the amount is not between"));
        check("1000001USD/1h", Err("the amount is not between"));
        check("5USD/1", Err("the duration is not like"));
        check("5USD/0s", Err("between 1s and 24h"));
        check("5USD/25h", Err("between 1s and 24h"));
    }

    #[test]
    fn is_a_number_of_firings_at_a_price() {
        let check = |dollars: u64, per_million: u64, expected: Option<&str>| {
            let limit =
                SpendLimit { amount: MicroUsd::new(dollars * 1_000_000), window: Seconds::new(3_600) };
            let firings = limit.firings(MicroUsd::new(per_million)).map(|limit| limit.to_string());
            assert_eq!(firings.as_deref(), expected);
        };
        check(5, 2_100_000_000, Some("2380/1h"));
        check(5, 20_000_000, Some("250000/1h"));
        check(5, 1, Some("100000000/1h"));
        check(1, 2_000_000_000_000, Some("1/1h"));
        check(5, 0, None);
    }
}
