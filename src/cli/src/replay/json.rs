//! The report of `replay` as JSON.

use budget_guard_core::model::{Seconds, Timestamp};
use budget_guard_core::replay::{RuleReport, RuleSpec};
use budget_guard_core::verdict::{EvidenceKind, OwnEvidence};
use serde::Serialize;

use super::Report;
use super::read::Trouble;
use crate::commands::acting::Knowledge;
use crate::rule_file::BadPattern;

/// The report in `replay --output json`.
#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    /// Number of distinct records.
    events: u64,
    /// Number of records and files that could not be read.
    skipped: u64,
    /// Number of records that had been read before.
    duplicates: u64,
    files: usize,
    /// Time of the first record. `last` is that of the last.
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    limit: String,
    rules: Vec<RuleView<'a>>,
    /// Rules whose patterns do not compile.
    unknown: &'a [BadPattern],
    left_out: Vec<LeftOut<'a>>,
    /// The first problems; `skipped` is their total.
    problems: Vec<ProblemView<'a>>,
}

/// Result for one rule.
#[derive(Debug, Serialize)]
struct RuleView<'a> {
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    firings: u64,
    /// Number of firings that the rule's own targets caused. Null if the file has no targets.
    own: Option<u64>,
    /// Knowledge of the targets' actors: known, partly known or unknown. Null if the file has no targets.
    who_acts: Option<Knowledge>,
    peak: PeakView,
    trip: Option<TripView<'a>>,
    smallest_limit: String,
    /// Number of matching events that a rule in state `ENABLED` does not get, because the call is read-only by its
    /// name.
    read_only: u64,
    /// Number of events that the matcher could not decide.
    undecided: u64,
    /// Number of matching events from another account or Region.
    elsewhere: u64,
}

/// The window with the most firings.
#[derive(Debug, Serialize)]
struct PeakView {
    count: u64,
    window_seconds: Seconds,
    at: Option<Timestamp>,
}

/// The trip that would have happened.
#[derive(Debug, Serialize)]
struct TripView<'a> {
    at: Timestamp,
    kind: EvidenceKind,
    reason: &'a str,
    firings_before: u64,
    callers: Vec<CallerView<'a>>,
    /// Evidence by the rule's own calls: the finding, the resource, the cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<&'a OwnEvidence>,
}

/// A principal that caused firings.
#[derive(Debug, Serialize)]
struct CallerView<'a> {
    principal: &'a str,
    count: u32,
    /// True if it is an actor of the rule's targets, as far as the file has them.
    is_target: bool,
}

/// A rule that was not replayed.
#[derive(Debug, Serialize)]
struct LeftOut<'a> {
    rule: &'a str,
    reason: &'a str,
}

/// A file or record that could not be read.
#[derive(Debug, Serialize)]
struct ProblemView<'a> {
    file: String,
    /// Number of the record, from 1. None if the whole file could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<u64>,
    problem: &'a str,
}

impl<'a> View<'a> {
    pub(super) fn new(report: &'a Report<'_>) -> Self {
        let collected = &report.reading.collected;
        let window = report.limit.window;
        let rules = report.rules.iter().map(|(rule, outcome)| RuleView::new(rule, outcome, window)).collect();
        let left_out = report.left_out.iter().map(|(rule, reason)| LeftOut { rule: &rule.name, reason });
        Self {
            events: collected.events,
            skipped: report.reading.skipped,
            duplicates: collected.duplicates,
            files: report.files,
            first: collected.first,
            last: collected.last,
            limit: report.limit.to_string(),
            rules,
            unknown: &report.bad_patterns,
            left_out: left_out.collect(),
            problems: report.reading.troubles.iter().map(ProblemView::new).collect(),
        }
    }
}

impl<'a> RuleView<'a> {
    fn new(rule: &'a RuleSpec, outcome: &'a RuleReport, window: Seconds) -> Self {
        let trip = outcome.trip.as_ref().map(|would| {
            let callers = would.trip.evidence.callers.iter();
            let callers = callers.map(|one| CallerView {
                principal: &one.principal,
                count: one.count,
                is_target: one.is_target,
            });
            TripView {
                at: would.trip.at,
                kind: would.trip.evidence.kind,
                reason: &would.trip.reason,
                firings_before: would.firings_before,
                callers: callers.collect(),
                own: would.trip.evidence.own.as_ref(),
            }
        });
        Self {
            rule: &rule.name,
            arn: rule.arn.as_ref().map(|arn| arn.as_str()),
            firings: outcome.firings,
            own: outcome.own,
            who_acts: Knowledge::of_listed(rule),
            peak: PeakView {
                count: outcome.peak.map_or(0, |peak| peak.count),
                window_seconds: window,
                at: outcome.peak.map(|peak| peak.at),
            },
            trip,
            smallest_limit: outcome.smallest_limit(window),
            read_only: outcome.uncounted.withheld,
            undecided: outcome.uncounted.undecided,
            elsewhere: outcome.elsewhere,
        }
    }
}

impl<'a> ProblemView<'a> {
    fn new(trouble: &'a Trouble) -> Self {
        Self { file: trouble.file.display().to_string(), record: trouble.record, problem: &trouble.problem }
    }
}
