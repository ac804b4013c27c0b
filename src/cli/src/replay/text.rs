//! The report of `replay` as text: a table, totals, skipped input, next steps.

use budget_guard_core::escape::{option, shell};
use budget_guard_core::model::{Excerpt, Timestamp, plural, printable, whole_seconds};
use budget_guard_core::policy::LIMIT_TAG;
use budget_guard_core::replay::{RuleReport, RuleSpec};
use budget_guard_core::window::EXACT;
use comfy_table::{Cell, Color};

use super::Report;
use super::read::Trouble;
use crate::commands::acting::Knowledge;
use crate::commands::table;
use crate::context::Context;
use crate::output;

/// Maximum number of rules named in one line.
const NAMED: usize = 5;

/// Table of the rules that fired, by number of firings, and the totals.
pub(super) fn table(report: &Report<'_>) -> String {
    let window = report.limit.window;
    let has_targets = report.with_targets() > 0;
    let fired = || report.rules.iter().filter(|(_, outcome)| outcome.firings > 0);
    let row = |(rule, outcome): &(&RuleSpec, RuleReport)| {
        let peak = outcome.peak.map_or("-".to_owned(), |peak| format!("{} in {window}", peak.count));
        let at = outcome.peak.map_or("-".to_owned(), |peak| time(peak.at));
        let trip = match &outcome.trip {
            Some(would) => table::cell(time(would.trip.at)).fg(Color::Red),
            None => table::cell("no"),
        };
        // A limit of the rate does not stop a rule that fires itself.
        let is_proved = outcome.trip.as_ref().is_some_and(|would| would.trip.evidence.own.is_some());
        let limit = table::cell(if is_proved { "-".to_owned() } else { outcome.smallest_limit(window) });
        let mut row = vec![table::cell(printable(&rule.name)), table::cell(outcome.firings)];
        if has_targets {
            row.push(table::cell(own_calls(rule, outcome)));
        }
        row.extend([table::cell(peak), table::cell(at), trip, limit]);
        row
    };
    let mut header = vec!["RULE", "FIRINGS", "PEAK", "PEAK AT", "WOULD TRIP", "LIMIT NEEDED"];
    if has_targets {
        header.insert(2, "OWN");
    }
    let rows: Vec<Vec<Cell>> = fired().map(row).collect();
    let table = if rows.is_empty() { String::new() } else { table::render(&header, rows) + "\n" };
    table + &totals(report, fired().count())
}

/// Number of the rule's own calls, or `unknown` if the actors of its targets are not known.
fn own_calls(rule: &RuleSpec, outcome: &RuleReport) -> String {
    match outcome.own {
        None => "-".to_owned(),
        Some(0) if Knowledge::of_listed(rule) != Some(Knowledge::Known) => "unknown".to_owned(),
        Some(own) => own.to_string(),
    }
}

fn totals(report: &Report<'_>, fired: usize) -> String {
    let collected = &report.reading.collected;
    let mut events =
        format!("{} in {}", plural(collected.events, "event"), plural(report.files as u64, "file"));
    if let (Some(first), Some(last)) = (collected.first, collected.last) {
        events.push_str(&format!(", {} to {}", time(first), time(last)));
    }
    if collected.duplicates > 0 {
        events.push_str(&format!("; {} counted once", plural(collected.duplicates, "duplicate")));
    }
    let tripped = report.tripped().count();
    let rules = plural(report.rules.len() as u64, "rule");
    let or_proved = if report.with_targets() > 0 { " or as a proved loop" } else { "" };
    format!(
        "{events}.\n{fired} of {rules} fired, {tripped} would have tripped at {}{or_proved}.\n",
        report.limit
    )
}

/// Prints the problems that limit the report.
pub(super) fn troubles(report: &Report<'_>) {
    for bad in &report.bad_patterns {
        output::warning(format_args!("unknown whether it fires: {}", bad.message));
    }
    for trouble in &report.reading.troubles {
        let Trouble { file, record, problem } = trouble;
        let record = record.map(|record| format!(", record {record}")).unwrap_or_default();
        output::warning(format_args!("skipped {}{record}: {problem}", file.display()));
    }
    let others = report.reading.skipped - report.reading.troubles.len() as u64;
    if others > 0 {
        output::warning(format_args!("skipped {others} more, not named here"));
    }
}

/// Prints explanations and next steps after the report.
pub(super) fn remarks(context: &Context, report: &Report<'_>) {
    for (rule, because) in &report.left_out {
        output::note(format_args!("left out: {}, because {because}", printable(&rule.name)));
    }
    if !report.bad_patterns.is_empty() {
        let bad = plural(report.bad_patterns.len() as u64, "rule");
        output::warning(format_args!("{bad} unknown, because of the pattern; see above"));
    }
    let names = |picked: fn(&RuleReport) -> u64| {
        let rules: Vec<_> = report.rules.iter().filter(|(_, outcome)| picked(outcome) > 0).collect();
        let events: u64 = rules.iter().map(|(_, outcome)| picked(outcome)).sum();
        let mut named: Vec<String> =
            rules.iter().take(NAMED).map(|(rule, _)| printable(&rule.name)).collect();
        if rules.len() > NAMED {
            named.push(format!("{} more", rules.len() - NAMED));
        }
        (events > 0).then(|| (plural(events, "match"), named.join(", ")))
    };
    if let Some((events, rules)) = names(|outcome| outcome.uncounted.undecided) {
        output::warning(format_args!(
            "{events} could not be decided, of {rules}: these rules may fire more often"
        ));
    }
    if let Some((events, rules)) = names(|outcome| outcome.uncounted.withheld) {
        output::note(format_args!(
            "not delivered: {events} with calls named Get…, List… or Describe…, of {rules}; \
             only the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS lets a rule see them"
        ));
    }
    if let Some((events, rules)) = names(|outcome| outcome.uncounted.doubtful) {
        output::note(format_args!(
            "delivered perhaps: {events} with AssumeRole, of {rules}; \
             AWS's documents disagree whether rules in plain ENABLED receive it"
        ));
    }
    if let Some((events, rules)) = names(|outcome| outcome.elsewhere) {
        output::note(format_args!("not delivered: {events} from another account or Region, of {rules}"));
    }
    let without = report.rules.len() - report.with_targets();
    if without > 0 {
        let rules = plural(without as u64, "rule");
        output::note(format_args!(
            "judged by rate alone: {rules} without \"targets\" in the file; with them, loops are found by who fires the rule"
        ));
    }
    if report.reading.collected.own_calls > 0 {
        let calls = plural(report.reading.collected.own_calls, "event");
        output::note(format_args!("not counted: {calls} that the guard itself caused"));
    }
    hints(context, report);
}

fn hints(context: &Context, report: &Report<'_>) {
    let Some((rule, outcome)) = report.tripped().next() else { return };
    let name = printable(&rule.name);
    if let Some(would) = &outcome.trip {
        output::note(format_args!("{name} would trip: {}", would.trip.reason));
        if would.trip.evidence.proves_loop() {
            return output::hint(format_args!(
                "{name} fires itself: let its target look before it writes, or keep the target's own calls out of its pattern"
            ));
        }
        if let Some(caller) = would.trip.evidence.callers.first().filter(|_| rule.targets.is_none()) {
            let (principal, calls) = (Excerpt::new(&caller.principal), caller.count);
            output::hint(format_args!(
                "is {principal}, who made {calls} of these calls, a target of {name}? Then it is a loop"
            ));
        }
    }
    let limit = outcome.smallest_limit(report.limit.window);
    if outcome.peak.is_some_and(|peak| peak.count >= u64::from(EXACT)) {
        output::hint(format_args!(
            "above {EXACT} firings the guard counts a sample: leave a limit some room"
        ));
    }
    let profile = context.global.profile.as_ref();
    let profile = profile.map(|profile| format!(" {}", option("--profile", profile))).unwrap_or_default();
    match &rule.arn {
        Some(arn) => output::hint(format_args!(
            "if {name} is meant to fire as often, raise its limit: aws events tag-resource {} \
             --tags {}{profile}",
            option("--resource-arn", arn.as_str()),
            shell(&format!("Key={LIMIT_TAG},Value={limit}"))
        )),
        None => output::hint(format_args!("if {name} is meant to fire as often, tag it {LIMIT_TAG}={limit}")),
    }
}

fn time(at: Timestamp) -> String {
    whole_seconds(at).to_string()
}
