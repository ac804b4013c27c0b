//! EventBridge rules: ARN, states and definition.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Actor, Arn, Excerpt};

/// State of a rule. `EnableRule` reaches only one of the two enabled states.
///
/// Source: `RuleState` of the EventBridge API (2015-10-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleState {
    /// The rule matches events, except read-only management events.
    Enabled,
    /// The rule matches no events.
    Disabled,
    /// Also receives management events of calls named `Get…`, `List…` or `Describe…`.
    EnabledWithAllCloudtrailManagementEvents,
}

impl RuleState {
    /// Spelling of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
            Self::EnabledWithAllCloudtrailManagementEvents => "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        }
    }

    /// Returns true for both enabled states.
    pub fn is_enabled(self) -> bool {
        self != Self::Disabled
    }
}

/// A text that is no state of a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is not a rule state this version knows; expected ENABLED, DISABLED or ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
)]
pub struct ParseRuleStateError(Excerpt);

impl FromStr for RuleState {
    type Err = ParseRuleStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Enabled, Self::Disabled, Self::EnabledWithAllCloudtrailManagementEvents]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| ParseRuleStateError(Excerpt::new(text)))
    }
}

impl fmt::Display for RuleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Target of a rule, with the actors behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Id of the target, unique within the rule.
    pub id: String,
    /// ARN of the resource that receives the events.
    pub arn: String,
    /// Role that EventBridge uses to invoke the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// All other settings of the target: input, retries, dead-letter queue, parameters of its service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// `CodeSha256` of a Lambda function: hash of its code. `None` for other targets, or if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
    /// Actors that run for the target; empty if they could not be read. They are not part of the rule, and may change
    /// without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<Actor>,
    /// Reason for which some actors are not known. `None` if all are.
    #[serde(rename = "unfollowed", default, skip_serializing_if = "Option::is_none")]
    pub unresolved_reason: Option<String>,
}

impl Target {
    /// Creates a target without role, settings and actors.
    pub fn new(id: impl Into<String>, arn: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            arn: arn.into(),
            role_arn: None,
            settings: BTreeMap::new(),
            code_sha256: None,
            actors: Vec::new(),
            unresolved_reason: None,
        }
    }

    /// Returns true for a Lambda function, whose changed code may end a loop.
    pub fn is_function(&self) -> bool {
        Arn::service_of(&self.arn) == "lambda"
    }
}

/// Tags of a rule, by key.
pub type Tags = BTreeMap<String, String>;

/// Rule as `DescribeRule`, `ListTargetsByRule` and `ListTagsForResource` return it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleDefinition {
    /// State of the rule.
    pub state: RuleState,
    /// Event pattern as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_pattern: Option<String>,
    /// Schedule, as in `rate(5 minutes)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_expression: Option<String>,
    /// Description that its owner gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `RoleArn`: IAM role associated with the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// AWS service that owns the rule, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    /// Targets with their settings.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// All tags, not only the guard's.
    #[serde(default)]
    pub tags: Tags,
}

/// Definition of a rule before and after its restore.
#[derive(Debug, Clone, PartialEq)]
pub struct Restoration {
    /// Definition before the restore.
    pub before: RuleDefinition,
    /// Definition after the restore.
    pub after: RuleDefinition,
}

impl RuleDefinition {
    /// Creates a rule with this state and event pattern, without targets and tags.
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

    /// Removes the actors, which are not part of the rule and would fill the record.
    pub fn without_actors(mut self) -> Self {
        self.targets.iter_mut().for_each(|target| target.actors.clear());
        self
    }

    /// Names of the fields that differ from `before`, except the state.
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

/// Returns true if both are equal JSON: white space and the order of keys make no difference.
pub fn same_json(one: Option<&str>, other: Option<&str>) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || one.and_then(parse).is_some_and(|value| other.and_then(parse) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_keeps_its_stored_names() {
        let mut target = Target::new("1", "arn:aws:sqs:us-east-1:123456789012:q");
        target.unresolved_reason = Some("sqs:GetQueueAttributes was denied".into());
        let json = serde_json::to_value(&target).unwrap();
        assert_eq!(json["unfollowed"], "sqs:GetQueueAttributes was denied");
        assert_eq!(serde_json::from_value::<Target>(json).unwrap(), target);
    }

    #[test]
    fn names_what_differs() {
        let check = |change: fn(&mut RuleDefinition), expected: &[&str]| {
            let pattern = r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#;
            let mut before = RuleDefinition::new(RuleState::Enabled, pattern);
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
        check(|rule| rule.targets[0].unresolved_reason = Some("denied".into()), &[]);
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
