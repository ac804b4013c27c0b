//! IAM policy with the rights of the calls that a survey makes.

use budget_guard_aws::{EventBridgeRules, REGIONS_RIGHT};
use serde_json::{Value, json};

use super::survey::Scope;

/// Policy for a survey. The calls read, and their services are many: each statement is for every resource.
pub(super) fn policy(scope: &Scope<'_>) -> Value {
    let mut actions = EventBridgeRules::survey_rights();
    if !scope.buses.is_empty() {
        actions.remove("events:ListEventBuses");
    }
    if scope.all_regions {
        actions.insert(REGIONS_RIGHT);
    }
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "BudgetGuardReadsRules", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    })
}
