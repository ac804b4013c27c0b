//! Views of a record: JSON with fixed field names, and phrases for text.

use budget_guard_core::aftermath::{Aftermath, MissedCount};
use budget_guard_core::alerts::RuleRef;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::cure::{PatternChange, Stage};
use budget_guard_core::model::{RuleArn, Timestamp, plural};
use budget_guard_core::record::{Outcome, Record, Trip};
use budget_guard_core::verdict::EvidenceKind;
use serde::Serialize;

use super::acting::Knowledge;
use super::status::Listed;
use crate::relative_time::{ago, time_ago};

/// One rule in the JSON output of `status`.
#[derive(Debug, Serialize)]
pub(super) struct ListedView {
    /// The record.
    #[serde(flatten)]
    pub record: RuleView,
    /// Mode in effect. Null if the guard's settings could not be read, or the rule's tags were not read yet.
    pub mode: Option<String>,
    /// Knowledge of the actors. Null if the directory does not have the rule with its targets.
    pub who_acts: Option<Knowledge>,
}

impl ListedView {
    /// View of a listed rule at a time.
    pub(super) fn new(one: &Listed, now: Timestamp) -> Self {
        let mode = one.mode.map(|mode| mode.to_string());
        Self { record: RuleView::new(&one.record, now), mode, who_acts: one.who_acts }
    }
}

/// Record of a rule.
#[derive(Debug, Serialize)]
pub(super) struct RuleView {
    /// The rule.
    pub rule: RuleRef,
    /// State of the breaker.
    pub breaker: &'static str,
    /// Time of the cut. Null if the rule is not cut.
    pub disabled_at: Option<Timestamp>,
    /// Number of the epoch.
    pub epoch: u64,
    /// Firings in the present window.
    pub firings: FiringsView,
    /// Number of firings after the cut or from before the epoch.
    pub late: u64,
    /// Last trip. Null if the rule never tripped.
    pub last_trip: Option<TripView>,
    /// Events that the rule missed since its last cut, and the outcome of that cut. Null if it was not cut.
    pub aftermath: Option<AftermathView>,
    /// Number of alerts that are not published yet.
    pub pending_alerts: usize,
    /// Number of failed attempts in a row to disable or restore the rule.
    pub failed_changes: u32,
    /// Number of failed attempts in a row to publish an alert.
    pub failed_alerts: u32,
}

/// Firings in the present window, with the limit.
#[derive(Debug, Serialize)]
pub(super) struct FiringsView {
    /// Number of firings.
    pub count: u64,
    /// Number of firings that trips.
    pub limit: u32,
    /// Length of the window in seconds.
    pub window_seconds: u32,
    /// True if `count` is an estimate.
    pub is_estimate: bool,
}

/// Events since a cut, and its outcome.
#[derive(Debug, Serialize)]
pub(super) struct AftermathView {
    /// Time of the cut.
    pub cut_at: Timestamp,
    /// Outcome in one or two words.
    pub outcome: &'static str,
    /// Outcome in one sentence, with its numbers.
    pub sentence: String,
    /// Number of missed events.
    pub missed: u64,
    /// Missed events by their makers.
    pub makers: Vec<MissedCount>,
}

/// A trip.
#[derive(Debug, Serialize)]
pub(super) struct TripView {
    /// Time of the trip.
    pub at: Timestamp,
    /// Kind of its evidence.
    pub kind: EvidenceKind,
    /// Evidence in one sentence.
    pub reason: String,
    /// Result as one word.
    pub outcome: &'static str,
    /// Time of the restore. Null if the rule is not restored.
    pub restored_at: Option<Timestamp>,
    /// Reason if the rule was not cut.
    pub because: Option<String>,
}

impl RuleView {
    /// View of a record at a time.
    pub(super) fn new(record: &Record, now: Timestamp) -> Self {
        let limit = record.window.limit();
        Self {
            rule: rule_ref(&record.rule),
            breaker: record.breaker.word(),
            disabled_at: disabled_at(record),
            epoch: record.epoch.number,
            firings: FiringsView {
                count: count(record, now),
                limit: limit.count.get(),
                window_seconds: limit.window.get(),
                is_estimate: limit.is_sampled(),
            },
            late: record.late,
            last_trip: record.last_trip.as_ref().map(TripView::new),
            aftermath: record.aftermath.as_deref().map(AftermathView::new),
            pending_alerts: record.outbox.len(),
            failed_changes: record.work.failures,
            failed_alerts: record.outbox.failures(),
        }
    }
}

impl AftermathView {
    /// View of the events since a cut, and of its outcome.
    pub(super) fn new(after: &Aftermath) -> Self {
        Self {
            cut_at: after.cut_at,
            outcome: after.outcome.word(),
            sentence: after.outcome.to_string(),
            missed: after.missed.total(),
            makers: after.missed.makers.clone(),
        }
    }
}

impl TripView {
    /// View of a trip.
    pub(super) fn new(trip: &Trip) -> Self {
        let (outcome, restored_at, because) = match &trip.outcome {
            Outcome::Cut => ("cut", None, None),
            Outcome::Restored { at } => ("restored", Some(*at), None),
            Outcome::Undone { at } => ("undone", Some(*at), None),
            Outcome::Spared { because } => ("spared", None, Some(because.clone())),
        };
        let (kind, reason) = (trip.evidence.kind, trip.reason.clone());
        Self { at: trip.at, kind, reason, outcome, restored_at, because }
    }
}

/// Name, bus and ARN of a rule.
pub(super) fn rule_ref(rule: &RuleArn) -> RuleRef {
    RuleRef::of(rule)
}

pub(super) fn disabled_at(record: &Record) -> Option<Timestamp> {
    record.breaker.disabled().map(|disabled| disabled.at)
}

/// Firings as text: `12 of 200 in 60s`.
pub(super) fn firings(record: &Record, now: Timestamp) -> String {
    let limit = record.window.limit();
    let about = if limit.is_sampled() { "about " } else { "" };
    format!("{about}{} of {} in {}", count(record, now), limit.count, limit.window)
}

/// Firings as text for a table: `12 of 200`.
pub(super) fn firings_in_brief(record: &Record, now: Timestamp) -> String {
    let limit = record.window.limit();
    let about = if limit.is_sampled() { "~" } else { "" };
    format!("{about}{} of {}", count(record, now), limit.count)
}

/// Last trip for a table, as in `3h turns, restored`: age, kind and outcome.
pub(super) fn trip_in_brief(trip: &Trip, now: Timestamp) -> String {
    let kind = match trip.evidence.kind {
        _ if trip.evidence.own.as_ref().is_some_and(|own| !own.cycle.is_empty()) => "cycle",
        EvidenceKind::Burst => "rate",
        EvidenceKind::Turns => "turns",
        EvidenceKind::Surplus => "surplus",
        EvidenceKind::Sustained => "sustained",
        EvidenceKind::Manual => "by hand",
    };
    let age = ago(trip.at, now);
    let age = age.strip_suffix(" ago").unwrap_or("now");
    format!("{age} {kind}, {}", TripView::new(trip).outcome)
}

/// Number of firings in the present window. A rule that is cut does not fire.
fn count(record: &Record, now: Timestamp) -> u64 {
    match record.breaker {
        Breaker::Open(_) | Breaker::Restoring(_) => 0,
        Breaker::Closed | Breaker::HalfOpen { .. } => record.window.count_at(now),
    }
}

/// Result of a trip, in a sentence.
pub(super) fn outcome(record: &Record, trip: &Trip, now: Timestamp) -> String {
    match (&trip.outcome, &record.breaker) {
        (Outcome::Restored { at }, _) => format!("put back as it was at {}", time_ago(*at, now)),
        (Outcome::Spared { because }, _) => format!("not disabled, because {because}"),
        (Outcome::Undone { at }, _) => format!("undone by someone else at {}", time_ago(*at, now)),
        (Outcome::Cut, Breaker::Open(cut)) => match cut.disabled() {
            Some(disabled) => format!("disabled at {}", time_ago(disabled.at, now)),
            None => "about to be disabled".to_owned(),
        },
        (Outcome::Cut, Breaker::Restoring(restore)) => {
            format!("disabled; being put back since {}", time_ago(restore.since, now))
        }
        (Outcome::Cut, Breaker::Closed | Breaker::HalfOpen { .. }) => "the cut was given up".to_owned(),
    }
}

/// Lines about the outcome of the last cut, and the events that the rule missed.
pub(super) fn aftermath(record: &Record) -> Vec<(&'static str, String)> {
    let tripped = record.last_trip.as_ref().map(|trip| trip.at);
    // A later trip without a cut has no outcome.
    let of_last_trip = record.aftermath.as_ref().filter(|after| tripped.is_none_or(|at| at <= after.cut_at));
    let Some(after) = of_last_trip else { return Vec::new() };
    let mut lines = vec![("Outcome", after.outcome.to_string())];
    if after.missed.total() > 0 {
        let callers = after.missed.callers.iter().map(|one| format!("{} by {}", one.count, one.principal));
        let callers = callers.collect::<Vec<_>>().join(", ");
        lines.push(("Missed", after.missed.to_string()));
        lines.push(("", format!("most often {callers}")));
    }
    lines
}

/// Unfinished steps, in a few words each.
pub(super) fn unfinished(record: &Record) -> Vec<String> {
    let mut notes = Vec::new();
    let failures = record.work.failures;
    if failures > 0 {
        let verb = if matches!(record.breaker, Breaker::Restoring { .. }) { "restore" } else { "disable" };
        notes.push(format!("{} to {verb} failed", plural(failures, "attempt")));
    }
    let (alerts, attempts) = (record.outbox.len(), record.outbox.failures());
    if alerts > 0 {
        let failed =
            if attempts > 0 { format!(", {} failed", plural(attempts, "attempt")) } else { String::new() };
        notes.push(format!("{} not yet published{failed}", plural(alerts as u64, "alert")));
    }
    notes
}

/// Sentence about a change of the pattern by `cure`.
pub(super) fn pattern_change(change: &PatternChange, now: Timestamp) -> String {
    let at = time_ago(change.at, now);
    match change.stage {
        Stage::Applying => format!("{} began to put the cure {at}; it is not confirmed", change.by),
        Stage::Applied => format!("{} put the cure {at}", change.by),
        Stage::Undoing => {
            format!("{} began to put the old pattern back {at}; it is not confirmed", change.by)
        }
    }
}
