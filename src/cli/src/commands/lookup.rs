//! Look-up of one rule for a command that only reads: its ARN and its record.

use budget_guard_core::model::RuleArn;
use budget_guard_core::record::Record;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;

use crate::context::{Context, Needs};
use crate::problem::Problem;
use crate::rule::{self, RuleName};
use crate::session::Session;

/// A rule with its record.
pub(super) struct Found {
    /// Session that the rule was read with.
    pub session: Session,
    /// ARN of the rule.
    pub rule: RuleArn,
    /// Record of the rule. `None` if the guard has not seen it fire.
    pub record: Option<Record>,
}

/// Finds the rule and its record.
pub(super) async fn find(context: &Context, name: &RuleName) -> Result<Found, Problem> {
    let session = Session::of_guard(context, std::slice::from_ref(name), Needs::Table).await?;
    let table = context.table()?;
    let store = session.store(&table);
    let rule = Box::pin(rule::known(&session, &session.rules(), &store, name)).await?;
    let stored = load(&store, Key::Record(&rule)).await.map_err(|fault| session.problem(&fault))?;
    Ok(Found { session, rule, record: stored.map(|(record, _)| record) })
}
