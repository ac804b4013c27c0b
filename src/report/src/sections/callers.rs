//! Callers: who made the calls that fired the rule, and the turns that they make up.

use budget_guard_core::model::{grouped, plural};
use budget_guard_core::verdict::{Evidence, EvidenceKind, Finding};
use maud::{Markup, html};

use crate::explain::Explanation;
use crate::page::{section, table};
use crate::words::percent;

/// Section about the callers.
pub(crate) fn show(explanation: &Explanation<'_>) -> Markup {
    let evidence = &explanation.trip.evidence;
    if evidence.kind == EvidenceKind::Manual {
        return section(
            "callers",
            "Who called",
            &html! { p { "Nothing was counted: a person cut the rule." } },
        );
    }
    let (own, all) = evidence.own_calls();
    let rows: Vec<Vec<Markup>> = evidence.callers.iter().map(|one| row(one, all.into())).collect();
    let content = html! {
        p { (turns(evidence)) }
        @if let Some(call) = &evidence.call { p { "API call: " code { (call) } } }
        @if let Some(resource) = evidence.own.as_ref().and_then(|own| own.resource.as_ref()) {
            p { "Resource: " code { (resource) } }
        }
        @if rows.is_empty() {
            p { "The record names no caller." }
        } @else {
            (table("Calls by caller, most frequent first", &["Caller", "Calls", "Share", "Target of the rule"], &rows))
        }
        @if own > 0 { p { (percent(own.into(), all.into())) " % of these calls came from the rule's own targets." } }
        (last_events(evidence))
    };
    section("callers", "Who called, turn by turn", &content)
}

fn row(caller: &budget_guard_core::verdict::CallerEvidence, all: u64) -> Vec<Markup> {
    let share = percent(caller.count.into(), all);
    vec![
        html! {
            code { (caller.principal) }
            @if let Some(issued_to) = &caller.issued_to {
                br; span.muted { "with credentials issued to " (issued_to) }
            }
        },
        html! { span.number { (grouped(caller.count.into())) } },
        html! { span.number { (share) " %" } span.share style=(format!("width:{share}%")) {} },
        html! { @if caller.is_target { "yes" } @else { "no" } },
    ]
}

/// Sentence about the turns that the calls make up.
fn turns(evidence: &Evidence) -> String {
    let own = plural(evidence.count, "call");
    match evidence.own.as_ref().map(|own| own.finding) {
        Some(Finding::Turns { turns } | Finding::Events { turns } | Finding::Alternation { turns }) => {
            format!(
                "{} in a chain, in {own} of the rule's own target: each call fired the rule, and the rule's target made the next one.",
                plural(turns, "turn")
            )
        }
        Some(Finding::Surplus { calls, reasons }) => format!(
            "{} for {}: the target made the same call again and again, more often than it was asked to.",
            plural(calls, "equal call"),
            plural(reasons, "reason")
        ),
        Some(_) => format!("{own} of the rule's own target."),
        None => format!("{}, judged by their number alone.", plural(evidence.count, "firing")),
    }
}

/// Table of the last events. The record keeps the ids of these alone.
fn last_events(evidence: &Evidence) -> Markup {
    let ids: Vec<&str> = evidence.event_ids().collect();
    let total = ids.len();
    let position = |n: usize| match total - n - 1 {
        0 => "the last".to_owned(),
        before => format!("{before} before it"),
    };
    let rows = ids.iter().enumerate();
    let rows = rows.map(|(n, id)| vec![html! { (position(n)) }, html! { code { (id) } }]);
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        @if rows.is_empty() {
            p.muted { "The record keeps no event of these calls." }
        } @else {
            (table("The last events counted, oldest first, by their CloudTrail id", &["Event", "Id"], &rows))
            p.muted { "The record keeps the callers as numbers, and the ids of the last events. CloudTrail has each call." }
        }
    }
}
