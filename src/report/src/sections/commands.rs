//! Commands: the next steps, ready to paste into a shell.

use budget_guard_core::escape::{option, shell};
use maud::{Markup, html};

use crate::explain::Explanation;
use crate::page::section;

/// Section with the commands.
pub(crate) fn show(explanation: &Explanation<'_>) -> Markup {
    let content = html! {
        p { (explanation.next.text) }
        @if let Some(command) = &explanation.next.command { pre { (command) } }
        @if let Some(command) = lookup(explanation) {
            p { "To read the last event counted in CloudTrail:" }
            pre { (command) }
        }
    };
    section("commands", "Next", &content)
}

fn lookup(explanation: &Explanation<'_>) -> Option<String> {
    let id = explanation.trip.evidence.event_ids().last()?;
    let event = shell(&format!("AttributeKey=EventId,AttributeValue={id}"));
    let region = option("--region", explanation.record.rule.region());
    Some(format!("aws cloudtrail lookup-events --lookup-attributes {event} {region}"))
}
