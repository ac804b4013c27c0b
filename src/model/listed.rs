//! A rule as `ListRules` shows it: everything but its targets and its tags.

use super::{RuleArn, RuleDefinition, RuleState};

/// One line of `ListRules` (EventBridge API, 2015-10-07).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRule {
    pub rule: RuleArn,
    pub state: RuleState,
    pub event_pattern: Option<String>,
    pub schedule_expression: Option<String>,
    pub role_arn: Option<String>,
    /// The AWS service that owns the rule, if one does.
    pub managed_by: Option<String>,
}

impl ListedRule {
    /// What `ListRules` would show of a rule that was read whole.
    pub fn of(rule: RuleArn, definition: &RuleDefinition) -> Self {
        Self {
            rule,
            state: definition.state,
            event_pattern: definition.event_pattern.clone(),
            schedule_expression: definition.schedule_expression.clone(),
            role_arn: definition.role_arn.clone(),
            managed_by: definition.managed_by.clone(),
        }
    }
}
