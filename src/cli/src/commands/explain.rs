//! `explain`: the last trip of a rule, with all its evidence.

use budget_guard_aws::SystemClock;
use budget_guard_core::alerts::{
    Commands, CostEstimate, CureJson, Remedy, RuleRef, cost_lines, details, quoted,
};
use budget_guard_core::breaker::{Breaker, Cut};
use budget_guard_core::cure::PatternChange;
use budget_guard_core::escape::{option, shell};
use budget_guard_core::model::{RuleDefinition, Timestamp, plural, whole_seconds};
use budget_guard_core::ports::Clock;
use budget_guard_core::record::{Outcome, Record, Trip};
use budget_guard_core::verdict::{Evidence, EvidenceKind, Finding};
use budget_guard_report::{Explanation, NextStep, explain_html};
use serde::Serialize;

use super::lines::Lines;
use super::{cure::diff, lookup, view};
use crate::args::{Format, PageFile};
use crate::context::Context;
use crate::document;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::relative_time::{time, time_ago};
use crate::rule::RuleName;

/// JSON output of `explain`. `trip` is null for a rule that never tripped.
#[derive(Debug, Serialize)]
struct ExplanationJson<'a> {
    rule: RuleRef,
    breaker: &'static str,
    trip: Option<view::TripView>,
    evidence: Option<&'a Evidence>,
    cost: Option<&'a CostEstimate>,
    /// The rule as it was before the cut. Kept until it is restored.
    found: Option<&'a RuleDefinition>,
    disabled_at: Option<Timestamp>,
    late: u64,
    /// Cure of a proved loop, while the rule is cut.
    cure: Option<CureJson>,
    /// Change of the pattern by `cure --apply`.
    pattern_change: Option<&'a PatternChange>,
    /// Events that the rule missed since its last cut, and the outcome of that cut.
    aftermath: Option<view::AftermathView>,
    undo: Option<String>,
    next: Vec<String>,
}

/// Runs `explain`.
pub(super) async fn run(context: &Context, name: &RuleName, page: &PageFile) -> Result<Exit, Problem> {
    let found = Box::pin(lookup::find(context, name)).await?;
    let now = SystemClock.now();
    let (rule, record) = (&found.rule, found.record.as_ref());
    let trip = record.and_then(|record| record.last_trip.as_ref());
    if context.is_json() {
        let next = record.zip(trip).map(|(record, trip)| next_lines(context, record, trip));
        let found = record.and_then(found_rule);
        output::json(&ExplanationJson {
            rule: view::rule_ref(rule),
            breaker: record.map_or(Breaker::Closed.word(), |record| record.breaker.word()),
            trip: trip.map(view::TripView::new),
            evidence: trip.map(|trip| &trip.evidence),
            cost: trip.and_then(|trip| trip.cost.as_deref()),
            found,
            disabled_at: record.and_then(view::disabled_at),
            late: record.map_or(0, |record| record.late),
            cure: record.and_then(|record| cure(context, record)),
            pattern_change: record.and_then(|record| record.pattern_change.as_deref()),
            aftermath: record.and_then(|record| record.aftermath.as_deref()).map(view::AftermathView::new),
            undo: found.map(|_| context.command("enable", rule)),
            next: next.unwrap_or_default(),
        })?;
        return Ok(Exit::Done);
    }
    if context.format() == Format::Html {
        let Some((record, trip)) = record.zip(trip) else {
            let message = format!("rule {} never tripped: there is no trip to show", quoted(rule));
            return Err(
                Problem::usage(message).hint(format!("how it stands: {}", context.command("status", rule)))
            );
        };
        document::write(page, &html(context, record, trip, now))?;
        return Ok(Exit::Done);
    }
    match (record, trip) {
        (Some(record), Some(trip)) => output::data(&text(context, record, trip, now))?,
        (Some(record), None) => {
            output::line(format_args!("Rule {} never tripped: {}.", quoted(rule), record.breaker))?;
            output::hint(format_args!("how it stands: {}", context.command("status", rule)));
        }
        (None, _) => {
            output::line(format_args!(
                "Rule {} never tripped: the guard has not seen it fire.",
                quoted(rule)
            ))?;
            output::hint(format_args!("is the guard attached? {}", context.command("status", rule)));
        }
    }
    Ok(Exit::Done)
}

fn text(context: &Context, record: &Record, trip: &Trip, now: Timestamp) -> String {
    let mut lines = Lines::for_stdout();
    lines.heading(format_args!("Rule {}: {}", quoted(&record.rule), record.breaker));
    lines.pair("ARN", &record.rule);
    lines.pair("Tripped", time_ago(trip.at, now));
    lines.pair("Why", &trip.reason);
    lines.pair("Then", view::outcome(record, trip, now));
    for (label, text) in view::aftermath(record) {
        lines.pair(label, text);
    }
    if record.late > 0 {
        let late = plural(record.late, "firing");
        lines.pair("", format_args!("{late} in all came too late to count, after this or an earlier cut"));
    }
    for note in view::unfinished(record) {
        lines.pair("", note);
    }
    evidence_lines(&mut lines, record, trip);
    if let Some(found) = found_rule(record) {
        lines.heading("The rule as it was found, and as `enable` puts it back");
        lines.pair("State", found.state);
        for (n, target) in found.targets.iter().enumerate() {
            lines.pair(if n == 0 { "Targets" } else { "" }, &target.arn);
        }
    }
    if let Some(cure) = cure(context, record) {
        lines.heading("Cure");
        cure.lines().iter().for_each(|line| lines.line(line));
    }
    if let Some(change) = &record.pattern_change {
        lines.heading("Pattern");
        lines.line(view::pattern_change(change, now));
    }
    lines.heading("Next");
    for step in next_lines(context, record, trip) {
        lines.line(step);
    }
    lines.into_text()
}

fn evidence_lines(lines: &mut Lines, record: &Record, trip: &Trip) {
    let evidence = &trip.evidence;
    lines.heading("Evidence");
    if evidence.kind == EvidenceKind::Manual {
        return lines.line("none was counted: a person cut the rule");
    }
    let about = if evidence.is_estimate { "about " } else { "" };
    let limit = evidence.limit.map(|limit| format!(", limit {limit}")).unwrap_or_default();
    let window = evidence.window_seconds.map(|window| format!(" within {window}")).unwrap_or_default();
    match evidence.own.as_ref().map(|own| own.finding) {
        Some(Finding::Turns { turns }) => {
            let calls = plural(evidence.count, "call");
            lines.pair("Turns", format_args!("{turns}{limit}, in {calls} of its own target"));
        }
        Some(Finding::Surplus { calls, reasons }) => {
            let reasons = plural(reasons, "reason");
            lines.pair(
                "Surplus",
                format_args!("{calls} equal calls for {reasons}{limit} beyond what they explain"),
            );
        }
        Some(_) => lines.pair("Own calls", format_args!("{}{window}{limit}", evidence.count)),
        None => lines.pair("Firings", format_args!("{about}{}{window}{limit}", evidence.count)),
    }
    if let (Some(first), Some(last)) = (evidence.first, evidence.last) {
        lines.pair("From, to", format_args!("{}, {}", time(first), time(last)));
    }
    for (label, value) in details(evidence) {
        lines.pair(label, value);
    }
    if let Some(cost) = &trip.cost {
        for (n, line) in cost_lines(cost, !matches!(trip.outcome, Outcome::Spared { .. })).iter().enumerate()
        {
            lines.pair(if n == 0 { "Cost" } else { "" }, line);
        }
    }
    let sampled = if evidence.is_estimate { ", counted in a sample" } else { "" };
    lines.heading(format_args!("Who made the calls{sampled}"));
    for caller in &evidence.callers {
        let target = if caller.is_target { " (a target of this very rule)" } else { "" };
        lines.pair(&format!("{:>10}", caller.count), format_args!("{}{target}", caller.principal));
        if let Some(issued_to) = &caller.issued_to {
            lines.pair("", format_args!("with credentials issued to {issued_to}"));
        }
    }
    let (own, all) = evidence.own_calls();
    if own > 0 && all > 0 {
        let share = format!("{:>8} %", u64::from(own) * 100 / u64::from(all));
        lines.pair(&share, "of them by the rule's own targets");
    }
    if let Some(id) = evidence.event_ids().last() {
        lines.heading("The last events counted, by their CloudTrail id");
        evidence.event_ids().for_each(|id| lines.line(id));
        let event = shell(&format!("AttributeKey=EventId,AttributeValue={id}"));
        let region = option("--region", record.rule.region());
        lines.line(format_args!("aws cloudtrail lookup-events --lookup-attributes {event} {region}"));
    }
}

fn html(context: &Context, record: &Record, trip: &Trip, now: Timestamp) -> String {
    let cure = cure(context, record);
    let before = found_rule(record).and_then(|found| found.event_pattern.as_deref());
    let diff = match before.zip(cure.as_ref().and_then(|cure| cure.pattern.as_deref())) {
        Some((before, after)) => diff(before, after),
        None => Vec::new(),
    };
    explain_html(&Explanation {
        record,
        trip,
        result: view::outcome(record, trip, now),
        cure,
        diff,
        next: next_step(context, record, trip),
        now,
    })
}

/// Lines of the next step.
fn next_lines(context: &Context, record: &Record, trip: &Trip) -> Vec<String> {
    let NextStep { text, command } = next_step(context, record, trip);
    [Some(text), command].into_iter().flatten().collect()
}

/// Next step, with a command that is ready to paste into a shell.
fn next_step(context: &Context, record: &Record, trip: &Trip) -> NextStep {
    let rule = &record.rule;
    let enable = || Some(context.command("enable", rule));
    let (text, command) = match (&record.breaker, &trip.outcome) {
        (Breaker::Open(Cut::Disabled(_)), _) => {
            let outcome = record.aftermath.as_ref().map(|after| after.outcome);
            let first = match trip.evidence.kind {
                _ if outcome.is_some_and(|outcome| outcome.clears()) => {
                    "It is no loop by all that was seen since. Put the rule back:"
                }
                EvidenceKind::Manual => "Once the reason is gone, put the rule back:",
                _ => "Break the loop first. Then put the rule back:",
            };
            (first.to_owned(), enable())
        }
        (Breaker::Open(_), _) => (
            "The guard is about to disable the rule, and tries again every minute. To look again:".to_owned(),
            Some(context.command("status", rule)),
        ),
        (Breaker::Restoring { .. }, _) => {
            ("An earlier `enable` was interrupted. To go on:".to_owned(), enable())
        }
        (Breaker::Closed, Outcome::Spared { .. }) => (
            "The guard left the rule alone. If it is a loop, stop it by hand:".to_owned(),
            Some(context.aws_events("disable-rule", rule)),
        ),
        (Breaker::HalfOpen { until }, _) => {
            let until = whole_seconds(*until);
            (format!("The rule is back, on probation until {until} with {}.", record.window.limit()), None)
        }
        (Breaker::Closed, _) => ("Nothing is left to do: the rule is back.".to_owned(), None),
    };
    NextStep { text, command }
}

/// Cure of a proved loop, while the rule is cut. Its command has the options of this run.
fn cure(context: &Context, record: &Record) -> Option<CureJson> {
    let remedy = Remedy::from(record.cure(found_rule(record)?)?);
    let cure = CureJson::new(&remedy, &record.rule, &Commands::default());
    let command = cure.command.as_ref().map(|_| format!("{} --apply", context.command("cure", &record.rule)));
    Some(CureJson { command, ..cure })
}

fn found_rule(record: &Record) -> Option<&RuleDefinition> {
    record.breaker.found()
}
