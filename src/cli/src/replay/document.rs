//! The report of `replay` as a document: its data for HTML and Markdown.

use budget_guard_core::model::Timestamp;
use budget_guard_core::replay::{PlaceReport, RuleReport, RuleSpec};
use budget_guard_report::{Advice, ReplayReport, ReplayRow, Tone};

use super::Report;
use super::interrupt::is_interrupted;
use super::text::{fired_places, own_calls};
use super::verdict::{TripCost, Verdict};

/// Data of the document.
pub(super) fn report(report: &Report<'_>, advice: Vec<Advice>, now: Timestamp) -> ReplayReport {
    let collected = &report.reading.collected;
    let has_places = fired_places(report).len() > 1;
    let rows = report.rules.iter().flat_map(|(rule, outcome)| rows(report, rule, outcome, has_places));
    ReplayReport {
        limit: report.limit.to_string(),
        events: collected.events,
        files: report.files as u64,
        period: collected.first.zip(collected.last),
        rules: report.rules.len() as u64,
        tripped: report.tripped().count() as u64,
        is_partial: report.is_partial() || is_interrupted(),
        rows: rows.collect(),
        advice,
        now,
    }
}

/// Rows of a rule: one for each place. A rule that did not fire has one row without a place.
fn rows(report: &Report<'_>, rule: &RuleSpec, outcome: &RuleReport, has_places: bool) -> Vec<ReplayRow> {
    match &outcome.places[..] {
        [] => vec![quiet(rule, outcome)],
        places => {
            let row = |place: &PlaceReport| ReplayRow {
                place: has_places.then(|| place.place.to_string()),
                ..row(report, rule, outcome, place)
            };
            places.iter().map(row).collect()
        }
    }
}

fn row(report: &Report<'_>, rule: &RuleSpec, outcome: &RuleReport, place: &PlaceReport) -> ReplayRow {
    let verdict = Verdict::new(rule, outcome, place.trip.as_ref());
    let cost = place.trip.as_ref().and_then(|would| TripCost::new(rule, would));
    ReplayRow {
        verdict: verdict.to_string(),
        tone: tone(verdict),
        firings: place.firings,
        own: own_calls(rule, outcome, place),
        peak: place.peak,
        trip: place.trip.as_ref().map(|would| (would.trip.at, would.trip.reason.clone())),
        cost: cost.map(|cost| (cost.before, cost.after)),
        limit_needed: (verdict != Verdict::Proved).then(|| place.smallest_limit(report.limit.window)),
        minutes: place.minutes.clone(),
        ..quiet(rule, outcome)
    }
}

fn quiet(rule: &RuleSpec, outcome: &RuleReport) -> ReplayRow {
    let verdict = Verdict::new(rule, outcome, None);
    ReplayRow {
        rule: rule.name.clone(),
        place: None,
        verdict: verdict.to_string(),
        tone: tone(verdict),
        firings: 0,
        own: "-".to_owned(),
        peak: None,
        trip: None,
        cost: None,
        limit_needed: None,
        minutes: Vec::new(),
    }
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Proved | Verdict::OverLimit => Tone::Bad,
        Verdict::Unproved | Verdict::NotInLogs => Tone::Warning,
        Verdict::Quiet => Tone::Good,
    }
}
