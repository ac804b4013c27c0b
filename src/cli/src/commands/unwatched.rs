//! What `status` says of rules that fire on events which the guard is not shown.

use std::collections::BTreeSet;

use budget_guard_aws::EventBridgeRules;
use budget_guard_core::directory::Unwatched;
use budget_guard_core::model::{DEFAULT_BUS, Fault, RuleArn};
use budget_guard_core::ports::Rules;

/// Of 100 rules each; more than the quota of rules on a bus.
const PAGES: u32 = 20;

/// What is asked of the guard's stack, a sentence for each setting. `seen` are rules that have fired into the table.
pub async fn hints(rules: &EventBridgeRules, seen: &BTreeSet<&RuleArn>) -> Result<Vec<String>, Fault> {
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
    Ok(Unwatched::of(&listed, &BTreeSet::new(), seen).coverage().sentences())
}
