//! Timeline: what the guard saw and did, and who undid it.

use budget_guard_core::breaker::Breaker;
use budget_guard_core::cure::Stage;
use budget_guard_core::model::Timestamp;
use budget_guard_core::record::Outcome;
use maud::{Markup, html};

use crate::explain::Explanation;
use crate::page::section;
use crate::words::{span, time};

/// One entry.
struct Entry {
    at: Timestamp,
    /// Class of the mark: `bad`, `good`, or none.
    class: &'static str,
    text: String,
}

/// Section with the timeline.
pub(crate) fn show(explanation: &Explanation<'_>) -> Markup {
    let mut entries = entries(explanation);
    entries.sort_by_key(|entry| entry.at);
    let begin = entries.first().map_or(explanation.now, |entry| entry.at);
    let content = html! {
        ol.timeline {
            @for entry in &entries {
                li class=(entry.class) {
                    time datetime=(time(entry.at)) { (time(entry.at)) ", " (since(begin, entry.at)) }
                    (entry.text)
                }
            }
        }
        @for note in open_ends(explanation) { p.muted { (note) } }
    };
    section("timeline", "What happened", &content)
}

fn since(begin: Timestamp, at: Timestamp) -> String {
    match at.as_second() - begin.as_second() {
        0 => "the beginning".to_owned(),
        seconds => format!("{} later", span(seconds)),
    }
}

fn entries(explanation: &Explanation<'_>) -> Vec<Entry> {
    let (record, trip) = (explanation.record, explanation.trip);
    let mut entries = Vec::new();
    let mut add = |at, class, text: &str| entries.push(Entry { at, class, text: text.to_owned() });
    let evidence = &trip.evidence;
    if let Some(first) = evidence.first {
        add(first, "", "First call that the evidence counts");
    }
    if let Some(last) = evidence.last {
        add(last, "", "Call that reached the limit");
    }
    let is_spared = matches!(trip.outcome, Outcome::Spared { .. });
    add(
        trip.at,
        "bad",
        if is_spared { "The guard judged it, and left the rule alone" } else { "The guard tripped" },
    );
    if let Some(at) = explanation.disabled_at().filter(|_| !is_spared) {
        add(at, "bad", "DisableRule took effect: the rule reads back as disabled");
    }
    if let Some(after) = explanation.aftermath().filter(|after| after.missed.total() > 0) {
        let first = after.missed.makers.iter().map(|maker| maker.first).min();
        add(first.unwrap_or(after.cut_at), "", "First event that the disabled rule missed");
    }
    match &trip.outcome {
        Outcome::Restored { at } => add(*at, "good", "The rule was put back, exactly as it was found"),
        Outcome::Undone { at } => {
            add(*at, "", "Someone else had enabled or deleted the rule; the guard noticed it")
        }
        Outcome::Cut | Outcome::Spared { .. } => {}
    }
    if let Breaker::Restoring(restore) = &record.breaker {
        add(restore.since, "", "A restore began, and is not finished");
    }
    if let Some(change) = &record.pattern_change {
        let text = match change.stage {
            Stage::Applying => "began to put the cure; it is not confirmed",
            Stage::Applied => "put the cure",
            Stage::Undoing => "began to put the old pattern back; it is not confirmed",
        };
        add(change.at, "good", &format!("{} {text}", change.by));
    }
    entries
}

/// Sentences about what has not happened yet, or is not known.
fn open_ends(explanation: &Explanation<'_>) -> Vec<String> {
    let record = explanation.record;
    let mut notes = Vec::new();
    if let Some(disabled) = record.breaker.disabled() {
        match disabled.restore_at {
            Some(at) => notes.push(format!("The guard puts the rule back by itself at {}.", time(at))),
            None => notes.push("The rule stays disabled until a person puts it back.".to_owned()),
        }
        if let Some(by) = &disabled.changed_by {
            notes.push(format!("Changed since the cut by {by}."));
        }
    }
    if let Breaker::HalfOpen { until } = &record.breaker {
        notes.push(format!(
            "On probation until {}, with a limit of {}.",
            time(*until),
            record.window.limit()
        ));
    }
    if matches!(explanation.trip.outcome, Outcome::Undone { .. } | Outcome::Restored { .. }) {
        notes.push(
            "The record does not keep who put the rule back: CloudTrail has the EnableRule call.".to_owned(),
        );
    }
    notes
}
