//! Callers in the demo, and the events of their calls.

use budget_guard_aws::SystemClock;
use budget_guard_core::policy::{BUDGET_TAG, LIMIT_TAG};
use budget_guard_core::ports::Clock;
use serde_json::{Value, json};

use budget_guard_tests::{Failure, payload};

/// Name of the rule whose function fires it again.
pub const FIX_ACL: &str = "fix-acl";
/// Name of the rule whose reader is not known and fires it again.
pub const ENCRYPT_BUCKETS: &str = "encrypt-buckets";
/// Name of the honest rule.
pub const NOTIFY_DEPLOYS: &str = "notify-deploys";
/// Name of the rule with the slow loop.
pub const TAG_INSTANCES: &str = "tag-instances";
/// Name of the honest rule with a limit of its own.
pub const LOG_GRANTS: &str = "log-grants";
/// Tags of `log-grants`: its limit, and the only budget that covers it.
pub const LOG_GRANTS_TAGS: [(&str, &str); 2] = [(LIMIT_TAG, "40/60s"), (BUDGET_TAG, "audit")];
/// Name of the function behind `fix-acl`, which is also the session name of its calls.
pub const FIXER: &str = "acl-fixer";
/// Name of the function's role.
pub const FIXER_ROLE: &str = "acl-fixer-role";

/// Event pattern of `fix-acl`. PutEvents takes no source `aws.*`, on the emulator as on AWS, so it is `custom.s3`.
pub const FIX_ACL_PATTERN: &str = r#"{"source":["custom.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["s3.amazonaws.com"],"eventName":["PutBucketAcl"]}}"#;
/// Event pattern of `encrypt-buckets`.
pub const ENCRYPT_BUCKETS_PATTERN: &str = r#"{"source":["custom.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["s3.amazonaws.com"],"eventName":["PutBucketEncryption"]}}"#;
/// Event pattern of `notify-deploys`.
pub const NOTIFY_DEPLOYS_PATTERN: &str = r#"{"source":["custom.lambda"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["lambda.amazonaws.com"],"eventName":["UpdateFunctionCode20150331v2"]}}"#;
/// Event pattern of `tag-instances`.
pub const TAG_INSTANCES_PATTERN: &str = r#"{"source":["custom.ec2"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["ec2.amazonaws.com"],"eventName":["CreateTags"]}}"#;

/// Event pattern of `log-grants`.
pub const LOG_GRANTS_PATTERN: &str = r#"{"source":["custom.iam"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["iam.amazonaws.com"],"eventName":["AttachRolePolicy"]}}"#;

/// Event of a call by the tagger, this many seconds ago.
pub fn tagger_tags(rule_arn: &str, seconds_ago: i64) -> Result<Value, Failure> {
    let worker = format!("arn:aws:sts::{}:assumed-role/shared-role/worker", account(rule_arn));
    let mut event = earlier_call(rule_arn, &worker, seconds_ago)?;
    event["source"] = json!("custom.ec2");
    event["detail"]["eventSource"] = json!("ec2.amazonaws.com");
    event["detail"]["eventName"] = json!("CreateTags");
    event["detail"]["requestParameters"] =
        json!({ "resourcesSet": { "items": [{ "resourceId": "i-0abc" }] } });
    Ok(event)
}

/// Event of carol's deployment that attaches a policy to a role, this many seconds ago.
pub fn carol_grants(rule_arn: &str, seconds_ago: i64) -> Result<Value, Failure> {
    let mut event = earlier_call(rule_arn, &user(rule_arn, "carol"), seconds_ago)?;
    event["source"] = json!("custom.iam");
    event["detail"]["eventSource"] = json!("iam.amazonaws.com");
    event["detail"]["eventName"] = json!("AttachRolePolicy");
    let role = format!("service-{seconds_ago}");
    event["detail"]["requestParameters"] =
        json!({ "roleName": role, "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess" });
    Ok(event)
}

/// Event of a person who makes a bucket public.
pub fn ann_opens_a_bucket(rule_arn: &str) -> Value {
    let parameters = json!({ "bucketName": "reports", "x-amz-acl": "public-read" });
    call_of_s3(rule_arn, &user(rule_arn, "ann"), "PutBucketAcl", parameters)
}

/// Event of the repair by the function, which is the call that fires `fix-acl` again.
pub fn fixer_repairs(rule_arn: &str, function: &str) -> Value {
    let caller = format!("arn:aws:sts::{}:assumed-role/{FIXER_ROLE}/{FIXER}", account(rule_arn));
    let parameters = json!({ "bucketName": "reports", "x-amz-acl": "private" });
    let mut event = call_of_s3(rule_arn, &caller, "PutBucketAcl", parameters);
    event["detail"]["userIdentity"]["inScopeOf"] =
        json!({ "issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": function });
    event
}

/// Event of a person who turns the encryption of a bucket off.
pub fn bob_turns_encryption_off(rule_arn: &str) -> Value {
    call_of_s3(rule_arn, &user(rule_arn, "bob"), "PutBucketEncryption", json!({ "bucketName": "exports" }))
}

/// Event of the unknown reader that turns it on, which is the call that fires `encrypt-buckets` again.
pub fn worker_encrypts(rule_arn: &str) -> Value {
    let caller = format!("arn:aws:sts::{}:assumed-role/batch-role/worker", account(rule_arn));
    let parameters = json!({ "bucketName": "exports", "algorithm": "aws:kms" });
    call_of_s3(rule_arn, &caller, "PutBucketEncryption", parameters)
}

/// Event of an honest deployment.
pub fn carol_deploys(rule_arn: &str) -> Value {
    let mut event = call(rule_arn, &user(rule_arn, "carol"));
    event["source"] = json!("custom.lambda");
    event["detail"]["eventSource"] = json!("lambda.amazonaws.com");
    event["detail"]["eventName"] = json!("UpdateFunctionCode20150331v2");
    event["detail"]["requestParameters"] = json!({ "functionName": "orders" });
    event
}

fn call_of_s3(rule_arn: &str, principal: &str, operation: &str, parameters: Value) -> Value {
    let mut event = call(rule_arn, principal);
    event["detail"]["eventName"] = json!(operation);
    event["detail"]["requestParameters"] = parameters;
    event
}

fn call(rule_arn: &str, principal: &str) -> Value {
    let mut event = payload::event(rule_arn, &payload::unique_id(), &payload::now(), principal);
    event["detail"]["eventCategory"] = json!("Management");
    event["detail"]["managementEvent"] = json!(true);
    event
}

fn earlier_call(rule_arn: &str, principal: &str, seconds_ago: i64) -> Result<Value, Failure> {
    let at = jiff::Timestamp::from_second(SystemClock.now().as_second() - seconds_ago)?.to_string();
    let mut event = call(rule_arn, principal);
    event["time"] = json!(at);
    event["detail"]["eventTime"] = json!(at);
    Ok(event)
}

/// ARN of a user in the rule's account.
pub fn user(rule_arn: &str, name: &str) -> String {
    format!("arn:aws:iam::{}:user/{name}", account(rule_arn))
}

fn account(rule_arn: &str) -> &str {
    rule_arn.split(':').nth(4).unwrap_or_default()
}
