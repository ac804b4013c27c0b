//! Exact amounts of money, or of the unit that a usage budget counts: integers of millionths, never floats.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Excerpt;

const MICROS: i128 = 1_000_000;
/// Number of decimal places kept.
const PLACES: usize = 6;
/// Maximum number of digits before and after the decimal point. Longer numbers are not amounts.
const MAX_DIGITS: usize = 64;
/// Maximum length of a unit. AWS Budgets has units such as `GB-Month` and `Lambda-GB-Second`.
const MAX_UNIT: usize = 24;
/// Symbols of one currency only. `¥` is both the yen and the yuan, so it is kept as it is.
const SYMBOLS: [(&str, &str); 5] = [("US$", "USD"), ("$", "USD"), ("€", "EUR"), ("£", "GBP"), ("₹", "INR")];

/// Amount in millionths of a unit: a currency by its ISO 4217 code (`USD`), `%`, or a usage unit (`GB`). Credits are
/// negative.
///
/// Written `183,965,812,157.54 USD`. Parsed in that form, in the form of AWS's messages (`$1,234.50`, `80%`), or
/// without a unit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Amount {
    micros: i128,
    unit: Box<str>,
}

impl Amount {
    /// Creates an amount of `micros` millionths. Characters that a unit cannot have become `-`.
    pub fn new(micros: i128, unit: &str) -> Self {
        let plain = |c: char| if is_unit(c) { c } else { '-' };
        let unit: String = match SYMBOLS.iter().find(|(symbol, _)| *symbol == unit) {
            Some((_, code)) => (*code).to_owned(),
            None => unit.chars().take(MAX_UNIT).map(plain).collect(),
        };
        Self { micros, unit: unit.trim_matches('-').into() }
    }

    /// Parses a plain decimal number as APIs and JSON write it (`-12.5`, `1.5E+3`). Places after the sixth are cut off.
    ///
    /// # Errors
    ///
    /// The number is malformed, too long, or out of range.
    pub fn from_decimal(number: &str, unit: &str) -> Result<Self, ParseAmountError> {
        let micros = decimal(number).ok_or_else(|| ParseAmountError(Excerpt::new(number)))?;
        Ok(Self::new(micros, unit))
    }

    /// Millionths of the unit.
    pub const fn micros(&self) -> i128 {
        self.micros
    }

    /// Unit, as in `USD` or `GB`. Empty if none was given.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Returns `micro_percent` millionths of a percent of this amount, cut off at millionths. `None` on overflow.
    pub fn percent(&self, micro_percent: i128) -> Option<Self> {
        let micros = self.micros.checked_mul(micro_percent)? / (100 * MICROS);
        Some(Self { micros, unit: self.unit.clone() })
    }

    /// Returns true if both have the same unit and differ by less than a cent.
    pub fn is_about(&self, other: &Self) -> bool {
        self.unit == other.unit && self.micros.abs_diff(other.micros) < 10_000
    }
}

fn is_unit(c: char) -> bool {
    c.is_ascii_alphabetic() || "-/%$€£¥₹₩".contains(c)
}

/// Parses `[-]digits[.digits][E[+-]digits]` into millionths.
fn decimal(number: &str) -> Option<i128> {
    let (number, exponent) = match number.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i8>().ok()?),
        None => (number, 0),
    };
    let (is_negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.len() > MAX_DIGITS || fraction.len() > MAX_DIGITS || digits().next().is_none() {
        return None;
    }
    if !digits().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Number of digits that are kept, counted from the first one.
    let kept = i64::try_from(whole.len() + PLACES).ok()? + i64::from(exponent);
    let mut micros: i128 = 0;
    for digit in digits().chain(std::iter::repeat(b'0')).take(usize::try_from(kept).unwrap_or(0)) {
        micros = micros.checked_mul(10)?.checked_add((digit - b'0').into())?;
    }
    Some(if is_negative { -micros } else { micros })
}

/// Turns `1,234,567` or `12,34,567` into `1234567`. `None` if the commas do not separate thousands.
fn without_commas(whole: &str) -> Option<String> {
    let groups: Vec<&str> = whole.split(',').collect();
    if let [first, middle @ .., last] = &groups[..] {
        let is_grouped = (1..=3).contains(&first.len())
            && middle.iter().all(|group| (2..=3).contains(&group.len()))
            && last.len() == 3;
        if !is_grouped {
            return None;
        }
    }
    Some(groups.concat())
}

/// Error for text that is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an amount; expected a number and a unit, as in $1,234.50 or 80%")]
pub struct ParseAmountError(Excerpt);

impl FromStr for Amount {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseAmountError(Excerpt::new(text));
        let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
        let text = text.trim();
        let start = text.find(is_number).ok_or_else(error)?;
        let (before, rest) = text.split_at(start);
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        // The sign may precede or follow the currency.
        let (sign, before) = match (before.trim().strip_prefix('-'), before.trim().strip_suffix('-')) {
            (Some(before), _) | (None, Some(before)) => ("-", before.trim()),
            (None, None) => ("", before.trim()),
        };
        let unit = match (before, after.trim()) {
            (unit, "") | ("", unit) => unit,
            _ => return Err(error()),
        };
        let is_known = unit.chars().count() <= MAX_UNIT && unit.chars().all(is_unit);
        if !is_known || unit.starts_with('-') || unit.ends_with('-') {
            return Err(error());
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole = if whole.contains(',') { without_commas(whole).ok_or_else(error)? } else { whole.into() };
        let micros = decimal(&format!("{sign}{whole}.{fraction}")).ok_or_else(error)?;
        Ok(Self::new(micros, unit))
    }
}

impl fmt::Display for Amount {
    /// Prints all places that are not zero, and at least two for a currency.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.micros.unsigned_abs();
        let whole = (micros / MICROS.unsigned_abs()).to_string();
        let places = format!("{:06}", micros % MICROS.unsigned_abs());
        let is_currency = self.unit.len() == 3 && self.unit.bytes().all(|byte| byte.is_ascii_uppercase());
        let least = if is_currency { 2 } else { 0 };
        let shown = places.trim_end_matches('0').len().max(least);
        f.write_str(if self.micros < 0 { "-" } else { "" })?;
        for (n, digit) in whole.char_indices() {
            let is_thousands = n > 0 && (whole.len() - n).is_multiple_of(3);
            write!(f, "{}{digit}", if is_thousands { "," } else { "" })?;
        }
        if shown > 0 {
            write!(f, ".{}", &places[..shown])?;
        }
        match &*self.unit {
            "" => Ok(()),
            "%" => f.write_str("%"),
            unit => write!(f, " {unit}"),
        }
    }
}

impl Serialize for Amount {
    /// Serializes as text, because JSON numbers are usually read as floats.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_aws_writes_and_prints_it_exactly() {
        let check = |text: &str, micros: i128, shown: &str| {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount.micros(), amount.to_string().as_str()), (micros, shown), "{text}");
            assert_eq!(shown.parse::<Amount>().unwrap(), amount, "{shown}");
        };
        check("$36.69", 36_690_000, "36.69 USD");
        check("$100", 100_000_000, "100.00 USD");
        check("$0.5", 500_000, "0.50 USD");
        check("$.5", 500_000, "0.50 USD");
        check("$183,965,812,157.54", 183_965_812_157_540_000, "183,965,812,157.54 USD");
        check("US$1,000", 1_000_000_000, "1,000.00 USD");
        check("-$12.30", -12_300_000, "-12.30 USD");
        check("$-12.30", -12_300_000, "-12.30 USD");
        check("€5.00", 5_000_000, "5.00 EUR");
        check("5.00 €", 5_000_000, "5.00 EUR");
        check("₹12,34,567.89", 1_234_567_890_000, "1,234,567.89 INR");
        check("JPY 1,000", 1_000_000_000, "1,000.00 JPY");
        check("¥700.00", 700_000_000, "700 ¥");
        check("80%", 80_000_000, "80%");
        check("33.3333339%", 33_333_333, "33.333333%");
        check("2.5 GB-Month", 2_500_000, "2.5 GB-Month");
        check("7", 7_000_000, "7");
        check(
            &format!("{} USD", "9".repeat(32)),
            99_999_999_999_999_999_999_999_999_999_999_000_000,
            "99,999,999,999,999,999,999,999,999,999,999.00 USD",
        );
    }

    #[test]
    fn refuses_what_could_be_read_in_two_ways() {
        for text in [
            "",
            "$",
            "-",
            "x",
            "1.234,56 €",
            "1234,56",
            "1234,567",
            "1,23",
            "1,,234",
            ",123",
            "$5 GB",
            "5 G B",
            "5a5",
            "1.2.3",
            ".",
            "--5",
            "5 \u{202e}",
            "٣",
            "$5-",
        ] {
            assert!(text.parse::<Amount>().is_err(), "{text:?} is {:?}", text.parse::<Amount>());
        }
        assert!("9".repeat(33).parse::<Amount>().is_err(), "larger than any budget");
        let error = "much".parse::<Amount>().unwrap_err().to_string();
        assert_eq!(error, r#""much" is not an amount; expected a number and a unit, as in $1,234.50 or 80%"#);
    }

    #[test]
    fn reads_the_numbers_of_apis() {
        let check = |number: &str, expected: Option<i128>| {
            assert_eq!(
                Amount::from_decimal(number, "USD").ok().map(|amount| amount.micros()),
                expected,
                "{number}"
            );
        };
        check("0", Some(0));
        check("151", Some(151_000_000));
        check("-0.33", Some(-330_000));
        check("0.123456789", Some(123_456));
        check("1.5E+3", Some(1_500_000_000));
        check("1.5e-3", Some(1_500));
        check("0E-8", Some(0));
        check("1E-8", Some(0));
        check("1E+33", None);
        check("1E+999", None);
        for bad in ["", "-", ".", "1,000", "+1", "NaN", "1e", "$1"] {
            check(bad, None);
        }
        check(&"1".repeat(10_000), None);
    }

    #[test]
    fn compares_as_printed_and_takes_percentages() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(amount("$30.00").percent(80_000_000), Some(amount("$24.00")));
        assert_eq!(amount("$0.02").percent(12_500_000), Some(amount("$0.0025")));
        assert!(amount("$0.0025").is_about(&amount("$0.00")));
        assert!(!amount("$0.01").is_about(&amount("$0.00")));
        assert!(!amount("$5").is_about(&amount("€5")));
        assert_eq!(amount(&format!("{} USD", "9".repeat(32))).percent(80_000_000), None);
    }

    #[test]
    fn is_stored_as_text() {
        let amount: Amount = "$0.000001".parse().unwrap();
        let stored = serde_json::to_string(&amount).unwrap();
        assert_eq!(stored, r#""0.000001 USD""#);
        assert_eq!(serde_json::from_str::<Amount>(&stored).unwrap(), amount);
        assert_eq!(Amount::new(1, "two words\n").to_string(), "0.000001 two-words");
    }
}
