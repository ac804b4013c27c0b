//! Alert as plain text, for the person on call.

use std::fmt::{Display, Write};

use super::{AlertJson, budget, cost_lines, coverage, list_prices};
use crate::alerts::{AlertKind, Ranked};
use crate::escape::plain;
use crate::model::{Arn, DEFAULT_BUS, OWN_PREFIX, RuleArn, grouped};
use crate::verdict::{Evidence, EvidenceKind};

/// Maximum length of a subject in characters. SNS requires less than 100.
const MAX_SUBJECT: usize = 99;

/// Formats the rule as `"fix-acl"`, or as `"fix-acl" on bus "orders"`.
pub fn quoted(rule: &RuleArn) -> String {
    match rule.bus() {
        DEFAULT_BUS => format!("\"{}\"", rule.name()),
        bus => format!("\"{}\" on bus \"{bus}\"", rule.name()),
    }
}

impl AlertJson {
    fn quoted_rule(&self) -> String {
        self.rule.as_ref().map(|rule| quoted(&rule.arn)).unwrap_or_default()
    }

    /// Returns the subject: one line of printable ASCII, as SNS requires.
    pub fn subject(&self) -> String {
        let rule = self.quoted_rule();
        let subject = match self.kind {
            AlertKind::Tripped => format!("budget-guard disabled rule {rule}"),
            AlertKind::WouldTrip => format!("budget-guard would have disabled rule {rule}"),
            AlertKind::Suspect => format!("Rule {rule} may be an infinite loop"),
            AlertKind::Trial => format!("budget-guard tries rule {rule}: it is off for some minutes"),
            AlertKind::Confirmed => format!("The calls stopped with rule {rule}"),
            AlertKind::Exonerated => format!("Rule {rule} is no loop after all"),
            AlertKind::Inconclusive => format!("Rule {rule} may be a loop or not"),
            AlertKind::Restored => format!("budget-guard restored rule {rule}"),
            AlertKind::Undone => format!("Someone changed rule {rule} that budget-guard disabled"),
            AlertKind::Reminder => format!("Rule {rule} is still disabled by budget-guard"),
            AlertKind::Failed => format!("budget-guard needs help with rule {rule}"),
            AlertKind::Advice => format!("Rule {rule} is fired mostly by its own target"),
            AlertKind::Cured => format!("The event pattern of rule {rule} was changed with budget-guard"),
            AlertKind::Budget => budget::subject(self),
            AlertKind::Unwatched => coverage::subject(self),
            AlertKind::Tampered => "Someone changed a part of budget-guard".to_owned(),
            AlertKind::Paused => "budget-guard has stopped cutting rules: too many within an hour".to_owned(),
        };
        subject.chars().take(MAX_SUBJECT).collect()
    }

    /// Returns the whole text: the event, its reason with numbers, the callers, the cost, and the command to undo.
    pub fn text(&self) -> String {
        let mut lines = Lines::default();
        lines.line(opening(self));
        lines.blank();
        lines.pair("Why:", &self.reason);
        if let Some(rule) = &self.rule {
            lines.pair("Rule:", &rule.arn);
        }
        lines.pair("Time:", self.time);
        if let Some(state) = &self.state {
            let rule = state.rule.map(|state| format!(", rule {state}")).unwrap_or_default();
            lines.pair("State:", format_args!("breaker {}{rule}", state.breaker));
        }
        if let Some(until) = self.budget.as_ref().and_then(|budget| budget.until) {
            lines.pair("Until:", format_args!("{until}, or until the budget is OK again"));
        }
        if let Some(evidence) = &self.evidence {
            causes(&mut lines, evidence);
        }
        if let Some(cost) = &self.cost {
            cost_lines(cost, self.kind == AlertKind::Tripped).iter().enumerate().for_each(|(n, line)| {
                lines.pair(if n == 0 { "Cost:" } else { "" }, line);
            });
        }
        lists(&mut lines, self);
        if let Some(cure) = &self.cure {
            lines.blank();
            cure.lines().iter().for_each(|line| lines.line(line));
        }
        if let Some(undo) = &self.undo {
            let once = if self.kind == AlertKind::Exonerated { "" } else { ", once the loop is broken" };
            lines.blank();
            lines.line(format_args!("To put the rule back exactly as it was{once}:"));
            lines.line(format_args!("  {undo}"));
        }
        if let Some(hint) = &self.hint {
            lines.blank();
            lines.line(format_args!("Next: {hint}"));
        }
        lines.blank();
        lines.line(format_args!("Alert id: {}", self.dedup_id));
        lines.0
    }
}

/// Lines of a mail. The only way to add text makes it plain, so that no name brings a line of its own.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.0, "{}", plain(&text.to_string()));
    }

    /// Adds a text with its label. An empty label continues the text before.
    fn pair(&mut self, label: &str, text: impl Display) {
        self.line(format_args!("{label:10} {text}"));
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }
}

/// Returns the first sentences: the event, and the action taken.
fn opening(alert: &AlertJson) -> String {
    let rule = alert.quoted_rule();
    let kind = alert.evidence.as_ref().map(|evidence| evidence.kind);
    let is_proved = alert.evidence.as_ref().is_some_and(Evidence::proves_loop);
    match alert.kind {
        AlertKind::Tripped if kind == Some(EvidenceKind::Manual) => {
            format!("Rule {rule} has been disabled by hand.")
        }
        AlertKind::Tripped if is_proved => {
            format!("Rule {rule} fires itself, an infinite loop. It has been disabled.")
        }
        AlertKind::WouldTrip if is_proved => {
            format!("Rule {rule} fires itself, an infinite loop. It was NOT disabled.")
        }
        AlertKind::Suspect if kind == Some(EvidenceKind::Burst) => {
            format!("Rule {rule} fires as often as a loop would. Nothing was done; please have a look.")
        }
        AlertKind::Suspect if matches!(kind, Some(EvidenceKind::Turns | EvidenceKind::Surplus)) => {
            format!("Rule {rule} may fire itself; a proof is missing. Nothing was done; please have a look.")
        }
        AlertKind::Suspect => {
            format!("Rule {rule} fires as a slow loop would. Nothing was done; please have a look.")
        }
        AlertKind::Tripped => format!("Rule {rule} looked like an infinite loop and has been disabled."),
        AlertKind::WouldTrip => format!("Rule {rule} looks like an infinite loop. It was NOT disabled."),
        AlertKind::Trial => {
            format!("Rule {rule} may fire itself. It is off for some minutes, and its calls are watched.")
        }
        AlertKind::Confirmed => {
            format!("The calls that fired rule {rule} stopped when it was disabled. That confirms the loop.")
        }
        AlertKind::Exonerated => {
            format!("Rule {rule} was disabled, and was then seen to be no loop.")
        }
        AlertKind::Inconclusive => {
            format!("That rule {rule} was disabled neither confirms a loop nor excludes one.")
        }
        AlertKind::Restored => format!("Rule {rule} has been put back as it was."),
        AlertKind::Undone => {
            format!("Rule {rule}, which budget-guard had disabled, was changed by someone else.")
        }
        AlertKind::Reminder => format!("Rule {rule} is still disabled; what it is for does not happen."),
        AlertKind::Failed => format!("budget-guard could not do its work on rule {rule}."),
        AlertKind::Advice => format!(
            "Rule {rule} is fired mostly by its own target. That need be no loop, but it costs as if it were one."
        ),
        AlertKind::Cured => format!("The event pattern of rule {rule} was changed on a person's order."),
        AlertKind::Budget => budget::opening(alert).to_owned(),
        AlertKind::Unwatched => coverage::opening(alert).to_owned(),
        AlertKind::Tampered => {
            "Someone changed what budget-guard does, in its own stack or by tags.".to_owned()
        }
        AlertKind::Paused => {
            "budget-guard only reports from now on. A loop that begins now is not cut.".to_owned()
        }
    }
}

/// Adds the lists of rules, each with its label.
fn lists(text: &mut Lines, alert: &AlertJson) {
    let ranked = |ranked: &[Ranked]| ranked.iter().map(budget::ranked_line).collect::<Vec<_>>();
    let rules = alert.rules.iter().map(|rule| quoted(&rule.arn)).collect();
    let lists = [("Disabled:", ranked(&alert.cut)), ("Left:", ranked(&alert.ranking)), ("Rules:", rules)];
    for (label, lines) in lists {
        for (n, line) in lines.iter().enumerate() {
            text.pair(if n == 0 { label } else { "" }, line);
        }
    }
    if let Some(unlisted) = alert.unlisted.filter(|unlisted| *unlisted > 0) {
        text.pair("", format_args!("and {} more", grouped(unlisted)));
    }
    if alert.cut.iter().chain(&alert.ranking).any(|ranked| ranked.cost_per_hour_micro_usd.is_some()) {
        text.pair("", format_args!("{}; a run that is not measured counts as a second.", list_prices()));
    }
}

fn causes(text: &mut Lines, evidence: &Evidence) {
    for (n, caller) in evidence.callers.iter().enumerate() {
        let label = if n == 0 { "Caused by:" } else { "" };
        let target = if caller.is_target { ", a target of this very rule" } else { "" };
        let sampled = if evidence.is_estimate { " of the sample" } else { "" };
        let calls = times(caller.count);
        // Calls of the guard itself never count.
        let named =
            if has_guards_name(&caller.principal) { ", not the guard, whose name it has" } else { "" };
        text.pair(label, format_args!("{} ({calls}{sampled}{target}{named})", caller.principal));
    }
    let (own, all) = evidence.own_calls();
    if own > 0 && all > 0 {
        let percent = u64::from(own) * 100 / u64::from(all);
        text.pair("", format_args!("{percent} % of these calls were made by the rule's own targets."));
    }
    for (label, value) in details(evidence) {
        text.pair(&format!("{label}:"), value);
    }
    for (n, id) in evidence.event_ids().enumerate() {
        text.pair(if n == 0 { "Events:" } else { "" }, id);
    }
}

/// Returns the parts that only some kinds of evidence have, each with its label: call, resource, cycle, rate curve,
/// history, and the course without the guard.
pub fn details(evidence: &Evidence) -> Vec<(&'static str, String)> {
    let mut details = Vec::new();
    details.extend(evidence.call.clone().map(|call| ("API call", call)));
    if let Some(own) = &evidence.own {
        details.extend(own.resource.clone().map(|resource| ("Resource", resource)));
        if let Some(first) = own.cycle.first() {
            let names: Vec<String> = own.cycle.iter().chain(Some(first)).map(quoted).collect();
            details.push(("Cycle", names.join(" → ")));
        }
        details.extend(own.missing.clone().map(|missing| ("Not proved", missing)));
    }
    if let Some(rate) = evidence.rate.as_ref().filter(|rate| rate.counts.len() > 1) {
        let slice = rate.slice_seconds;
        let curve = format!("{} (each bar {slice}, the highest {})", rate.sparkline(), rate.most());
        details.push(("Rate", curve));
    }
    details.extend(evidence.history.clone().map(|history| ("History", history)));
    details.extend(evidence.otherwise.clone().map(|otherwise| ("Otherwise", otherwise)));
    details
}

/// Returns true for a session with the name of one of the guard's functions.
fn has_guards_name(principal: &str) -> bool {
    let session = Arn::parse(principal).filter(|arn| arn.service == "sts");
    session.is_some_and(|arn| arn.name().starts_with(OWN_PREFIX))
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
