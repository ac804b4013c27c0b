//! Numbers: equal by value if a double holds them exactly, otherwise by spelling.

/// Number of a pattern or an event.
#[derive(Debug, Clone)]
pub struct Number {
    spelling: String,
    /// Value as a double. `None` if the shortest decimal of the double has another value.
    pub exact: Option<f64>,
}

impl Number {
    /// Number with this spelling.
    pub fn new(spelling: &str) -> Self {
        let double: Option<f64> = spelling.parse().ok().filter(|double: &f64| double.is_finite());
        let exact = double.filter(|double| decimal(&format!("{double:e}")) == decimal(spelling));
        Self { spelling: spelling.to_owned(), exact }
    }

    /// Returns true if both are equal.
    pub fn equals(&self, other: &Self) -> bool {
        let same_value = self.exact.is_some() && self.exact == other.exact;
        same_value || self.spelling == other.spelling
    }
}

/// Sign, significant digits, and the power of ten of the last digit. Zero is unsigned, without digits and power.
fn decimal(spelling: &str) -> (bool, String, i64) {
    let (negative, unsigned) = match spelling.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, spelling),
    };
    let (mantissa, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let dropped = digits.len() - significant.len();
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return (false, String::new(), 0);
    }
    // A power this large is outside of a double's range in any case.
    let far = if power.starts_with('-') { -1_000_000_000 } else { 1_000_000_000 };
    let power: i64 = power.parse().unwrap_or(far).clamp(-1_000_000_000, 1_000_000_000);
    (negative, significant.to_owned(), power + dropped as i64 - fraction.len() as i64)
}
