//! Outcome of a cut: the events that a disabled rule would have received, and the judgement of their makers.
//!
//! The guard's catch-all rule goes on to show the events that match a disabled rule. The calls of a loop end with the
//! rule; an honest machine goes on. The judgement is a pure function of times and makers before and after the cut.

mod clock;
mod clusters;
mod facts;
mod judge;
mod missed;
mod others;
mod outcome;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{Firing, Timestamp};
use crate::turns::Span;
use clusters::Clusters;

pub use judge::{Case, judge};
pub use missed::{Maker, Missed, MissedBy, MissedCaller, MissedCount};
pub use outcome::{CutOutcome, Measured, WhyEnded};

/// Time for which events may still have fired the rule after `DisableRule`, in seconds, unless its metrics tell. AWS
/// says "a short period of time", and has published no number.
const PROPAGATION: i64 = 180;
/// Time after the last firing in the rule's metrics for which an event may still have fired it, in seconds.
const AFTER_LAST: i64 = 60;
/// Maximum age of an event in the queue of an asynchronously invoked function, in seconds. Source: "Configuring error
/// handling settings for asynchronous invocations" (AWS Lambda developer guide).
const MAX_AGE: i64 = 6 * 3_600;
/// Number of times that Lambda runs a function for one event. Source: as above.
const TRIES: u64 = 3;
/// Longest wait between two tries of a throttled event, in seconds. Source: as above.
const BACK_OFF: i64 = 300;
/// Time after which the events of a second count as complete, in seconds. CloudTrail delivers most within this time.
const LATE: i64 = 120;
/// Time after the cut for which firings by others may be reasons, in seconds: CloudTrail is late by 15 minutes at most,
/// and no propagation was longer.
const REASONS_FOR: i64 = 15 * 60;
/// Number of readings of CloudWatch that contradict the guard's count before a cut counts as wrong.
const CONTRADICTIONS: u64 = 2;
/// Time after which the outcome is no longer looked for.
pub const WATCHED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Time after the cut from which a conclusion is final.
pub const FINAL_AFTER: SignedDuration = SignedDuration::from_hours(2);

/// Makers of the calls that the cut accuses. Only these are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accused {
    /// The rule's own targets, or those of a cycle of rules.
    Own,
    /// All other makers: the cut rests on a limit for all callers.
    Others,
}

/// Events since a cut that the rule would have received, and the outcome so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aftermath {
    /// Time at which the rule was read back as disabled.
    pub cut_at: Timestamp,
    /// Makers that the cut accuses.
    pub accused: Accused,
    /// Number of missed events by maker.
    #[serde(default)]
    pub missed: Missed,
    /// Calls of the accused makers after the cut.
    #[serde(default, skip_serializing_if = "Clusters::is_empty")]
    calls: Clusters,
    /// Firings by other makers soon after the cut, which are reasons while the rule may still fire.
    #[serde(default, skip_serializing_if = "Clusters::is_empty")]
    reasons: Clusters,
    /// End of the last minute in which the rule still fired, by its own metrics. `None` if it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_until: Option<Timestamp>,
    /// End of the first minute after the cut in which no event had waited a minute for the functions. `None` if none is
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drained_at: Option<Timestamp>,
    /// Time of the last question to the metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// Number of firings in the hour before the cut that CloudWatch has to confirm, because only an attached rule vouches
    /// for them. Zero once it has, and if it need not.
    #[serde(default, skip_serializing_if = "crate::model::is_zero")]
    pub unconfirmed: u64,
    /// Number of readings in which CloudWatch had fewer than half of them.
    #[serde(default, skip_serializing_if = "crate::model::is_zero")]
    contradictions: u64,
    /// True if a firing by others from before the cut has arrived since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_late_reason: bool,
    /// True if the guard saw the rule's events at the time of the cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_watched: bool,
    /// Last time at which the guard did not see the rule's events. `None` if it always did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind_until: Option<Timestamp>,
    /// Outcomes that were reported, by their words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<String>,
    /// True if the firings still showed a loop when they were judged again right after the cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_shown_again: bool,
    /// Outcome by the last judgement.
    #[serde(default)]
    pub outcome: CutOutcome,
    /// True once the outcome is no longer looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_over: bool,
}

impl Aftermath {
    /// Begins at the time of a cut.
    pub fn new(cut_at: Timestamp, accused: Accused) -> Self {
        Self {
            cut_at,
            accused,
            missed: Missed::default(),
            calls: Clusters::default(),
            reasons: Clusters::default(),
            fired_until: None,
            drained_at: None,
            asked_at: None,
            unconfirmed: 0,
            contradictions: 0,
            has_late_reason: false,
            is_watched: false,
            blind_until: None,
            told: Vec::new(),
            is_shown_again: false,
            outcome: CutOutcome::default(),
            is_over: false,
        }
    }

    /// Counts an event after the cut, once for each event. `time_limit` is that of the targets, in seconds.
    pub fn count(&mut self, firing: &Firing<'_>, maker: Maker, time_limit: i64) {
        let at = firing.at.as_second();
        self.missed.count(maker, firing);
        let is_accused = match self.accused {
            Accused::Own => maker.is_own,
            Accused::Others => !maker.is_own,
        };
        if self.is_over || !maker.is_counted {
            return;
        }
        if is_accused {
            self.calls.add(at, clusters::apart(time_limit));
        } else if at <= self.cut_at.as_second() + REASONS_FOR {
            self.reasons.add(at, 1);
        }
    }

    /// Returns true if the event belongs to the time before the cut.
    pub fn is_before(&self, at: Timestamp) -> bool {
        at.as_second() <= self.cut_at.as_second()
    }

    /// Returns true if CloudWatch has fewer than half of the firings that the guard was told of, in this reading and in an
    /// earlier one. By the second reading no metrics are under way. `fired_before` is its number of the hour before the cut.
    pub fn contradicts(&mut self, fired_before: u64) -> bool {
        if fired_before.saturating_mul(2) >= self.unconfirmed {
            (self.unconfirmed, self.contradictions) = (0, 0);
        } else {
            self.contradictions += 1;
        }
        self.contradictions >= CONTRADICTIONS
    }

    /// Returns true if the outcome says that the cut was right, and CloudWatch was not read yet.
    pub fn awaits_reading(&self, outcome: &CutOutcome) -> bool {
        self.unconfirmed > 0 && matches!(outcome, CutOutcome::Stopped { .. })
    }

    /// Notes that an outcome is reported. Returns false if it was before.
    pub fn tell(&mut self, outcome: &CutOutcome) -> bool {
        let is_new = self.told.iter().all(|told| told != outcome.word());
        if is_new && *outcome != CutOutcome::NotYetKnown {
            self.told.push(outcome.word().to_owned());
        }
        is_new
    }

    /// Last second that was not seen, or the cut.
    fn seen_since(&self) -> i64 {
        let cut = self.cut_at.as_second();
        self.blind_until.map_or(cut, |at| at.as_second().max(cut))
    }

    /// Second up to which an event may have fired the rule.
    fn fires_until(&self) -> i64 {
        let cut = self.cut_at.as_second();
        match self.fired_until {
            Some(until) => until.as_second().max(cut) + AFTER_LAST,
            None => cut + PROPAGATION,
        }
    }

    /// Ends the watch: its numbers stay, the times of the calls do not.
    pub fn end(&mut self) {
        self.is_over = true;
        self.calls = Clusters::default();
        self.reasons = Clusters::default();
    }
}

/// Spans as single calls: times in seconds, each with its number of calls. A longer span is spread evenly.
fn points(spans: &[Span]) -> Vec<(i64, u64)> {
    let mut points = Vec::with_capacity(spans.len());
    for span in spans {
        let (seconds, count) = (span.to - span.from, i64::from(span.count));
        let parts = count.min(seconds + 1).max(1);
        for part in 0..parts {
            let at = span.from + if parts > 1 { part * seconds / (parts - 1) } else { 0 };
            let calls = count * (part + 1) / parts - count * part / parts;
            points.push((at, calls.unsigned_abs()));
        }
    }
    points.sort_unstable();
    points
}

#[cfg(test)]
pub(crate) mod tests;
