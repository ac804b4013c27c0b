//! Report of a replay as Markdown, for a pull request.

use budget_guard_core::escape::plain;
use budget_guard_core::model::{Seconds, grouped};
use budget_guard_core::verdict::Curve;

use super::{Advice, Importance, ReplayReport, ReplayRow};

/// Number of bars in a cell.
const BARS: usize = 20;

/// Report of a replay in GitHub's Markdown.
pub fn replay_markdown(report: &ReplayReport) -> String {
    let mut text = format!("## {}\n\n", report.headline());
    text += &format!("{}. Judged at the limit of {}.\n", report.input(), report.limit);
    if report.is_partial {
        text += "\n**A part of the input was left out: a quiet rule may not be quiet.**\n";
    }
    if !report.rows.is_empty() {
        text += "\n| rule | verdict | firings | over time | own calls | peak | trip at | limit needed |\n";
        text += "|---|---|---:|---|---|---|---|---|\n";
        report.rows.iter().for_each(|row| text += &line(report, row));
    }
    let trips = report.rows.iter().filter_map(|row| Some((row, row.trip.as_ref()?)));
    for (n, (row, (_, reason))) in trips.enumerate() {
        text += if n == 0 { "\n### Why they would have tripped\n\n" } else { "" };
        text += &format!("- **{}**: {}\n", escaped(&row.rule), escaped(reason));
    }
    for (n, Advice { importance, text: advice }) in report.advice.iter().enumerate() {
        text += if n == 0 { "\n### Advice\n\n" } else { "" };
        let word = match importance {
            Importance::Warning => "**Warning**: ",
            Importance::Note => "",
            Importance::Hint => "**Hint**: ",
        };
        text += &format!("- {word}{}\n", escaped(advice));
    }
    text
}

fn line(report: &ReplayReport, row: &ReplayRow) -> String {
    let place = row.place.as_ref().map(|place| format!("<br>{}", escaped(place))).unwrap_or_default();
    let cells = [
        format!("{}{place}", escaped(&row.rule)),
        escaped(&row.verdict),
        grouped(row.firings),
        curve(report, row),
        escaped(&row.own),
        escaped(&row.peak_words()),
        escaped(&row.trip_words()),
        escaped(row.limit_needed.as_deref().unwrap_or("-")),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// Bars of text. A slice without a firing is a point, because Markdown joins spaces.
fn curve(report: &ReplayReport, row: &ReplayRow) -> String {
    if row.firings == 0 {
        return "-".to_owned();
    }
    let counts = report.slices(row, BARS).into_iter();
    let counts = counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX)).collect();
    Curve { slice_seconds: Seconds::new(1), counts }.sparkline().replace(' ', "·")
}

/// One line of text without meaning in Markdown or HTML. A comment after `@` and `#` keeps GitHub from naming people and
/// issues.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    let text = plain(text);
    let mut characters = text.trim().chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            // Two of these in a row are the middle of an address.
            ':' if characters.peek() != Some(&'/') => shown.push(c),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '@' | '#' => shown.extend(['\\', c, '<', '!', '-', '-', ' ', '-', '-', '>']),
            '.' | ',' | ';' | '-' | '(' | ')' | '"' | '\'' | '%' | '=' | '/' | '+' | '?' => shown.push(c),
            c if c.is_ascii_punctuation() => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    shown.replace("www.", "www\\.")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_have_no_meaning_in_markdown() {
        let check = |text: &str, shown: &str| assert_eq!(escaped(text), shown);
        check("fix-acl", "fix-acl");
        check("a|b\n| c `d` *e* _f_", "a\\|b\\\\n\\| c \\`d\\` \\*e\\* \\_f\\_");
        check("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;");
        check("[x](https://evil)", "\\[x\\](https\\://evil)");
        check("@ann #1", "\\@<!-- -->ann \\#<!-- -->1");
        check("www.evil.example", "www\\.evil.example");
        check("\u{202e}x", "\\\\u\\{202e\\}x");
    }
}
