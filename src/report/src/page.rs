//! Frame of a page: its head with the policy and the style, the heading, and the foot.

use budget_guard_core::escape::plain;
use budget_guard_core::model::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::words::time;

/// No request may leave the page, and no script runs in it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
/// Style of all pages.
const STYLE: &str = include_str!("style.css");

/// Complete page with this title and content.
pub(crate) fn page(title: &str, now: Timestamp, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                // Without it, browsers ask the folder of the file for one.
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                footer { "Made by budget-guard at " (time(now)) ". All times are UTC." }
            }
        }
    };
    // Texts of strangers are escaped as HTML by now. Here go the characters that change the direction of text or hide.
    page.into_string().lines().map(|line| plain(line) + "\n").collect()
}

/// Section with a heading.
pub(crate) fn section(id: &str, heading: &str, content: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby=(format!("{id}-heading")) {
            h2 id=(format!("{id}-heading")) { (heading) }
            (content)
        }
    }
}

/// Table with a header row, in a box of its own that scrolls on narrow screens.
pub(crate) fn table(caption: &str, header: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for cell in header { th scope="col" { (cell) } } } }
                tbody { @for row in rows { tr { @for (cell, label) in row.iter().zip(header) { td data-label=(label) { (cell) } } } } }
            }
        }
    }
}

/// Closed box with the numbers of a chart.
pub(crate) fn numbers(table: &Markup) -> Markup {
    html! { details { summary { "The numbers of this chart" } (table) } }
}
