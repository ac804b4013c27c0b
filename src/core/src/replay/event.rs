//! CloudTrail records, and the EventBridge events that AWS sends for them.

use std::borrow::Cow;

use serde::Deserialize;

use crate::model::{Excerpt, Timestamp, is_management, is_withheld, is_withheld_perhaps};

/// Values of `detail-type` for each `eventType`.
///
/// Sign-ins have two spellings: AWS's user guide has "Signin", events and older rules have "Sign In".
/// Sources: "CloudTrail record contents"; "AWS service events delivered via AWS CloudTrail" (EventBridge user guide).
const DETAIL_TYPES: &[(&str, &[&str])] = &[
    ("AwsApiCall", &["AWS API Call via CloudTrail"]),
    ("AwsServiceEvent", &["AWS Service Event via CloudTrail"]),
    ("AwsConsoleSignIn", &["AWS Console Sign In via CloudTrail", "AWS Console Signin via CloudTrail"]),
    ("AwsConsoleAction", &["AWS Console Action via CloudTrail"]),
    ("AwsCloudTrailInsight", &["AWS Insight via CloudTrail"]),
    ("AwsVpceEvent", &["AWS Network Activity Event via CloudTrail"]),
    ("AwsVpceEvents", &["AWS Network Activity Event via CloudTrail"]),
];

/// One record of a CloudTrail log file, with the fields of its event's envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudTrailRecord<'a> {
    /// JSON text of the record, which is the event's `detail`.
    pub text: &'a str,
    /// `eventID`.
    pub id: Cow<'a, str>,
    /// `eventTime`.
    pub at: Timestamp,
    /// `recipientAccountId`, or the account of `userIdentity`. Empty if the record has neither.
    pub account: Cow<'a, str>,
    /// `awsRegion`. Empty if the record does not have it.
    pub region: Cow<'a, str>,
    /// True for a management event that rules in plain `ENABLED` do not receive.
    pub is_withheld: bool,
    /// True if AWS's documents disagree on that.
    pub is_withheld_perhaps: bool,
    time: Cow<'a, str>,
    /// `eventSource`, such as `s3.amazonaws.com`.
    source: Cow<'a, str>,
    detail_types: &'static [&'static str],
}

/// Reason why a record has no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes are not JSON, or not UTF-8. Holds the parser's message.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// A required field is missing. Holds its name.
    #[error("{0} is missing; expected a CloudTrail record")]
    Missing(&'static str),
    /// The record sums up several calls. No event of the bus stands for it.
    #[error("it is an aggregated event; expected the record of one call")]
    Aggregated,
    /// The object is an event and not a record.
    #[error("it is an EventBridge event; expected a CloudTrail record")]
    Event,
    /// `eventTime` is no time. Holds the value.
    #[error("eventTime is {0}; expected an RFC 3339 time, as in 2026-11-20T10:00:00Z")]
    BadTime(Excerpt),
    /// `eventType` has no detail-type. Holds the value.
    #[error(
        "eventType is {0}; expected AwsApiCall, AwsServiceEvent or another that EventBridge has a detail-type for"
    )]
    UnknownType(Excerpt),
}

/// Fields of a record. Source: "CloudTrail record contents for management, data, and network activity events".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow, rename = "eventID")]
    event_id: Option<Text<'a>>,
    #[serde(borrow)]
    event_time: Option<Text<'a>>,
    #[serde(borrow)]
    event_type: Option<Text<'a>>,
    #[serde(borrow)]
    event_source: Option<Text<'a>>,
    #[serde(borrow)]
    event_name: Option<Text<'a>>,
    #[serde(borrow)]
    aws_region: Option<Text<'a>>,
    #[serde(borrow)]
    recipient_account_id: Option<Text<'a>>,
    #[serde(borrow)]
    user_identity: Option<Identity<'a>>,
    management_event: Option<bool>,
    #[serde(borrow)]
    event_category: Option<Text<'a>>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    #[serde(borrow)]
    account_id: Option<Text<'a>>,
}

/// Text that is borrowed unless it has escapes. serde copies a bare `Option<Cow<str>>`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> CloudTrailRecord<'a> {
    /// Returns true for records of AWS STS, which opens sessions.
    pub fn may_open_session(&self) -> bool {
        self.source == "sts.amazonaws.com"
    }

    /// Parses a record from its JSON text.
    ///
    /// # Errors
    ///
    /// [`RecordError`] with the field that is missing or wrong.
    pub fn read(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let text = std::str::from_utf8(bytes).map_err(|error| RecordError::NotJson(error.to_string()))?;
        let fields: Fields<'_> =
            serde_json::from_str(text).map_err(|error| RecordError::NotJson(error.to_string()))?;
        let (Some(id), Some(time)) = (fields.event_id, fields.event_time) else {
            return Err(match fields.detail_type {
                Some(_) => RecordError::Event,
                None => RecordError::Missing("eventID or eventTime"),
            });
        };
        let Text(source) = fields.event_source.ok_or(RecordError::Missing("eventSource"))?;
        // Before version 1.02 records had no eventType, and were about API calls only.
        let kind = fields.event_type.map_or(Cow::Borrowed(DETAIL_TYPES[0].0), |Text(kind)| kind);
        let known = DETAIL_TYPES.iter().find(|(name, _)| *name == kind);
        let (_, detail_types) = known.ok_or_else(|| RecordError::UnknownType(Excerpt::new(&kind)))?;
        let at = time.0.parse().map_err(|_| RecordError::BadTime(Excerpt::new(&time.0)))?;
        let category = fields.event_category.as_ref().map(|Text(category)| &**category);
        if category == Some("Aggregated") {
            return Err(RecordError::Aggregated);
        }
        let name = fields.event_name.filter(|_| is_management(fields.management_event, category));
        let is = |ask: fn(&str, &str) -> bool| name.as_ref().is_some_and(|Text(name)| ask(&source, name));
        let identity = fields.user_identity.and_then(|identity| identity.account_id);
        let account = fields.recipient_account_id.or(identity);
        Ok(Self {
            text,
            id: id.0,
            at,
            account: account.map(|Text(account)| account).unwrap_or_default(),
            region: fields.aws_region.map(|Text(region)| region).unwrap_or_default(),
            is_withheld: is(is_withheld),
            is_withheld_perhaps: is(is_withheld_perhaps),
            time: time.0,
            source,
            detail_types,
        })
    }

    /// Number of spellings that `detail-type` has for this event, at least one.
    pub fn spellings(&self) -> usize {
        self.detail_types.len()
    }

    /// Writes the event that AWS sends for this record to `event`, in spelling number `spelling` from 0.
    ///
    /// The event's own `id` is unknown, so the record's id is used. Source: "AWS service event metadata".
    pub fn write_event(&self, spelling: usize, event: &mut String) {
        event.clear();
        event.push_str(r#"{"version":"0","id":"#);
        push_text(event, &self.id);
        event.push_str(r#","detail-type":"#);
        push_text(event, self.detail_types[spelling]);
        event.push_str(r#","source":"#);
        push_text(event, "aws.");
        event.pop();
        let service = event.len();
        push_text(event, self.source.split('.').next().unwrap_or_default());
        event.remove(service);
        event.push_str(r#","account":"#);
        push_text(event, &self.account);
        event.push_str(r#","time":"#);
        push_text(event, &self.time);
        event.push_str(r#","region":"#);
        push_text(event, &self.region);
        event.push_str(r#","resources":[],"detail":"#);
        event.push_str(self.text);
        event.push('}');
    }
}

/// Appends a JSON string.
fn push_text(json: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        // Serializing a string cannot fail.
        json.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn record(change: impl FnOnce(&mut Value)) -> String {
        let mut record = json!({
            "eventID": "e-1", "eventTime": "2026-11-20T10:00:00Z", "eventType": "AwsApiCall",
            "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "awsRegion": "eu-west-1",
            "recipientAccountId": "123456789012", "userIdentity": {"accountId": "999999999999"},
            "readOnly": false, "managementEvent": true,
        });
        change(&mut record);
        record.to_string()
    }

    #[test]
    fn a_record_becomes_the_event_that_aws_sends() {
        let text = record(|_| {});
        let record = CloudTrailRecord::read(text.as_bytes()).unwrap();
        let mut event = String::from("left over");
        record.write_event(0, &mut event);
        let event: Value = serde_json::from_str(&event).unwrap();
        let detail: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({
            "version": "0", "id": "e-1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3",
            "account": "123456789012", "time": "2026-11-20T10:00:00Z", "region": "eu-west-1", "resources": [],
            "detail": detail,
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn the_envelope_follows_the_record() {
        let check = |change: fn(&mut Value), field: &str, spelling: usize, expected: &str| {
            let text = record(change);
            let record = CloudTrailRecord::read(text.as_bytes()).unwrap();
            let mut event = String::new();
            record.write_event(spelling, &mut event);
            let event: Value = serde_json::from_str(&event).unwrap();
            assert_eq!(event[field], expected, "{text}");
        };
        check(|r| r["recipientAccountId"] = Value::Null, "account", 0, "999999999999");
        check(|r| r["eventID"] = "a\"\\\n".into(), "id", 0, "a\"\\\n");
        check(|r| r["eventSource"] = "monitoring.amazonaws.com".into(), "source", 0, "aws.monitoring");
        let named = "detail-type";
        check(
            |r| drop(r.as_object_mut().unwrap().remove("eventType")),
            named,
            0,
            "AWS API Call via CloudTrail",
        );
        check(|r| r["eventType"] = "AwsServiceEvent".into(), named, 0, "AWS Service Event via CloudTrail");
        check(|r| r["eventType"] = "AwsConsoleSignIn".into(), named, 0, "AWS Console Sign In via CloudTrail");
        check(|r| r["eventType"] = "AwsConsoleSignIn".into(), named, 1, "AWS Console Signin via CloudTrail");
        check(|r| r["eventType"] = "AwsConsoleAction".into(), named, 0, "AWS Console Action via CloudTrail");
        check(|r| r["eventType"] = "AwsCloudTrailInsight".into(), named, 0, "AWS Insight via CloudTrail");
        check(
            |r| r["eventType"] = "AwsVpceEvent".into(),
            named,
            0,
            "AWS Network Activity Event via CloudTrail",
        );
    }

    #[test]
    fn what_plain_rules_do_not_receive_is_told_by_name() {
        let check = |source: &str, name: &str, management: Value, expected: [bool; 2]| {
            let text = record(|r| {
                (r["eventSource"], r["eventName"]) = (source.into(), name.into());
                (r["readOnly"], r["managementEvent"]) = (true.into(), management);
            });
            let record = CloudTrailRecord::read(text.as_bytes()).unwrap();
            assert_eq!([record.is_withheld, record.is_withheld_perhaps], expected, "{text}");
        };
        let (kms, sts) = ("kms.amazonaws.com", "sts.amazonaws.com");
        check(kms, "DescribeKey", true.into(), [true, false]);
        check(kms, "DescribeKey", false.into(), [false, false]);
        // Old records have no `managementEvent`.
        check(kms, "DescribeKey", Value::Null, [true, false]);
        check(kms, "Decrypt", true.into(), [false, false]);
        check(sts, "GetSessionToken", true.into(), [false, false]);
        check(sts, "AssumeRole", true.into(), [false, true]);
    }

    #[test]
    fn what_makes_no_event_is_named() {
        let check = |text: &str, expected: &str| {
            let error = CloudTrailRecord::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("{}", "eventID or eventTime is missing");
        check(
            r#"{"detail-type":"x","time":"y"}"#,
            "it is an EventBridge event; expected a CloudTrail record",
        );
        check(r#"{"eventID":7}"#, "not JSON: invalid type");
        check("{", "not JSON: EOF");
        check(&record(|r| r["eventTime"] = "yesterday".into()), r#"eventTime is "yesterday"; expected"#);
        check(&record(|r| r["eventType"] = "AwsNew".into()), r#"eventType is "AwsNew"; expected"#);
        check(&record(|r| drop(r.as_object_mut().unwrap().remove("eventSource"))), "eventSource is missing");
        assert!(CloudTrailRecord::read(b"{\"eventID\":\"\xff\"}").is_err());
    }
}
