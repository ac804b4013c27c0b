//! Management events that EventBridge does not deliver to rules in the state `ENABLED`.
//!
//! Source: "Receiving read-only management events from AWS services" (Amazon EventBridge user guide).

const VERBS: [&str; 3] = ["Describe", "Get", "List"];
/// STS calls that EventBridge treats as changes in spite of their names.
const CHANGES: [&str; 2] = ["GetFederationToken", "GetSessionToken"];

/// Returns true if rules in the state `ENABLED` do not receive management events of this call.
///
/// EventBridge decides by the name, not by CloudTrail's `readOnly`: KMS `Decrypt` only reads, and is received.
/// `service` is the name in CloudTrail, as in `sts` or `sts.amazonaws.com`.
pub fn is_withheld(service: &str, operation: &str) -> bool {
    VERBS.iter().any(|verb| operation.starts_with(verb)) && !(is_sts(service) && CHANGES.contains(&operation))
}

/// Returns true for a call about which AWS's documents disagree. By its name, rules in the state `ENABLED` receive
/// `AssumeRole`, but the documented example of the third state is a rule on `AssumeRole`.
pub fn is_withheld_perhaps(service: &str, operation: &str) -> bool {
    is_sts(service) && operation == "AssumeRole"
}

/// Returns true for management events, by the record's `managementEvent` and `eventCategory`. Old records without
/// either count as management events. Rules in the state `ENABLED` receive all other events, by any name.
///
/// Source: "CloudTrail record contents" (AWS CloudTrail user guide).
pub fn is_management(management_event: Option<bool>, category: Option<&str>) -> bool {
    management_event != Some(false) && category.is_none_or(|category| category == "Management")
}

fn is_sts(service: &str) -> bool {
    service.split('.').next() == Some("sts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides() {
        let check = |service: &str, operation: &str, expected: bool| {
            assert_eq!(is_withheld(service, operation), expected, "{service} {operation}");
        };
        check("s3.amazonaws.com", "GetBucketAcl", true);
        check("s3.amazonaws.com", "ListBuckets", true);
        check("ec2", "DescribeInstances", true);
        check("s3.amazonaws.com", "PutBucketAcl", false);
        check("", "", false);
        // CloudTrail marks these as `readOnly`.
        check("sts.amazonaws.com", "AssumeRole", false);
        check("kms.amazonaws.com", "Decrypt", false);
        check("kms.amazonaws.com", "GenerateDataKey", false);
        check("secretsmanager.amazonaws.com", "BatchGetSecretValue", false);
        check("cloudtrail.amazonaws.com", "LookupEvents", false);
        check("events.amazonaws.com", "TestEventPattern", false);
        check("sts.amazonaws.com", "GetCallerIdentity", true);
        check("sts.amazonaws.com", "GetFederationToken", false);
        check("sts", "GetSessionToken", false);
        check("other.amazonaws.com", "GetSessionToken", true);
    }

    #[test]
    fn only_management_events_are_withheld() {
        let check = |management_event: Option<bool>, category: Option<&str>, expected: bool| {
            assert_eq!(
                is_management(management_event, category),
                expected,
                "{management_event:?} {category:?}"
            );
        };
        check(Some(true), Some("Management"), true);
        check(Some(true), None, true);
        check(None, None, true);
        check(None, Some("Management"), true);
        check(Some(false), Some("Data"), false);
        check(Some(false), None, false);
        check(None, Some("NetworkActivity"), false);
    }

    #[test]
    fn of_one_call_it_is_not_known() {
        let check = |service: &str, operation: &str, expected: bool| {
            assert_eq!(is_withheld_perhaps(service, operation), expected, "{service} {operation}");
        };
        check("sts.amazonaws.com", "AssumeRole", true);
        check("sts", "AssumeRole", true);
        check("sts.amazonaws.com", "AssumeRoleWithSAML", false);
        check("other.amazonaws.com", "AssumeRole", false);
    }
}
