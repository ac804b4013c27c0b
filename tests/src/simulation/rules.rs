//! EventBridge in the simulated world. Cuts and restores are checked as they happen.

use std::collections::BTreeSet;

use budget_guard_core::archive::Replay;
use budget_guard_core::model::{
    Fault, ListedRule, Restoration, RuleArn, RuleDefinition, RuleState, Tags, Target,
};
use budget_guard_core::ports::{Page, Rules};

use super::aws::{Process, State, missing};
use super::{Planted, check};

impl Rules for Process {
    async fn has_reader(&self, _: &str) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn inspect(&self, rule: &RuleArn) -> Result<RuleDefinition, Fault> {
        let inspect =
            |state: &mut State| state.rules.get(rule).map(|rule| rule.definition.clone()).ok_or_else(missing);
        self.call("DescribeRule", inspect).await
    }

    async fn tags(&self, rule: &RuleArn) -> Result<Tags, Fault> {
        let tags = |state: &mut State| {
            state.rules.get(rule).map(|rule| rule.definition.tags.clone()).ok_or_else(missing)
        };
        self.call("ListTagsForResource", tags).await
    }

    async fn disable(&self, rule: &RuleArn) -> Result<RuleState, Fault> {
        let disable = |state: &mut State| {
            let named = |other: &&RuleArn| other.name() == rule.name() && other.bus() == "default";
            let really = match state.planted {
                Planted::ForgottenBus => state.rules.keys().find(named).unwrap_or(rule).clone(),
                _ => rule.clone(),
            };
            check::before_disable(state, &really);
            state.note(format!("DisableRule {really}"));
            state.set_state(&really, RuleState::Disabled);
            state.rules.get(&really).map(|rule| rule.definition.state).ok_or_else(missing)
        };
        self.call("DisableRule", disable).await
    }

    async fn restore(&self, rule: &RuleArn, to: RuleState) -> Result<Restoration, Fault> {
        let restore = |state: &mut State| {
            check::before_restore(state, rule, to);
            state.note(format!("EnableRule or PutRule {rule} {to}"));
            let before = state.rules.get(rule).map(|rule| rule.definition.clone()).ok_or_else(missing)?;
            state.set_state(rule, to);
            Ok(Restoration { after: RuleDefinition { state: to, ..before.clone() }, before })
        };
        self.call("EnableRule", restore).await
    }

    async fn replay(&self, _: &RuleArn, _: &str, _: &Replay) -> Result<(), Fault> {
        self.call("StartReplay", |_| Ok(())).await
    }

    async fn buses(&self, _: Option<&str>) -> Result<Page<String>, Fault> {
        let buses = |state: &mut State| {
            let names: BTreeSet<String> = state.rules.keys().map(|rule| rule.bus().to_owned()).collect();
            Ok(Page { items: names.into_iter().collect(), next_token: None })
        };
        self.call("ListEventBuses", buses).await
    }

    async fn list(&self, bus: &str, _: Option<&str>) -> Result<Page<ListedRule>, Fault> {
        let list = |state: &mut State| {
            let rules = state.rules.iter().filter(|(rule, _)| rule.bus() == bus);
            let items = rules.map(|(arn, rule)| ListedRule::of(arn.clone(), &rule.definition)).collect();
            Ok(Page { items, next_token: None })
        };
        self.call("ListRules", list).await
    }

    async fn list_targets(&self, rule: &RuleArn) -> Result<Vec<Target>, Fault> {
        let targets = |state: &mut State| {
            if state.planted == Planted::NoTargets {
                return Ok(Vec::new());
            }
            state.rules.get(rule).map(|rule| rule.definition.targets.clone()).ok_or_else(missing)
        };
        self.call("ListTargetsByRule", targets).await
    }
}
