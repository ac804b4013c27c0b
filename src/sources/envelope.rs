//! The shapes on the wire: queue batch, attached firing, EventBridge event, CloudTrail detail.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::{Field, Nested, Object};
use super::{Change, RuleCall};
use crate::model::Caller;

/// Everything a payload can be, before it is known which: a queue batch, an attached firing, or an event itself.
#[derive(Deserialize)]
pub(super) struct Top<'a> {
    #[serde(borrow, default, rename = "Records")]
    pub records: Nested<Vec<Record<'a>>>,
    #[serde(borrow, default, rename = "ruleArn")]
    pub rule_arn: Field<'a>,
    #[serde(borrow, default)]
    pub event: Nested<Event<'a>>,
    // From here on: the fields of `Event`. `#[serde(flatten)]` would buffer every value of the payload.
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    source: Field<'a>,
    #[serde(borrow, default, rename = "detail-type")]
    detail_type: Field<'a>,
    /// Only of an event that comes from the bus itself: an attached rule is its owner's.
    #[serde(borrow, default)]
    pub account: Field<'a>,
    #[serde(borrow, default)]
    time: Field<'a>,
    #[serde(borrow, default, rename = "replay-name")]
    replay_name: Field<'a>,
    #[serde(borrow, default)]
    detail: Nested<Detail<'a>>,
}

impl<'a> Top<'a> {
    /// The payload read as an EventBridge event, if it looks like one.
    pub fn into_event(self) -> Option<Event<'a>> {
        let looks_like_one = self.source.is_present() && self.detail_type.is_present();
        looks_like_one.then_some(Event {
            id: self.id,
            source: self.source,
            detail_type: self.detail_type,
            time: self.time,
            replay_name: self.replay_name,
            detail: self.detail,
        })
    }
}

/// A message of a queue batch. `B` is what became of its body.
#[derive(Deserialize)]
pub(super) struct Record<'a, B = Field<'a>> {
    #[serde(borrow, default, rename = "messageId")]
    pub message_id: Field<'a>,
    #[serde(default)]
    pub body: B,
    /// SNS spells it `EventSource`.
    #[serde(borrow, default, rename = "eventSource", alias = "EventSource")]
    pub event_source: Field<'a>,
}

/// An EventBridge event. Source: "AWS service event metadata" (Amazon EventBridge user guide).
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    pub id: Field<'a>,
    #[serde(borrow, default)]
    pub source: Field<'a>,
    #[serde(borrow, default, rename = "detail-type")]
    pub detail_type: Field<'a>,
    #[serde(borrow, default)]
    pub time: Field<'a>,
    #[serde(borrow, default, rename = "replay-name")]
    pub replay_name: Field<'a>,
    #[serde(borrow, default)]
    pub detail: Nested<Detail<'a>>,
}

/// What is read of `detail`: the CloudTrail record, or an attached firing that was forwarded through a bus.
///
/// Source: "CloudTrail record contents for management, data, and network activity events" (AWS CloudTrail user guide).
#[derive(Deserialize)]
pub(super) struct Detail<'a> {
    #[serde(borrow, default, rename = "eventID")]
    pub event_id: Field<'a>,
    #[serde(borrow, default, rename = "userIdentity")]
    pub user_identity: Nested<UserIdentity<'a>>,
    #[serde(borrow, default, rename = "eventSource")]
    pub event_source: Field<'a>,
    #[serde(borrow, default, rename = "eventName")]
    pub event_name: Field<'a>,
    #[serde(borrow, default, rename = "readOnly")]
    pub read_only: Field<'a>,
    #[serde(borrow, default, rename = "managementEvent")]
    pub management_event: Field<'a>,
    /// Present when the call failed.
    #[serde(borrow, default, rename = "errorCode")]
    pub error_code: Field<'a>,
    #[serde(borrow, default, rename = "requestParameters")]
    pub request_parameters: Nested<RequestParameters<'a>>,
    #[serde(borrow, default, rename = "ruleArn")]
    pub rule_arn: Field<'a>,
    #[serde(borrow, default)]
    pub event: Option<&'a RawValue>,
}

/// How calls name the rule they are about. Source: `PutRule`, `PutTargets`, `TagResource` and their relatives
/// (EventBridge API), in the spelling of CloudTrail.
#[derive(Deserialize)]
pub(super) struct RequestParameters<'a> {
    #[serde(borrow, default)]
    pub name: Field<'a>,
    /// As `name`, in calls about targets.
    #[serde(borrow, default)]
    pub rule: Field<'a>,
    /// A name or an ARN.
    #[serde(borrow, default, rename = "eventBusName")]
    pub event_bus_name: Field<'a>,
    /// In calls about tags.
    #[serde(borrow, default, rename = "resourceARN")]
    pub resource_arn: Field<'a>,
}

impl<'a> Detail<'a> {
    /// What this call did to a rule, if it is a call about one.
    pub fn rule_call(&mut self) -> Option<RuleCall<'a>> {
        let Field::Text(call) = &self.event_name else { return None };
        let change = match &**call {
            "PutRule" | "EnableRule" | "DisableRule" | "DeleteRule" => Change::Definition,
            "PutTargets" | "RemoveTargets" => Change::Targets,
            "TagResource" | "UntagResource" => Change::Tags,
            _ => return None,
        };
        if !self.event_source.is("events.amazonaws.com") {
            return None;
        }
        let failed = self.error_code.is_present();
        let Nested::Object(named) = std::mem::take(&mut self.request_parameters) else {
            return Some(RuleCall::WithoutEffect);
        };
        let rule = match change {
            Change::Definition => named.name,
            Change::Targets => named.rule,
            Change::Tags => named.resource_arn,
        };
        match rule {
            Field::Text(rule) if !failed => Some(RuleCall::Changed {
                bus: named.event_bus_name.or(Cow::Borrowed("default")),
                rule,
                change,
            }),
            _ => Some(RuleCall::WithoutEffect),
        }
    }
}

/// Source: "CloudTrail userIdentity element" (AWS CloudTrail user guide).
#[derive(Deserialize)]
pub(super) struct UserIdentity<'a> {
    #[serde(borrow, default)]
    arn: Field<'a>,
    #[serde(borrow, default, rename = "principalId")]
    principal_id: Field<'a>,
    #[serde(borrow, default, rename = "invokedBy")]
    invoked_by: Field<'a>,
    #[serde(borrow, default, rename = "inScopeOf")]
    in_scope_of: Nested<InScopeOf<'a>>,
}

#[derive(Deserialize)]
pub(super) struct InScopeOf<'a> {
    #[serde(borrow, default, rename = "credentialsIssuedTo")]
    credentials_issued_to: Field<'a>,
}

impl<'a> UserIdentity<'a> {
    /// The caller; `source` is the event's own, for identities that name nobody.
    pub fn caller(self, source: Field<'a>) -> Caller<'a> {
        let nobody = Cow::Borrowed("unknown");
        let principal = self.arn.or(self.principal_id.or(self.invoked_by.or(source.or(nobody))));
        let issued_to = match self.in_scope_of {
            Nested::Object(InScopeOf { credentials_issued_to: Field::Text(arn) }) if !arn.is_empty() => {
                Some(arn)
            }
            _ => None,
        };
        Caller { principal, issued_to }
    }
}

impl Object for Event<'_> {}
impl Object for Detail<'_> {}
impl Object for UserIdentity<'_> {}
impl Object for InScopeOf<'_> {}
impl Object for RequestParameters<'_> {}
