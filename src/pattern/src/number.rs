//! Numbers by value, as far as a double has exactly that value.

use std::fmt::Write;

/// Number of digits that a double always preserves.
const SAFE_DIGITS: usize = 15;
/// Powers of ten within which no double is subnormal or infinite.
const SAFE_POWERS: std::ops::RangeInclusive<i64> = -300..=300;

/// Returns the double with the same decimal value as a JSON number, never -0. Returns `None` if the nearest double is
/// written with other digits. Such a number equals only numbers with the same spelling.
///
/// The reference engine of EventBridge compares numbers in this way.
pub(super) fn exact(spelled: &[u8]) -> Option<f64> {
    let decimal = Decimal::of(spelled);
    if decimal.digits == 0 {
        return Some(0.0);
    }
    let value: f64 = std::str::from_utf8(spelled).ok()?.parse().ok()?;
    if decimal.digits <= SAFE_DIGITS && SAFE_POWERS.contains(&decimal.power) {
        return Some(value);
    }
    // The shortest decimal nearest to this double, or the one of two digits, because Java always writes two.
    let is_same = value.is_finite()
        && (decimal.is(spelled, format_args!("{value:e}"))
            || decimal.is(spelled, format_args!("{value:.1e}")));
    is_same.then_some(value)
}

/// Number without leading and trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    digits: usize,
    /// Power of ten of the first digit.
    power: i64,
}

impl Decimal {
    fn of(spelled: &[u8]) -> Self {
        let end = spelled.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(spelled.len());
        let exponent = match spelled.get(end + 1..) {
            None => 0,
            // Clamped values are still far outside the range of a double.
            Some(digits) => std::str::from_utf8(digits).ok().map_or(0, |digits| {
                let limit = if digits.starts_with('-') { i64::MIN / 4 } else { i64::MAX / 4 };
                digits.parse::<i64>().unwrap_or(limit).clamp(i64::MIN / 4, i64::MAX / 4)
            }),
        };
        let mut all = 0;
        let mut first = None;
        let mut last = 0;
        let mut point = None;
        for byte in &spelled[..end] {
            match byte {
                b'.' => point = Some(all),
                b'0' => all += 1,
                b'1'..=b'9' => {
                    first.get_or_insert(all);
                    last = all;
                    all += 1;
                }
                _ => {}
            }
        }
        let Some(first) = first else { return Self { digits: 0, power: 0 } };
        let whole = point.unwrap_or(all);
        Self { digits: (last - first + 1) as usize, power: whole - 1 - first + exponent }
    }

    /// Returns true if the other spelling has the same value.
    fn is(self, spelled: &[u8], other: std::fmt::Arguments<'_>) -> bool {
        let mut written = Spelled { bytes: [0; 40], length: 0 };
        if written.write_fmt(other).is_err() {
            return false;
        }
        let other = &written.bytes[..written.length];
        Self::of(other) == self && digits(spelled).eq(digits(other).take(self.digits))
    }
}

/// Digits from the first to the last that is not zero.
fn digits(spelled: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let all = |spelled: &[u8]| Decimal::of(spelled).digits;
    spelled
        .iter()
        .copied()
        .take_while(|byte| !matches!(byte, b'e' | b'E'))
        .filter(u8::is_ascii_digit)
        .skip_while(|byte| *byte == b'0')
        .take(all(spelled))
}

/// Buffer for the longest scientific spelling of a double, without an allocation.
struct Spelled {
    bytes: [u8; 40],
    length: usize,
}

impl Write for Spelled {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let free = self.bytes.get_mut(self.length..self.length + text.len()).ok_or(std::fmt::Error)?;
        free.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_a_value_if_a_double_has_it() {
        let check = |spelled: &str, expected: Option<f64>| {
            assert_eq!(exact(spelled.as_bytes()).map(f64::to_bits), expected.map(f64::to_bits), "{spelled}");
        };
        check("0", Some(0.0));
        check("-0.00e7", Some(0.0));
        check("0e99999999999999999999", Some(0.0));
        check("300", Some(300.0));
        check("3.00e2", Some(300.0));
        check("30000E-2", Some(300.0));
        check("-0.00125", Some(-0.00125));
        check("0.1", Some(0.1));
        check("0.30000000000000001", None);
        check("0.30000000000000004", Some(0.1 + 0.2));
        check("9007199254740992", Some(9_007_199_254_740_992.0));
        check("9007199254740993", None);
        check("100000000000000000000", Some(1e20));
        check("12345678901234567890", None);
        check("1.7976931348623157e308", Some(f64::MAX));
        check("1e400", None);
        check("-1e400", None);
        check("1e-400", None);
        check("1e99999999999999999999", None);
        check("1e-99999999999999999999", None);
        check("5e-324", Some(f64::from_bits(1)));
        check("4.9e-324", Some(f64::from_bits(1)));
    }
}
