//! API calls and the IAM actions that they need.

use std::collections::HashMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/calls.txt");

#[derive(Debug, Default)]
struct Table {
    /// Event source and IAM prefix, where they differ.
    services: Vec<(&'static str, &'static str)>,
    /// Calls by their event source: name, which may end with `*`, and action.
    calls: HashMap<&'static str, Vec<(&'static str, &'static str)>>,
    data: Vec<(&'static str, &'static str)>,
    global: Vec<(&'static str, &'static str)>,
}

static CALLS: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        match *line.split(' ').collect::<Vec<_>>() {
            ["service", source, prefix] => table.services.push((source, prefix)),
            ["call", source, call, action] => table.calls.entry(source).or_default().push((call, action)),
            ["data", source, call] => table.data.push((source, call)),
            ["global", source, region] => table.global.push((source, region)),
            _ => {}
        }
    }
    table
});

/// Actions that allow a call, each by itself. `source` is the event source without `.amazonaws.com`.
pub(crate) fn actions(source: &str, call: &str) -> Vec<String> {
    let own: Vec<String> = exceptions(source)
        .filter(|(name, _)| matches(name, call))
        .map(|(_, action)| (*action).to_owned())
        .collect();
    if !own.is_empty() {
        return own;
    }
    let call = without_version(call);
    prefixes(source).map(|prefix| format!("{prefix}:{call}")).collect()
}

/// Calls that an action allows, as event source and name. The action may have `*`, and then the names have.
pub(crate) fn allowed_by(prefix: &str, action: &str) -> Vec<(String, String)> {
    let mut calls = Vec::new();
    let full = format!("{prefix}:{action}");
    for source in sources(prefix) {
        let own = exceptions(source).filter(|(_, needed)| matches(&full, needed));
        calls.extend(own.map(|(call, _)| (source.to_owned(), (*call).to_owned())));
        if exceptions(source).any(|(call, _)| call.eq_ignore_ascii_case(action)) {
            continue;
        }
        calls.push((source.to_owned(), action.to_owned()));
        // Calls of Lambda and CloudFront have the date of the API after their names.
        if matches!(source, "lambda" | "cloudfront") && !action.ends_with('*') {
            calls.push((source.to_owned(), format!("{action}20*")));
        }
    }
    calls
}

/// Event sources of an IAM prefix.
fn sources(prefix: &str) -> Vec<&str> {
    let other = CALLS.services.iter().filter(|(_, own)| *own == prefix).map(|(source, _)| *source);
    let other: Vec<&str> = other.collect();
    if other.is_empty() { vec![prefix] } else { other }
}

/// IAM prefixes of an event source.
fn prefixes(source: &str) -> impl Iterator<Item = &str> {
    let other = CALLS.services.iter().filter(move |(own, _)| *own == source).map(|(_, prefix)| *prefix);
    // Auto Scaling and Application Auto Scaling have one event source.
    let has_own = !CALLS.services.iter().any(|(own, _)| *own == source) || source == "autoscaling";
    has_own.then_some(source).into_iter().chain(other)
}

fn exceptions(source: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    CALLS.calls.get(source).into_iter().flatten()
}

/// Returns true for a data event, which arrives only if a trail selects it.
pub(crate) fn is_data(source: &str, call: &str) -> bool {
    CALLS.data.iter().any(|(own, name)| *own == source && name.eq_ignore_ascii_case(call))
}

/// Returns true if a rule in plain `ENABLED` does not receive the call.
///
/// Source: "Receiving read-only events from AWS services through AWS CloudTrail" (Amazon EventBridge user guide).
pub(crate) fn is_read(call: &str) -> bool {
    ["Get", "List", "Describe"].iter().any(|read| call.starts_with(read))
        && !matches!(call, "GetFederationToken" | "GetSessionToken")
}

/// Region that alone receives the calls of a service; `None` for a service of Regions.
pub(crate) fn only_region(source: &str) -> Option<&'static str> {
    CALLS.global.iter().find(|(own, _)| *own == source).map(|(_, region)| *region)
}

/// Name of a call without the version at its end: `CreateFunction20150331`, `CreateDistribution2020_05_31`.
fn without_version(call: &str) -> &str {
    let end = call.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    let is_version = |rest: &str| rest.len() >= 8 && rest.starts_with("20");
    if is_version(&call[end.len()..]) {
        return end;
    }
    // `AddPermission20150331v2`
    let without = call.strip_suffix(|c: char| c.is_ascii_digit()).and_then(|call| call.strip_suffix('v'));
    let end = without.map(|call| call.trim_end_matches(|c: char| c.is_ascii_digit()));
    match (without, end) {
        (Some(without), Some(end)) if is_version(&without[end.len()..]) => end,
        _ => call,
    }
}

/// Returns true if a form with `*` and `?` matches a text, without regard to case.
pub(crate) fn matches(form: &str, text: &str) -> bool {
    let (form, text) = (form.as_bytes(), text.as_bytes());
    let (mut at, mut from, mut retry) = (0, 0, None);
    while from < text.len() {
        match form.get(at) {
            Some(b'*') => {
                retry = Some((at + 1, from));
                at += 1;
            }
            Some(c) if *c == b'?' || c.eq_ignore_ascii_case(&text[from]) => {
                at += 1;
                from += 1;
            }
            _ => match retry {
                Some((after, start)) => {
                    retry = Some((after, start + 1));
                    (at, from) = (after, start + 1);
                }
                None => return false,
            },
        }
    }
    form[at..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_needs_the_action_of_its_name_or_of_the_table() {
        let check = |source: &str, call: &str, expected: &[&str]| {
            assert_eq!(actions(source, call), expected, "{call}")
        };
        check("s3", "PutBucketAcl", &["s3:PutBucketAcl"]);
        check("s3", "PutBucketEncryption", &["s3:PutEncryptionConfiguration"]);
        check("monitoring", "PutMetricAlarm", &["cloudwatch:PutMetricAlarm"]);
        check("lambda", "CreateFunction20150331", &["lambda:CreateFunction"]);
        check("lambda", "AddPermission20150331v2", &["lambda:AddPermission"]);
        check("cloudfront", "CreateDistribution2020_05_31", &["cloudfront:CreateDistribution"]);
        check("apigateway", "UpdateDomainName", &["apigateway:PATCH"]);
        check(
            "autoscaling",
            "UpdateAutoScalingGroup",
            &["autoscaling:UpdateAutoScalingGroup", "application-autoscaling:UpdateAutoScalingGroup"],
        );
        check("ec2", "CreateTags", &["ec2:CreateTags"]);
        check("route53", "ChangeTagsForResource", &["route53:ChangeTagsForResource"]);
    }

    #[test]
    fn an_action_allows_the_calls_that_need_it() {
        let check = |prefix: &str, action: &str, expected: &str| {
            let calls = allowed_by(prefix, action);
            let seen: Vec<String> = calls.iter().map(|(source, call)| format!("{source} {call}")).collect();
            assert_eq!(seen.join(", "), expected, "{prefix}:{action}");
        };
        check("ec2", "CreateTags", "ec2 CreateTags");
        check(
            "s3",
            "PutEncryptionConfiguration",
            "s3 PutBucketEncryption, s3 DeleteBucketEncryption, s3 PutEncryptionConfiguration",
        );
        check("s3", "PutBucketEncryption", "");
        check("cloudwatch", "Put*", "monitoring Put*");
        check("lambda", "CreateFunction", "lambda CreateFunction, lambda CreateFunction20*");
        check("apigateway", "PATCH", "apigateway Update*, apigateway PATCH");
    }

    #[test]
    fn forms_match_as_iam_has_them() {
        let check = |form: &str, text: &str, expected: bool| {
            assert_eq!(matches(form, text), expected, "{form} {text}")
        };
        check("s3:*", "s3:PutBucketAcl", true);
        check("S3:putbucket?cl", "s3:PutBucketAcl", true);
        check("s3:*Acl", "s3:PutBucketPolicy", false);
        check("*", "", true);
        check("s3:Put*", "s3:Get*", false);
        check("s3:Put*", "s3:Put*", true);
        check("a*b*c", "aXbXbc", true);
    }

    #[test]
    fn the_table_is_read_whole() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        let calls: usize = CALLS.calls.values().map(Vec::len).sum();
        assert_eq!(lines, CALLS.services.len() + calls + CALLS.data.len() + CALLS.global.len());
        assert!(is_data("s3", "PutObject") && !is_data("s3", "PutBucketAcl"));
        assert!(is_read("DescribeInstances") && !is_read("GetSessionToken") && !is_read("AssumeRole"));
        assert_eq!((only_region("iam"), only_region("ec2")), (Some("us-east-1"), None));
    }
}
