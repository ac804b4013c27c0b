//! Queue batches of CloudTrail firings as Lambda receives them: about 1.4 KB per event, with its JSON encoded in a
//! text.

use budget_guard_core::model::{RuleArn, Timestamp};
use jiff::SignedDuration;

/// Callers of a rule that one function and a few people fire.
pub const CALLERS: [&str; 4] = ["fixer", "terraform", "deploy", "ann"];

/// Body of a `PutBucketAcl` firing after the input transformer, with members in the order of EventBridge and
/// CloudTrail.
pub const BODY: &str = concat!(
    r#"{"ruleArn":"RULE","event":{"version":"0","id":"EVENT-ID","detail-type":"AWS API Call via CloudTrail","#,
    r#""source":"aws.s3","account":"123456789012","time":"TIME","region":"us-east-1","resources":[],"detail":{"#,
    r#""eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE01:CALLER","#,
    r#""arn":"arn:aws:sts::123456789012:assumed-role/CALLER-role/CALLER","accountId":"123456789012","#,
    r#""accessKeyId":"ASIAEXAMPLEEXAMPLE02","sessionContext":{"sessionIssuer":{"type":"Role","#,
    r#""principalId":"AROAEXAMPLEEXAMPLE01","arn":"arn:aws:iam::123456789012:role/CALLER-role","#,
    r#""accountId":"123456789012","userName":"CALLER-role"},"attributes":{"creationDate":"2026-11-20T09:12:44Z","#,
    r#""mfaAuthenticated":"false"}}},"eventTime":"TIME","eventSource":"s3.amazonaws.com","#,
    r#""eventName":"PutBucketAcl","awsRegion":"us-east-1","sourceIPAddress":"10.1.2.3","#,
    r#""userAgent":"[aws-sdk-go/1.55.5 (go1.22.5; linux; amd64) exec-env/AWS_Lambda_provided.al2023]","#,
    r#""requestParameters":{"bucketName":"uploads-NUMBER","Host":"uploads-NUMBER.s3.us-east-1.amazonaws.com","#,
    r#""x-amz-acl":"private","acl":""},"responseElements":null,"additionalEventData":{"#,
    r#""SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"#,
    r#""AuthenticationMethod":"AuthHeader","bytesTransferredOut":0},"requestID":"7K3TBZ0QW9YJ4N5C","#,
    r#""eventID":"TRAIL-ID","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"#,
    r#""recipientAccountId":"123456789012","eventCategory":"Management"}}}"#,
);

const RECORD: &str = concat!(
    r#"{"messageId":"MESSAGE-ID","receiptHandle":"AQEBx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQm"#,
    r#"x7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQmx7Rk2vQm=="#,
    r#"","body":BODY,"attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1795176000000","#,
    r#""SenderId":"AIDAEXAMPLEEXAMPLE0001","ApproximateFirstReceiveTimestamp":"1795176000007"},"#,
    r#""messageAttributes":{},"md5OfBody":"7b270e59b47ff90a553787216d55d91d","eventSource":"aws:sqs","#,
    r#""eventSourceARN":"arn:aws:sqs:us-east-1:123456789012:budget-guard","awsRegion":"us-east-1"}"#,
);

/// Rule number `n` of the guard's account.
pub fn rule(n: usize) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/fix-bucket-acl-{n}").parse().expect("a rule ARN")
}

/// Time of the first event.
pub fn start() -> Timestamp {
    "2026-11-20T10:00:00Z".parse().expect("a time")
}

/// Time of firing `n`.
pub fn at(n: usize, gap: SignedDuration) -> Timestamp {
    start() + gap * i32::try_from(n).expect("a number of a firing")
}

/// A batch of `count` firings from number `first` on. Firing `n` belongs to rule `n % rules`, at `n × gap`.
pub fn batch(first: usize, count: usize, rules: usize, gap: SignedDuration) -> Vec<u8> {
    let records: Vec<String> = (first..first + count).map(|n| record(n, rules, gap)).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(",")).into_bytes()
}

fn record(n: usize, rules: usize, gap: SignedDuration) -> String {
    let time = Timestamp::from_second(at(n, gap).as_second()).expect("a time").to_string();
    let body = BODY
        .replace("RULE", rule(n % rules).as_str())
        .replace("EVENT-ID", &id(n, 0xe1))
        .replace("TRAIL-ID", &id(n, 0xc7))
        .replace("TIME", &time)
        .replace("CALLER", CALLERS[n * 7 % 11 % CALLERS.len()])
        .replace("NUMBER", &(n % 50).to_string());
    let text = serde_json::to_string(&body).expect("text");
    RECORD.replace("MESSAGE-ID", &id(n, 0x4d)).replace("BODY", &text)
}

/// ID in the form of a UUID, unique for each number and kind.
pub fn id(n: usize, kind: u8) -> String {
    let spread = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-{:04x}-4{:03x}-8{kind:03x}-{n:012x}", spread >> 32, spread & 0xffff, n & 0xfff)
}
