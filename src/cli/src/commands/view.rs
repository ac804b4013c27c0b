//! What is shown of a record: as JSON with fixed field names, and the phrases of the text form.

use budget_guard_core::alerts::RuleRef;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::{RuleArn, Timestamp, plural};
use budget_guard_core::record::{Outcome, Record, Trip};
use budget_guard_core::verdict::EvidenceKind;
use serde::Serialize;

use super::acting::Knowledge;
use crate::when::{ago, time_ago};

/// One rule in `status --output json`.
#[derive(Debug, Serialize)]
pub struct ListedView {
    #[serde(flatten)]
    pub record: RuleView,
    /// Null if the directory does not have the rule with its targets.
    pub who_acts: Option<Knowledge>,
}

/// The record of a rule.
#[derive(Debug, Serialize)]
pub struct RuleView {
    pub rule: RuleRef,
    pub breaker: &'static str,
    pub disabled_at: Option<Timestamp>,
    pub epoch: u64,
    pub firings: FiringsView,
    /// Deliveries after the cut or from before the epoch.
    pub late: u64,
    pub last_trip: Option<TripView>,
    pub pending_alerts: usize,
    /// Failed attempts in a row to disable or restore the rule, and to publish an alert.
    pub failed_changes: u32,
    pub failed_alerts: u32,
}

#[derive(Debug, Serialize)]
pub struct FiringsView {
    pub count: u64,
    pub limit: u32,
    pub window_seconds: u32,
    pub is_estimate: bool,
}

#[derive(Debug, Serialize)]
pub struct TripView {
    pub at: Timestamp,
    pub kind: EvidenceKind,
    pub reason: String,
    pub outcome: &'static str,
    pub restored_at: Option<Timestamp>,
    pub because: Option<String>,
}

impl RuleView {
    pub fn new(record: &Record, now: Timestamp) -> Self {
        let limit = record.window.limit();
        Self {
            rule: rule_ref(&record.rule),
            breaker: record.breaker.word(),
            disabled_at: disabled_at(record),
            epoch: record.epoch.number,
            firings: FiringsView {
                count: record.window.count_at(now),
                limit: limit.count.get(),
                window_seconds: limit.window.get(),
                is_estimate: limit.is_sampled(),
            },
            late: record.late,
            last_trip: record.last_trip.as_ref().map(TripView::new),
            pending_alerts: record.outbox.len(),
            failed_changes: record.work.failures,
            failed_alerts: record.outbox.failures(),
        }
    }
}

impl TripView {
    pub fn new(trip: &Trip) -> Self {
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

pub fn rule_ref(rule: &RuleArn) -> RuleRef {
    RuleRef::of(rule)
}

pub fn disabled_at(record: &Record) -> Option<Timestamp> {
    match &record.breaker {
        Breaker::Open(cut) => cut.disabled_at,
        Breaker::Closed | Breaker::Restoring { .. } | Breaker::HalfOpen { .. } => None,
    }
}

/// `12 of 200 in 60s`.
pub fn firings(record: &Record, now: Timestamp) -> String {
    let limit = record.window.limit();
    let about = if limit.is_sampled() { "about " } else { "" };
    format!("{about}{} of {} in {}", record.window.count_at(now), limit.count, limit.window)
}

/// The last trip in a few words: when, why, and what came of it.
pub fn last_trip(trip: &Trip, now: Timestamp) -> String {
    let evidence = &trip.evidence;
    let why = match (evidence.kind, evidence.window_seconds) {
        (EvidenceKind::Burst, Some(window)) => format!("{} firings in {window}", evidence.count),
        // The details after the numbers are for `explain`.
        _ if evidence.own.is_some() => trip.reason.split(": ").next().unwrap_or_default().to_owned(),
        _ => trip.reason.clone(),
    };
    let end = match &trip.outcome {
        Outcome::Cut => String::new(),
        Outcome::Restored { at } => format!("; restored {}", ago(*at, now)),
        Outcome::Undone { at } => format!("; undone by someone else {}", ago(*at, now)),
        Outcome::Spared { because } => format!("; not cut, because {because}"),
    };
    format!("{}: {why}{end}", ago(trip.at, now))
}

/// What came of a trip, in a sentence.
pub fn outcome(record: &Record, trip: &Trip, now: Timestamp) -> String {
    match (&trip.outcome, &record.breaker) {
        (Outcome::Restored { at }, _) => format!("put back as it was at {}", time_ago(*at, now)),
        (Outcome::Spared { because }, _) => format!("not disabled, because {because}"),
        (Outcome::Undone { at }, _) => format!("undone by someone else at {}", time_ago(*at, now)),
        (Outcome::Cut, Breaker::Open(cut)) => match cut.disabled_at {
            Some(at) => format!("disabled at {}", time_ago(at, now)),
            None => "about to be disabled".to_owned(),
        },
        (Outcome::Cut, Breaker::Restoring { since, .. }) => {
            format!("disabled; being put back since {}", time_ago(*since, now))
        }
        (Outcome::Cut, Breaker::Closed | Breaker::HalfOpen { .. }) => "the cut was given up".to_owned(),
    }
}

/// What is left undone, in a few words each.
pub fn unfinished(record: &Record) -> Vec<String> {
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
