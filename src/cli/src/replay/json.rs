//! The report for scripts.

use budget_guard_core::model::{Seconds, Timestamp};
use budget_guard_core::replay::{ListedRule, Outcome};
use budget_guard_core::verdict::{EvidenceKind, OwnEvidence};
use serde::Serialize;

use super::Report;
use super::read::Trouble;
use crate::commands::acting::Knowledge;
use crate::rule_file::BadPattern;

#[derive(Debug, Serialize)]
pub struct View<'a> {
    /// Distinct records.
    events: u64,
    /// Records and files that could not be read.
    skipped: u64,
    /// Records that were there already.
    duplicates: u64,
    files: usize,
    /// Time of the first and the last record.
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    limit: String,
    rules: Vec<RuleView<'a>>,
    /// Rules about which nothing can be said.
    unknown: &'a [BadPattern],
    left_out: Vec<LeftOut<'a>>,
    /// The first of what was skipped.
    problems: Vec<ProblemView<'a>>,
}

#[derive(Debug, Serialize)]
struct RuleView<'a> {
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    firings: u64,
    /// Those that the rule's own targets caused; null if the file does not tell its targets.
    own: Option<u64>,
    /// Knowledge about who acts for the targets: known, partly known or unknown; null if the file does not tell them.
    who_acts: Option<Knowledge>,
    peak: PeakView,
    trip: Option<TripView<'a>>,
    smallest_limit: String,
    /// Events that match, but whose call's name keeps them from a rule in plain `ENABLED`.
    read_only: u64,
    /// Events about which the matcher could not decide.
    undecided: u64,
    /// Events that match, but are from another account or Region.
    elsewhere: u64,
}

#[derive(Debug, Serialize)]
struct PeakView {
    count: u64,
    window_seconds: Seconds,
    at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct TripView<'a> {
    at: Timestamp,
    kind: EvidenceKind,
    reason: &'a str,
    firings_before: u64,
    callers: Vec<CallerView<'a>>,
    /// Of the rule's own calls: the finding, the resource, the cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<&'a OwnEvidence>,
}

#[derive(Debug, Serialize)]
struct CallerView<'a> {
    principal: &'a str,
    count: u32,
    /// A target of the rule, as far as the file tells them.
    is_target: bool,
}

#[derive(Debug, Serialize)]
struct LeftOut<'a> {
    rule: &'a str,
    reason: &'a str,
}

#[derive(Debug, Serialize)]
struct ProblemView<'a> {
    file: String,
    /// From 1; none for the file as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<u64>,
    problem: &'a str,
}

impl<'a> View<'a> {
    pub fn new(report: &'a Report<'_>) -> Self {
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
    fn new(rule: &'a ListedRule, outcome: &'a Outcome, window: Seconds) -> Self {
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
