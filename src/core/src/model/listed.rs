//! Rules and schedules as AWS lists them: rules without targets and tags, schedules without their times.

use super::{RuleArn, RuleDefinition, RuleState, Timestamp};

/// Rule as `ListRules` returns it (EventBridge API, 2015-10-07).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRule {
    /// ARN of the rule.
    pub rule: RuleArn,
    /// State of the rule.
    pub state: RuleState,
    /// Event pattern as JSON. `None` for rules with a schedule only.
    pub event_pattern: Option<String>,
    /// Schedule, as in `rate(5 minutes)`. `None` for rules with a pattern only.
    pub schedule_expression: Option<String>,
    /// `RoleArn`: IAM role associated with the rule.
    pub role_arn: Option<String>,
    /// AWS service that owns the rule. `None` for rules of the account.
    pub managed_by: Option<String>,
}

impl ListedRule {
    /// Reduces a complete definition to the fields of `ListRules`.
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

/// Enabled schedule as `ListSchedules` returns it (EventBridge Scheduler API, 2021-06-30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSchedule {
    /// Name of the schedule group.
    pub group: String,
    /// Name of the schedule, unique within the group.
    pub name: String,
    /// ARN of the target. For an ECS task it is the cluster's ARN.
    pub target: String,
    /// Time of the last change.
    pub changed: Timestamp,
}
