//! CloudTrail logs for tests.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use budget_guard_tests::Failure;

/// A record of `PutBucketAcl` by the fixer.
#[derive(Debug, Clone)]
pub struct Record(Value);

impl Record {
    /// Record number `n`, this many milliseconds after ten o'clock.
    pub fn new(n: u64, at_ms: u64) -> Self {
        let time = format!(
            "2026-11-20T{:02}:{:02}:{:02}.{:03}Z",
            10 + at_ms / 3_600_000,
            at_ms / 60_000 % 60,
            at_ms / 1_000 % 60,
            at_ms % 1_000
        );
        Self(json!({
            "eventVersion": "1.11", "eventID": format!("5f0e2a6c-0000-4000-8000-{n:012x}"), "eventTime": time,
            "eventType": "AwsApiCall", "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl",
            "awsRegion": "us-east-1", "recipientAccountId": "123456789012", "readOnly": false, "managementEvent": true,
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer"},
            "requestParameters": {"bucketName": "uploads", "}": "]{\"["},
        }))
    }
}

impl Record {
    /// The same call by another principal.
    pub fn by(mut self, principal: &str) -> Self {
        let kind = if principal.contains(":assumed-role/") { "AssumedRole" } else { "IAMUser" };
        self.0["userIdentity"] = json!({"type": kind, "arn": principal});
        self
    }

    /// The same call in another Region.
    pub fn at(mut self, region: &str) -> Self {
        self.0["awsRegion"] = json!(region);
        self
    }

    /// A call of this service that CloudTrail marks as read-only.
    pub fn reading(mut self, service: &str, operation: &str, category: &str) -> Self {
        self.0["eventSource"] = json!(format!("{service}.amazonaws.com"));
        self.0["eventName"] = json!(operation);
        self.0["readOnly"] = json!(true);
        self.0["managementEvent"] = json!(category == "Management");
        self.0["eventCategory"] = json!(category);
        self
    }

    pub fn calling(mut self, operation: &str, parameters: &Value) -> Self {
        self.0["eventName"] = json!(operation);
        self.0["requestParameters"] = parameters.clone();
        self
    }
}

/// Text of a log file, in CloudTrail's form.
pub fn in_file(records: &[Record]) -> String {
    let records: Vec<&Value> = records.iter().map(|Record(record)| record).collect();
    json!({ "Records": records }).to_string()
}

pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes)?;
    Ok(packer.finish()?)
}
