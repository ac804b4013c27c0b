//! Converts failed calls to AWS into problems with a meaning and a next step.

use budget_guard_core::escape::option;
use budget_guard_core::model::{Fault, FaultKind};

use crate::problem::Problem;

/// Names for messages about failed calls.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// Region of the session.
    pub region: String,
    /// Value of `--profile`.
    pub profile: Option<String>,
    /// Name of the guard's table. `None` if it is not set.
    pub table: Option<String>,
}

/// All operations that the command line calls, each with the service prefix of its IAM action.
const CALLS: [(&str, &str); 36] = [
    ("Scan", "dynamodb"),
    ("GetItem", "dynamodb"),
    ("PutItem", "dynamodb"),
    ("UpdateItem", "dynamodb"),
    ("DescribeRule", "events"),
    ("ListEventBuses", "events"),
    ("ListRules", "events"),
    ("ListTargetsByRule", "events"),
    ("ListTagsForResource", "events"),
    ("DisableRule", "events"),
    ("EnableRule", "events"),
    ("PutRule", "events"),
    ("DeleteRule", "events"),
    ("PutEvents", "events"),
    ("ListArchives", "events"),
    ("DescribeArchive", "events"),
    ("ListReplays", "events"),
    ("StartReplay", "events"),
    ("DescribeReplay", "events"),
    ("PutTargets", "events"),
    ("RemoveTargets", "events"),
    ("ListRegions", "account"),
    ("Publish", "sns"),
    ("ListSubscriptionsByTopic", "sns"),
    ("AddPermission", "lambda"),
    ("GetFunctionConfiguration", "lambda"),
    ("ListEventSourceMappings", "lambda"),
    ("GetQueueUrl", "sqs"),
    ("GetQueueAttributes", "sqs"),
    ("SetQueueAttributes", "sqs"),
    ("CreateRole", "iam"),
    ("GetAccountAuthorizationDetails", "iam"),
    ("PutRolePolicy", "iam"),
    ("SimulatePrincipalPolicy", "iam"),
    ("DescribeTrails", "cloudtrail"),
    ("GetTrailStatus", "cloudtrail"),
];

impl Named {
    /// Options of an `aws` command for the same Region and profile.
    pub(crate) fn options(&self) -> String {
        format!("{}{}", option("--region", &self.region), self.with_profile())
    }

    fn with_profile(&self) -> String {
        let profile = self.profile.as_ref();
        profile.map(|profile| format!(" {}", option("--profile", profile))).unwrap_or_default()
    }
}

/// Problem for a failed call, with a hint if one is known.
pub(crate) fn problem(fault: &Fault, named: &Named) -> Problem {
    if fault.kind == FaultKind::NotFound && service_of(fault) == "dynamodb" {
        let table = named.table.as_deref().unwrap_or_default();
        return Problem::failed(format!("there is no table \"{table}\" in {}", named.region)).hint(format!(
            "is this the guard's Region, and its account? to see the tables: aws dynamodb list-tables {}",
            named.options()
        ));
    }
    hint(fault, named).into_iter().fold(Problem::failed(fault.to_string()), Problem::hint)
}

/// Hint for a failed call. `None` if there is no advice for it.
pub(crate) fn hint(fault: &Fault, named: &Named) -> Option<String> {
    let (operation, service) = (fault.operation.unwrap_or_default(), service_of(fault));
    match (fault.code.as_deref(), fault.kind) {
        (Some("ExpiredToken" | "ExpiredTokenException"), _) => Some(format!(
            "the credentials have expired; sign in again: aws sso login{}",
            named.with_profile()
        )),
        (
            Some(
                "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "SignatureDoesNotMatch"
                | "InvalidSignature"
                | "InvalidSignatureException",
            ),
            _,
        ) => Some(format!(
            "AWS does not accept these credentials; try: aws sts get-caller-identity{}",
            named.with_profile()
        )),
        (_, FaultKind::Denied) if !service.is_empty() => {
            let table = named.table.as_ref().filter(|_| service == "dynamodb");
            let on = table.map(|table| format!(" on table {table}")).unwrap_or_default();
            Some(format!("the credentials in use need the permission {service}:{operation}{on}"))
        }
        (Some("NotFound" | "NotFoundException"), _) if operation == "Publish" => {
            Some("is this the guard's topic? --topic names another".to_owned())
        }
        // A quota: the same call fails again.
        (Some("LimitExceededException"), _) => None,
        (_, FaultKind::Throttled) => {
            Some("AWS is busy; run the same command again in a few seconds".to_owned())
        }
        (None, _) => without_answer(fault, named),
        _ => None,
    }
}

/// Hint where no service answered with a code. The words of the HTTP client are all there is to tell why.
fn without_answer(fault: &Fault, named: &Named) -> Option<String> {
    let has = |words: &[&str]| words.iter().any(|word| fault.detail.contains(word));
    if has(&["dns error", "failed to lookup"]) {
        let region = &named.region;
        return Some(format!("is {region} a Region, and is there a network? --region names another"));
    }
    if has(&["unhandled error"]) {
        return Some(
            "the answer does not look like AWS's: check AWS_ENDPOINT_URL, and a proxy on the way".to_owned(),
        );
    }
    let words = ["dispatch failure", "timed out", "timeout", "Connection refused", "connect error"];
    (fault.kind == FaultKind::Timeout || has(&words))
        .then(|| "no answer from AWS: check the network, and AWS_ENDPOINT_URL if it is set".to_owned())
}

/// Prefix of the permission that the call needs; empty where it is not known.
fn service_of(fault: &Fault) -> &'static str {
    let known = CALLS.iter().find(|(call, _)| fault.operation == Some(*call));
    known.map_or("", |(_, service)| service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_tells_what_to_do() {
        let named = Named { region: "eu-west-1".into(), profile: None, table: Some("guard".into()) };
        let check = |operation: &'static str, kind: FaultKind, code: &str, detail: &str, expected: &str| {
            let code = Some(code).filter(|code| !code.is_empty()).map(str::to_owned);
            let fault = Fault { kind, operation: Some(operation), code, detail: detail.to_owned() };
            let hint = hint(&fault, &named).unwrap_or_default();
            assert_eq!(hint.is_empty(), expected.is_empty(), "{fault}: {hint}");
            assert!(hint.contains(expected), "{fault}: {hint}");
        };
        let (denied, throttled, other) = (FaultKind::Denied, FaultKind::Throttled, FaultKind::Other);
        check("DisableRule", denied, "ExpiredTokenException", "", "have expired; sign in again");
        check("DisableRule", denied, "UnrecognizedClientException", "", "does not accept these credentials");
        check("PutRule", other, "InvalidSignatureException", "", "does not accept these credentials");
        check("DisableRule", denied, "AccessDeniedException", "no", "the permission events:DisableRule");
        check("GetItem", denied, "AccessDeniedException", "no", "dynamodb:GetItem on table guard");
        check("GetMetricData", denied, "AccessDenied", "no", "");
        check("Publish", other, "NotFound", "no topic", "--topic names another");
        check("ListRules", throttled, "ThrottlingException", "", "AWS is busy");
        check("PutRule", throttled, "LimitExceededException", "", "");
        check("Scan", other, "", "dispatch failure: io error: dns error", "is eu-west-1 a Region");
        check("Scan", other, "", "service error: unhandled error", "does not look like AWS's");
        check("Scan", FaultKind::Timeout, "", "", "no answer from AWS");
        check("Scan", other, "ValidationException", "bad", "");
    }
}
