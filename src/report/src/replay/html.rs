//! Report of a replay as one HTML page.

use budget_guard_core::model::{grouped, plural};
use maud::{Markup, html};

use super::{Advice, Importance, ReplayReport, ReplayRow, Tone};
use crate::chart::{SLICES, sparkline};
use crate::page::{self, section, table};

/// Columns of the table of rules.
const HEADER: [&str; 8] =
    ["Rule", "Verdict", "Firings", "Over time", "Own calls", "Peak", "Trip at", "Limit needed"];

/// Page about a replay, complete in itself.
pub fn replay_html(report: &ReplayReport) -> String {
    let rows: Vec<Vec<Markup>> = report.rows.iter().map(|row| cells(report, row)).collect();
    let caption = "Rules that would have tripped first, then by number of firings";
    let body = html! {
        (verdict(report))
        (cards(report))
        (section("rules", "Rules", &html! {
            @if rows.is_empty() { p { "No rule was judged." } } @else { (table(caption, &HEADER, &rows)) }
            @if rows.iter().len() > 0 { p.muted { "Each curve covers the whole time of the logs. Its highest slice has the full height; the slice of a trip is red, and its time stands beside it." } }
        }))
        (section("trips", "Why they would have tripped", &trips(report)))
        (section("advice", "Advice", &advice(report)))
    };
    page::page("Replay of CloudTrail logs", report.now, &body)
}

fn verdict(report: &ReplayReport) -> Markup {
    let class = match report.tripped {
        0 if report.warns() => "warn",
        0 => "good",
        _ => "bad",
    };
    html! {
        h1 { "Replay of CloudTrail logs" }
        div.verdict.(class) {
            span.word { (report.headline()) }
            p { (report.input()) ". Judged at the limit of " (report.limit) "." }
            @if report.is_partial { p { "A part of the input was left out: a quiet rule may not be quiet." } }
        }
    }
}

fn cards(report: &ReplayReport) -> Markup {
    let of = |tone: Tone| report.rows.iter().filter(|row| row.tone == tone).count() as u64;
    let firings: u64 = report.rows.iter().map(|row| row.firings).sum();
    let own_trips = report.rows.iter().filter_map(|row| row.cost);
    let avoided = own_trips.map(|(_, after)| after).reduce(|one, other| one.plus(other));
    html! {
        ul.cards {
            li { strong { (grouped(report.events)) } span { "events in " (plural(report.files, "file")) } }
            li { strong { (grouped(firings)) } span { "firings of " (plural(report.rules, "rule")) } }
            li { strong { (of(Tone::Bad)) } span { "would have tripped" } }
            li { strong { (of(Tone::Warning)) } span { "not proved, or not in the logs" } }
            @if let Some(avoided) = avoided {
                li { strong { (avoided) } span { "of firings after the trips, at list price" } }
            }
        }
    }
}

fn cells(report: &ReplayReport, row: &ReplayRow) -> Vec<Markup> {
    let trip = row.trip.as_ref().and_then(|(at, _)| report.slice_of(at.as_second(), SLICES));
    let name = format!("Firings of {} over time: {}, peak {}", row.rule, row.firings, row.peak_words());
    vec![
        html! { strong { (row.rule) } @if let Some(place) = &row.place { br; span.muted { (place) } } },
        html! { span.word.(class(row.tone)) { (row.verdict) } },
        html! { span.number { (grouped(row.firings)) } },
        html! { span.spark { @if row.firings > 0 { (sparkline(&name, &report.slices(row, SLICES), trip)) } @else { "-" } } },
        html! { span { (row.own) } },
        html! { span { (row.peak_words()) } },
        html! { span.time { (row.trip_words()) } },
        html! { span { (row.limit_needed.as_deref().unwrap_or("-")) } },
    ]
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Warning => "warn",
        Tone::Good => "good",
    }
}

fn trips(report: &ReplayReport) -> Markup {
    let trips: Vec<_> = report.rows.iter().filter_map(|row| Some((row, row.trip.as_ref()?))).collect();
    html! {
        @if trips.is_empty() { p { "None would have tripped." } }
        @for (row, (_, reason)) in trips {
            p {
                strong { (row.rule) } ": " (reason) "."
                @if let Some((before, after)) = row.cost { " Firings at list price: " (before) " up to the trip, " (after) " after it." }
            }
        }
    }
}

fn advice(report: &ReplayReport) -> Markup {
    html! {
        @if report.advice.is_empty() { p { "None." } }
        @for Advice { importance, text } in &report.advice {
            @let (class, word) = match importance {
                Importance::Warning => ("warn", "Warning"),
                Importance::Note => ("", "Note"),
                Importance::Hint => ("good", "Hint"),
            };
            p { span.word.(class) { (word) } ": " (text) }
        }
    }
}
