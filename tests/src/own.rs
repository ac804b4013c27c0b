//! Parts of the stack of a guard in the tests.

use budget_guard_core::model::Own;
use budget_guard_core::settings;

use super::world::World;

/// Role of the guard's functions.
pub const ROLE: &str = "guard-role";

/// ARNs of the parts of a stack in this account and `us-east-1`, as `BUDGET_GUARD_OWN_ARNS` has them. `rules` are its rules,
/// besides one that is called by the clock and one that takes all events.
pub fn own_arns(account: &str, rules: &[&str]) -> String {
    let here = |service: &str, resource: &str| format!("arn:aws:{service}:us-east-1:{account}:{resource}");
    let rules = ["catch-all", "tick"].iter().chain(rules);
    let mut arns: Vec<String> =
        rules.map(|name| here("events", &format!("rule/budget-guard-{name}"))).collect();
    arns.extend(["ingest", "control"].map(|name| here("lambda", &format!("function:budget-guard-{name}"))));
    arns.push(format!("arn:aws:iam::{account}:role/{ROLE}"));
    arns.join(",")
}

/// Parts of a stack in this account and `us-east-1`, with these rules and a queue.
///
/// # Panics
///
/// The account is none.
pub fn own(account: &str, rules: &[&str]) -> Own {
    let queue = format!("arn:aws:sqs:us-east-1:{account}:budget-guard-firings");
    format!("{},{queue}", own_arns(account, rules)).parse().expect("the parts of a stack")
}

impl World {
    /// This world with the parts of a deployed stack as the guard's own.
    pub fn of_stack(mut self, own_arns: String) -> Self {
        self.environment.retain(|(name, _)| *name != settings::OWN);
        self.environment.push((settings::OWN, own_arns));
        self
    }
}
