//! `enable`: restores a rule that the guard cut, and replays the events that it missed on request.

use budget_guard_aws::{EventBridgeRules, SystemClock};
use budget_guard_core::alerts::quoted;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::guard::Order;
use budget_guard_core::model::{RuleArn, whole_seconds};
use budget_guard_core::ports::Clock;
use budget_guard_core::record::Record;

use super::missed;
use super::order::{self, OrderView};
use super::view;
use crate::args::Missed;
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::{self, RuleName};
use crate::session::Session;

/// Runs `enable`.
pub(super) async fn run(
    context: &Context,
    name: &RuleName,
    force: bool,
    missed: &Missed,
) -> Result<Exit, Problem> {
    let session = Session::of_guard(context, std::slice::from_ref(name), Needs::Guard).await?;
    let settings = context.guard()?;
    let mut guard = session.guard(settings);
    let (rules, store) = (&guard.ports.rules, &guard.ports.store);
    let rule = Box::pin(rule::known(&session, rules, store, name)).await?;
    let plan = if missed.replay_missed {
        let with = (force, missed.archive_delay);
        Some(Box::pin(missed::plan(context, &session, &guard, &rule, with)).await?)
    } else {
        None
    };
    let driven = order::carry_out(&session, &mut guard, &rule, Order::Enable { force }).await?;
    let record = order::accepted(&driven, &rule, |record| instead(context, &rule, record))?;
    let Breaker::HalfOpen { until } = record.breaker else {
        let command = context.command("enable", &rule);
        return Err(order::not_done(&session, &driven, "the rule could not be put back yet")
            .hint(format!("nothing is lost; to go on: {command}")));
    };
    let restored_at = SystemClock.now();
    let rule_state = state_now(&guard.ports.rules, &rule).await;
    if !context.is_json() {
        let state = rule_state.as_deref().unwrap_or("enabled");
        output::line(format_args!("Rule {} is {state} again, as it was.", quoted(&rule)))?;
        output::note(format_args!(
            "Counting starts anew, on probation until {} with {}.",
            whole_seconds(until),
            record.window.limit()
        ));
        if let Some(after) = record.aftermath.as_ref().filter(|after| after.missed.total() > 0) {
            output::note(format_args!("While it was off it missed {}.", after.missed));
        }
    }
    order::report_notes(&session, &driven);
    let (replay, ended) = match plan {
        Some(plan) => {
            let rules = &guard.ports.rules;
            let (view, ended) = Box::pin(plan.carry_out(&session, rules, restored_at)).await;
            (Some(view), ended)
        }
        None => (None, Ok(())),
    };
    if context.is_json() {
        output::json(&OrderView {
            rule: view::rule_ref(&rule),
            result: "enabled",
            breaker: record.breaker.word(),
            rule_state,
            disabled_at: None,
            epoch: record.epoch.number,
            undo: None,
            notes: order::distinct(&driven.notes),
            replay,
        })?;
    } else if let Some(view) = replay.filter(|_| ended.is_ok()) {
        output::line(format_args!("The events from {} to {} were replayed to it.", view.from, view.to))?;
    }
    ended.map(|()| Exit::Done)
}

/// Hint for a refused restore. `None` if the refusal has one.
pub(super) fn instead(context: &Context, rule: &RuleArn, record: &Record) -> Option<String> {
    let is_uncut = matches!(record.breaker, Breaker::Closed | Breaker::HalfOpen { .. });
    is_uncut.then(|| format!("if someone else disabled it: {}", context.aws_events("enable-rule", rule)))
}

/// Present state of the rule. The guard has compared it with the state before the cut.
async fn state_now(rules: &EventBridgeRules, rule: &RuleArn) -> Option<String> {
    let call = rules.client().describe_rule().event_bus_name(rule.bus()).name(rule.name());
    let described = call.send().await.ok()?;
    described.state().map(|state| state.as_str().to_owned())
}
