//! `pressure`: shows the overspent budgets and their effect on the limits, or ends it.

use budget_guard_aws::SystemClock;
use budget_guard_core::alerts::BudgetRef;
use budget_guard_core::budget::{Cleared, OverspentBudget, OverspentBudgets};
use budget_guard_core::escape::plain;
use budget_guard_core::model::{Excerpt, Timestamp};
use budget_guard_core::policy::DEFAULT_PRESSURE;
use budget_guard_core::ports::Clock;
use budget_guard_core::run::{load, reference};
use budget_guard_core::stored::Key;
use serde::Serialize;

use super::order;
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::session::Session;

/// One budget in JSON output.
#[derive(Debug, Serialize)]
struct PressView<'a> {
    budget: BudgetRef,
    is_pressing: bool,
    since: Timestamp,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared: Option<&'a Cleared>,
}

/// Runs `pressure`: shows the overspent budgets or, with a reason, ends their effect.
pub(super) async fn run(context: &Context, reason: Option<&str>) -> Result<Exit, Problem> {
    let Some(reason) = reason else { return show(context).await };
    let reason = order::reason(reason, "why the pressure ends")?;
    let session = Session::of_guard(context, &[], Needs::Guard).await?;
    let settings = context.guard()?;
    let cleared = Box::pin(session.guard(settings).clear_pressure(&reason)).await;
    let cleared = cleared.map_err(|fault| session.problem(&fault))?;
    if cleared.budgets.is_empty() {
        return Err(Problem::refused("no budget presses, so there is nothing to end").hint(format!(
            "to see what is known of budgets: {}",
            context.command_line("pressure", session.region())
        )));
    }
    if context.is_json() {
        output::json(&views(&cleared.budgets, SystemClock.now()))?;
    } else {
        for overspent in &cleared.budgets {
            output::line(format_args!("The budget {} no longer presses.", Excerpt::new(&overspent.name)))?;
        }
    }
    if let Some(fault) = &cleared.untold {
        output::warning(format_args!("nobody was told yet: {fault}"));
        session.problem(fault).hints.iter().for_each(output::hint);
        output::hint("the alert is kept, and the guard's function publishes it with its next tick");
    }
    if let Some(fault) = &cleared.unnoted {
        output::warning(format_args!("people were told, but that was not noted: {fault}"));
        session.problem(fault).hints.iter().for_each(output::hint);
        output::hint("the guard's function may tell them once more with its next tick");
    }
    output::hint(format_args!(
        "rules that were cut stay cut: {}; running functions follow within 10 seconds",
        context.command_line("status", session.region())
    ));
    Ok(Exit::Done)
}

async fn show(context: &Context) -> Result<Exit, Problem> {
    let session = Session::of_guard(context, &[], Needs::Table).await?;
    let table = context.table()?;
    let stored = load::<OverspentBudgets>(&session.store(&table), Key::Budgets).await;
    let stored = stored.map_err(|fault| session.problem(&fault))?;
    let pressure = stored.map(|(pressure, _)| pressure).unwrap_or_default();
    let now = SystemClock.now();
    if context.is_json() {
        output::json(&views(pressure.budgets(), now))?;
        return Ok(Exit::Done);
    }
    if pressure.budgets().is_empty() {
        output::note(format_args!(
            "no budget presses in {}: the limits are what they always are",
            session.region()
        ));
        return Ok(Exit::Done);
    }
    output::data(&text(&pressure, now))?;
    if pressure.active(now).next().is_some() {
        let clear = context.command_line("pressure --clear --reason TEXT", session.region());
        output::hint(format_args!("to end it: {clear}"));
    }
    Ok(Exit::Done)
}

/// Prints a note about overspent budgets, which affect all rules.
pub(super) async fn mention(context: &Context, session: &Session, table: &str, now: Timestamp) {
    match load::<OverspentBudgets>(&session.store(table), Key::Budgets).await {
        Ok(Some((pressure, _))) => {
            for overspent in pressure.active(now) {
                // The function's own setting is not known here and may differ.
                let divisor = context.defaults().map(|limits| limits.pressure).unwrap_or(DEFAULT_PRESSURE);
                let limits = match divisor.get() {
                    1 => String::new(),
                    divisor => format!("limits are divided by {divisor} and "),
                };
                output::warning(format_args!(
                    "{}: {limits}suspects are cut, {}; see {}",
                    overspent.reason,
                    until(overspent),
                    context.command_line("pressure", session.region())
                ));
            }
        }
        Ok(None) => {}
        Err(fault) => output::warning(format_args!("whether a budget presses was not read: {fault}")),
    }
}

fn views(budgets: &[OverspentBudget], now: Timestamp) -> Vec<PressView<'_>> {
    let view = |overspent| PressView {
        budget: reference(overspent),
        is_pressing: is_pressing(overspent, now),
        since: overspent.since,
        reason: &overspent.reason,
        cleared: overspent.follow_up.cleared.as_ref(),
    };
    budgets.iter().map(view).collect()
}

fn is_pressing(overspent: &OverspentBudget, now: Timestamp) -> bool {
    now < overspent.until && overspent.follow_up.cleared.is_none()
}

fn until(overspent: &OverspentBudget) -> String {
    match reference(overspent).until {
        Some(until) => format!("until {until} or until AWS says that it is OK again"),
        None => "until AWS says that it is OK again".to_owned(),
    }
}

fn text(pressure: &OverspentBudgets, now: Timestamp) -> String {
    let line = |overspent: &OverspentBudget| {
        let state = match &overspent.follow_up.cleared {
            _ if is_pressing(overspent, now) => {
                format!("presses since {}, {}", overspent.since, until(overspent))
            }
            Some(cleared) => format!("ended by hand at {}: {}", cleared.at, cleared.reason),
            None => format!("ended at {}", overspent.until),
        };
        let (state, why) = (plain(&state), plain(&overspent.reason));
        format!("{}\n  {state}\n  why: {why}\n", Excerpt::new(&overspent.name))
    };
    pressure.budgets().iter().map(line).collect()
}
