//! What CloudTrail sends for the calls of a story.

use std::time::Duration;

use budget_guard::model::Timestamp;
use serde_json::{Value, json};

use super::language::{Call, Story};

pub const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);
pub const ACCOUNT: &str = "123456789012";

/// The call with `{n}` and `{resource}` filled in.
pub fn filled(call: &Call, n: usize, resource: &str) -> Call {
    let fill = |text: &String| text.replace("{n}", &n.to_string()).replace("{resource}", resource);
    Call {
        resource: call.resource.as_ref().map(fill),
        parameters: call.parameters.iter().map(|(name, value)| (name.clone(), fill(value))).collect(),
        ..call.clone()
    }
}

/// The event that CloudTrail sends for a call.
pub fn event(story: &Story, n: usize, at: Duration, who: &str, call: &Call) -> Value {
    // Event times are whole seconds.
    let time = NOON + jiff::SignedDuration::from_secs(i64::try_from(at.as_secs()).expect("a time"));
    let mut parameters: serde_json::Map<String, Value> =
        call.parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    match (call.service.as_str(), call.resource.as_deref()) {
        (_, None) => {}
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
    let mut detail = json!({
        "eventVersion": "1.11", "eventID": format!("event-{n}"), "eventTime": time, "eventType": "AwsApiCall",
        "eventSource": format!("{}.amazonaws.com", call.service), "eventName": call.operation,
        "awsRegion": "us-east-1", "recipientAccountId": ACCOUNT, "readOnly": false, "managementEvent": true,
        "userIdentity": identity(story, who), "requestParameters": parameters,
    });
    if call.is_failing {
        detail["requestParameters"] = Value::Null;
        detail["errorCode"] = json!("ThrottlingException");
    }
    json!({
        "version": "0", "id": format!("envelope-{n}"), "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{}", call.service), "account": ACCOUNT, "region": "us-east-1", "time": time,
        "resources": [], "detail": detail,
    })
}

/// `userIdentity` as CloudTrail writes it.
fn identity(story: &Story, who: &str) -> Value {
    if who.ends_with(".amazonaws.com") {
        return json!({"type": "AWSService", "invokedBy": who});
    }
    let actor = story.actors.iter().find(|actor| actor.name == who);
    let session = actor.map(|actor| match actor.is_workflow {
        true => (actor.role.as_str(), "rZ7kQw0pYbUxLmTn"),
        false => (actor.role.as_str(), actor.name.as_str()),
    });
    let Some((role, session)) = session.or_else(|| who.split_once('/')) else {
        return json!({"type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/{who}"), "userName": who});
    };
    let issuer =
        json!({"type": "Role", "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"), "userName": role});
    json!({
        "type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"),
        "accountId": ACCOUNT, "sessionContext": {"sessionIssuer": issuer},
    })
}
