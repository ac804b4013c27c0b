//! `disable`: cuts a rule on order, through the guard's own record.

use budget_guard_core::alerts::quoted;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::guard::Order;
use budget_guard_core::model::RuleState;

use super::order::{self, OrderView};
use super::view;
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::{self, RuleName};
use crate::session::Session;

/// Runs `disable`.
pub(super) async fn run(context: &Context, name: &RuleName, reason: &str) -> Result<Exit, Problem> {
    let reason = order::reason(reason, "the cut")?;
    let session = Session::of_guard(context, std::slice::from_ref(name), Needs::Guard).await?;
    let settings = context.guard()?;
    let mut guard = session.guard(settings);
    let rule = Box::pin(rule::existing(&session, &guard.ports.rules, name)).await?;
    let driven = order::carry_out(&session, &mut guard, &rule, Order::Disable { reason }).await?;
    let record = order::accepted(&driven, &rule, |record| {
        let is_open = matches!(record.breaker, Breaker::Open(_));
        is_open.then(|| format!("why: {}", context.command("explain", &rule)))
    })?;
    let Some(disabled) = record.breaker.disabled() else {
        return Err(order::not_done(&session, &driven, "the rule could not be disabled yet")
            .hint("the order is recorded: the guard tries again every minute")
            .hint(format!("to see whether it did: {}", context.command("status", &rule))));
    };
    let undo = context.command("enable", &rule);
    if context.is_json() {
        output::json(&OrderView {
            rule: view::rule_ref(&rule),
            result: "disabled",
            breaker: record.breaker.word(),
            rule_state: Some(RuleState::Disabled.as_str().to_owned()),
            disabled_at: Some(disabled.at),
            epoch: record.epoch.number,
            undo: Some(undo),
            notes: order::distinct(&driven.notes),
            replay: None,
        })?;
    } else {
        output::line(format_args!("Rule {} is disabled; it was {}.", quoted(&rule), disabled.found.state))?;
        output::hint(format_args!("to put it back as it was: {undo}"));
    }
    order::report_notes(&session, &driven);
    Ok(Exit::Done)
}
