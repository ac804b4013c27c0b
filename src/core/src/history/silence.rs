//! Silence: a rule that fires no more, for longer than ever before.

use jiff::SignedDuration;

use super::RateHistory;
use crate::model::Timestamp;

/// Shortest silence that counts.
const SHORTEST: i64 = 60;
/// Delay after which the metrics of a minute are complete.
const LATE: SignedDuration = SignedDuration::from_mins(5);

impl RateHistory {
    /// Returns the minutes since the rule last fired, if that is an hour at least and longer than any pause before. 0 for
    /// a rule that never fired.
    pub fn silent_minutes(&self, now: Timestamp) -> u64 {
        let Some((last, _)) = self.minutes.last_key_value() else { return 0 };
        let until = (now - LATE).as_second().div_euclid(60);
        let silent = until - last;
        let minutes = || self.minutes.keys();
        let longest = minutes().zip(minutes().skip(1)).map(|(one, next)| next - one).max();
        // A rule that has fired once may well never do so again.
        let is_unusual = silent >= SHORTEST && longest.is_some_and(|longest| silent > longest);
        if is_unusual { silent.unsigned_abs() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_counts_only_if_there_was_none_as_long() {
        let at = |minute: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
        let check = |fired: &[i64], now: i64, expected: u64| {
            let history = RateHistory::new(fired.iter().map(|minute| (at(*minute), 1)));
            assert_eq!(history.silent_minutes(at(now)), expected, "{fired:?} {now}");
        };
        check(&[], 5_000, 0);
        check(&[100], 5_000, 0);
        check(&[100, 101, 103], 150, 0);
        check(&[100, 101, 103], 103 + 60 + 5, 60);
        check(&[100, 101, 103], 103 + 59 + 5, 0);
        // As each night.
        check(&[0, 600, 601], 601 + 600, 0);
        check(&[0, 600, 601], 601 + 601 + 5, 601);
    }
}
