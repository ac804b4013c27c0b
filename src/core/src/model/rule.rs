//! EventBridge rules: their three states, and everything a rule is made of.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Actor, Arn, Seen};

/// The state of a rule. There are three, and `EnableRule` can only reach one of them.
///
/// Source: `RuleState` of the EventBridge API (2015-10-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleState {
    Enabled,
    Disabled,
    /// Also receives management events of calls named `Get…`, `List…` or `Describe…`.
    EnabledWithAllCloudtrailManagementEvents,
}

impl RuleState {
    /// AWS's own spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
            Self::EnabledWithAllCloudtrailManagementEvents => "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        }
    }

    pub fn is_enabled(self) -> bool {
        self != Self::Disabled
    }
}

/// A text that is no state of a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is not a rule state this version knows; expected ENABLED, DISABLED or ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
)]
pub struct ParseRuleStateError(Seen);

impl FromStr for RuleState {
    type Err = ParseRuleStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Enabled, Self::Disabled, Self::EnabledWithAllCloudtrailManagementEvents]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| ParseRuleStateError(Seen::new(text)))
    }
}

impl fmt::Display for RuleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a rule sends its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub id: String,
    pub arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Everything else that is set on the target: input, retries, dead-letter queue, parameters of its service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// For Lambda functions: `CodeSha256`, the hash of what the function runs. `None` when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
    /// Who acts when the target gets an event; where that could not be read, nobody. No part of the rule: who stands
    /// behind a queue may change while the rule stays the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<Actor>,
    /// Why not all of them are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfollowed: Option<String>,
}

impl Target {
    pub fn new(id: impl Into<String>, arn: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            arn: arn.into(),
            role_arn: None,
            settings: BTreeMap::new(),
            code_sha256: None,
            actors: Vec::new(),
            unfollowed: None,
        }
    }

    /// Whether the target runs code of its own, whose change may break a loop.
    pub fn is_function(&self) -> bool {
        Arn::service_of(&self.arn) == "lambda"
    }
}

/// The tags of a rule, by key.
pub type Tags = BTreeMap<String, String>;

/// A rule as `DescribeRule`, `ListTargetsByRule` and `ListTagsForResource` show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleDefinition {
    pub state: RuleState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_expression: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The AWS service that owns the rule, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    #[serde(default)]
    pub targets: Vec<Target>,
    #[serde(default)]
    pub tags: Tags,
}

/// A rule before and after it was put back.
#[derive(Debug, Clone, PartialEq)]
pub struct Restoration {
    pub before: RuleDefinition,
    pub after: RuleDefinition,
}

impl RuleDefinition {
    /// A rule in this state with this event pattern, and nothing else: no targets, no tags.
    pub fn new(state: RuleState, event_pattern: &str) -> Self {
        Self {
            state,
            event_pattern: Some(event_pattern.to_owned()),
            schedule_expression: None,
            description: None,
            role_arn: None,
            managed_by: None,
            targets: Vec::new(),
            tags: Tags::new(),
        }
    }

    /// As it is put back: who acts for its targets is no part of it, and would fill a record.
    pub fn without_actors(mut self) -> Self {
        self.targets.iter_mut().for_each(|target| target.actors.clear());
        self
    }

    /// What makes this rule another one than `before`, its state apart: the names of the fields that differ.
    pub fn differences(&self, before: &Self) -> Vec<String> {
        let mut names = Vec::new();
        let mut compare = |name: &str, same: bool| {
            if !same {
                names.push(name.to_owned());
            }
        };
        compare("event pattern", same_json(self.event_pattern.as_deref(), before.event_pattern.as_deref()));
        compare("schedule", self.schedule_expression == before.schedule_expression);
        compare("description", self.description == before.description);
        compare("role", self.role_arn == before.role_arn);
        compare("managing service", self.managed_by == before.managed_by);
        compare("tags", self.tags == before.tags);
        for target in &before.targets {
            match self.targets.iter().find(|now| now.id == target.id) {
                None => compare(&format!("target {} (removed)", target.id), false),
                Some(now) => {
                    let same = (&now.arn, &now.role_arn, &now.settings)
                        == (&target.arn, &target.role_arn, &target.settings);
                    compare(&format!("target {}", target.id), same);
                    let known = now.code_sha256.is_some() && target.code_sha256.is_some();
                    compare(
                        &format!("code of target {}", target.id),
                        !known || now.code_sha256 == target.code_sha256,
                    );
                }
            }
        }
        for target in self.targets.iter().filter(|now| before.targets.iter().all(|known| known.id != now.id))
        {
            compare(&format!("target {} (added)", target.id), false);
        }
        names
    }
}

/// Patterns are JSON: white space and the order of keys make no difference.
fn same_json(one: Option<&str>, other: Option<&str>) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || one.and_then(parse).is_some_and(|value| other.and_then(parse) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_differs() {
        let check = |change: fn(&mut RuleDefinition), expected: &[&str]| {
            let mut before = RuleDefinition::new(RuleState::Enabled, "{}");
            before.targets = vec![Target::new("1", "arn:aws:lambda:us-east-1:123456789012:function:f")];
            before.targets[0].code_sha256 = Some("abc".into());
            let mut now = before.clone();
            change(&mut now);
            assert_eq!(now.differences(&before), expected);
        };
        check(|_| {}, &[]);
        check(|rule| rule.state = RuleState::Disabled, &[]);
        check(
            |rule| {
                let spaced = r#"{ "detail" : {"eventName": ["PutBucketAcl"]}, "source" : ["aws.s3"] }"#;
                rule.event_pattern = Some(spaced.into());
            },
            &[],
        );
        check(|rule| rule.event_pattern = Some(r#"{"source":["aws.ec2"]}"#.into()), &["event pattern"]);
        check(|rule| rule.event_pattern = None, &["event pattern"]);
        check(|rule| rule.description = Some("new".into()), &["description"]);
        check(|rule| rule.targets[0].code_sha256 = Some("def".into()), &["code of target 1"]);
        check(|rule| rule.targets[0].code_sha256 = None, &[]);
        check(|rule| rule.targets[0].actors.push(Actor::new("arn", None)), &[]);
        check(|rule| rule.targets[0].unfollowed = Some("denied".into()), &[]);
        check(|rule| rule.targets[0].arn.push_str(":live"), &["target 1"]);
        check(|rule| rule.targets.clear(), &["target 1 (removed)"]);
        check(
            |rule| rule.targets.push(Target::new("2", "arn:aws:sqs:us-east-1:123456789012:q")),
            &["target 2 (added)"],
        );
        check(
            |rule| {
                rule.tags.insert("team".into(), "blue".into());
                rule.role_arn = Some("arn:aws:iam::123456789012:role/r".into());
            },
            &["role", "tags"],
        );
    }
}
