//! Cure: the change of the event pattern that ends the loop, as a diff.

use budget_guard_core::alerts::CureJson;
use maud::{Markup, html};

use crate::explain::Explanation;
use crate::page::section;

/// Section about the cure.
pub(crate) fn show(explanation: &Explanation<'_>) -> Markup {
    let content = match &explanation.cure {
        Some(cure) => cured(cure, &explanation.diff),
        None => html! { p { (none(explanation)) } },
    };
    section("cure", "Cure", &content)
}

fn cured(cure: &CureJson, diff: &[String]) -> Markup {
    html! {
        @if let Some(why) = &cure.refused { p { "The pattern cannot end the loop: " (why) "." } }
        @if cure.pattern.is_some() {
            p { "This event pattern ends the loop. It leaves out the calls of:" }
            ul { @for role in &cure.left_out { li { code { (role) } } } }
            pre.diff role="region" aria-label="Change of the event pattern" {
                @for line in diff { (diff_line(line)) }
            }
            @if let Some(quota) = &cure.quota { p { "It has " (quota) "." } }
            @if let Some(verified) = &cure.verified { p.muted { "Verified: " (verified) "." } }
            @if let Some(command) = &cure.command { p { "To put it:" } pre { (command) } }
        }
    }
}

/// Line of the diff. Its sign says the same as its colour.
fn diff_line(line: &str) -> Markup {
    match line.chars().next() {
        Some('+') => html! { span.added { (line) } },
        Some('-') => html! { span.removed { (line) } },
        _ => html! { span { (line) } },
    }
}

fn none(explanation: &Explanation<'_>) -> &'static str {
    if explanation.record.pattern_change.is_some() {
        "The pattern was changed already, as the timeline shows."
    } else if !explanation.record.is_proved_loop() {
        "None: the loop is not proved, so no change of the pattern follows from it."
    } else {
        "None is kept here: the rule is not cut any more. The command cure computes one from the rule as it is now."
    }
}
