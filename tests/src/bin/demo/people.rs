//! Who makes calls in the demo, and the events that CloudTrail makes of them.

use budget_guard_aws::SystemClock;
use budget_guard_core::ports::Clock;
use serde_json::{Value, json};

use budget_guard_tests::payload;

pub const FIX_ACL: &str = "fix-acl";
pub const NOTIFY_DEPLOYS: &str = "notify-deploys";
pub const TAG_INSTANCES: &str = "tag-instances";
/// The function behind the rule, which is also the session name of the calls it makes.
pub const FIXER: &str = "acl-fixer";

// PutEvents takes no `aws.*` source, on the emulator as on AWS; real rules would say aws.s3 and aws.lambda.
pub const FIX_ACL_PATTERN: &str = r#"{"source":["custom.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["s3.amazonaws.com"],"eventName":["PutBucketAcl"]}}"#;
pub const NOTIFY_DEPLOYS_PATTERN: &str = r#"{"source":["custom.lambda"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["lambda.amazonaws.com"],"eventName":["UpdateFunctionCode20150331v2"]}}"#;
pub const TAG_INSTANCES_PATTERN: &str = r#"{"source":["custom.ec2"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["ec2.amazonaws.com"],"eventName":["CreateTags"]}}"#;

/// An instance is tagged, as its own tagger does each time that one is: so long ago, in a call of its own.
pub fn tagger_tags(rule_arn: &str, seconds_ago: i64) -> Result<Value, budget_guard_tests::Failure> {
    let worker = format!("arn:aws:sts::{}:assumed-role/shared-role/worker", account(rule_arn));
    let at = jiff::Timestamp::from_second(SystemClock.now().as_second() - seconds_ago)?.to_string();
    let mut event = call(rule_arn, &worker);
    event["time"] = json!(at);
    event["source"] = json!("custom.ec2");
    event["detail"]["eventTime"] = json!(at);
    event["detail"]["eventSource"] = json!("ec2.amazonaws.com");
    event["detail"]["eventName"] = json!("CreateTags");
    event["detail"]["requestParameters"] =
        json!({ "resourcesSet": { "items": [{ "resourceId": "i-0abc" }] } });
    Ok(event)
}

/// A person opens a bucket to the world.
pub fn ann_opens_a_bucket(rule_arn: &str) -> Value {
    let call = json!({ "bucketName": "reports", "x-amz-acl": "public-read" });
    put_bucket_acl(rule_arn, &user(rule_arn, "ann"), call)
}

/// The repair, which is the very call that the rule waits for.
pub fn fixer_repairs(rule_arn: &str, seen: &Value) -> Value {
    let caller = format!("arn:aws:sts::{}:assumed-role/acl-fixer-role/{FIXER}", account(rule_arn));
    let bucket = seen["detail"]["requestParameters"]["bucketName"].clone();
    put_bucket_acl(rule_arn, &caller, json!({ "bucketName": bucket, "x-amz-acl": "private" }))
}

/// Nothing to repair: what the fixer should have looked at from the beginning.
pub fn is_private(seen: &Value) -> bool {
    seen["detail"]["requestParameters"]["x-amz-acl"] == "private"
}

/// Honest work.
pub fn carol_deploys(rule_arn: &str) -> Value {
    let mut event = call(rule_arn, &user(rule_arn, "carol"));
    event["source"] = json!("custom.lambda");
    event["detail"]["eventSource"] = json!("lambda.amazonaws.com");
    event["detail"]["eventName"] = json!("UpdateFunctionCode20150331v2");
    event["detail"]["requestParameters"] = json!({ "functionName": "orders" });
    event
}

fn put_bucket_acl(rule_arn: &str, principal: &str, parameters: Value) -> Value {
    let mut event = call(rule_arn, principal);
    event["detail"]["eventName"] = json!("PutBucketAcl");
    event["detail"]["requestParameters"] = parameters;
    event
}

fn call(rule_arn: &str, principal: &str) -> Value {
    let mut event = payload::event(rule_arn, &payload::unique_id(), &payload::now(), principal);
    event["detail"]["eventCategory"] = json!("Management");
    event["detail"]["managementEvent"] = json!(true);
    event
}

pub fn user(rule_arn: &str, name: &str) -> String {
    format!("arn:aws:iam::{}:user/{name}", account(rule_arn))
}

fn account(rule_arn: &str) -> &str {
    rule_arn.split(':').nth(4).unwrap_or_default()
}
