//! Events that CloudTrail sends for the calls of a story.

use std::time::Duration;

use budget_guard_core::model::Timestamp;
use serde_json::{Map, Value, json};

use super::language::{Call, Story};

pub const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);
pub const ACCOUNT: &str = "123456789012";

/// Caller of an event without a caller.
const UNNAMED: &str = "nobody";

/// Values of `{n}`, `{k}` and `{resource}` in an answer or a call.
#[derive(Clone, Copy)]
pub struct Numbers<'a> {
    pub n: usize,
    pub k: usize,
    pub resource: &'a str,
}

/// The call with its placeholders filled in.
pub fn filled(call: &Call, numbers: Numbers<'_>) -> Call {
    let Numbers { n, k, resource } = numbers;
    let fill = |text: &String| {
        let text = text.replace("{n}", &n.to_string()).replace("{k}", &k.to_string());
        text.replace("{resource}", resource)
    };
    let fill_all =
        |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
    Call {
        resource: call.resource.as_ref().map(fill),
        parameters: fill_all(&call.parameters),
        returns: fill_all(&call.returns),
        ..call.clone()
    }
}

/// `detail-type` of a service's events.
pub fn detail_type(service: &str) -> &'static str {
    match service {
        "signin" => "AWS Console Sign In via CloudTrail",
        "controltower" => "AWS Service Event via CloudTrail",
        _ => "AWS API Call via CloudTrail",
    }
}

/// Event that CloudTrail sends for a call.
pub fn event(story: &Story, n: usize, at: Duration, who: &str, call: &Call) -> Value {
    // Event times are whole seconds.
    let time = NOON + jiff::SignedDuration::from_secs(i64::try_from(at.as_secs()).expect("a time"));
    let mut detail = json!({
        "eventVersion": "1.11", "eventID": format!("event-{n}"), "eventTime": time, "eventType": "AwsApiCall",
        "eventSource": format!("{}.amazonaws.com", call.service), "eventName": call.operation,
        "awsRegion": "us-east-1", "recipientAccountId": ACCOUNT, "readOnly": false, "managementEvent": true,
        "userIdentity": identity(story, n, who, call), "requestParameters": parameters(call),
        "responseElements": returned(call),
    });
    if call.is_unrecorded {
        detail["requestParameters"] = Value::Null;
    }
    if let Some(error) = call.error {
        detail["errorCode"] = json!(error);
        detail["responseElements"] = Value::Null;
    }
    json!({
        "version": "0", "id": format!("envelope-{n}"), "detail-type": detail_type(&call.service),
        "source": format!("aws.{}", call.service), "account": ACCOUNT, "region": "us-east-1", "time": time,
        "resources": [], "detail": detail,
    })
}

fn parameters(call: &Call) -> Map<String, Value> {
    let value = |value: &str| match value {
        "hidden" => json!("HIDDEN_DUE_TO_SECURITY_REASONS"),
        _ => json!(value),
    };
    let mut parameters: Map<String, Value> =
        call.parameters.iter().map(|(name, text)| (name.clone(), value(text))).collect();
    match (call.service.as_str(), call.resource.as_deref()) {
        (_, None) => {}
        (_, Some(resource)) if resource.contains(',') => {
            let items: Vec<Value> = resource.split(',').map(|id| json!({"resourceId": id})).collect();
            parameters.insert("resourcesSet".into(), json!({"items": items}));
        }
        ("s3", Some(resource)) => {
            let (bucket, key) = resource.split_once('/').unwrap_or((resource, ""));
            parameters.insert("bucketName".into(), json!(bucket));
            if !key.is_empty() {
                parameters.insert("key".into(), json!(key));
            }
        }
        (_, Some(resource)) => {
            parameters.insert("resourceId".into(), json!(resource));
        }
    }
    parameters
}

fn returned(call: &Call) -> Value {
    match call.returns.is_empty() {
        true => Value::Null,
        false => call.returns.iter().map(|(name, value)| (name.clone(), json!(value))).collect(),
    }
}

/// `userIdentity` in the form of CloudTrail.
fn identity(story: &Story, n: usize, who: &str, call: &Call) -> Value {
    if who == UNNAMED {
        return Value::Null;
    }
    if who.ends_with(".amazonaws.com") {
        return json!({"type": "AWSService", "invokedBy": who});
    }
    let actor = story.actors.iter().find(|actor| actor.name == who);
    let session = actor.map(|actor| (actor.role.clone(), actor.session(n)));
    let named = || who.split_once('/').map(|(role, session)| (role.to_owned(), session.to_owned()));
    let mut identity = match session.or_else(named) {
        Some((role, session)) => {
            let issuer = json!({"type": "Role", "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"), "userName": role});
            json!({
                "type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"),
                "accountId": ACCOUNT, "sessionContext": {"sessionIssuer": issuer},
            })
        }
        None => {
            json!({"type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/{who}"), "userName": who})
        }
    };
    if let Some(actor) = actor.filter(|actor| actor.is_in_scope) {
        identity["inScopeOf"] =
            json!({"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": actor.arn()});
    }
    if let Some(service) = call.through.as_deref().or(actor.and_then(|actor| actor.calls_through())) {
        identity["invokedBy"] = json!(format!("{service}.amazonaws.com"));
    }
    identity
}
