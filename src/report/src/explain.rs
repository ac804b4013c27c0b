//! Page about the last trip of a rule.

use budget_guard_core::aftermath::Aftermath;
use budget_guard_core::alerts::{CureJson, quoted};
use budget_guard_core::model::{RuleDefinition, Timestamp};
use budget_guard_core::record::{Record, Trip};
use maud::html;

use crate::page;
use crate::sections::{callers, commands, cure, cycle, money, rate, timeline, verdict};

/// Everything that the page about a trip shows.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// Record of the rule.
    pub record: &'a Record,
    /// Last trip of the rule.
    pub trip: &'a Trip,
    /// Result of the trip in one sentence.
    pub result: String,
    /// Cure. `None` without a proof, or if the rule is not cut any more.
    pub cure: Option<CureJson>,
    /// Lines of the pattern before and with the cure, each with `+`, `-` or a space in front.
    pub diff: Vec<String>,
    /// Next step.
    pub next: NextStep,
    /// Time of the report.
    pub now: Timestamp,
}

/// Sentence about the next step, with its command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// Sentence.
    pub text: String,
    /// Command, ready to paste into a shell. `None` if nothing is to be run.
    pub command: Option<String>,
}

/// Page about the last trip of a rule, complete in itself.
pub fn explain_html(explanation: &Explanation<'_>) -> String {
    let rule = quoted(&explanation.record.rule);
    let body = html! {
        (verdict::show(explanation))
        (rate::show(explanation))
        (callers::show(explanation))
        (cycle::show(explanation))
        (timeline::show(explanation))
        (money::show(explanation))
        (cure::show(explanation))
        (commands::show(explanation))
    };
    page::page(&format!("Rule {rule}: its last trip"), explanation.now, &body)
}

impl Explanation<'_> {
    /// Events since the cut of this trip. `None` if the trip had no cut, or none that was watched.
    pub(crate) fn aftermath(&self) -> Option<&Aftermath> {
        self.record.aftermath.as_deref().filter(|after| self.trip.at <= after.cut_at)
    }

    /// Time at which the rule was disabled for this trip. `None` if it was not, or not yet.
    pub(crate) fn disabled_at(&self) -> Option<Timestamp> {
        let disabled = self.record.breaker.disabled().map(|disabled| disabled.at);
        disabled.or(self.aftermath().map(|after| after.cut_at))
    }

    /// Rule as it was before the cut. `None` once it is back.
    pub(crate) fn found(&self) -> Option<&RuleDefinition> {
        self.record.breaker.found()
    }
}

#[cfg(test)]
mod tests;
