//! `status RULE`: the record of one rule beside its definition in EventBridge.

use std::collections::BTreeMap;

use budget_guard_aws::SystemClock;
use budget_guard_core::alerts::quoted;
use budget_guard_core::breaker::{Breaker, Cut};
use budget_guard_core::model::{Fault, RuleArn, RuleDefinition, Tags, Timestamp, grouped, plural};
use budget_guard_core::policy::{InEffect, LIMIT_TAG, Limits, MODE_TAG, Origin, SpendLimit, TAG_PREFIX};
use budget_guard_core::ports::{Clock, Rules};
use budget_guard_core::prices::{CostBasis, FiringCost};
use budget_guard_core::record::Record;
use serde::Serialize;

use super::acting::{self, Knowledge};
use super::lines::Lines;
use super::{lookup, view};
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::RuleName;
use crate::targets::TARGET_ID;

/// JSON output of `status RULE`.
#[derive(Debug, Serialize)]
struct Details<'a> {
    #[serde(flatten)]
    record: view::RuleView,
    /// True if the guard has a record of this rule.
    is_seen: bool,
    /// Present state in EventBridge. Null if it could not be read; then `rule_error` has the reason.
    rule_state: Option<&'static str>,
    rule_error: Option<String>,
    targets: Option<&'a [budget_guard_core::model::Target]>,
    /// Settings by the names of their tags, without the prefix.
    settings: BTreeMap<&'static str, InEffect>,
    /// Limit in dollars that `limit` follows from. Null if it is set in firings.
    spend_limit: Option<SpendLimit>,
    /// Cost of a firing by its parts. Null if the targets could not be read.
    firing_cost: Option<FiringCost>,
    /// Knowledge of the actors behind its targets: known, partly known or unknown. Null if the targets could not be
    /// read.
    who_acts: Option<Knowledge>,
    /// Number of calls of its own targets among the firings of the last 24 hours.
    own_calls: u64,
    firings_in_24_hours: u64,
    bad_tags: &'a [String],
}

/// Runs `status RULE`.
pub(super) async fn run(context: &Context, name: &RuleName) -> Result<Exit, Problem> {
    let found = Box::pin(lookup::find(context, name)).await?;
    found.session.complete(context).await;
    let defaults = context.defaults()?;
    let live = found.session.rules().inspect(&found.rule).await;
    let now = SystemClock.now();
    let tags = live.as_ref().map(|rule| rule.tags.clone()).unwrap_or_default();
    let limits = effective_limits(&defaults, &found.rule, found.record.as_ref(), &tags);
    let limits = priced(limits, &found.rule, found.record.as_ref(), live.as_ref().ok());
    let is_seen = found.record.is_some();
    let record = found.record.unwrap_or_else(|| Record::new(found.rule.clone(), limits.burst));
    if context.is_json() {
        output::json(&Details {
            record: view::RuleView::new(&record, now),
            is_seen,
            rule_state: live.as_ref().ok().map(|rule| rule.state.as_str()),
            rule_error: live.as_ref().err().map(ToString::to_string),
            targets: live.as_ref().ok().map(|rule| rule.targets.as_slice()),
            settings: limits.in_effect(&tags).into_iter().map(|one| (short(one.tag), one)).collect(),
            spend_limit: limits.spend,
            firing_cost: firing_cost(&limits, &record),
            who_acts: live.as_ref().ok().map(|rule| Knowledge::of(&rule.targets, &limits.acts_as)),
            own_calls: record.turns.own_share().own,
            firings_in_24_hours: record.turns.own_share().all,
            bad_tags: &limits.bad_tags,
        })?;
    } else {
        let mut lines = Lines::for_stdout();
        record_lines(&mut lines, &record, is_seen, now);
        let cost = firing_cost(&limits, &record);
        rule_lines(&mut lines, &live, &limits, cost.as_ref(), context.knows_mode());
        output::data(&lines.into_text())?;
    }
    report(context, &record, is_seen, &live, &limits);
    if let Err(fault) = &live {
        let problem = found.session.problem(fault);
        output::warning(format_args!("the rule could not be read: {}", problem.message));
        problem.hints.iter().for_each(output::hint);
    }
    Ok(Exit::Done)
}

/// Adds the lines about the record.
pub(super) fn record_lines(lines: &mut Lines, record: &Record, is_seen: bool, now: Timestamp) {
    lines.heading(format_args!("Rule {}", quoted(&record.rule)));
    lines.pair("ARN", &record.rule);
    if !is_seen {
        return lines.pair("Record", "none: the guard has not seen this rule fire");
    }
    lines.pair("Breaker", &record.breaker);
    lines.pair("Firings", view::firings(record, now));
    if record.late > 0 {
        lines.pair(
            "Late",
            format_args!("{} after a cut, or from before this epoch", plural(record.late, "firing")),
        );
    }
    let share = record.turns.own_share();
    if share.own > 0 {
        let (own, all) = (share.own, share.all);
        let advice = if share.is_most() { ": fired mostly by its own target" } else { "" };
        lines.pair(
            "Own calls",
            format_args!("{own} of {all} firings in 24 hours ({} %){advice}", own * 100 / all.max(1)),
        );
    }
    let began =
        record.epoch.began.map(|began| format!(", began {}", crate::relative_time::time_ago(began, now)));
    lines.pair("Epoch", format_args!("{}{}", record.epoch.number, began.unwrap_or_default()));
    match &record.last_trip {
        None => lines.pair("Last trip", "never"),
        Some(trip) => {
            lines.pair(
                "Last trip",
                format_args!("{}: {}", crate::relative_time::time_ago(trip.at, now), trip.reason),
            );
            lines.pair("", view::outcome(record, trip, now));
        }
    }
    for (label, text) in view::aftermath(record) {
        lines.pair(label, text);
    }
    if let Some(quiet) = record.quiet.filter(|quiet| quiet.until > now) {
        lines.pair(
            "Quiet",
            format_args!("no further alert about it before {}", crate::relative_time::time(quiet.until)),
        );
    }
    for note in view::unfinished(record) {
        lines.pair("Unfinished", note);
    }
}

/// Adds the lines about the rule's definition. None if it could not be read.
pub(super) fn rule_lines(
    lines: &mut Lines,
    live: &Result<RuleDefinition, Fault>,
    limits: &Limits,
    cost: Option<&FiringCost>,
    knows_mode: bool,
) {
    let Ok(rule) = live else { return };
    lines.heading("In EventBridge now");
    lines.pair("State", rule.state);
    if let Some(service) = &rule.managed_by {
        lines.pair("Managed by", format_args!("{service}: the guard never touches it"));
    }
    if let Some(cost) = cost {
        lines.pair("Cost", cost);
        lines.pair("", cost.parts());
    }
    for (n, target) in rule.targets.iter().enumerate() {
        let label = if n == 0 { "Targets" } else { "" };
        let own = if target.id == TARGET_ID { " (the guard)" } else { "" };
        lines.pair(label, format_args!("{}{own}", target.arn));
    }
    if rule.targets.is_empty() {
        lines.pair("Targets", "none");
    }
    acting::lines(lines, &rule.targets, &limits.acts_as);
    lines.heading("Settings in effect, by their tags");
    for InEffect { tag, value, origin } in limits.in_effect(&rule.tags) {
        let is_doubtful = origin != Origin::Tag && tag == MODE_TAG && !knows_mode;
        let or_else = if is_doubtful { ", unless the function's BUDGET_GUARD_MODE differs" } else { "" };
        lines.line(format_args!("{:<13}{value} ({origin}{or_else})", short(tag)));
    }
    if let Some(spend) = limits.spend {
        let firings = grouped(limits.burst.count.get().into());
        lines.line(format_args!("{:<13}{spend}, which is {firings} firings in {}", "", limits.burst.window));
    }
}

fn short(tag: &'static str) -> &'static str {
    tag.trim_start_matches(TAG_PREFIX)
}

/// Prints contradictions between the record and the rule, and next steps.
fn report(
    context: &Context,
    record: &Record,
    is_seen: bool,
    live: &Result<RuleDefinition, Fault>,
    limits: &Limits,
) {
    for problem in &limits.bad_tags {
        output::warning(problem);
    }
    let has_guard = |rule: &RuleDefinition| rule.targets.iter().any(|target| target.id == TARGET_ID);
    let is_attached = live.as_ref().is_ok_and(has_guard);
    let is_enabled = live.as_ref().ok().map(|rule| rule.state.is_enabled());
    match (&record.breaker, is_enabled) {
        (Breaker::Open(Cut::Disabled(_)), Some(true)) => {
            output::warning("the guard disabled this rule, and someone else enabled it since");
            output::hint("the guard sees that within a minute, says so, and counts again on probation");
        }
        (Breaker::Open(_), _) => {
            output::hint(format_args!("why: {}", context.command("explain", &record.rule)));
        }
        (Breaker::Restoring { .. }, _) => {
            let command = context.command("enable", &record.rule);
            output::hint(format_args!("an earlier `enable` was interrupted; to go on: {command}"));
        }
        (Breaker::Closed | Breaker::HalfOpen { .. }, Some(false)) => {
            output::warning("the rule is disabled, and not by the guard")
        }
        (Breaker::Closed, Some(true)) if !is_seen && !is_attached => {
            let attach = context.command("attach", &record.rule);
            output::hint(format_args!("if the guard does not see it yet: {attach}"));
        }
        (Breaker::Closed | Breaker::HalfOpen { .. }, _) => {}
    }
}

/// Limits in effect. The function's default is not known here, so the limit it last used is taken from the record.
fn effective_limits(defaults: &Limits, rule: &RuleArn, record: Option<&Record>, tags: &Tags) -> Limits {
    let mut defaults = defaults.clone();
    if let Some(record) = record.filter(|_| !tags.contains_key(LIMIT_TAG)) {
        defaults.burst = record.limit;
    }
    defaults.of_rule(rule, tags)
}

/// Limits with the cost of a firing of the rule as it is now.
fn priced(limits: Limits, rule: &RuleArn, record: Option<&Record>, live: Option<&RuleDefinition>) -> Limits {
    let Some(live) = live else { return limits };
    let limits =
        limits.with_cost_basis(CostBasis::new(rule.bus(), live.event_pattern.as_deref(), &live.targets));
    match record {
        Some(record) => limits.priced(record.means()),
        None => limits,
    }
}

fn firing_cost(limits: &Limits, record: &Record) -> Option<FiringCost> {
    Some(limits.cost_basis.as_ref()?.firing(record.means(), None))
}
