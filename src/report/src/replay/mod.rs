//! Report of a replay: its data, which both forms show.

mod html;
mod markdown;
#[cfg(test)]
mod tests;

pub use html::replay_html;
pub use markdown::replay_markdown;

use budget_guard_core::model::{MicroUsd, Timestamp, plural};
use budget_guard_core::replay::BusiestWindow;

use crate::words::time;

/// Everything that the report of a replay shows.
#[derive(Debug)]
pub struct ReplayReport {
    /// Limit that the rules were judged by.
    pub limit: String,
    /// Number of distinct events.
    pub events: u64,
    /// Number of files.
    pub files: u64,
    /// Times of the first and the last event. `None` without an event.
    pub period: Option<(Timestamp, Timestamp)>,
    /// Number of rules that were judged.
    pub rules: u64,
    /// Number of rules that would have tripped.
    pub tripped: u64,
    /// True if a part of the input was left out, so that a quiet rule may not be quiet.
    pub is_partial: bool,
    /// Rules in the order of the report, with a row for each place.
    pub rows: Vec<ReplayRow>,
    /// Warnings, notes and hints in their order.
    pub advice: Vec<Advice>,
    /// Time of the report.
    pub now: Timestamp,
}

/// Result for one rule in one place.
#[derive(Debug)]
pub struct ReplayRow {
    /// Name of the rule.
    pub rule: String,
    /// Account and Region. `None` if all rows have the same, or the rule did not fire.
    pub place: Option<String>,
    /// Verdict in one or two words.
    pub verdict: String,
    /// Urgency of the verdict.
    pub tone: Tone,
    /// Number of firings.
    pub firings: u64,
    /// Number of own calls, or why it is not known.
    pub own: String,
    /// Busiest window. `None` without a firing.
    pub peak: Option<BusiestWindow>,
    /// Time and reason of the trip. `None` without one.
    pub trip: Option<(Timestamp, String)>,
    /// Price of the firings up to the trip, and of those after it. `None` without a trip or without targets.
    pub cost: Option<(MicroUsd, MicroUsd)>,
    /// Limit that the rule would not have reached. `None` for a proved loop, which no limit of the rate stops.
    pub limit_needed: Option<String>,
    /// Number of firings by minute since 1970, in the order of time.
    pub minutes: Vec<(i64, u64)>,
}

/// Urgency of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The rule would have been cut.
    Bad,
    /// The rule could not be judged.
    Warning,
    /// Nothing was found.
    Good,
}

/// Kind of a remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// It limits what the report says.
    Warning,
    /// It explains the report.
    Note,
    /// It is a next step.
    Hint,
}

/// Remark with its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Kind.
    pub importance: Importance,
    /// Text, in one or more lines.
    pub text: String,
}

impl ReplayReport {
    fn headline(&self) -> String {
        let rules = plural(self.rules, "rule");
        match self.tripped {
            0 => format!("None of {rules} would have tripped"),
            tripped => format!("{tripped} of {rules} would have tripped"),
        }
    }

    fn input(&self) -> String {
        let mut text = format!("{} in {}", plural(self.events, "event"), plural(self.files, "file"));
        if let Some((first, last)) = self.period {
            text += &format!(", {} to {}", time(first), time(last));
        }
        text
    }

    fn warns(&self) -> bool {
        self.is_partial || self.rows.iter().any(|row| row.tone == Tone::Warning)
    }

    /// Number of firings of a row in equal slices of the whole time of the logs.
    fn slices(&self, row: &ReplayRow, number: usize) -> Vec<u64> {
        let mut counts = vec![0; number];
        for (minute, firings) in &row.minutes {
            if let Some(count) = self.slice_of(minute * 60, number).and_then(|slice| counts.get_mut(slice)) {
                *count += firings;
            }
        }
        counts
    }

    /// Slice of a time in seconds since 1970.
    fn slice_of(&self, at: i64, number: usize) -> Option<usize> {
        let (first, last) = self.period?;
        // Firings are counted by the whole minute.
        let first = first.as_second().div_euclid(60) * 60;
        let length = i128::from(last.as_second() - first + 1).max(1);
        let slice = i128::from(at - first).max(0) * number as i128 / length;
        usize::try_from(slice).ok().map(|slice| slice.min(number.saturating_sub(1)))
    }
}

impl ReplayRow {
    fn peak_words(&self) -> String {
        self.peak
            .map_or("-".to_owned(), |peak| format!("{} in {} at {}", peak.count, peak.window, time(peak.at)))
    }

    fn trip_words(&self) -> String {
        self.trip.as_ref().map_or("-".to_owned(), |(at, _)| time(*at))
    }
}
