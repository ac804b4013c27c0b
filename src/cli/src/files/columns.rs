//! Rows of Athena and CloudTrail Lake: columns become the members of a record.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::aside::Aside;

/// Members of a record and of its `userIdentity`. Athena has them in lower case.
const NAMES: [&str; 51] = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "eventType",
    "apiVersion",
    "recipientAccountId",
    "serviceEventDetails",
    "sharedEventID",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "managementEvent",
    "eventCategory",
    "addendum",
    "sessionCredentialFromConsole",
    "edgeDeviceDetails",
    "tlsDetails",
    "type",
    "principalId",
    "arn",
    "accountId",
    "invokedBy",
    "accessKeyId",
    "userName",
    "sessionContext",
    "attributes",
    "mfaAuthenticated",
    "creationDate",
    "sessionIssuer",
    "webIdFederationData",
    "federatedProvider",
    "ec2RoleDelivery",
    "sourceIdentity",
    "assumedRoot",
    "inScopeOf",
    "identityProvider",
    "credentialId",
    "onBehalfOf",
];
/// Columns whose text is JSON.
const JSON: [&str; 8] = [
    "userIdentity",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "resources",
    "serviceEventDetails",
    "tlsDetails",
    "sessionContext",
];

/// Makes a record of a row. `None` if the members are no row, or are those of a record already. An error tells what a
/// row has in place of JSON.
pub(super) fn record(members: &BTreeMap<Cow<'_, str>, &RawValue>) -> Option<Result<String, Aside>> {
    let find = |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    let (Some((id, _)), Some(_), Some(_)) = (find("eventID"), find("eventTime"), find("eventSource")) else {
        return None;
    };
    let (_, identity) = find("userIdentity")?;
    let is_record = id == "eventID" && identity.get().starts_with(['{', 'n']);
    if is_record {
        return None;
    }
    let mut record = Map::new();
    for (key, value) in members {
        let value: Value = serde_json::from_str(value.get()).ok()?;
        let name = spelled(key);
        match column(name, value) {
            Ok(Value::Null) => {}
            Ok(value) => drop(record.insert(name.to_owned(), value)),
            Err(aside) => return Some(Err(aside)),
        }
    }
    Some(Ok(Value::Object(record).to_string()))
}

fn spelled(key: &str) -> &str {
    NAMES.iter().find(|name| name.eq_ignore_ascii_case(key)).copied().unwrap_or(key)
}

fn column(name: &str, value: Value) -> Result<Value, Aside> {
    let value = match value {
        Value::String(text) if text.is_empty() => Value::Null,
        Value::String(text) if JSON.contains(&name) => match serde_json::from_str(&text) {
            Ok(value) => value,
            // The caller decides about a loop; the other columns may be cut by the query.
            Err(_) if name == "userIdentity" => return Err(Aside::Structure),
            Err(_) => Value::Null,
        },
        Value::String(text) if matches!(name, "readOnly" | "managementEvent") => {
            Value::Bool(text.eq_ignore_ascii_case("true"))
        }
        // Lake prints `2026-11-20 10:00:00.000`, in UTC.
        Value::String(text) if name == "eventTime" && text.get(10..11) == Some(" ") => {
            Value::String(format!("{}T{}Z", &text[..10], text[11..].trim_end_matches(" UTC")))
        }
        value => value,
    };
    Ok(if name == "userIdentity" { respelled(value) } else { value })
}

/// Spells the members of `userIdentity` as CloudTrail does.
fn respelled(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members =
                members.into_iter().map(|(key, value)| (spelled(&key).to_owned(), respelled(value)));
            Value::Object(members.collect())
        }
        value => value,
    }
}
