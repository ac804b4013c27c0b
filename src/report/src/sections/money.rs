//! Money: the firings that were paid for, and those that the cut avoided.

use budget_guard_core::model::{grouped, plural};
use budget_guard_core::prices::{AS_OF, REGION};
use budget_guard_core::record::Outcome;
use budget_guard_core::verdict::EvidenceKind;
use maud::{Markup, html};

use crate::explain::Explanation;
use crate::page::section;
use crate::words::span;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Section about money.
pub(crate) fn show(explanation: &Explanation<'_>) -> Markup {
    let content = cards(explanation).unwrap_or_else(|| html! { p { (unknown(explanation)) } });
    section("money", "Money spent and avoided", &content)
}

fn cards(explanation: &Explanation<'_>) -> Option<Markup> {
    let cost = explanation.trip.cost.as_deref()?;
    let price = cost.per_million_firings_micro_usd;
    let counted = explanation.trip.evidence.count;
    let off = explanation.disabled_at().map(|at| seconds_off(explanation, at.as_second()));
    let avoided = |off: u64| cost.firings_per_day.saturating_mul(off) / DAY;
    Some(html! {
        ul.cards {
            li { strong { (price.per_million_times(counted)) } span { "spent on the " (plural(counted, "firing")) " counted up to the trip" } }
            @match off {
                Some(off) => li {
                    strong { "about " (price.per_million_times(avoided(off))) }
                    span { "avoided in " (span(off.try_into().unwrap_or(i64::MAX))) ": " (grouped(avoided(off))) " firings, had the rate gone on" }
                },
                None => li { strong { "nothing" } span { "avoided: the rule is not disabled" } },
            }
            li { strong { (cost.per_day_micro_usd) } span { "a day at that rate: " (grouped(cost.firings_per_day)) " firings" } }
        }
        p.muted {
            @if let Some(so_far) = &cost.so_far { "A million firings cost: " (so_far.firing.parts()) ". " }
            "List prices of " (AS_OF) " for " (REGION) "."
            @if !cost.unpriced_services.is_empty() { " Not priced: " (cost.unpriced_services.join(", ")) "." }
        }
    })
}

/// Seconds for which the rule has been off.
fn seconds_off(explanation: &Explanation<'_>, since: i64) -> u64 {
    let until = match &explanation.trip.outcome {
        Outcome::Restored { at } | Outcome::Undone { at } => *at,
        Outcome::Cut | Outcome::Spared { .. } => explanation.now,
    };
    u64::try_from(until.as_second() - since).unwrap_or(0)
}

fn unknown(explanation: &Explanation<'_>) -> &'static str {
    match explanation.trip.evidence.kind {
        EvidenceKind::Manual => "Not known: a person cut the rule, and no rate was counted.",
        _ => "Not known: the record has no price of these firings, or their times are not known.",
    }
}
