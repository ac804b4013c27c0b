//! Money as an integer of millionths of a US dollar.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::grouped;

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

    /// Returns how many requests this amount pays for, `per_million` being the price of a million. `None` if they cost
    /// nothing.
    pub fn pays_for(self, per_million: Self) -> Option<u64> {
        let requests =
            u128::from(self.0) * 1_000_000 / u128::from(Some(per_million.0).filter(|price| *price > 0)?);
        Some(u64::try_from(requests).unwrap_or(u64::MAX))
    }

    /// Sum of both, saturating.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for MicroUsd {
    /// Prints dollars and cents. Smaller amounts are told apart from nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micros) = (grouped(self.0 / 1_000_000), self.0 % 1_000_000);
        match self.0 {
            0 => write!(f, "0 USD"),
            1..10_000 => write!(f, "less than 0.01 USD"),
            _ => write!(f, "{dollars}.{:02} USD", micros / 10_000),
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
        check(1_000_000, 200, "less than 0.01 USD");
        check(1_000_000, 10_000, "0.01 USD");
        check(400_000, 34_560_000, "13.82 USD");
        check(400_000_000, 34_560_000, "13,824.00 USD");
        let pays = |micros, price| MicroUsd::new(micros).pays_for(MicroUsd::new(price));
        assert_eq!(pays(5_000_000, 19_370_000), Some(258_131));
        assert_eq!((pays(5_000_000, 0), pays(u64::MAX, 1)), (None, Some(u64::MAX)));
        check(u64::MAX, u64::MAX, &MicroUsd::new(u64::MAX).to_string());
    }
}
