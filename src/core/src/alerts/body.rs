//! The content of an alert as data: numbers and names. The words for it are in `render`.

use serde::{Deserialize, Serialize};

use super::budget::BudgetBody;
use super::coverage::Coverage;
use super::render::AlertJson;
use super::rule::RuleBody;
use crate::model::RuleArn;

/// Content of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// An event in the life of one rule.
    Rule(Box<RuleBody>),
    /// A budget, or a message about money.
    Budget(Box<BudgetBody>),
    /// Rules that fire on more than the guard is shown.
    Coverage(Box<Coverage>),
    /// Ready words: an earlier version stored the alert so.
    Written(Box<AlertJson>),
}

/// A rule by its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRef {
    pub arn: RuleArn,
    pub name: String,
    pub bus: String,
}

impl RuleRef {
    /// The parts of this ARN.
    pub fn of(rule: &RuleArn) -> Self {
        Self { arn: rule.clone(), name: rule.name().into(), bus: rule.bus().into() }
    }
}
