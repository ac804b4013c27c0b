//! `cure`: the event pattern that ends a rule's loop.

mod apply;
mod plan;

use budget_guard_aws::SystemClock;
use budget_guard_core::alerts::{RuleRef, quoted};
use budget_guard_core::cure::{Cure, PatternChange, pretty};
use budget_guard_core::model::RuleArn;
use budget_guard_core::ports::{Clock, Rules};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::lines::Lines;
use super::{lookup, order, view};
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::RuleName;

pub(super) use apply::{apply, undo};
use plan::Plan;

/// JSON output of `cure`.
#[derive(Debug, Serialize)]
struct View<'a> {
    rule: RuleRef,
    /// `shown`, `applied` or `undone`.
    result: &'static str,
    /// True if the loop is proved.
    is_proved: bool,
    /// Pattern without the cure.
    before: &'a str,
    /// Pattern with the cure.
    after: &'a str,
    /// The change as lines, with the sign in front.
    diff: Vec<String>,
    /// ARNs or names of the roles that are left out. Null for a change that was made before.
    left_out: Option<&'a [String]>,
    /// Facts that were verified.
    verified: Option<String>,
    quota: Option<String>,
    /// Change that the record keeps. Null if none was made.
    change: Option<&'a PatternChange>,
    apply: String,
    undo: String,
    notes: Vec<String>,
}

impl<'a> View<'a> {
    fn new(
        context: &Context,
        rule: &RuleArn,
        result: &'static str,
        (before, after): (&'a str, &'a str),
    ) -> Self {
        Self {
            rule: view::rule_ref(rule),
            result,
            is_proved: false,
            before,
            after,
            diff: diff(before, after),
            left_out: None,
            verified: None,
            quota: None,
            change: None,
            apply: format!("{} --apply", context.command("cure", rule)),
            undo: format!("{} --undo", context.command("cure", rule)),
            notes: Vec::new(),
        }
    }

    fn with_cure(self, cure: &'a Cure, is_proved: bool) -> Self {
        let (verified, quota) = (Some(cure.verified()), cure.quota());
        Self { is_proved, left_out: Some(&cure.left_out), verified, quota, ..self }
    }
}

/// Runs `cure` without an option: shows the change.
pub(super) async fn show(context: &Context, name: &RuleName) -> Result<Exit, Problem> {
    let found = Box::pin(lookup::find(context, name)).await?;
    let (rule, record) = (&found.rule, found.record.as_ref());
    let live = found.session.rules().inspect(rule).await.map_err(|fault| found.session.problem(&fault))?;
    let change = record.and_then(|record| record.pattern_change.as_deref());
    if let Some(change) = change.filter(|change| change.is_after(live.event_pattern.as_deref())) {
        let patterns = (change.before.as_str(), change.after.as_str());
        let is_proved = record.is_some_and(|record| record.is_proved_loop());
        let view = View { change: Some(change), is_proved, ..View::new(context, rule, "shown", patterns) };
        return shown(context, &view, Some(view::pattern_change(change, SystemClock.now())));
    }
    let is_own = found.session.own.has_rule(rule);
    let plan = Plan::new(context, rule, record, &live, is_own)?;
    let patterns = (plan.before.as_str(), plan.cure.pattern.as_str());
    let view = View::new(context, rule, "shown", patterns).with_cure(&plan.cure, plan.is_proved);
    shown(context, &view, None)
}

fn shown(context: &Context, view: &View<'_>, state: Option<String>) -> Result<Exit, Problem> {
    if context.is_json() {
        output::json(view)?;
        return Ok(Exit::Done);
    }
    let mut lines = Lines::for_stdout();
    lines.heading(format_args!("Rule {}", quoted(&view.rule.arn)));
    view.diff.iter().for_each(|line| lines.line(line));
    if let Some(state) = state {
        lines.pair("State", state);
    }
    let proof = match view.is_proved {
        true => "the rule fires itself",
        false => "none: this loop is not proved, and the change only leaves its own calls out",
    };
    lines.pair("Proof", proof);
    if let Some(roles) = view.left_out {
        lines.pair(
            "Left out",
            format_args!("the calls of {}, of all who have that role", roles.join(" and ")),
        );
    }
    for (label, text) in [("Verified", &view.verified), ("Quota", &view.quota)] {
        if let Some(text) = text {
            lines.pair(label, text);
        }
    }
    let (what, command) = match view.change {
        Some(_) => ("To put the old pattern back", &view.undo),
        None => ("To put the changed pattern", &view.apply),
    };
    lines.heading(what);
    lines.line(command);
    output::data(&lines.into_text())?;
    Ok(Exit::Done)
}

/// Lines of both patterns with `+`, `-` or a space in front.
pub(super) fn diff(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (pretty(before), pretty(after));
    let lines = TextDiff::from_lines(&before, &after);
    let line = |change: similar::Change<&str>| {
        let sign = match change.tag() {
            ChangeTag::Insert => '+',
            ChangeTag::Delete => '-',
            ChangeTag::Equal => ' ',
        };
        format!("{sign} {}", change.value().trim_end_matches('\n'))
    };
    lines.iter_all_changes().map(line).collect()
}
