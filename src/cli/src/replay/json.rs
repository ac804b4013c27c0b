//! The report of `replay` as JSON.

use budget_guard_core::model::{Seconds, Timestamp};
use budget_guard_core::prices;
use budget_guard_core::replay::{
    BusiestWindow, Place, PlaceReport, RuleReport, RuleSpec, WouldTrip, smallest_limit,
};
use budget_guard_core::verdict::{EvidenceKind, OwnEvidence};
use serde::Serialize;

use super::Report;
use super::interrupt::is_interrupted;
use super::read::Trouble;
use super::verdict::{TripCost, Verdict};
use crate::commands::acting::Knowledge;
use crate::rule_file::BadPattern;

/// The report in `replay --output json`.
#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    /// Number of distinct records.
    events: u64,
    /// Number of records and files that could not be read.
    skipped: u64,
    /// True if Ctrl-C ended the reading, so that the rest of the files is missing.
    is_interrupted: bool,
    /// Number of records that had been read before.
    duplicates: u64,
    files: usize,
    /// Time of the first record. `last` is that of the last.
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    limit: String,
    /// Accounts and Regions of the records.
    places: Vec<PlaceView<'a>>,
    /// Month of the list prices.
    prices_as_of: &'static str,
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
    verdict: Verdict,
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
    /// Firings by account and Region.
    places: Vec<FiredView<'a>>,
}

/// Account and Region. Empty if a record does not name it.
#[derive(Debug, Serialize)]
struct PlaceView<'a> {
    account: &'a str,
    region: &'a str,
}

/// Firings of a rule in one account and Region.
#[derive(Debug, Serialize)]
struct FiredView<'a> {
    #[serde(flatten)]
    place: PlaceView<'a>,
    verdict: Verdict,
    firings: u64,
    own: Option<u64>,
    /// Number of calls with the role of a target, in sessions that do not show that the target made them.
    unplaced: Option<u64>,
    peak: PeakView,
    trip: Option<TripView<'a>>,
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
    /// Number of firings up to the trip, and after it.
    firings_before: u64,
    firings_after: u64,
    /// Number of the rule's own calls among the firings after it. Null if the file has no targets.
    own_after: Option<u64>,
    /// Cost of the firings at list price. Null if the file has no targets.
    cost: Option<TripCost>,
    /// Length of the time before the trip that the logs cover, at most 14 days.
    known_past_seconds: i64,
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
            is_interrupted: is_interrupted(),
            duplicates: collected.duplicates,
            files: report.files,
            first: collected.first,
            last: collected.last,
            limit: report.limit.to_string(),
            places: collected.places().into_iter().map(PlaceView::new).collect(),
            prices_as_of: prices::AS_OF,
            rules,
            unknown: &report.bad_patterns,
            left_out: left_out.collect(),
            problems: report.reading.troubles.iter().map(ProblemView::new).collect(),
        }
    }
}

impl<'a> RuleView<'a> {
    fn new(rule: &'a RuleSpec, outcome: &'a RuleReport, window: Seconds) -> Self {
        let fired = |place: &'a PlaceReport| FiredView {
            place: PlaceView::new(&place.place),
            verdict: Verdict::new(rule, outcome, place.trip.as_ref()),
            firings: place.firings,
            own: outcome.has_targets.then_some(place.own),
            unplaced: outcome.has_targets.then_some(place.unplaced),
            peak: PeakView::new(place.peak, window),
            trip: place.trip.as_ref().map(|would| TripView::new(rule, would)),
        };
        Self {
            rule: &rule.name,
            arn: rule.arn.as_ref().map(|arn| arn.as_str()),
            verdict: Verdict::new(rule, outcome, outcome.trip()),
            firings: outcome.firings(),
            own: outcome.own(),
            who_acts: Knowledge::of_listed(rule),
            peak: PeakView::new(outcome.peak(), window),
            trip: outcome.trip().map(|would| TripView::new(rule, would)),
            smallest_limit: smallest_limit(outcome.peak(), window),
            read_only: outcome.uncounted.withheld,
            undecided: outcome.uncounted.undecided,
            elsewhere: outcome.uncounted.elsewhere,
            places: outcome.places.iter().map(fired).collect(),
        }
    }
}

impl<'a> PlaceView<'a> {
    fn new(place: &'a Place) -> Self {
        Self { account: &place.account, region: &place.region }
    }
}

impl PeakView {
    fn new(peak: Option<BusiestWindow>, window: Seconds) -> Self {
        Self {
            count: peak.map_or(0, |peak| peak.count),
            window_seconds: window,
            at: peak.map(|peak| peak.at),
        }
    }
}

impl<'a> TripView<'a> {
    fn new(rule: &RuleSpec, would: &'a WouldTrip) -> Self {
        let evidence = &would.trip.evidence;
        let callers = evidence.callers.iter().map(|one| CallerView {
            principal: &one.principal,
            count: one.count,
            is_target: one.is_target,
        });
        Self {
            at: would.trip.at,
            kind: evidence.kind,
            reason: &would.trip.reason,
            firings_before: would.firings_before,
            firings_after: would.firings_after,
            own_after: rule.targets.is_some().then_some(would.own_after),
            cost: TripCost::new(rule, would),
            known_past_seconds: would.known_past.as_secs(),
            callers: callers.collect(),
            own: evidence.own.as_ref(),
        }
    }
}

impl<'a> ProblemView<'a> {
    fn new(trouble: &'a Trouble) -> Self {
        Self { file: trouble.file.display().to_string(), record: trouble.record, problem: &trouble.problem }
    }
}
