//! Verdict: the first thing that the page says.

use budget_guard_core::alerts::quoted;
use budget_guard_core::record::Outcome;
use budget_guard_core::verdict::EvidenceKind;
use maud::{Markup, html};

use crate::explain::Explanation;

/// Heading and verdict.
pub(crate) fn show(explanation: &Explanation<'_>) -> Markup {
    let (class, word) = word(explanation);
    let outcome = explanation.aftermath().map(|after| after.outcome.to_string());
    let record = explanation.record;
    html! {
        h1 { "Rule " (quoted(&record.rule)) }
        div.verdict.(class) {
            span.word { (word) }
            p { "Why: " (explanation.trip.reason) "." }
            p { "Then: " (explanation.result) "." }
            @if let Some(outcome) = outcome { p { "Outcome: " (outcome) "." } }
            @if let Some(missing) = missing(explanation) { p { "Not proved, because " (missing) "." } }
        }
        p.muted { "Now " (record.breaker) ". " code { (record.rule) } }
    }
}

/// Class and words of the verdict.
fn word(explanation: &Explanation<'_>) -> (&'static str, &'static str) {
    let trip = explanation.trip;
    let is_cleared = explanation.aftermath().is_some_and(|after| after.outcome.clears());
    let is_cut = !matches!(trip.outcome, Outcome::Spared { .. });
    match trip.evidence.kind {
        _ if is_cleared => ("good", "No loop: the cut was wrong"),
        EvidenceKind::Manual => ("warn", "Cut by hand"),
        _ if explanation.record.is_proved_loop() && is_cut => ("bad", "Proved loop"),
        _ if explanation.record.is_proved_loop() => ("bad", "Proved loop, not cut"),
        _ if is_cut => ("warn", "Looked like a loop, and is not proved"),
        _ => ("warn", "Looks like a loop, and was not cut"),
    }
}

fn missing<'a>(explanation: &'a Explanation<'_>) -> Option<&'a str> {
    let own = explanation.trip.evidence.own.as_ref()?;
    own.missing.as_deref().filter(|_| !explanation.record.is_proved_loop())
}
