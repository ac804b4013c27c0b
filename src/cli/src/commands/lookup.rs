//! One rule for a command that only reads: its ARN and what the guard has recorded of it.

use budget_guard_core::model::RuleArn;
use budget_guard_core::record::Record;
use budget_guard_core::run::load;
use budget_guard_core::stored::Key;

use crate::connect::Session;
use crate::context::Context;
use crate::problem::Problem;
use crate::rule::{self, RuleName};

pub struct Found {
    pub session: Session,
    pub rule: RuleArn,
    /// `None`: the guard has not seen the rule fire.
    pub record: Option<Record>,
}

pub async fn find(context: &Context, name: &RuleName) -> Result<Found, Problem> {
    let table = context.table()?;
    let session = Session::open(context, std::slice::from_ref(name)).await?;
    let store = session.store(&table);
    let rule = Box::pin(rule::known(&session, &session.rules(), &store, name)).await?;
    let stored = load(&store, Key::Record(&rule)).await.map_err(|fault| session.problem(&fault))?;
    Ok(Found { session, rule, record: stored.map(|(record, _)| record) })
}
