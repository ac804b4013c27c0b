//! API calls that change EventBridge rules.

use std::borrow::Cow;

/// Effect of an API call on a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleCall<'a> {
    /// The call changed a rule.
    Changed {
        /// Name or ARN of the bus. `default` if the call names none.
        bus: Cow<'a, str>,
        /// Name of the rule. Its ARN in calls about tags.
        rule: Cow<'a, str>,
        /// Part of the rule that was changed.
        change: Change,
    },
    /// The call failed, or names no rule.
    WithoutEffect,
}

/// Part of a rule that was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Pattern, schedule or state, by `PutRule`, `EnableRule` or `DisableRule`; or the rule was deleted.
    Definition,
    /// Targets, by `PutTargets` or `RemoveTargets`.
    Targets,
    /// Tags, by `TagResource` or `UntagResource`.
    Tags,
}
