//! Events about budgets, as data.

use serde::{Deserialize, Serialize};

use super::body::RuleRef;
use crate::model::{Amount, MicroUsd, Timestamp};

/// Content of an alert about costs, which is about no single rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetBody {
    /// Event to report.
    pub event: BudgetEvent,
    /// Budget that the event is about. `None` if AWS did not confirm the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetRef>,
    /// Region of the guard.
    pub region: String,
}

/// Outcome of a message about costs, or end of an overspent budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetEvent {
    /// AWS confirmed it, and all rules were judged by the tighter limits.
    Pressure {
        /// Numbers of the budget in one sentence.
        why: String,
        /// Rules that were cut for the budget, the most expensive first.
        cut: Vec<Ranked>,
        /// Rules that fire and were not cut, the most expensive first.
        left: Vec<Ranked>,
        /// Number of rules that are not listed.
        unlisted: u64,
    },
    /// The message has no consequence.
    Unconfirmed {
        /// Content of the message in one sentence, safe to print.
        said: String,
        /// Reason.
        doubt: NotTaken,
    },
    /// AWS no longer reports the budget as overspent.
    Eased(EasedBy),
    /// A person ended the effect of the budget, for this reason.
    Cleared(String),
}

/// Reason for which a message about costs has no consequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotTaken {
    /// The message reports no costs, so there is nothing to confirm.
    NoClaim,
    /// AWS Budgets did not confirm the message, for this reason.
    Doubted(String),
    /// AWS confirmed it, but the maximum number of overspent budgets is already kept.
    Full,
}

/// Reason for which AWS no longer reports a budget as overspent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EasedBy {
    /// No alert of the budget is raised any more.
    NoRaisedAlert,
    /// The budget was deleted.
    Deletion,
}

/// Numbers of a budget, as AWS Budgets returned them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRef {
    /// Name of the budget.
    pub name: String,
    /// Budgeted amount. `None` if AWS returned none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Amount>,
    /// Threshold of the alert, as an amount. `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Amount>,
    /// Actual or forecasted amount. `None` if AWS returned none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Time at which its effect ends by itself. `None` for a budget without an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Rule with the numbers by which it is ranked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    /// Rule that is ranked.
    pub rule: RuleRef,
    /// Number of firings per hour, at its present rate.
    pub firings_per_hour: u64,
    /// List price of the requests to its targets, per hour. `None` if the targets are not known or none has a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_per_hour_micro_usd: Option<MicroUsd>,
    /// Percentage of its last firings that its own targets caused. `None` if the targets are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_percent: Option<u8>,
    /// True if the rule was reported as a suspect within the last two days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_suspect: bool,
}
