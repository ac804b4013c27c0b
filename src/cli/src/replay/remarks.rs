//! Remarks of `replay`: skipped input, rules that are not judged, trips with their cost, next steps.

use std::fmt::Display;

use budget_guard_core::alerts::list_prices;
use budget_guard_core::escape::{option, shell};
use budget_guard_core::history::REACH;
use budget_guard_core::model::{Excerpt, plural, printable};
use budget_guard_core::policy::LIMIT_TAG;
use budget_guard_core::replay::{Place, RuleReport, RuleSpec, WouldTrip, smallest_limit};
use budget_guard_core::window::EXACT;
use budget_guard_report::{Advice, Importance};
use jiff::SignedDuration;

use super::Report;
use super::interrupt::is_interrupted;
use super::read::Trouble;
use super::verdict::{TripCost, Verdict, is_told};
use crate::context::Context;
use crate::input;
use crate::output;

/// Maximum number of rules named in one line, and of trips that are explained.
const NAMED: usize = 5;

/// Remarks in the order in which they are printed.
#[derive(Debug, Default)]
pub(super) struct Remarks(Vec<Advice>);

impl Remarks {
    fn add(&mut self, importance: Importance, text: impl Display) {
        self.0.push(Advice { importance, text: text.to_string() });
    }

    fn warning(&mut self, text: impl Display) {
        self.add(Importance::Warning, text);
    }

    fn note(&mut self, text: impl Display) {
        self.add(Importance::Note, text);
    }

    fn hint(&mut self, text: impl Display) {
        self.add(Importance::Hint, text);
    }

    /// Prints the remarks on standard error.
    pub(super) fn print(&self) {
        for Advice { importance, text } in &self.0 {
            match importance {
                Importance::Warning => output::warning(text),
                Importance::Note => output::note(text),
                Importance::Hint => output::hint(text),
            }
        }
    }

    /// The remarks, for a document.
    pub(super) fn advice(&self) -> &[Advice] {
        &self.0
    }
}

/// Problems that limit the report.
pub(super) fn troubles(report: &Report<'_>) -> Remarks {
    let mut remarks = Remarks::default();
    if is_interrupted() {
        remarks.warning("interrupted: what follows is about a part of the files");
    }
    for bad in &report.bad_patterns {
        remarks.warning(format_args!("unknown whether it fires: {}", bad.message));
    }
    for trouble in &report.reading.troubles {
        let Trouble { file, record, problem } = trouble;
        let record = record.map(|record| format!(", record {record}")).unwrap_or_default();
        remarks.warning(format_args!("skipped {}{record}: {problem}", input::name(file)));
    }
    let others = report.reading.skipped - report.reading.troubles.len() as u64;
    if others > 0 {
        remarks.warning(format_args!("skipped {others} more, not named here"));
    }
    remarks
}

/// Explanations and next steps after the report.
pub(super) fn explanations(context: &Context, report: &Report<'_>) -> Remarks {
    let mut remarks = Remarks::default();
    for (rule, because) in &report.left_out {
        remarks.note(format_args!("left out: {}, because {because}", printable(&rule.name)));
    }
    if !report.bad_patterns.is_empty() {
        let bad = plural(report.bad_patterns.len() as u64, "rule");
        remarks.warning(format_args!("{bad} unknown, because of the pattern; see above"));
    }
    if report.reading.collected.events == 0 {
        remarks.note("no call is in these logs, so that no rule fired");
    }
    uncounted(&mut remarks, report);
    unproved(&mut remarks, report);
    if report.reading.collected.own_calls > 0 {
        let calls = plural(report.reading.collected.own_calls, "event");
        remarks.note(format_args!("not counted: {calls} that the guard itself caused"));
    }
    trips(&mut remarks, context, report);
    remarks
}

/// Adds the matches that are no firings, or are in doubt.
fn uncounted(remarks: &mut Remarks, report: &Report<'_>) {
    let names = |picked: fn(&RuleReport) -> u64| {
        let rules: Vec<_> = report.rules.iter().filter(|(_, outcome)| picked(outcome) > 0).collect();
        let events: u64 = rules.iter().map(|(_, outcome)| picked(outcome)).sum();
        (events > 0).then(|| (plural(events, "match"), named(rules.into_iter().map(|(rule, _)| *rule))))
    };
    if let Some((events, rules)) = names(|outcome| outcome.uncounted.undecided) {
        remarks.warning(format_args!(
            "{events} could not be decided, of {rules}: these rules may fire more often"
        ));
    }
    if let Some((events, rules)) = names(|outcome| outcome.uncounted.withheld) {
        remarks.note(format_args!(
            "not delivered: {events} with calls named Get…, List… or Describe…, of {rules}; \
             only the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS lets a rule see them"
        ));
    }
    if let Some((events, rules)) = names(|outcome| outcome.uncounted.doubtful) {
        remarks.note(format_args!(
            "delivered perhaps: {events} with AssumeRole, of {rules}; \
             AWS's documents disagree whether rules in plain ENABLED receive it"
        ));
    }
    if let Some((events, rules)) = names(|outcome| outcome.uncounted.elsewhere) {
        remarks.note(format_args!("not delivered: {events} from another account or Region, of {rules}"));
    }
}

/// Names of the first rules, and the number of the others.
fn named<'a>(rules: impl Iterator<Item = &'a RuleSpec>) -> String {
    let rules: Vec<_> = rules.collect();
    let mut names: Vec<String> = rules.iter().take(NAMED).map(|rule| printable(&rule.name)).collect();
    if rules.len() > NAMED {
        names.push(format!("{} more", rules.len() - NAMED));
    }
    names.join(", ")
}

/// Adds which rules are not judged, or by their rate alone, and what is missing.
fn unproved(remarks: &mut Remarks, report: &Report<'_>) {
    let of = |verdict: Verdict| {
        let is = move |(rule, outcome): &&(&RuleSpec, RuleReport)| {
            Verdict::new(rule, outcome, outcome.trip()) == verdict
        };
        report.rules.iter().filter(is).map(|(rule, _)| *rule).collect::<Vec<_>>()
    };
    let absent = of(Verdict::NotInLogs);
    if !absent.is_empty() {
        let mut places: Vec<String> =
            absent.iter().filter_map(|rule| Some(Place::of(rule.arn.as_ref()?).to_string())).collect();
        places.sort_unstable();
        places.dedup();
        remarks.warning(format_args!(
            "not judged: {} of {}, because the logs have no record from there: {}",
            plural(absent.len() as u64, "rule"),
            places.join(", "),
            named(absent.into_iter())
        ));
    }
    let (mut untold, mut unknown, mut unplaced) = (Vec::new(), Vec::new(), Vec::new());
    for rule in of(Verdict::Unproved) {
        let list = match (&rule.targets, is_told(rule)) {
            (None, _) => &mut untold,
            (_, false) => &mut unknown,
            (_, true) => &mut unplaced,
        };
        list.push(rule);
    }
    let mut because = |rules: Vec<&RuleSpec>, reason: &str, hint: &str| {
        if !rules.is_empty() {
            remarks.note(format_args!("unproved, because {reason}: {}; {hint}", named(rules.into_iter())));
        }
    };
    because(
        untold,
        "the file has no \"targets\" of them",
        "with targets, loops are found by who fires the rule",
    );
    because(unknown, "the actors behind their targets are not all known", "a target's \"role\" tells them");
    because(
        unplaced,
        "sessions with a target's role made calls, and nothing shows that the target opened them",
        "the records of AssumeRole may show it",
    );
}

/// Adds each trip with its reason and cost, and the next steps for the first.
fn trips(remarks: &mut Remarks, context: &Context, report: &Report<'_>) {
    for (rule, outcome) in report.tripped().take(NAMED) {
        let name = printable(&rule.name);
        let Some(would) = outcome.trip() else { continue };
        remarks.note(format_args!("{name} would trip: {}", would.trip.reason));
        remarks.note(format_args!("  {}", cost(rule, would)));
        if !would.trip.evidence.proves_loop() && would.known_past < REACH {
            remarks.note(format_args!(
                "  the deployed guard also compares this rate with the 14 days before; the logs have {}",
                span(would.known_past)
            ));
        }
    }
    let others = report.tripped().count().saturating_sub(NAMED);
    if others > 0 {
        remarks.note(format_args!("{others} more would trip; --output json has their reasons"));
    }
    hints(remarks, context, report);
}

/// Sentence about the firings and their price up to the trip, and after it.
fn cost(rule: &RuleSpec, would: &WouldTrip) -> String {
    let (before, after) = (plural(would.firings_before, "firing"), plural(would.firings_after, "firing"));
    let Some(cost) = TripCost::new(rule, would) else {
        return format!("{before} up to then, {after} later; no price, because the file has no targets");
    };
    let own = plural(would.own_after, "own call");
    let unpriced = match &*cost.firing.unpriced_services {
        [] => String::new(),
        services => format!("; not priced: {}", services.join(", ")),
    };
    format!(
        "{before} up to then for {}, {after} later for {}, with {own} among them; {}: {} ({}{unpriced})",
        cost.before,
        cost.after,
        cost.firing,
        cost.firing.parts(),
        list_prices()
    )
}

/// Length of a time in its largest unit.
fn span(length: SignedDuration) -> String {
    let seconds = length.as_secs().unsigned_abs();
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60)];
    let unit = units.into_iter().find(|(_, size)| seconds >= *size);
    let (unit, size) = unit.unwrap_or(("second", 1));
    plural(seconds / size, unit)
}

fn hints(remarks: &mut Remarks, context: &Context, report: &Report<'_>) {
    let Some((rule, outcome)) = report.tripped().next() else { return };
    let name = printable(&rule.name);
    if let Some(would) = outcome.trip() {
        if would.trip.evidence.proves_loop() {
            return remarks.hint(format_args!(
                "{name} fires itself: let its target look before it writes, or keep the target's own calls out of its pattern"
            ));
        }
        if let Some(caller) = would.trip.evidence.callers.first().filter(|_| rule.targets.is_none()) {
            let (principal, calls) = (Excerpt::new(&caller.principal), caller.count);
            remarks.hint(format_args!(
                "is {principal}, who made {calls} of these calls, a target of {name}? Then it is a loop"
            ));
        }
    }
    let peak = outcome.peak();
    let limit = smallest_limit(peak, report.limit.window);
    if peak.is_some_and(|peak| peak.count >= u64::from(EXACT)) {
        remarks
            .hint(format_args!("above {EXACT} firings the guard counts a sample: leave a limit some room"));
    }
    let profile = context.global.profile.as_ref();
    let profile = profile.map(|profile| format!(" {}", option("--profile", profile))).unwrap_or_default();
    match &rule.arn {
        Some(arn) => remarks.hint(format_args!(
            "if {name} is meant to fire as often, raise its limit: aws events tag-resource {} \
             --tags {}{profile}",
            option("--resource-arn", arn.as_str()),
            shell(&format!("Key={LIMIT_TAG},Value={limit}"))
        )),
        None => remarks.hint(format_args!("if {name} is meant to fire as often, tag it {LIMIT_TAG}={limit}")),
    }
}
