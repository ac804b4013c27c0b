//! Times, spans and shares as people read them.

use budget_guard_core::model::Timestamp;

/// Time in UTC, to the second.
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// Length of a time in its two largest units, such as `2m 5s`.
pub(crate) fn span(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut left = seconds.unsigned_abs();
    let first = units.iter().position(|(size, _)| left >= *size).unwrap_or(units.len() - 1);
    let mut parts = Vec::new();
    for (size, unit) in &units[first..units.len().min(first + 2)] {
        if left >= *size || parts.is_empty() {
            parts.push(format!("{}{unit}", left / size));
        }
        left %= size;
    }
    parts.join(" ")
}

/// Share of a whole in percent; 0 of nothing.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_at_most() {
        let check = |seconds, shown: &str| assert_eq!(span(seconds), shown);
        check(0, "0s");
        check(59, "59s");
        check(60, "1m");
        check(125, "2m 5s");
        check(7_260, "2h 1m");
        check(86_399, "23h 59m");
        check(-90_061, "1d 1h");
    }
}
