//! Numbers: equal by value where a double holds them exactly, else by their spelling only.

/// A number of a pattern or an event.
#[derive(Debug, Clone)]
pub struct Number {
    spelling: String,
    /// Only if the decimal value is that of the shortest decimal of this double.
    pub exact: Option<f64>,
}

impl Number {
    pub fn new(spelling: &str) -> Self {
        let double: Option<f64> = spelling.parse().ok().filter(|double: &f64| double.is_finite());
        let exact = double.filter(|double| decimal(&format!("{double:e}")) == decimal(spelling));
        Self { spelling: spelling.to_owned(), exact }
    }

    pub fn equals(&self, other: &Self) -> bool {
        let same_value = self.exact.is_some() && self.exact == other.exact;
        same_value || self.spelling == other.spelling
    }
}

/// Sign, significant digits, and the power of ten of the last of them. Zero has no digits, no power and no sign.
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
    // A power beyond any reason makes the number no double anyway.
    let far = if power.starts_with('-') { -1_000_000_000 } else { 1_000_000_000 };
    let power: i64 = power.parse().unwrap_or(far).clamp(-1_000_000_000, 1_000_000_000);
    (negative, significant.to_owned(), power + dropped as i64 - fraction.len() as i64)
}
