//! Rules and schedules as lists of them show them: rules without targets and tags, schedules without their times.

use super::{RuleArn, RuleDefinition, RuleState, Timestamp};

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

/// One enabled schedule of `ListSchedules` (EventBridge Scheduler API, 2021-06-30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSchedule {
    pub group: String,
    /// Unique within the group.
    pub name: String,
    /// ARN of the target. For an ECS task it is that of the cluster.
    pub target: String,
    /// Time of the last change.
    pub changed: Timestamp,
}
