//! IAM policy with the rights of the calls that a survey makes.

use budget_guard_aws::{EventBridgeRules, REGIONS_RIGHT};
use serde_json::{Value, json};

use crate::args::Surveyed;

/// Policy for a survey and for the actions `more`. The calls read, and their services are many: each statement is for
/// every resource.
pub(crate) fn policy(scope: &Surveyed, more: &[&'static str]) -> Value {
    let mut actions = EventBridgeRules::survey_rights();
    if !scope.bus.is_empty() {
        actions.remove("events:ListEventBuses");
    }
    if scope.all_regions {
        actions.insert(REGIONS_RIGHT);
    }
    actions.extend(more);
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "BudgetGuardReadsRules", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    })
}
