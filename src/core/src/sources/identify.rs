//! What a call was made on: which parameters identify it, and what stands for their values.
//!
//! Calls on different things must never look like calls on one: that would be taken for a loop. So of several
//! identifying values all count, and an unknown one is rather taken for identifying than not.

use std::borrow::Cow;

use crate::model::{Arn, Fingerprint, Resource, ResourceIds, bounded};

/// Longer names are cut: they reach alerts and records.
const MAX_NAME: usize = 128;
const JOINT: &str = " / ";

/// What a parameter says about what the call was made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It identifies it.
    Identity,
    /// It names something that the call only uses, unless it is all that the call names.
    Reference,
    /// It is made anew for each call, to tell calls apart.
    Token,
    /// Anything else.
    Setting,
}

/// How the names of identifying parameters end, whatever their case: `functionName`, `resourceArn`, `QueueUrl`.
const IDENTITIES: [Ending; 5] = endings(["arn", "id", "name", "identifier", "url"]);
/// Parameters that identify by their whole name: S3's objects, Amazon ECS, tags of CloudFront, sessions of SSM.
const WORDS: [&str; 7] = ["bucket", "key", "cluster", "service", "task", "resource", "target"];
/// Lists of them: `instanceIds`, `resourceARNList`.
const LISTS: [Ending; 8] =
    endings(["arns", "ids", "names", "identifiers", "urls", "arnlist", "idlist", "namelist"]);

/// What a database, a trail or a group is set up with.
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

/// Of the caller's own making, another one with each call.
const TOKENS: [Ending; 4] = endings(["token", "requestid", "callerreference", "rolesessionname"]);

/// Tokens that a service gave out. They say which page or which task a call goes on with.
const GIVEN: [Ending; 3] = endings(["nexttoken", "continuationtoken", "tasktoken"]);

/// They end as names do, but name no resource: a login, a schema, the attribute that is changed, the program that is
/// run, what an agent says about its machine; an upload or a version, of which one object may have thousands.
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

/// Ids of accounts. All that is created has the same one.
const ACCOUNTS: [Ending; 2] = endings(["ownerid", "accountid"]);

/// How a name may end, in lower case.
#[derive(Clone, Copy)]
struct Ending {
    text: &'static str,
    /// The last eight bytes, the last one highest, and where there are any: this is compared for every parameter.
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

/// The last eight bytes of a name in lower case. What is no letter may change, so a match is not yet proof.
const fn tail(name: &[u8]) -> u64 {
    let mut tail = 0;
    let mut n = if name.len() > 8 { name.len() - 8 } else { 0 };
    while n < name.len() {
        tail = tail >> 8 | (name[n] as u64) << 56;
        n += 1;
    }
    tail | 0x2020_2020_2020_2020
}

/// A parameter's name.
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

/// What the parameter with this name says, if it stands at the top.
pub(super) fn role(key: &[u8]) -> Role {
    let name = Name::new(key);
    if name.ends(&TOKENS) {
        if name.ends(&GIVEN) { Role::Setting } else { Role::Token }
    } else if !name.ends(&IDENTITIES) {
        if name.is(&WORDS) { Role::Identity } else { Role::Setting }
    } else if name.ends(&SETTINGS) {
        Role::Setting
    } else if name.ends(&REFERENCES) {
        Role::Reference
    } else {
        Role::Identity
    }
}

/// Returns true if a value with this name identifies something further down, or a list of such things.
fn identifies_below(key: &[u8]) -> bool {
    let name = Name::new(key);
    name.ends(&LISTS) || (name.ends(&IDENTITIES) && role(key) == Role::Identity)
}

/// Role of a parameter further down: `Identity`, or `Token` for what is to be passed over, or `Setting`.
pub(super) fn role_below(key: &[u8]) -> Role {
    // Filters name what is searched by.
    if key.starts_with(b"filter") {
        Role::Token
    } else if identifies_below(key) {
        Role::Identity
    } else {
        Role::Setting
    }
}

/// Role of a member of a creating call's response: an `Identity` names what was created, a `Reference` at least tells
/// one response from another, as the id of an upload or a version does.
pub(super) fn role_in_response(key: &[u8]) -> Role {
    let name = Name::new(key);
    let is_about_request = key.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"request"));
    if is_about_request || name.ends(&TOKENS) {
        Role::Token
    } else if name.ends(&ACCOUNTS) {
        Role::Setting
    } else if identifies_below(key) && key != b"name" {
        Role::Identity
    } else if name.ends(&IDENTITIES) {
        // A mere name is that of a state as well.
        Role::Reference
    } else {
        Role::Setting
    }
}

/// The values found so far that identify what a call was made on.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    ids: ResourceIds,
    name: Cow<'a, str>,
}

impl<'a> Found<'a> {
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub fn add(&mut self, value: Cow<'a, str>) {
        let before = self.ids;
        each_name(&value, |name| self.ids.insert(Fingerprint::of(name)));
        if before == self.ids {
            return;
        }
        if before.is_empty() {
            self.name = match value {
                Cow::Borrowed(text) => bounded(text, MAX_NAME),
                Cow::Owned(text) => bounded(&text, MAX_NAME).into_owned().into(),
            };
        } else if let Some(room) = MAX_NAME.checked_sub(self.name.len() + JOINT.len() + 1) {
            let name = self.name.to_mut();
            name.push_str(JOINT);
            name.push_str(&bounded(&value, room + 1));
        }
    }

    pub fn into_resource(self) -> Option<Resource<'a>> {
        (!self.is_empty()).then_some(Resource { name: self.name, ids: self.ids })
    }
}

/// The names in a value: one as a rule, so that an ARN meets the name it ends in; bucket and key of an S3 object.
///
/// The account and the Region are left out, as they are where a call gives a mere name: a rule sees one of each.
fn each_name(value: &str, mut each: impl FnMut(&str)) {
    let mut one = |name: &str| {
        let name = name.trim_start_matches('/');
        if !name.is_empty() {
            each(name);
        }
    };
    let Some(Arn { service, account, resource, .. }) = Arn::parse(value) else {
        // A queue's URL ends in its name.
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
        // Paths are no part of a role's name.
        "iam" => one(resource.rsplit('/').next().unwrap_or(resource)),
        // Versions and aliases are of one function.
        "lambda" => one(without_type.split(':').next().unwrap_or(without_type)),
        "secretsmanager" => one(without_suffix(without_type)),
        _ => one(without_type),
    }
}

/// A secret's name without the six characters that AWS adds in its ARN.
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
        let mut found = Found::default();
        found.add(value.into());
        found.ids
    }

    #[test]
    fn parameters_have_their_roles() {
        let check = |expected: Role, keys: &[&str]| {
            keys.iter().for_each(|key| assert_eq!(role(key.as_bytes()), expected, "{key}"));
        };
        let identities = "bucketName key Bucket name trailName dBInstanceIdentifier resourceArn configurationARN \
            instanceId groupId queueUrl userName policyArn functionName tableName secretId keyId vpcId cluster target";
        check(Role::Identity, &identities.split_whitespace().collect::<Vec<_>>());
        check(
            Role::Reference,
            &["roleArn", "ExecutionRoleArn", "kmsKeyId", "dBSubnetGroupName", "s3BucketName"],
        );
        check(
            Role::Token,
            &["clientToken", "ClientRequestToken", "creatorRequestId", "roleSessionName", "token"],
        );
        check(Role::Setting, &["uploadId", "versionId", "masterUsername", "attributeName", "documentName"]);
        check(Role::Setting, &["nextToken", "taskToken", "NextToken"]);
        check(
            Role::Setting,
            &["", "Host", "acl", "x-amz-acl", "policyDocument", "monkey", "services", "idle"],
        );
    }

    #[test]
    fn values_further_down_have_their_roles() {
        let check = |role: fn(&[u8]) -> Role, expected: Role, keys: &[&str]| {
            keys.iter().for_each(|key| assert_eq!(role(key.as_bytes()), expected, "{key}"));
        };
        check(role_below, Role::Identity, &["resourceId", "instanceIds", "resourceARNList", "FlowLogId"]);
        // A tag has a key.
        check(role_below, Role::Setting, &["key", "value", "clientToken", "kmsKeyId", "items"]);
        check(role_below, Role::Token, &["filter", "filterSet"]);
        check(role_in_response, Role::Identity, &["snapshotId", "keyArn", "arn", "instanceIds", "queueUrl"]);
        check(role_in_response, Role::Reference, &["versionId", "uploadId", "kmsKeyId", "roleArn", "name"]);
        check(role_in_response, Role::Token, &["requestId", "RequestId", "requesterId", "clientToken"]);
        check(role_in_response, Role::Setting, &["ownerId", "accountId", "key", "status", "", "req"]);
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
        assert!(ids("arn:aws:s3:::uploads/a/b.png").meets(ids("uploads")));
        assert!(ids("arn:aws:s3:::uploads/a/b.png").meets(ids("a/b.png")));
        assert!(!ids("/shop/key").meets(ids("/blog/key")), "a name is more than its last part");
        assert!(
            !ids("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/50dc")
                .meets(ids("50dc"))
        );
        for odd in ["", "/", "//", "arn:", "arn:aws:s3:::", "https://"] {
            ids(odd);
        }
        assert!(ids("").is_empty() && ids("/").is_empty() && !ids("arn:").is_empty());
    }

    #[test]
    fn the_name_is_for_people_and_bounded() {
        let check = |values: &[&str], expected: Option<&str>| {
            let mut found = Found::default();
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
