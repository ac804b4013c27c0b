//! Firings by the minute: those no longer stored one by one, and the test for sustained firing.

use std::collections::VecDeque;
use std::ops::Range;

use super::Window;
use crate::model::{Seconds, Timestamp};
use crate::policy::SustainedLimit;

const MINUTE_MS: i64 = 60_000;

/// Number of firings per minute that have left the window.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Past {
    /// Minutes since 1970 that have firings, ascending, each with the number of stored firings that left.
    pub minutes: VecDeque<(i64, u32)>,
}

/// Firings of one rule over the length of its sustained limit, up to the newest one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Number of distinct firings. Estimated for a burst limit above 512.
    pub count: u64,
    /// Number of distinct clock minutes (UTC) that have a firing.
    pub minutes: u32,
    /// Time of the first firing; the beginning of its minute if it is not stored one by one.
    pub first: Timestamp,
    /// Time of the newest firing.
    pub last: Timestamp,
    /// Range of the firings that are stored one by one, for [`Window::callers_of`].
    pub kept: Range<usize>,
}

impl Past {
    /// Counts a firing that has left the window, at `at` milliseconds since 1970.
    pub(super) fn count(&mut self, at: i64) {
        let minute = at.div_euclid(MINUTE_MS);
        // Nearly always the last minute, because firings leave in the order of time.
        let index = match self.minutes.back() {
            Some((last, _)) if *last >= minute => self.minutes.partition_point(|(known, _)| *known < minute),
            _ => self.minutes.len(),
        };
        match self.minutes.get_mut(index) {
            Some((known, count)) if *known == minute => *count = count.saturating_add(1),
            _ => self.minutes.insert(index, (minute, 1)),
        }
    }

    /// Drops the minutes that ended by `at`, in milliseconds since 1970.
    pub(super) fn drop_before(&mut self, at: i64) {
        while self.minutes.front().is_some_and(|(minute, _)| (minute + 1) * MINUTE_MS <= at) {
            self.minutes.pop_front();
        }
    }

    /// Returns the minutes that begin after `since`. The minute that contains it is left out, because its firings
    /// cannot be split.
    fn after(&self, since: i64) -> impl Iterator<Item = (i64, u32)> {
        self.minutes.iter().copied().filter(move |(minute, _)| minute * MINUTE_MS > since)
    }
}

/// Sustained firing.
impl Window {
    /// Sets the sustained limit, which determines how long firings are counted by the minute. Firings dropped before
    /// are not recovered.
    pub fn set_sustained(&mut self, limit: Option<SustainedLimit>) {
        self.reach = limit.map_or(Seconds::new(0), |limit| limit.window);
        self.drop_unneeded();
    }

    /// Number of distinct firings after `since`, as far back as the window counts.
    pub fn count_since(&self, since: Timestamp) -> u64 {
        let since = since.as_millisecond();
        let kept = self.kept.len() - self.kept.partition_point(|kept| kept.at <= since);
        let past: u64 = self.past.after(since).map(|(_, count)| u64::from(count)).sum();
        self.limit.scale(kept + usize::try_from(past).unwrap_or(usize::MAX))
    }

    /// Returns the firings up to the newest one if they fill the limit: enough firings in enough distinct minutes, in
    /// event time. Like a window, the stretch is half open.
    ///
    /// The work grows with the minutes and not with the firings. Call it once for a batch.
    pub fn sustained(&self, limit: SustainedLimit) -> Option<Stretch> {
        let newest = self.kept.back()?.at;
        let since = newest - limit.window.millis();
        let kept = self.kept.partition_point(|kept| kept.at <= since)..self.kept.len();
        let (mut firings, mut minutes) = (kept.len(), 0u32);
        let mut first = self.kept.get(kept.start)?.at;
        for (minute, count) in self.past.after(since) {
            firings += count as usize;
            minutes += 1;
            first = first.min(minute * MINUTE_MS);
        }
        let mut index = kept.start;
        while let Some(firing) = self.kept.get(index) {
            let minute = firing.at.div_euclid(MINUTE_MS);
            // A minute may be split between stored firings and past ones.
            let is_new = self.past.after(since).all(|(known, _)| known != minute);
            minutes += u32::from(is_new);
            index = self.kept.partition_point(|kept| kept.at < (minute + 1) * MINUTE_MS);
        }
        let count = self.limit.scale(firings);
        let is_full = count >= limit.count.get().into() && minutes >= limit.minutes.get();
        let time = |at| Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        is_full.then(|| Stretch { count, minutes, first: time(first), last: time(newest), kept })
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::MAX_KEPT;
    use super::super::tests::{firing, now};
    use super::*;

    fn limit(text: &str) -> SustainedLimit {
        text.parse().unwrap()
    }

    /// Creates a window with firings at these seconds after noon; negative ones lie before it.
    fn window(burst: &str, sustained: &str, seconds: impl IntoIterator<Item = i64>) -> Window {
        let mut window = Window::new(burst.parse().unwrap());
        window.set_sustained(Some(limit(sustained)));
        for (n, at) in seconds.into_iter().enumerate() {
            window.insert(&firing(&n.to_string(), at * 1_000), now());
        }
        window
    }

    /// Times of `times` firings, one every `every` seconds, the last one at noon.
    fn steady(every: i64, times: i64) -> impl Iterator<Item = i64> {
        (0..times).map(move |n| (n + 1 - times) * every)
    }

    #[test]
    fn enough_firings_in_enough_minutes_fill_the_limit() {
        let check = |sustained: &str, seconds: Vec<i64>, expected: Option<(u64, u32)>| {
            let stretch = window("200/60s", sustained, seconds.iter().copied()).sustained(limit(sustained));
            let seen = stretch.map(|stretch| (stretch.count, stretch.minutes));
            assert_eq!(seen, expected, "{sustained} {seconds:?}");
        };
        // Three a minute.
        check("20/15m/8", steady(20, 19).collect(), None);
        check("20/15m/8", steady(20, 20).collect(), Some((20, 8)));
        // A quarter of an hour touches sixteen clock minutes.
        check("20/15m/8", steady(20, 45).collect(), Some((45, 16)));
        // Once a minute: never 20 in a quarter of an hour.
        check("20/15m/8", steady(60, 60).collect(), None);
        check("15/15m/8", steady(60, 60).collect(), Some((15, 15)));
        // A burst is not sustained, nor are two.
        check("20/15m/8", steady(0, 150).collect(), None);
        check("20/15m/8", steady(0, 30).map(|at| at - 600).chain(steady(0, 30)).collect(), None);
        // It has stopped, but for one firing much later.
        check("20/15m/8", steady(20, 60).map(|at| at - 900).chain([0]).collect(), None);
        // The order makes no difference, nor does a firing that comes twice.
        check("20/15m/8", steady(20, 20).collect::<Vec<_>>().into_iter().rev().collect(), Some((20, 8)));
        // A tagged limit that looks back much longer than firings are kept one by one.
        check("30/2h/25", steady(240, 29).collect(), None);
        check("30/2h/25", steady(240, 30).collect(), Some((30, 30)));
        check("30/2h/25", steady(240, 300).collect(), Some((30, 30)));
    }

    #[test]
    fn a_busy_rule_is_counted_even_where_its_firings_are_not_kept() {
        let check = |burst: &str, per_second: usize, kept: usize| {
            let seconds = (-1_200..=0).flat_map(|at| std::iter::repeat_n(at, per_second));
            let window = window(burst, "20/15m/8", seconds);
            let stretch = window.sustained(SustainedLimit::DEFAULT).unwrap();
            // Fourteen whole minutes and the last second: the minute in which the quarter of an hour begins is past.
            assert_eq!((stretch.count, stretch.minutes), (per_second as u64 * (14 * 60 + 1), 15), "{burst}");
            assert_eq!(stretch.last.duration_since(stretch.first), SignedDuration::from_mins(14), "{burst}");
            assert_eq!((stretch.kept.len(), stretch.kept.end), (kept, window.kept.len()), "{burst}");
        };
        check("512/60s", 8, MAX_KEPT);
        check("3/60s", 3, 48);
    }

    #[test]
    fn a_sample_stands_for_all() {
        let seconds = (-900..=0).flat_map(|at| std::iter::repeat_n(at, 20));
        let stretch = window("2048/60s", "20/15m/8", seconds).sustained(SustainedLimit::DEFAULT).unwrap();
        // 16,820 in fourteen minutes and a second, a quarter of them counted: the standard error is 1/√4,205 or 1.5 %.
        assert!((15_800..17_800).contains(&stretch.count), "{stretch:?}");
    }

    #[test]
    fn what_nobody_asks_for_is_not_remembered() {
        let mut window = window("3/60s", "20/6h/8", steady(30, 900));
        assert_eq!(window.past.minutes.len(), 344);
        assert!(window.to_bytes().len() < 1_200, "{} bytes", window.to_bytes().len());
        window.set_sustained(Some(limit("20/1h/8")));
        assert_eq!(window.past.minutes.len(), 44);
        window.set_sustained(None);
        assert_eq!(window.past.minutes.len(), 0);
    }
}
