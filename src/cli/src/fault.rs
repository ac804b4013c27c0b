//! A failed call to AWS as a problem of the person at the terminal: what it means, what to do next.

use budget_guard_core::model::{Fault, FaultKind};

use crate::context::quote;
use crate::problem::Problem;

/// What messages about failed calls name.
#[derive(Debug, Clone)]
pub struct Named {
    pub region: String,
    pub profile: Option<String>,
    pub table: Option<String>,
}

/// Every call, with the prefix of its permission.
const CALLS: [(&str, &str); 26] = [
    ("Scan", "dynamodb"),
    ("GetItem", "dynamodb"),
    ("PutItem", "dynamodb"),
    ("UpdateItem", "dynamodb"),
    ("DescribeRule", "events"),
    ("ListRules", "events"),
    ("ListTargetsByRule", "events"),
    ("ListTagsForResource", "events"),
    ("DisableRule", "events"),
    ("EnableRule", "events"),
    ("PutRule", "events"),
    ("DeleteRule", "events"),
    ("PutEvents", "events"),
    ("PutTargets", "events"),
    ("RemoveTargets", "events"),
    ("Publish", "sns"),
    ("AddPermission", "lambda"),
    ("GetFunctionConfiguration", "lambda"),
    ("GetQueueUrl", "sqs"),
    ("GetQueueAttributes", "sqs"),
    ("SetQueueAttributes", "sqs"),
    ("CreateRole", "iam"),
    ("PutRolePolicy", "iam"),
    ("SimulatePrincipalPolicy", "iam"),
    ("DescribeTrails", "cloudtrail"),
    ("GetTrailStatus", "cloudtrail"),
];

impl Named {
    /// The end of an `aws` command for the same Region and profile.
    pub fn options(&self) -> String {
        format!("--region {}{}", self.region, self.with_profile())
    }

    fn with_profile(&self) -> String {
        self.profile.as_ref().map(|profile| format!(" --profile {}", quote(profile))).unwrap_or_default()
    }
}

pub fn problem(fault: &Fault, named: &Named) -> Problem {
    let (call, service) = call_of(&fault.message).unwrap_or_default();
    if fault.kind == FaultKind::NotFound && service == "dynamodb" {
        let table = named.table.as_deref().unwrap_or_default();
        return Problem::failed(format!("there is no table \"{table}\" in {}", named.region)).hint(format!(
            "is this the guard's Region, and its account? to see the tables: aws dynamodb list-tables {}",
            named.options()
        ));
    }
    let problem = Problem::failed(fault.message.clone());
    match hint(call, service, &fault.message, named) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// What to do about an error text of the guard's, which begins with or contains `Call: `.
pub fn hint_for(text: &str, named: &Named) -> Option<String> {
    let (call, service) = call_of(text).unwrap_or_default();
    hint(call, service, text, named)
}

fn hint(call: &str, service: &str, text: &str, named: &Named) -> Option<String> {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let region = &named.region;
    if has(&["ExpiredToken", "security token included in the request is expired"]) {
        return Some(format!(
            "the credentials have expired; sign in again: aws sso login{}",
            named.with_profile()
        ));
    }
    if has(&[
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "InvalidSignature",
    ]) {
        return Some(format!(
            "AWS does not accept these credentials; try: aws sts get-caller-identity{}",
            named.with_profile()
        ));
    }
    if has(&["AccessDenied", "AuthorizationError", "not authorized"]) && !call.is_empty() {
        let table = named.table.as_ref().filter(|_| service == "dynamodb");
        let on = table.map(|table| format!(" on table {table}")).unwrap_or_default();
        return Some(format!("the credentials in use need the permission {service}:{call}{on}"));
    }
    if call == "Publish" && has(&["NotFound"]) {
        return Some("is this the guard's topic? --topic names another".to_owned());
    }
    if has(&["Throttl", "TooManyRequests", "RequestLimitExceeded", "ProvisionedThroughputExceeded"]) {
        return Some("AWS is busy; run the same command again in a few seconds".to_owned());
    }
    if has(&["dns error", "failed to lookup"]) {
        return Some(format!("is {region} a Region, and is there a network? --region names another"));
    }
    if has(&["unhandled error"]) {
        return Some(
            "the answer does not look like AWS's: check AWS_ENDPOINT_URL, and a proxy on the way".to_owned(),
        );
    }
    has(&["dispatch failure", "timed out", "timeout", "Connection refused", "connect error"])
        .then(|| "no answer from AWS: check the network, and AWS_ENDPOINT_URL if it is set".to_owned())
}

fn call_of(text: &str) -> Option<(&'static str, &'static str)> {
    CALLS
        .into_iter()
        .find(|(call, _)| text.starts_with(&format!("{call}: ")) || text.contains(&format!(" {call}: ")))
}
