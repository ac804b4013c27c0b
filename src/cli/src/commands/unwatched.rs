//! Hints of `status` about rules with events that the guard does not get.

use std::collections::BTreeSet;

use budget_guard_core::directory::Unwatched;
use budget_guard_core::model::{DEFAULT_BUS, Fault, RuleArn};
use budget_guard_core::ports::Rules;

use crate::session::Session;

/// Maximum number of pages read, with 100 rules each. More than the quota of rules on a bus.
const PAGES: u32 = 20;

/// Settings of the guard's stack to change, one sentence each. `seen` are rules with a record.
pub(super) async fn hints(session: &Session, seen: &BTreeSet<&RuleArn>) -> Result<Vec<String>, Fault> {
    let rules = session.rules();
    let mut listed = Vec::new();
    let mut next_token = None;
    for _ in 0..PAGES {
        let page = rules.list(DEFAULT_BUS, next_token.as_deref()).await?;
        listed.extend(page.items);
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    Ok(Unwatched::of(&listed, &session.own, &BTreeSet::new(), seen).coverage().sentences())
}
