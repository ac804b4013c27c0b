//! JSON of an alert, for programs. It is public interface: names, order and absence of members must not change.

use serde::{Deserialize, Serialize};

use super::{Commands, CureJson, Words, budget, coverage, paused, rule, tampering};
use crate::alerts::{
    Alert, AlertKind, Body, BudgetBody, BudgetEvent, BudgetRef, CostEstimate, Coverage, Ranked, RuleBody,
    RuleEvent, RuleRef,
};
use crate::model::{RuleState, Timestamp};
use crate::verdict::Evidence;

/// Alert as public JSON. Its kind decides which optional members are present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertJson {
    /// Kind of the alert.
    pub kind: AlertKind,
    /// Deduplication id: the text of the alert's key.
    pub dedup_id: String,
    /// Time of the event, in whole seconds.
    pub time: Timestamp,
    /// Rule, in alerts about one rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
    /// State of the breaker and the rule, in alerts about one rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateRef>,
    /// Outcome, in alerts about costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<BudgetOutcome>,
    /// Reason in one sentence, with its numbers.
    pub reason: String,
    /// Evidence of the trip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Cost of the firings, if the targets are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostEstimate>,
    /// Cure of a proved loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<CureJson>,
    /// Command that undoes the action of the guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// Numbers of the budget, in alerts about costs that AWS confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetRef>,
    /// Rules that were cut for the budget.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<Ranked>,
    /// Rules that fire and were not cut, the most expensive first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranking: Vec<Ranked>,
    /// Rules, in alerts about several rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleRef>,
    /// Number of rules that are not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<u64>,
    /// Stack parameters to set, such as `WatchReadOnlyCalls=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Vec<String>>,
    /// Next step, if it is not `undo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// State of the breaker, and of the rule if the guard knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRef {
    /// State of the breaker, as a word.
    pub breaker: String,
    /// State of the rule. `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleState>,
}

/// Outcome of a message about costs, or end of an overspent budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetOutcome {
    /// AWS confirmed it: the limits are tighter, and suspects are cut.
    Pressure,
    /// AWS did not confirm it. Nothing was done.
    Unconfirmed,
    /// The budget is no longer overspent. It no longer tightens the limits.
    Eased,
    /// A person ended the effect of the budget.
    Cleared,
}

impl AlertJson {
    /// Creates an alert without its optional members.
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
            cure: None,
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

    /// Renders an alert of the default guard.
    pub fn of(alert: &Alert) -> Self {
        Self::with_commands(alert, &Commands::default())
    }

    /// Renders an alert, with the commands of the guard that publishes it.
    pub fn with_commands(alert: &Alert, commands: &Commands) -> Self {
        let words = match &alert.body {
            Body::Written(json) => return (**json).clone(),
            Body::Rule(body) => rule::words(&body.event, alert.key.rule(), commands),
            Body::Budget(body) => budget::words(body, commands),
            Body::Coverage(coverage) => coverage::words(coverage, commands),
            Body::Paused(body) => paused::words(body, commands),
            Body::Tampering(body) => tampering::words(body),
        };
        let Words { reason, hint } = words;
        let json = Self { hint, ..Self::new(alert.key.kind, alert.key.to_string(), reason, alert.time) };
        match &alert.body {
            Body::Written(json) => (**json).clone(),
            Body::Rule(body) => json.with_rule(alert, body, commands),
            Body::Budget(body) => json.with_budget(body),
            Body::Coverage(coverage) => json.with_coverage(coverage),
            Body::Paused(body) => {
                let rules = body.cut.iter().chain(&body.withheld).map(RuleRef::of).collect();
                Self { rules, ..json }
            }
            Body::Tampering(body) => {
                let rules = body.rules().into_iter().map(RuleRef::of).collect();
                Self { rules, ..json }
            }
        }
    }

    fn with_rule(self, alert: &Alert, body: &RuleBody, commands: &Commands) -> Self {
        let cure = |(remedy, rule)| CureJson::new(remedy, rule, commands);
        let is_cut = match &body.event {
            RuleEvent::CutOutcome { is_restored, .. } => !is_restored,
            _ => matches!(self.kind, AlertKind::Tripped | AlertKind::Reminder),
        };
        Self {
            rule: alert.key.rule().map(RuleRef::of),
            state: Some(StateRef { breaker: body.breaker.clone(), rule: body.state }),
            evidence: body.evidence.clone(),
            cost: body.cost.clone(),
            cure: body.cure.as_ref().zip(alert.key.rule()).map(cure),
            undo: alert.key.rule().filter(|_| is_cut).map(|rule| commands.about("enable", rule)),
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
