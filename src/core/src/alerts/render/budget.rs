//! Text of alerts about costs.

use std::fmt::Write;

use super::{AlertJson, BudgetOutcome, Commands, Words, quoted};
use crate::alerts::{BudgetBody, BudgetEvent, EasedBy, NotTaken, Ranked};
use crate::model::{Excerpt, grouped};

pub(super) fn words(body: &BudgetBody, commands: &Commands) -> Words {
    let name = body.budget.as_ref().map(|budget| Excerpt::new(&budget.name).to_string()).unwrap_or_default();
    let region = &body.region;
    match &body.event {
        BudgetEvent::Pressure { why, cut, left, .. } => {
            Words::new(why.clone(), next_steps(cut, left, region, commands))
        }
        BudgetEvent::Unconfirmed { said, doubt } => Words::new(
            format!("{}. Nothing was cut", not_taken(said, doubt)),
            format!("look at the budget, and at the rules: {}", commands.within("status", region)),
        ),
        BudgetEvent::Eased(by) => {
            let because = match by {
                EasedBy::NoRaisedAlert => "AWS Budgets has no raised alert for it any more",
                EasedBy::Deletion => "it was deleted",
            };
            Words { reason: format!("the budget {name} no longer presses: {because}"), hint: None }
        }
        BudgetEvent::Cleared(because) => {
            let reason = format!("the pressure of the budget {name} was ended by hand: {because}");
            Words { reason, hint: None }
        }
    }
}

/// Returns the content of a message about costs, and the reason for which it has no consequence.
pub(crate) fn not_taken(said: &str, doubt: &NotTaken) -> String {
    match doubt {
        NotTaken::NoClaim => said.to_owned(),
        NotTaken::Doubted(doubt) => format!("{said}. Not confirmed: {doubt}"),
        NotTaken::Full => format!("{said}. More budgets press than the guard keeps, so this one does not"),
    }
}

fn next_steps(cut: &[Ranked], left: &[Ranked], region: &str, commands: &Commands) -> String {
    let mut hint = String::new();
    if let Some(first) = cut.first() {
        hint = format!("see why: {}; ", commands.about("explain", &first.rule.arn));
    }
    if let Some(first) = left.first() {
        let cut = commands.about("disable", &first.rule.arn);
        hint.push_str(&format!("cut another rule by hand: {cut} --reason TEXT; "));
    }
    hint + &format!("see or end the pressure: {}", commands.within("pressure", region))
}

/// Returns the subject line, by the outcome and the number of rules that were cut.
pub(super) fn subject(alert: &AlertJson) -> String {
    match (alert.outcome, alert.cut.len()) {
        (Some(BudgetOutcome::Unconfirmed), _) => "Budget alert, not confirmed: nothing was cut".to_owned(),
        (Some(BudgetOutcome::Eased), _) => {
            "Budget OK again: it no longer tightens budget-guard's limits".to_owned()
        }
        (Some(BudgetOutcome::Cleared), _) => "Budget pressure cleared by hand".to_owned(),
        (Some(BudgetOutcome::Pressure) | None, cut) => match cut {
            0 => "Budget alert: budget-guard found no loop to cut".to_owned(),
            1 => "Budget alert: budget-guard disabled 1 rule".to_owned(),
            n => format!("Budget alert: budget-guard disabled {n} rules"),
        },
    }
}

/// Returns the first sentences.
pub(super) fn opening(alert: &AlertJson) -> &'static str {
    match alert.outcome {
        Some(BudgetOutcome::Unconfirmed) => "An alert about money came in. Nothing was cut.",
        Some(BudgetOutcome::Eased) => "A budget is OK again. It no longer tightens the limits.",
        Some(BudgetOutcome::Cleared) => {
            "Budget pressure was ended by hand. The budget no longer tightens the limits."
        }
        Some(BudgetOutcome::Pressure) | None if alert.cut.is_empty() => {
            "Money is running out. No rule fires as a loop does, so nothing was cut."
        }
        Some(BudgetOutcome::Pressure) | None => {
            "Money is running out. The rules that fire as loops do have been disabled."
        }
    }
}

/// Returns the line for one rule, with the numbers by which it is ranked.
pub(super) fn ranked_line(ranked: &Ranked) -> String {
    let mut line =
        format!("{}: {} firings an hour", quoted(&ranked.rule.arn), grouped(ranked.firings_per_hour));
    if let Some(cost) = ranked.cost_per_hour_micro_usd {
        let _ = write!(line, ", {cost} an hour");
    }
    if let Some(percent) = ranked.own_percent {
        let _ = write!(line, ", {percent} % caused by its own targets");
    }
    if ranked.is_suspect {
        line.push_str(", a suspect");
    }
    line
}
