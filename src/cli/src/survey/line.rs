//! One rule as a line of the file: what AWS prints of it, its tags and targets, and the actors behind them.

use budget_guard_aws::SurveyedTarget;
use budget_guard_core::model::{ListedRule, Tags};
use serde_json::{Map, Value, json};

/// Rule with what was read of it. A member that could not be read is absent, and `unknown` says why.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Rule as it is listed.
    pub rule: &'a ListedRule,
    /// Targets; `None` if they could not be read.
    pub targets: Option<&'a [SurveyedTarget]>,
    /// Tags; `None` if they could not be read.
    pub tags: Option<&'a Tags>,
    /// Parts that could not be read, with the reason.
    pub unknown: &'a [String],
}

impl Line<'_> {
    /// JSON object with AWS's names for what AWS prints, and lower-case names for the rest.
    pub(super) fn json(&self) -> Value {
        let rule = self.rule;
        let mut object = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            object.extend(value.map(|value| (name.to_owned(), value)));
        };
        set("Name", Some(rule.rule.name().into()));
        set("Arn", Some(rule.rule.as_str().into()));
        set("EventBusName", Some(rule.rule.bus().into()));
        set("State", Some(rule.state.as_str().into()));
        set("EventPattern", rule.event_pattern.clone().map(Value::from));
        set("ScheduleExpression", rule.schedule_expression.clone().map(Value::from));
        set("RoleArn", rule.role_arn.clone().map(Value::from));
        set("ManagedBy", rule.managed_by.clone().map(Value::from));
        set("Targets", self.targets.map(|targets| targets.iter().map(target).collect()));
        let tag = |(key, value): (&String, &String)| json!({"Key": key, "Value": value});
        set("Tags", self.tags.map(|tags| tags.iter().map(tag).collect()));
        set("unknown", (!self.unknown.is_empty()).then(|| json!(self.unknown)));
        Value::Object(object)
    }
}

fn target(one: &SurveyedTarget) -> Value {
    let mut printed = one.printed.clone();
    printed.insert("actors".to_owned(), json!(one.target.actors));
    let unknown = one.target.unresolved_reason.clone();
    printed.extend(unknown.map(|why| ("unfollowed".to_owned(), why.into())));
    Value::Object(printed)
}
