//! JSON types of the payloads: queue batch, attached firing, EventBridge event, CloudTrail detail.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::cost::{self, Sns};
use super::field::{Field, Nested, Object, Present, Shape};
use super::parameters::Parameters;
use super::resource::ResourceBuilder;
use super::{Change, RuleCall};
use crate::json::Unread;
use crate::model::{CallOutcome, Caller, DEFAULT_BUS, is_management, is_withheld};

/// Fields of all kinds of payload: a queue batch, an attached firing, or an event.
#[derive(Deserialize)]
pub(super) struct Top<'a> {
    #[serde(borrow, default, rename = "Records")]
    pub records: Nested<Vec<Record<'a>>>,
    #[serde(borrow, default, rename = "ruleArn")]
    pub rule_arn: Field<'a>,
    #[serde(borrow, default)]
    pub event: Nested<Event<'a>>,
    // The following fields are those of `Event`. `#[serde(flatten)]` would buffer every value of the payload.
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    source: Field<'a>,
    #[serde(borrow, default, rename = "detail-type")]
    detail_type: Field<'a>,
    /// Account of an event from the bus itself. Attached rules belong to the account of their ARN.
    #[serde(borrow, default)]
    pub account: Field<'a>,
    #[serde(borrow, default)]
    time: Field<'a>,
    #[serde(default, rename = "replay-name")]
    replay_name: Present,
    #[serde(borrow, default)]
    detail: Nested<Box<Detail<'a>>>,
}

impl<'a> Top<'a> {
    /// Returns the payload as an EventBridge event if it has the fields of one.
    pub(super) fn into_event(self) -> Option<Event<'a>> {
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

/// Message of a queue batch. `B` is the type of its body.
#[derive(Deserialize)]
pub(super) struct Record<'a, B = Field<'a>> {
    #[serde(borrow, default, rename = "messageId")]
    pub message_id: Field<'a>,
    #[serde(default)]
    pub body: B,
    #[serde(borrow, default)]
    pub attributes: Nested<Attributes<'a>>,
    /// Service that sent the message. SNS spells the field `EventSource`.
    #[serde(borrow, default, rename = "eventSource", alias = "EventSource")]
    pub event_source: Field<'a>,
    /// Queue that delivered the message.
    #[serde(borrow, default, rename = "eventSourceARN")]
    pub queue: Field<'a>,
    /// SNS message. Boxed, because most batches come from a queue.
    #[serde(borrow, default, rename = "Sns")]
    pub sns: Nested<Box<Sns<'a>>>,
}

/// Parts of a message's `attributes`. Source: "ReceiveMessage" (Amazon SQS API reference).
#[derive(Default, Deserialize)]
pub(super) struct Attributes<'a> {
    #[serde(borrow, default, rename = "AWSTraceHeader")]
    pub trace_header: Field<'a>,
    #[serde(borrow, default, rename = "SentTimestamp")]
    pub sent_at: Field<'a>,
}

/// EventBridge event. Source: "AWS service event metadata" (Amazon EventBridge user guide).
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
    #[serde(default, rename = "replay-name")]
    pub replay_name: Present,
    #[serde(borrow, default)]
    pub detail: Nested<Box<Detail<'a>>>,
}

impl Event<'_> {
    /// Returns true for events of Cost Anomaly Detection, and for events that forward the text of a notification.
    pub(super) fn may_be_about_money(&self) -> bool {
        self.source.is("aws.ce")
            || matches!(&self.detail, Nested::Object(detail) if matches!(&detail.message, Field::Text(text) if cost::may_be_notice(text)))
    }
}

/// Fields of `detail`: the CloudTrail record, or an attached firing that was forwarded through a bus.
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
    #[serde(borrow, default, rename = "managementEvent")]
    pub management_event: Field<'a>,
    #[serde(borrow, default, rename = "eventCategory")]
    pub event_category: Field<'a>,
    /// Error code. Present if the call failed.
    #[serde(borrow, default, rename = "errorCode")]
    pub error_code: Field<'a>,
    #[serde(borrow, default, rename = "requestParameters")]
    pub request_parameters: Nested<Parameters<'a>>,
    /// Response, which is parsed only for calls that create a resource.
    #[serde(borrow, default, rename = "responseElements")]
    pub response_elements: Unread<'a>,
    #[serde(borrow, default)]
    pub resources: Nested<Arns<'a>>,
    #[serde(borrow, default, rename = "ruleArn")]
    pub rule_arn: Field<'a>,
    #[serde(borrow, default)]
    pub event: Option<&'a RawValue>,
    /// Text in events of forwarders.
    #[serde(borrow, default)]
    pub message: Field<'a>,
}

impl<'a> Detail<'a> {
    /// Returns true for a management event that rules in the state `ENABLED` do not receive.
    pub(super) fn is_withheld(&self) -> bool {
        let service = self.event_source.as_str().unwrap_or_default();
        is_management(self.management_event.boolean(), self.event_category.as_str())
            && self.event_name.as_str().is_some_and(|name| is_withheld(service, name))
    }

    /// Effect of this call on a rule. `None` if the call is not about rules.
    pub(super) fn rule_call(&mut self) -> Option<RuleCall<'a>> {
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
        let failed = self.outcome() != CallOutcome::Succeeded;
        let Nested::Object(Parameters { about_rule, .. }) = &mut self.request_parameters else {
            return Some(RuleCall::WithoutEffect);
        };
        let bus = about_rule.event_bus_name.take().filter(|bus| !bus.is_empty());
        let rule = match change {
            Change::Definition => about_rule.name.take(),
            Change::Targets => about_rule.rule.take(),
            Change::Tags => about_rule.resource_arn.take(),
        };
        match rule {
            Some(rule) if !failed => {
                Some(RuleCall::Changed { bus: bus.unwrap_or(Cow::Borrowed(DEFAULT_BUS)), rule, change })
            }
            _ => Some(RuleCall::WithoutEffect),
        }
    }
}

/// ARNs in `resources[]`: the resources of the call, according to its service.
#[derive(Default)]
pub(super) struct Arns<'a>(pub ResourceBuilder<'a>);

#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow, default, rename = "ARN", alias = "arn")]
    arn: Field<'a>,
}

impl<'de: 'a, 'a> Shape<'de> for Arns<'a> {
    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Nested<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Nested::Other("an object"))
    }

    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Nested<Self>, A::Error> {
        let mut found = ResourceBuilder::default();
        while let Some(listed) = array.next_element::<Nested<Listed<'a>>>()? {
            if let Nested::Object(Listed { arn: Field::Text(arn) }) = listed {
                found.add(arn);
            }
        }
        Ok(Nested::Object(Self(found)))
    }
}

/// Caller of a call. Source: "CloudTrail userIdentity element" (AWS CloudTrail user guide).
#[derive(Deserialize)]
pub(super) struct UserIdentity<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Field<'a>,
    #[serde(borrow, default)]
    arn: Field<'a>,
    #[serde(borrow, default, rename = "principalId")]
    principal_id: Field<'a>,
    #[serde(borrow, default, rename = "accessKeyId")]
    access_key: Field<'a>,
    #[serde(borrow, default, rename = "sessionContext")]
    session: Nested<Session<'a>>,
    #[serde(borrow, default, rename = "invokedBy")]
    invoked_by: Field<'a>,
    #[serde(borrow, default, rename = "inScopeOf")]
    in_scope_of: Nested<InScopeOf<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Session<'a> {
    #[serde(borrow, default, rename = "sessionIssuer")]
    issuer: Nested<Issuer<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Issuer<'a> {
    #[serde(borrow, default)]
    arn: Field<'a>,
}

#[derive(Deserialize)]
pub(super) struct InScopeOf<'a> {
    #[serde(borrow, default, rename = "credentialsIssuedTo")]
    credentials_issued_to: Field<'a>,
}

/// Fields of `userIdentity` other than the caller's name.
#[derive(Default)]
pub(super) struct Identity<'a> {
    /// ParameterRole of the caller's session.
    pub role: Option<Cow<'a, str>>,
    pub access_key: Option<Cow<'a, str>>,
    pub invoked_by: Option<Cow<'a, str>>,
    /// True if an AWS service made the call with its own identity.
    pub is_service: bool,
}

/// Value of `invokedBy` in old records of calls made through the console.
const CONSOLE: &str = "signin.amazonaws.com";

impl<'a> UserIdentity<'a> {
    /// Splits the element into caller and other fields. `source` is the event's own, for identities without a name.
    pub(super) fn caller(self, source: &Cow<'a, str>) -> (Caller<'a>, Identity<'a>) {
        let role = match self.session {
            Nested::Object(Session { issuer: Nested::Object(Issuer { arn: Field::Text(arn) }) }) => Some(arn),
            _ => None,
        };
        let invoked_by = match &self.invoked_by {
            Field::Text(service) if !service.is_empty() && service != CONSOLE => Some(service.clone()),
            _ => None,
        };
        let access_key = match self.access_key {
            Field::Text(key) => Some(key),
            _ => None,
        };
        let identity = Identity { role, access_key, invoked_by, is_service: self.kind.is("AWSService") };
        let principal = self.arn.or(self.principal_id.or(self.invoked_by.or(source.clone())));
        let issued_to = match self.in_scope_of {
            Nested::Object(InScopeOf { credentials_issued_to: Field::Text(arn) }) if !arn.is_empty() => {
                Some(arn)
            }
            _ => None,
        };
        (Caller { principal, issued_to }, identity)
    }
}

impl Object for Attributes<'_> {}
impl Object for Event<'_> {}
// Boxed, because it is large, and the type that contains it is moved many times.
impl Object for Box<Detail<'_>> {}
impl Object for Listed<'_> {}
impl Object for UserIdentity<'_> {}
impl Object for Session<'_> {}
impl Object for Issuer<'_> {}
impl Object for InScopeOf<'_> {}
