//! The JSON of an alert, for programs. It is public interface: names, order and absence of members stay.

use serde::{Deserialize, Serialize};

use super::{Words, budget, command, coverage, rule};
use crate::alerts::{
    Alert, AlertKind, Body, BudgetBody, BudgetEvent, BudgetRef, CostEstimate, Coverage, Ranked, RuleBody,
    RuleRef,
};
use crate::model::{RuleState, Timestamp};
use crate::verdict::Evidence;

/// An alert in words. Which optional members are there depends on its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertJson {
    pub kind: AlertKind,
    pub dedup_id: String,
    pub time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<BudgetOutcome>,
    /// One sentence with the numbers.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Price of the firings, when the targets are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostEstimate>,
    /// The command that takes the guard's action back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetRef>,
    /// The rules that were cut under this pressure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<Ranked>,
    /// The rules that fire and were left alone, the most expensive first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranking: Vec<Ranked>,
    /// The rules that an alert about several is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleRef>,
    /// Number of rules that are not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<u64>,
    /// Parameters of the stack, as `WatchReadOnlyCalls=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Vec<String>>,
    /// The next thing to do, when it is not an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The state of the breaker, and of the rule as far as the guard knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRef {
    pub breaker: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleState>,
}

/// Outcome of an alert about money, or of the pressure that it put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetOutcome {
    /// AWS confirms it: the limits are tighter now, and suspects are cut.
    Pressure,
    /// Not confirmed, so nothing was done.
    Unconfirmed,
    /// The budget is OK again: the limits are what they were.
    Eased,
    /// A person ended the pressure.
    Cleared,
}

impl AlertJson {
    /// An alert without its optional members.
    pub fn new(kind: AlertKind, dedup_id: String, reason: String, time: Timestamp) -> Self {
        Self {
            kind,
            dedup_id,
            time,
            rule: None,
            state: None,
            outcome: None,
            reason,
            evidence: None,
            cost: None,
            undo: None,
            budget: None,
            cut: Vec::new(),
            ranking: Vec::new(),
            rules: Vec::new(),
            unlisted: None,
            settings: None,
            hint: None,
        }
    }

    /// The words for an alert.
    pub fn of(alert: &Alert) -> Self {
        let words = match &alert.body {
            Body::Written(json) => return (**json).clone(),
            Body::Rule(body) => rule::words(&body.event, alert.key.rule()),
            Body::Budget(body) => budget::words(body),
            Body::Coverage(coverage) => coverage::words(coverage),
        };
        let Words { reason, hint } = words;
        let json = Self { hint, ..Self::new(alert.key.kind, alert.key.to_string(), reason, alert.time) };
        match &alert.body {
            Body::Written(json) => (**json).clone(),
            Body::Rule(body) => json.with_rule(alert, body),
            Body::Budget(body) => json.with_budget(body),
            Body::Coverage(coverage) => json.with_coverage(coverage),
        }
    }

    fn with_rule(self, alert: &Alert, body: &RuleBody) -> Self {
        let is_cut = matches!(self.kind, AlertKind::Tripped | AlertKind::Reminder);
        Self {
            rule: alert.key.rule().map(RuleRef::of),
            state: Some(StateRef { breaker: body.breaker.clone(), rule: body.state }),
            evidence: body.evidence.clone(),
            cost: body.cost.clone(),
            undo: alert.key.rule().filter(|_| is_cut).map(|rule| command("enable", rule)),
            ..self
        }
    }

    fn with_budget(self, body: &BudgetBody) -> Self {
        let (outcome, cut, ranking, unlisted) = match &body.event {
            BudgetEvent::Pressure { cut, left, unlisted, .. } => {
                (BudgetOutcome::Pressure, cut.clone(), left.clone(), *unlisted)
            }
            BudgetEvent::Unconfirmed { .. } => (BudgetOutcome::Unconfirmed, Vec::new(), Vec::new(), 0),
            BudgetEvent::Eased(_) => (BudgetOutcome::Eased, Vec::new(), Vec::new(), 0),
            BudgetEvent::Cleared(_) => (BudgetOutcome::Cleared, Vec::new(), Vec::new(), 0),
        };
        let budget = body.budget.clone();
        Self { outcome: Some(outcome), budget, cut, ranking, unlisted: Some(unlisted), ..self }
    }

    fn with_coverage(self, coverage: &Coverage) -> Self {
        Self {
            rules: coverage.rules.iter().map(RuleRef::of).collect(),
            unlisted: Some(coverage.unlisted),
            settings: Some(coverage.settings().iter().map(|&setting| setting.to_owned()).collect()),
            ..self
        }
    }
}
