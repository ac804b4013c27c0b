//! Content of an alert as data: numbers and names. `render` makes the text of it.

use serde::{Deserialize, Serialize};

use super::budget::BudgetBody;
use super::coverage::Coverage;
use super::paused::Paused;
use super::render::AlertJson;
use super::rule::RuleBody;
use super::tampering::Tampering;
use crate::model::RuleArn;

/// Content of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Event of one rule.
    Rule(Box<RuleBody>),
    /// Budget, or message about costs.
    Budget(Box<BudgetBody>),
    /// Rules that also fire on events which the guard does not receive.
    Coverage(Box<Coverage>),
    /// Pause of the guard after too many cuts.
    Paused(Box<Paused>),
    /// Changes by others to the guard itself.
    Tampering(Box<Tampering>),
    /// Finished text, as an earlier version stored it.
    Written(Box<AlertJson>),
}

/// Rule with the parts of its ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRef {
    /// ARN of the rule.
    pub arn: RuleArn,
    /// Name of the rule, without its bus.
    pub name: String,
    /// Name of the event bus.
    pub bus: String,
}

impl RuleRef {
    /// Takes the ARN apart.
    pub fn of(rule: &RuleArn) -> Self {
        Self { arn: rule.clone(), name: rule.name().into(), bus: rule.bus().into() }
    }
}
