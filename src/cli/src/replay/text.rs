//! The report of `replay` as text: a table and totals.

use std::fmt::Display;

use budget_guard_core::model::{Timestamp, plural, printable, whole_seconds};
use budget_guard_core::replay::{Place, PlaceReport, RuleReport, RuleSpec};
use comfy_table::{Cell, Color};

use super::Report;
use super::verdict::{Verdict, is_told};
use crate::commands::table;

/// Table of the rules that fired, by number of firings, and the totals.
pub(super) fn table(report: &Report<'_>) -> String {
    let has_targets = report.with_targets() > 0;
    let fired = || report.rules.iter().filter(|(_, outcome)| outcome.firings() > 0);
    let places = fired_places(report);
    let has_places = places.len() > 1;
    let row = |rule: &RuleSpec, outcome: &RuleReport, place: &PlaceReport| {
        let mut row = vec![table::cell(printable(&rule.name))];
        row.extend(has_places.then(|| table::cell(&place.place)));
        row.push(table::cell(place.firings));
        row.extend(has_targets.then(|| table::cell(own_calls(rule, outcome, place))));
        row.extend(verdict_cells(report, rule, outcome, place));
        row
    };
    let mut header = vec!["RULE"];
    header.extend(has_places.then_some("PLACE"));
    header.push("FIRINGS");
    header.extend(has_targets.then_some("OWN"));
    header.extend(["PEAK", "PEAK AT", "VERDICT", "TRIP AT", "LIMIT NEEDED"]);
    let rows =
        fired().flat_map(|(rule, outcome)| outcome.places.iter().map(|place| row(rule, outcome, place)));
    let rows: Vec<Vec<Cell>> = rows.collect();
    let table = if rows.is_empty() { String::new() } else { table::render(&header, rows) + "\n" };
    let place = places.first().filter(|_| !has_places);
    table + &totals(report, fired().count(), place)
}

/// Distinct places in which rules fired. Rules without a place of their own are judged in each place of the logs.
pub(super) fn fired_places<'a>(report: &'a Report<'_>) -> Vec<&'a Place> {
    let places = report.rules.iter().flat_map(|(_, outcome)| outcome.places.iter());
    let mut places: Vec<&Place> = places.map(|one| &one.place).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Cells of the peak, the verdict, the trip and the limit.
fn verdict_cells(
    report: &Report<'_>,
    rule: &RuleSpec,
    outcome: &RuleReport,
    place: &PlaceReport,
) -> [Cell; 5] {
    let window = report.limit.window;
    let peak = place.peak.map_or("-".to_owned(), |peak| format!("{} in {window}", peak.count));
    let at = place.peak.map_or("-".to_owned(), |peak| time(peak.at));
    let trip = place.trip.as_ref();
    let verdict = Verdict::new(rule, outcome, trip);
    let shown = table::cell(verdict);
    let shown = match verdict {
        Verdict::Proved | Verdict::OverLimit => shown.fg(Color::Red),
        Verdict::Unproved | Verdict::NotInLogs => shown.fg(Color::Yellow),
        Verdict::Quiet => shown,
    };
    let trip_at = trip.map_or("-".to_owned(), |would| time(would.trip.at));
    // A limit of the rate does not stop a rule that fires itself.
    let limit = if verdict == Verdict::Proved { "-".to_owned() } else { place.smallest_limit(window) };
    [table::cell(peak), table::cell(at), shown, table::cell(trip_at), table::cell(limit)]
}

/// Number of the rule's own calls, or `unknown` if the actors of its targets are not known.
pub(super) fn own_calls(rule: &RuleSpec, outcome: &RuleReport, place: &PlaceReport) -> String {
    match outcome.has_targets.then_some(place.own) {
        None => "-".to_owned(),
        Some(0) if !is_told(rule) || place.is_doubtful => "unknown".to_owned(),
        Some(own) => own.to_string(),
    }
}

fn totals(report: &Report<'_>, fired: usize, place: Option<impl Display>) -> String {
    let collected = &report.reading.collected;
    let mut events =
        format!("{} in {}", plural(collected.events, "event"), plural(report.files as u64, "file"));
    if let (Some(first), Some(last)) = (collected.first, collected.last) {
        events.push_str(&format!(", {} to {}", time(first), time(last)));
    }
    if collected.duplicates > 0 {
        events.push_str(&format!("; {} counted once", plural(collected.duplicates, "duplicate")));
    }
    let tripped = report.tripped().count();
    let rules = plural(report.rules.len() as u64, "rule");
    let place = place.map(|place| format!(" in {place}")).unwrap_or_default();
    let or_proved = if report.with_targets() > 0 { " or as a proved loop" } else { "" };
    format!(
        "{events}.\n{fired} of {rules} fired{place}, {tripped} would have tripped at {}{or_proved}.\n",
        report.limit
    )
}

/// Time in whole seconds.
pub(super) fn time(at: Timestamp) -> String {
    whole_seconds(at).to_string()
}
