//! ParameterRole sessions, from the `AssumeRole` calls that open them.

use std::borrow::Cow;

use serde::Deserialize;

use super::Made;
use super::envelope::{Detail, Identity};
use super::field::{Field, Nested};
use crate::model::{Call, Caller, Session, SessionKey};

/// Prefix of the STS operations that open a session: `AssumeRole`, `AssumeRoleWithSAML`, `AssumeRoleWithWebIdentity`.
const OPENING: &str = "AssumeRole";
const SERVICE: &str = "sts.amazonaws.com";

/// Session with the call that opened it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening<'a> {
    /// Session that was opened.
    pub session: Session<'a>,
    /// Principal that opened it.
    pub caller: Caller<'a>,
    /// `AssumeRole` call that opened it.
    pub call: Call<'a>,
}

/// Part of `responseElements`. Source: "AssumeRole" (AWS STS API reference), as CloudTrail records its answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    credentials: Credentials,
    assumed_role_user: User,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    access_key_id: String,
}

#[derive(Deserialize)]
struct User {
    arn: String,
}

impl<'a> Detail<'a> {
    /// Session or events that this call created.
    pub(super) fn made(&self) -> Option<Made<'a>> {
        self.opened().map(Made::Session).or_else(|| self.put().map(Made::Events))
    }

    /// Session that this call opened. `None` for other calls, for refused ones, and for answers without a key.
    pub(super) fn opened(&self) -> Option<Session<'a>> {
        let Field::Text(operation) = &self.event_name else { return None };
        if !operation.starts_with(OPENING) || !self.event_source.is(SERVICE) {
            return None;
        }
        let json = self.response_elements.0.json()?;
        let response: Response = serde_json::from_str(&json).ok()?;
        let key = SessionKey::of(&response.credentials.access_key_id);
        Some(Session { key, arn: Cow::Owned(response.assumed_role_user.arn) })
    }
}

/// Parses a CloudTrail record of an `AssumeRole` call. `None` for any other record.
pub fn opening(record: &str) -> Option<Opening<'_>> {
    let mut detail: Box<Detail<'_>> = serde_json::from_str(record).ok()?;
    let session = detail.opened()?;
    let (caller, identity) = match std::mem::take(&mut detail.user_identity) {
        Nested::Object(identity) => identity.caller(&Cow::Borrowed(SERVICE)),
        _ => (Caller { principal: SERVICE.into(), issued_to: None }, Identity::default()),
    };
    Some(Opening { session, caller, call: detail.call(&identity)? })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record() -> Value {
        json!({
            "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer",
                "accessKeyId": "ASIAFIXER",
                "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::123456789012:role/fixer-role"}}},
            "requestParameters": {"roleArn": "arn:aws:iam::210987654321:role/member", "roleSessionName": "any"},
            "responseElements": {"credentials": {"accessKeyId": "ASIAMEMBER", "sessionToken": "secret"},
                "assumedRoleUser": {"arn": "arn:aws:sts::210987654321:assumed-role/member/any"}},
        })
    }

    #[test]
    fn a_call_of_assume_role_opens_a_session() {
        let json = record().to_string();
        let opening = opening(&json).unwrap();
        assert_eq!(opening.session.key, SessionKey::of("ASIAMEMBER"));
        assert_eq!(opening.session.arn, "arn:aws:sts::210987654321:assumed-role/member/any");
        assert_eq!(opening.caller.principal, "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer");
        assert_eq!(opening.call.session(), Some(SessionKey::of("ASIAFIXER")));
        assert!(!format!("{opening:?}").contains("secret"));
    }

    #[test]
    fn other_records_open_none() {
        let check = |path: &str, value: Value| {
            let mut record = record();
            *record.pointer_mut(path).unwrap() = value;
            assert_eq!(opening(&record.to_string()), None, "{path}");
        };
        check("/eventSource", json!("s3.amazonaws.com"));
        check("/eventName", json!("GetCallerIdentity"));
        check("/responseElements", json!(null));
        check("/responseElements/credentials", json!("HIDDEN_DUE_TO_SECURITY_REASONS"));
        check("/responseElements/credentials/accessKeyId", json!(7));
        check("/responseElements/assumedRoleUser", json!(null));
        assert_eq!(opening("not JSON"), None);
    }
}
