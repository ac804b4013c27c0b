//! Parts of the stack of a guard in the tests.

use budget_guard_core::model::Own;

/// Role of the guard's functions.
pub const ROLE: &str = "guard-role";

/// ARNs of the parts of a stack in this account and `us-east-1`, as `BUDGET_GUARD_OWN_ARNS` has them.
pub fn own_arns(account: &str) -> String {
    let here = |service: &str, resource: &str| format!("arn:aws:{service}:us-east-1:{account}:{resource}");
    let rules = ["watch", "catch-all", "changes", "tick"];
    let mut arns = rules.map(|name| here("events", &format!("rule/budget-guard-{name}"))).to_vec();
    arns.extend(["ingest", "control"].map(|name| here("lambda", &format!("function:budget-guard-{name}"))));
    arns.push(here("sqs", "budget-guard-firings"));
    arns.push(format!("arn:aws:iam::{account}:role/{ROLE}"));
    arns.join(",")
}

/// Parts of a stack in this account and `us-east-1`.
///
/// # Panics
///
/// The account is none.
pub fn own(account: &str) -> Own {
    own_arns(account).parse().expect("the parts of a stack")
}
