//! Resources of calls: the parameters that identify a resource, and the hashes of their values.
//!
//! Calls on different resources must never look equal, because that would be taken for a loop. So all identifying
//! values count, and an unknown parameter is taken for identifying in case of doubt.

use std::borrow::Cow;

use crate::model::{Arn, Fingerprint, Resource, ResourceIds, printable_ascii};

/// Maximum length of a name. It reaches alerts and records.
const MAX_NAME: usize = 128;
const JOINT: &str = " / ";

/// ParameterRole of a parameter in identifying the resource of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParameterRole {
    /// Identifies the resource.
    Identity,
    /// Names another resource that the call uses. It identifies the resource only if there is no identity.
    Reference,
    /// Unique value per call.
    Token,
    /// Any other parameter.
    Setting,
}

/// Suffixes of identifying parameters, in any case: `functionName`, `resourceArn`, `QueueUrl`.
const IDENTITIES: [Ending; 5] = endings(["arn", "id", "name", "identifier", "url"]);
/// Identifying parameters by their whole name: objects of S3, Amazon ECS, tags of CloudFront, sessions of SSM.
const WORDS: [&str; 7] = ["bucket", "key", "cluster", "service", "task", "resource", "target"];
/// Suffixes of lists of identities: `instanceIds`, `resourceARNList`.
const LISTS: [Ending; 8] =
    endings(["arns", "ids", "names", "identifiers", "urls", "arnlist", "idlist", "namelist"]);

/// Suffixes of the resources that a database, a trail or a group is configured with.
const REFERENCES: [Ending; 12] = endings([
    "rolearn",
    "kmskeyid",
    "kmskeyarn",
    "kmsmasterkeyid",
    "certificatearn",
    "parametergroupname",
    "subnetgroupname",
    "optiongroupname",
    "launchconfigurationname",
    "zoneidentifier",
    "s3bucketname",
    "snstopicname",
]);

/// Suffixes of values that the caller creates anew for each call.
const TOKENS: [Ending; 4] = endings(["token", "requestid", "callerreference", "rolesessionname"]);

/// Suffixes of tokens that a service issued. They identify the page or the task that a call continues.
const GIVEN: [Ending; 3] = endings(["nexttoken", "continuationtoken", "tasktoken"]);

/// Suffixes of names that identify no resource: a login, a schema, the changed attribute, the executed program, facts
/// that an agent reports about its machine. Uploads and versions are included, because one object may have thousands.
const SETTINGS: [Ending; 13] = endings([
    "masterusername",
    "dbname",
    "attributename",
    "documentname",
    "devicename",
    "platformname",
    "computername",
    "agentname",
    "hostname",
    "metricname",
    "presignedurl",
    "uploadid",
    "versionid",
]);

/// Suffixes of account ids, which all created resources share.
const ACCOUNTS: [Ending; 2] = endings(["ownerid", "accountid"]);

/// Suffix of a name, in lower case.
#[derive(Clone, Copy)]
struct Ending {
    text: &'static str,
    /// ParseCache eight bytes, the last one highest, under `mask`. They are compared for every parameter.
    tail: u64,
    mask: u64,
}

const fn endings<const N: usize>(texts: [&'static str; N]) -> [Ending; N] {
    let mut endings = [Ending { text: "", tail: 0, mask: 0 }; N];
    let mut n = 0;
    while n < N {
        let text = texts[n].as_bytes();
        let mask = if text.len() < 8 { !(u64::MAX >> (8 * text.len())) } else { u64::MAX };
        endings[n] = Ending { text: texts[n], tail: tail(text) & mask, mask };
        n += 1;
    }
    endings
}

/// ParseCache eight bytes of a name in lower case. Characters other than letters may change, so equality has to be confirmed.
const fn tail(name: &[u8]) -> u64 {
    let mut tail = 0;
    let mut n = if name.len() > 8 { name.len() - 8 } else { 0 };
    while n < name.len() {
        tail = tail >> 8 | (name[n] as u64) << 56;
        n += 1;
    }
    tail | 0x2020_2020_2020_2020
}

/// Name of a parameter.
#[derive(Clone, Copy)]
struct Name<'a> {
    key: &'a [u8],
    tail: u64,
}

impl<'a> Name<'a> {
    fn new(key: &'a [u8]) -> Self {
        let tail = match key.last_chunk() {
            Some(last) => u64::from_le_bytes(*last) | 0x2020_2020_2020_2020,
            None => tail(key),
        };
        Self { key, tail }
    }

    fn ends(self, these: &[Ending]) -> bool {
        let ends = |text: &str| {
            let start = self.key.len().checked_sub(text.len());
            start.is_some_and(|start| self.key[start..].eq_ignore_ascii_case(text.as_bytes()))
        };
        these.iter().any(|this| self.tail & this.mask == this.tail && ends(this.text))
    }

    fn is(self, these: &[&str]) -> bool {
        these.iter().any(|this| self.key.eq_ignore_ascii_case(this.as_bytes()))
    }
}

/// ParameterRole of a top-level parameter.
pub(super) fn role(key: &[u8]) -> ParameterRole {
    let name = Name::new(key);
    if name.ends(&TOKENS) {
        if name.ends(&GIVEN) { ParameterRole::Setting } else { ParameterRole::Token }
    } else if !name.ends(&IDENTITIES) {
        if name.is(&WORDS) { ParameterRole::Identity } else { ParameterRole::Setting }
    } else if name.ends(&SETTINGS) {
        ParameterRole::Setting
    } else if name.ends(&REFERENCES) {
        ParameterRole::Reference
    } else {
        ParameterRole::Identity
    }
}

/// Returns true if a nested value with this name identifies a resource, or is a list of such values.
fn identifies_below(key: &[u8]) -> bool {
    let name = Name::new(key);
    name.ends(&LISTS) || (name.ends(&IDENTITIES) && role(key) == ParameterRole::Identity)
}

/// ParameterRole of a nested parameter: `Identity`, `Setting`, or `Token` for values to skip.
pub(super) fn role_below(key: &[u8]) -> ParameterRole {
    // Filters contain search terms.
    if key.starts_with(b"filter") {
        ParameterRole::Token
    } else if identifies_below(key) {
        ParameterRole::Identity
    } else {
        ParameterRole::Setting
    }
}

/// ParameterRole of a member of a creating call's response. An `Identity` names the created resource. A `Reference` only
/// distinguishes responses, as the id of an upload or a version does.
pub(super) fn role_in_response(key: &[u8]) -> ParameterRole {
    let name = Name::new(key);
    let is_about_request = key.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"request"));
    if is_about_request || name.ends(&TOKENS) {
        ParameterRole::Token
    } else if name.ends(&ACCOUNTS) {
        ParameterRole::Setting
    } else if identifies_below(key) && key != b"name" {
        ParameterRole::Identity
    } else if name.ends(&IDENTITIES) {
        // States have a `name` as well.
        ParameterRole::Reference
    } else {
        ParameterRole::Setting
    }
}

/// Values found so far that identify the resource of a call.
#[derive(Debug, Default)]
pub(super) struct ResourceBuilder<'a> {
    ids: ResourceIds,
    name: Cow<'a, str>,
}

impl<'a> ResourceBuilder<'a> {
    /// Returns true if no identifying value was found.
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Adds the value of an identifying parameter.
    pub(super) fn add(&mut self, value: Cow<'a, str>) {
        let before = self.ids;
        each_name(&value, |name| self.ids.insert(Fingerprint::of(name)));
        if before == self.ids {
            return;
        }
        if before.is_empty() {
            self.name = match value {
                Cow::Borrowed(text) => printable_ascii(text, MAX_NAME),
                Cow::Owned(text) => printable_ascii(&text, MAX_NAME).into_owned().into(),
            };
        } else if let Some(room) = MAX_NAME.checked_sub(self.name.len() + JOINT.len() + 1) {
            let name = self.name.to_mut();
            name.push_str(JOINT);
            name.push_str(&printable_ascii(&value, room + 1));
        }
    }

    /// Resource with these values. `None` without any.
    pub(super) fn into_resource(self) -> Option<Resource<'a>> {
        (!self.is_empty()).then_some(Resource { name: self.name, ids: self.ids })
    }
}

/// Passes the names in a value to `each`: usually one, so that an ARN is equal to the name at its end. An ARN of an S3
/// object has two, bucket and key.
///
/// Account and Region are left out, as in calls that give only a name. A rule receives events of one account and
/// Region.
fn each_name(value: &str, mut each: impl FnMut(&str)) {
    let mut one = |name: &str| {
        let name = name.trim_start_matches('/');
        if !name.is_empty() {
            each(name);
        }
    };
    let Some(Arn { service, account, resource, .. }) = Arn::parse(value) else {
        // The URL of a queue ends with its name.
        let is_url = value.starts_with("https://") || value.starts_with("http://");
        return one(if is_url { value.rsplit('/').next().unwrap_or(value) } else { value });
    };
    let resource = resource.strip_suffix(":*").unwrap_or(resource).trim_start_matches('/');
    let without_type = resource.split_once(['/', ':']).map_or(resource, |(_, name)| name);
    match service {
        "s3" if account.is_empty() => {
            let (bucket, key) = resource.split_once('/').unwrap_or((resource, ""));
            one(bucket);
            one(key);
        }
        // Paths are not part of a role's name.
        "iam" => one(resource.rsplit('/').next().unwrap_or(resource)),
        // Versions and aliases belong to one function.
        "lambda" => one(without_type.split(':').next().unwrap_or(without_type)),
        "secretsmanager" => one(without_suffix(without_type)),
        _ => one(without_type),
    }
}

/// Name of a secret without the six characters that AWS appends in its ARN.
fn without_suffix(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((name, suffix)) if suffix.len() == 6 => name,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(value: &str) -> ResourceIds {
        let mut found = ResourceBuilder::default();
        found.add(value.into());
        found.ids
    }

    #[test]
    fn parameters_have_their_roles() {
        let check = |expected: ParameterRole, keys: &[&str]| {
            keys.iter().for_each(|key| assert_eq!(role(key.as_bytes()), expected, "{key}"));
        };
        let identities = "bucketName key Bucket name trailName dBInstanceIdentifier resourceArn configurationARN \
            instanceId groupId queueUrl userName policyArn functionName tableName secretId keyId vpcId cluster target";
        check(ParameterRole::Identity, &identities.split_whitespace().collect::<Vec<_>>());
        check(
            ParameterRole::Reference,
            &["roleArn", "ExecutionRoleArn", "kmsKeyId", "dBSubnetGroupName", "s3BucketName"],
        );
        check(
            ParameterRole::Token,
            &["clientToken", "ClientRequestToken", "creatorRequestId", "roleSessionName", "token"],
        );
        check(
            ParameterRole::Setting,
            &["uploadId", "versionId", "masterUsername", "attributeName", "documentName"],
        );
        check(ParameterRole::Setting, &["nextToken", "taskToken", "NextToken"]);
        check(
            ParameterRole::Setting,
            &["", "Host", "acl", "x-amz-acl", "policyDocument", "monkey", "services", "idle"],
        );
    }

    #[test]
    fn values_further_down_have_their_roles() {
        let check = |role: fn(&[u8]) -> ParameterRole, expected: ParameterRole, keys: &[&str]| {
            keys.iter().for_each(|key| assert_eq!(role(key.as_bytes()), expected, "{key}"));
        };
        check(
            role_below,
            ParameterRole::Identity,
            &["resourceId", "instanceIds", "resourceARNList", "FlowLogId"],
        );
        // Tags have a member `key`.
        check(role_below, ParameterRole::Setting, &["key", "value", "clientToken", "kmsKeyId", "items"]);
        check(role_below, ParameterRole::Token, &["filter", "filterSet"]);
        check(
            role_in_response,
            ParameterRole::Identity,
            &["snapshotId", "keyArn", "arn", "instanceIds", "queueUrl"],
        );
        check(
            role_in_response,
            ParameterRole::Reference,
            &["versionId", "uploadId", "kmsKeyId", "roleArn", "name"],
        );
        check(
            role_in_response,
            ParameterRole::Token,
            &["requestId", "RequestId", "requesterId", "clientToken"],
        );
        check(
            role_in_response,
            ParameterRole::Setting,
            &["ownerId", "accountId", "key", "status", "", "req"],
        );
    }

    #[test]
    fn an_arn_meets_the_name_it_ends_in() {
        let check = |one: &str, other: &str| assert_eq!(ids(one), ids(other), "{one} {other}");
        check("arn:aws:dynamodb:us-east-1:123456789012:table/orders", "orders");
        check("arn:aws:s3:::uploads", "uploads");
        check("arn:aws:sqs:us-east-1:123456789012:work", "work");
        check("https://sqs.us-east-1.amazonaws.com/123456789012/work", "work");
        check("arn:aws:iam::123456789012:role/service-role/fixer", "fixer");
        check("arn:aws:iam::aws:policy/AdministratorAccess", "AdministratorAccess");
        check("arn:aws:lambda:us-east-1:123456789012:function:fixer:live", "fixer");
        check("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/fixer:*", "/aws/lambda/fixer");
        check("arn:aws:ssm:us-east-1:123456789012:parameter/shop/key", "/shop/key");
        check("arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-db-2aONLk", "shop-db");
        check("arn:aws:rds:us-east-1:123456789012:db:orders", "orders");
        check("arn:aws:cloudtrail:us-east-1:123456789012:trail/audit", "audit");
        check("arn:aws:sns:us-east-1:123456789012:alerts", "alerts");
        check("arn:aws:apigateway:us-east-1::/restapis/abc", "abc");
        assert!(ids("arn:aws:s3:::uploads/a/b.png").overlaps(ids("uploads")));
        assert!(ids("arn:aws:s3:::uploads/a/b.png").overlaps(ids("a/b.png")));
        assert!(!ids("/shop/key").overlaps(ids("/blog/key")), "a name is more than its last part");
        assert!(
            !ids("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/50dc")
                .overlaps(ids("50dc"))
        );
        for odd in ["", "/", "//", "arn:", "arn:aws:s3:::", "https://"] {
            ids(odd);
        }
        assert!(ids("").is_empty() && ids("/").is_empty() && !ids("arn:").is_empty());
    }

    #[test]
    fn the_name_is_for_people_and_bounded() {
        let check = |values: &[&str], expected: Option<&str>| {
            let mut found = ResourceBuilder::default();
            values.iter().for_each(|value| found.add((*value).into()));
            let name = found.into_resource().map(|resource| resource.name.into_owned());
            assert_eq!(name.as_deref(), expected, "{values:?}");
        };
        check(&[], None);
        check(&[""], None);
        check(&["uploads"], Some("uploads"));
        check(&["uploads", "a.png"], Some("uploads / a.png"));
        check(&["uploads", "arn:aws:s3:::uploads"], Some("uploads"));
        check(&["caf\u{e9}\n"], Some("caf??"));
        let long = "x".repeat(200);
        check(&[&long, "y"], Some(&long[..128]));
        check(&[&long[..120], &long], Some(&format!("{} / {}", &long[..120], &long[..5])));
        check(&[&long[..124], "y"], Some(&format!("{} / y", &long[..124])));
        check(&[&long[..125], "y"], Some(&long[..125]));
    }
}
