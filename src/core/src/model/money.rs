//! Money as an integer of millionths of a US dollar.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Micro-USD (1 USD = 1,000,000), an integer, so that sums are exact. Additions saturate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(u64);

impl MicroUsd {
    /// Creates an amount of `micros` millionths of a dollar.
    pub const fn new(micros: u64) -> Self {
        Self(micros)
    }

    /// Millionths of a dollar.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Cost of `requests` requests, `self` being the price of a million.
    pub fn per_million_times(self, requests: u64) -> Self {
        let micros = u128::from(self.0) * u128::from(requests) / 1_000_000;
        Self(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Sum of both, saturating.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for MicroUsd {
    /// Prints dollars and cents, or all six decimal places below one cent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if self.0 == 0 {
            write!(f, "0 USD")
        } else if self.0 < 10_000 {
            write!(f, "{dollars}.{micros:06} USD")
        } else {
            write!(f, "{dollars}.{:02} USD", micros / 10_000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplies_exactly_and_prints() {
        let check = |per_million: u64, requests: u64, shown: &str| {
            assert_eq!(MicroUsd::new(per_million).per_million_times(requests).to_string(), shown);
        };
        check(1_000_000, 0, "0 USD");
        check(1_000_000, 200, "0.000200 USD");
        check(400_000, 34_560_000, "13.82 USD");
        check(u64::MAX, u64::MAX, &MicroUsd::new(u64::MAX).to_string());
    }
}
