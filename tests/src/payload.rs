//! Payloads for the function: EventBridge events, attached firings, queue batches and ticks.

use std::sync::atomic::{AtomicU64, Ordering};

use super::world::Queue;
use serde_json::{Value, json};

/// Source of test events. PutEvents refuses sources `aws.*`, on the emulators as on AWS.
pub const SOURCE: &str = "custom.s3";
/// Detail type of API calls that CloudTrail reports.
pub const DETAIL_TYPE: &str = "AWS API Call via CloudTrail";
/// Event pattern that matches an `event`.
pub const PATTERN: &str = r#"{"source":["custom.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["PutObject"]}}"#;

const SCHEDULE_ARN: &str = "arn:aws:events:us-east-1:000000000000:rule/budget-guard-tick";

/// A unique ID in the form of a UUID.
pub fn unique_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:08x}-0000-4000-8000-{:012x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Present time in the format of CloudTrail and EventBridge.
pub fn now() -> String {
    jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap_or_default().to_string()
}

/// Account and Region of an ARN. Both are empty if it has none.
fn account_and_region(arn: &str) -> (&str, &str) {
    let mut parts = arn.split(':').skip(3);
    let region = parts.next().unwrap_or_default();
    (parts.next().unwrap_or_default(), region)
}

/// Event of an API call (S3 PutObject) in the account and Region of `rule_arn`, as CloudTrail reports it.
///
/// A test may change any field: `event["detail"]["eventName"] = …`.
pub fn event(rule_arn: &str, event_id: &str, time: &str, principal: &str) -> Value {
    let (account, region) = account_and_region(rule_arn);
    json!({
        "version": "0",
        "id": event_id,
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": account,
        "time": time,
        "region": region,
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "eventID": unique_id(),
            "eventTime": time,
            "eventType": "AwsApiCall",
            "eventCategory": "Data",
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutObject",
            "awsRegion": region,
            "sourceIPAddress": "10.0.0.1",
            "userAgent": "aws-sdk-rust",
            "readOnly": false,
            "managementEvent": false,
            "recipientAccountId": account,
            "userIdentity": identity(account, principal),
            "requestParameters": { "bucketName": "uploads", "key": format!("in/{event_id}.json") },
            "responseElements": null
        }
    })
}

/// Event of a call about a rule. PutEvents takes no source `aws.*`, so it has to be sent to the queue directly.
pub fn rule_call(rule_arn: &str, call: &str, parameters: Value, time: &str, principal: &str) -> Value {
    let mut event = event(rule_arn, &unique_id(), time, principal);
    event["source"] = json!("aws.events");
    event["detail"]["eventSource"] = json!("events.amazonaws.com");
    event["detail"]["eventName"] = json!(call);
    event["detail"]["eventCategory"] = json!("Management");
    event["detail"]["managementEvent"] = json!(true);
    event["detail"]["requestParameters"] = parameters;
    event
}

/// Identity of a caller. A role session names its role as well; anything else is a user.
fn identity(account: &str, principal: &str) -> Value {
    let role = principal.split_once(":assumed-role/").and_then(|(_, path)| path.split('/').next());
    match role {
        Some(role) => json!({
            "type": "AssumedRole",
            "principalId": format!("AROAEXAMPLE:{}", principal.rsplit('/').next().unwrap_or_default()),
            "arn": principal,
            "accountId": account,
            "sessionContext": { "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": format!("arn:aws:iam::{account}:role/{role}"),
                "accountId": account,
                "userName": role
            } }
        }),
        None => json!({
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": principal,
            "accountId": account,
            "userName": principal.rsplit('/').next()
        }),
    }
}

/// Message of the guard's target on a rule for an event.
pub fn attached_event(rule_arn: &str, event: &Value) -> Vec<u8> {
    bytes(&json!({ "ruleArn": rule_arn, "event": event }))
}

/// Message of the guard's target for the event of `event`.
pub fn attached(rule_arn: &str, event_id: &str, time: &str, principal: &str) -> Vec<u8> {
    attached_event(rule_arn, &event(rule_arn, event_id, time, principal))
}

/// Payload of Lambda's event source mapping of a queue. The message IDs are `message-0`, `message-1`, ….
pub fn sqs_batch<B: AsRef<[u8]>>(queue: &Queue, bodies: &[B]) -> Vec<u8> {
    let record = |(index, body): (usize, &B)| {
        json!({
            "messageId": format!("message-{index}"),
            "receiptHandle": format!("receipt-{index}"),
            "body": String::from_utf8_lossy(body.as_ref()),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1767225600000",
                "SenderId": "AIDAEXAMPLE",
                "ApproximateFirstReceiveTimestamp": "1767225600001"
            },
            "messageAttributes": {},
            "md5OfBody": "00000000000000000000000000000000",
            "eventSource": "aws:sqs",
            "eventSourceARN": queue.arn,
            "awsRegion": "us-east-1"
        })
    };
    bytes(&json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() }))
}

/// Payload of an SNS topic. `kind` is SNS's `Type`: `Notification` or `SubscriptionConfirmation`.
pub fn sns(topic_arn: &str, kind: &str, message_id: &str, text: &str) -> Vec<u8> {
    bytes(&json!({ "Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{topic_arn}:00000000-0000-4000-8000-000000000000"),
        "Sns": {
            "Type": kind,
            "MessageId": message_id,
            "TopicArn": topic_arn,
            "Subject": "AWS Budgets",
            "Message": text,
            "Timestamp": now(),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": {}
        }
    }] }))
}

/// Text of a notification of AWS Budgets, in its own format.
pub fn budget_notice(account: &str, budget: &str, basis: &str, threshold: &str, amount: &str) -> String {
    let verb = if basis == "ACTUAL" { "has exceeded" } else { "is forecasted to exceed" };
    format!(
        "AWS Budget Notification\nAWS Account {account}\n\nDear AWS Customer,\n\nYou requested that we alert you \
         when the {basis} Cost associated with your {budget} budget {verb} {threshold}.\n\nBudget Name: {budget}\n\
         Budget Type: Cost\nBudgeted Amount: $100.00\nAlert Type: {basis}\nAlert Threshold: > {threshold}\n\
         {basis} Amount: {amount}\n"
    )
}

/// Payload of the guard's own schedule.
pub fn tick(time: &str) -> Vec<u8> {
    let (account, region) = account_and_region(SCHEDULE_ARN);
    bytes(&json!({
        "version": "0",
        "id": unique_id(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": time,
        "region": region,
        "resources": [SCHEDULE_ARN],
        "detail": {}
    }))
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
