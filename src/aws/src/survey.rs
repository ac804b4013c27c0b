//! Rules of an account read for people: every bus, with each target as AWS prints it and the actors behind it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::actors::{self, Unread};
use super::rules::{EventBridgeRules, listed, text};
use super::{printed, targets};
use budget_guard_core::model::{Fault, ListedRule, RuleArn, Target};

/// IAM actions of the calls that read rules. Those about targets are in the table of their kinds.
const RULES: [&str; 4] =
    ["events:ListEventBuses", "events:ListRules", "events:ListTagsForResource", "events:ListTargetsByRule"];

/// Event bus as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBus {
    /// Name of the bus.
    pub name: String,
    /// ARN of the bus, with the account that owns it. `None` if it is not given.
    pub arn: Option<String>,
}

/// Rules of one bus.
#[derive(Debug, Default)]
pub struct BusRules {
    /// Rules of all pages that were read, those of other accounts included.
    pub rules: Vec<ListedRule>,
    /// Rules that this version cannot read: the name, and the problem.
    pub unreadable: Vec<(String, String)>,
    /// Fault that ended the list before its last page.
    pub fault: Option<Fault>,
}

/// Target of a rule.
#[derive(Debug)]
pub struct SurveyedTarget {
    /// Target with its actors.
    pub target: Target,
    /// Target as `aws events list-targets-by-rule` prints it.
    pub printed: Map<String, Value>,
    /// Calls about its actors that failed. What AWS does not tell at all is not among them.
    pub unread: Unread,
}

impl EventBridgeRules {
    /// IAM actions of all calls that a survey makes.
    pub fn survey_rights() -> BTreeSet<&'static str> {
        actors::rights().chain(RULES).collect()
    }

    /// Lists all buses.
    ///
    /// # Errors
    ///
    /// Returns the fault of the first page that cannot be read.
    pub async fn all_buses(&self) -> Result<Vec<ListedBus>, Fault> {
        let (mut buses, mut next_token) = (Vec::new(), None);
        loop {
            let page = self.buses_page(next_token).await?;
            buses.extend(
                page.event_buses()
                    .iter()
                    .filter_map(|bus| Some(ListedBus { name: bus.name()?.to_owned(), arn: text(bus.arn()) })),
            );
            next_token = page.next_token().map(str::to_owned);
            if next_token.is_none() {
                return Ok(buses);
            }
        }
    }

    /// Lists all rules of a bus.
    pub async fn all_rules(&self, bus: &str) -> BusRules {
        let (mut found, mut next_token) = (BusRules::default(), None);
        loop {
            let page = match self.rules_page(bus, next_token).await {
                Ok(page) => page,
                Err(fault) => return BusRules { fault: Some(fault), ..found },
            };
            for rule in page.rules() {
                match listed(rule) {
                    Ok(rule) => found.rules.push(rule),
                    Err(error) => {
                        let name = rule.name().unwrap_or_default().to_owned();
                        found.unreadable.push((name, error.to_string()));
                    }
                }
            }
            next_token = page.next_token().map(str::to_owned);
            if next_token.is_none() {
                return found;
            }
        }
    }

    /// Reads the targets of a rule with the actors behind them.
    ///
    /// # Errors
    ///
    /// Returns the fault of `ListTargetsByRule`. Failed calls about the actors are in the targets.
    pub async fn survey_targets(&self, rule: &RuleArn) -> Result<Vec<SurveyedTarget>, Fault> {
        let read = self.sdk_targets(rule).await?;
        let follow = read.iter().map(async |one| {
            let (target, hints) = (targets::target(one), targets::hints(one));
            let (target, unread) = self.followers().survey(rule, target, hints).await;
            SurveyedTarget { target, printed: printed::target(one), unread }
        });
        Ok(futures_util::future::join_all(follow).await)
    }
}
