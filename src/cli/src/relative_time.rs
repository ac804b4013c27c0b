//! Times for people.

use budget_guard_core::model::Timestamp;

/// Time in UTC, to the second.
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// Age in the largest unit that fits.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.as_second() - at.as_second() {
        ..=0 => "just now".to_owned(),
        seconds @ ..60 => format!("{seconds}s ago"),
        seconds @ ..3_600 => format!("{}m ago", seconds / 60),
        seconds @ ..86_400 => format!("{}h ago", seconds / 3_600),
        seconds => format!("{}d ago", seconds / 86_400),
    }
}

/// Time in UTC with its age.
pub(crate) fn time_ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", time(at), ago(at, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        let check = |seconds: i64, shown: &str| {
            let at = Timestamp::UNIX_EPOCH;
            assert_eq!(ago(at, at + jiff::SignedDuration::from_secs(seconds)), shown);
        };
        check(-5, "just now");
        check(0, "just now");
        check(59, "59s ago");
        check(60, "1m ago");
        check(3_599, "59m ago");
        check(86_399, "23h ago");
        check(200_000, "2d ago");
    }
}
