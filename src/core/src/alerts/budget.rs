//! What happens to budgets, as data.

use serde::{Deserialize, Serialize};

use super::body::RuleRef;
use crate::model::{Amount, MicroUsd, Timestamp};

/// Content of an alert about money. It is about no single rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetBody {
    pub event: BudgetEvent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetRef>,
    /// Region of the guard.
    pub region: String,
}

/// Outcome of an alert about money, or of the pressure that it put on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetEvent {
    /// AWS confirms it, and all rules were judged by the tighter limits. `why`: the numbers in a sentence.
    Pressure {
        why: String,
        cut: Vec<Ranked>,
        left: Vec<Ranked>,
        unlisted: u64,
    },
    /// Not confirmed, so nothing was done. `said`: the message, as it can be shown.
    Unconfirmed {
        said: String,
        doubt: NotTaken,
    },
    Eased(EasedBy),
    /// A person ended the pressure, for this reason.
    Cleared(String),
}

/// Reason for which a message about money has no consequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotTaken {
    /// Nothing to confirm: the message claims nothing.
    NoClaim,
    /// AWS Budgets did not confirm it, for this reason.
    Doubted(String),
    /// Confirmed, but more budgets are overspent than are kept.
    Full,
}

/// End of an overspent budget, as AWS has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EasedBy {
    NoRaisedAlert,
    Deletion,
}

/// The numbers of a budget, as AWS gave them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRef {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Time at which its pressure ends by itself; `None` for a budget without an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// One rule among those that fire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    pub rule: RuleRef,
    pub firings_per_hour: u64,
    /// List price of the requests to its targets, if these are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_per_hour_micro_usd: Option<MicroUsd>,
    /// Percentage of its last firings that its own targets caused, if these are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_percent: Option<u8>,
    /// It was reported as a suspect within the last two days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_suspect: bool,
}
