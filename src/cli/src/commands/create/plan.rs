//! Plan of `rule create`: pattern, targets and warnings, without any call to AWS.

use budget_guard_core::model::{Arn, BUS, DEFAULT_BUS, Excerpt, is_withheld, is_withheld_perhaps};
use serde_json::{Value, json};

use crate::args::NewRule;
use crate::problem::Problem;
use crate::targets::MAX_TARGETS;

/// Services whose calls CloudTrail records in one Region only.
///
/// Source: "CloudTrail concepts", global service events (AWS CloudTrail user guide).
const GLOBAL: [&str; 6] = ["cloudfront", "globalaccelerator", "iam", "organizations", "route53", "sts"];
const GLOBAL_REGION: &str = "us-east-1";

/// Access in which EventBridge gets access to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Permission on the function.
    Function,
    /// Statement in the queue's policy.
    Queue,
    /// Statement in the topic's policy, which takes no conditions.
    Topic,
    /// Role with this IAM action on the target.
    Role(&'static str),
}

/// A target from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetSpec {
    /// ARN of the target.
    pub arn: String,
    /// Access for EventBridge.
    pub way: Access,
}

/// Plan of a rule.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Event pattern.
    pub pattern: Value,
    /// Targets.
    pub goals: Vec<TargetSpec>,
    /// Warnings, one sentence each.
    pub warnings: Vec<String>,
    /// IAM actions of the calls, to check the targets' roles. Empty for any operation.
    pub actions: Vec<String>,
    /// Prefix of the service, such as `s3`.
    pub service: String,
}

impl Plan {
    /// Plans the rule.
    pub(super) fn new(new: &NewRule, bus: &str, region: &str) -> Result<Self, Problem> {
        let service = service(&new.service)?;
        for operation in &new.operation {
            check_operation(operation)?;
        }
        let goals: Vec<TargetSpec> = new.target.iter().map(|arn| goal(arn)).collect::<Result<_, _>>()?;
        if goals.len() >= MAX_TARGETS {
            return Err(Problem::usage(format!(
                "{} targets are named; expected at most {}: AWS allows {MAX_TARGETS} per rule, and one is the guard's",
                goals.len(),
                MAX_TARGETS - 1
            )));
        }
        let mut detail = json!({"eventSource": [format!("{service}.amazonaws.com")]});
        if !new.operation.is_empty() {
            detail["eventName"] = json!(new.operation);
        }
        let pattern = json!({
            "source": [format!("aws.{service}")],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": detail,
        });
        let prefix = if service == "monitoring" { "cloudwatch" } else { service };
        Ok(Self {
            pattern,
            goals,
            warnings: warnings(new, service, bus, region),
            actions: new.operation.iter().map(|operation| format!("{prefix}:{operation}")).collect(),
            service: service.to_owned(),
        })
    }

    /// Pattern without the calls of these roles. Calls of users have no session and still match.
    pub(super) fn without(&self, roles: &[String]) -> Value {
        let mut pattern = self.pattern.clone();
        pattern["detail"]["userIdentity"] = json!({"sessionContext": {"sessionIssuer": {"arn": [{"exists": false}, {"anything-but": roles}]}}});
        pattern
    }
}

/// Parses a service: `s3` or `s3.amazonaws.com`.
fn service(text: &str) -> Result<&str, Problem> {
    let name = text.strip_suffix(".amazonaws.com").unwrap_or(text);
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.is_empty() && name.bytes().all(is_plain) {
        return Ok(name);
    }
    Err(Problem::usage(format!(
        "--service is {}; expected its name in CloudTrail, as in s3 or s3.amazonaws.com",
        Excerpt::new(text)
    )))
}

fn check_operation(text: &str) -> Result<(), Problem> {
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
    if begins && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(Problem::usage(format!(
        "--operation is {}; expected the name of an API call, as in PutBucketAcl",
        Excerpt::new(text)
    )))
}

fn goal(arn: &str) -> Result<TargetSpec, Problem> {
    let malformed =
        |expected: &str| Problem::usage(format!("--target is {}; expected {expected}", Excerpt::new(arn)));
    let Some(Arn { service, resource, .. }) = Arn::parse(arn) else {
        return Err(malformed("an ARN, as in arn:aws:lambda:eu-west-1:123456789012:function:fixer"));
    };
    let way = match service {
        "lambda" if resource.starts_with("function:") => Access::Function,
        "sqs" => Access::Queue,
        "sns" => Access::Topic,
        "states" => Access::Role("states:StartExecution"),
        "kinesis" => Access::Role("kinesis:PutRecord"),
        "firehose" => Access::Role("firehose:PutRecord"),
        "events" if resource.starts_with(BUS) => Access::Role("events:PutEvents"),
        _ => {
            return Err(malformed(
                "a function, queue, topic, state machine, stream, delivery stream or event bus",
            ));
        }
    };
    Ok(TargetSpec { arn: arn.to_owned(), way })
}

fn warnings(new: &NewRule, service: &str, bus: &str, region: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let operations = || new.operation.iter().map(String::as_str);
    let withheld: Vec<&str> = operations().filter(|name| is_withheld(service, name)).collect();
    if !new.read_only_calls && !withheld.is_empty() {
        warnings.push(format!(
            "rules in plain ENABLED do not get {}, except as data events; --read-only-calls makes the rule one that does",
            withheld.join(", ")
        ));
    } else if !new.read_only_calls && operations().any(|name| is_withheld_perhaps(service, name)) {
        warnings.push(
            "AWS's documents disagree whether rules in plain ENABLED get AssumeRole; --read-only-calls makes the rule one that does"
                .to_owned(),
        );
    } else if !new.read_only_calls && new.any_operation {
        warnings.push(
            "any operation means all but Get…, List… and Describe…, which need --read-only-calls".to_owned(),
        );
    }
    if bus != DEFAULT_BUS {
        warnings.push(format!(
            "CloudTrail sends to the default bus only; on bus \"{bus}\" this fires only if another rule forwards the calls"
        ));
    }
    if GLOBAL.contains(&service) && region != GLOBAL_REGION {
        warnings.push(format!(
            "{service} is a global service: its calls arrive in {GLOBAL_REGION} (sts: those to the global endpoint), \
             and a rule in {region} does not see them"
        ));
    } else {
        warnings.push(format!("a rule holds for one Region: this one sees calls made in {region}"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(service: &str, operation: &[&str], target: &[&str]) -> NewRule {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let any_operation = operation.is_empty();
        NewRule {
            name: "fix-acl".into(),
            service: service.into(),
            operation: own(operation),
            any_operation,
            target: own(target),
            ..NewRule::default()
        }
    }

    const FIXER: &str = "arn:aws:lambda:eu-west-1:123456789012:function:fixer";

    #[test]
    fn the_pattern_is_the_one_of_aws_procedure() {
        let plan = Plan::new(&new("s3", &["PutBucketAcl", "PutObjectAcl"], &[FIXER]), "default", "eu-west-1")
            .unwrap();
        let expected = json!({
            "source": ["aws.s3"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {"eventSource": ["s3.amazonaws.com"], "eventName": ["PutBucketAcl", "PutObjectAcl"]},
        });
        assert_eq!(
            (plan.pattern.clone(), plan.actions.clone()),
            (expected, vec!["s3:PutBucketAcl".into(), "s3:PutObjectAcl".into()])
        );
        let without = plan.without(&["arn:aws:iam::123456789012:role/fixer".to_owned()]);
        assert_eq!(
            without["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"],
            json!([{"exists": false}, {"anything-but": ["arn:aws:iam::123456789012:role/fixer"]}])
        );
        let any = Plan::new(&new("ec2.amazonaws.com", &[], &[FIXER]), "default", "eu-west-1").unwrap();
        assert_eq!(any.pattern["detail"], json!({"eventSource": ["ec2.amazonaws.com"]}));
    }

    #[test]
    fn what_would_surprise_is_said_before() {
        let check = |service: &str, operation: &[&str], bus: &str, region: &str, words: &[&str]| {
            let plan = Plan::new(&new(service, operation, &[FIXER]), bus, region).unwrap();
            assert_eq!(plan.warnings.len(), words.len(), "{:?}", plan.warnings);
            for (warning, words) in plan.warnings.iter().zip(words) {
                assert!(warning.contains(words), "{warning}");
            }
        };
        check("s3", &["PutBucketAcl"], "default", "eu-west-1", &["sees calls made in eu-west-1"]);
        check(
            "s3",
            &["GetBucketAcl"],
            "default",
            "eu-west-1",
            &["do not get GetBucketAcl, except", "one Region"],
        );
        check("kms", &["Decrypt"], "default", "eu-west-1", &["one Region"]);
        check("sts", &["GetSessionToken"], "default", "us-east-1", &["one Region"]);
        check("sts", &["AssumeRole"], "default", "us-east-1", &["documents disagree", "one Region"]);
        check("s3", &[], "default", "eu-west-1", &["need --read-only-calls", "one Region"]);
        check("iam", &["CreateUser"], "default", "eu-west-1", &["arrive in us-east-1"]);
        check("iam", &["CreateUser"], "default", "us-east-1", &["one Region"]);
        check("s3", &["PutBucketAcl"], "orders", "eu-west-1", &["to the default bus only", "one Region"]);
    }

    #[test]
    fn bad_input_is_named() {
        let check = |service: &str, operation: &[&str], target: &[&str], words: &str| {
            let problem = Plan::new(&new(service, operation, target), "default", "eu-west-1").unwrap_err();
            assert!(problem.message.contains(words), "{}", problem.message);
        };
        check("S3", &["PutBucketAcl"], &[FIXER], r#"--service is "S3"; expected"#);
        check("s3", &["putBucketAcl"], &[FIXER], r#"--operation is "putBucketAcl"; expected"#);
        check("s3", &["PutBucketAcl"], &["fixer"], r#"--target is "fixer"; expected an ARN"#);
        check("s3", &["PutBucketAcl"], &["arn:aws:s3:::bucket"], "expected a function, queue");
        check("s3", &["PutBucketAcl"], &[FIXER; 5], "5 targets are named; expected at most 4");
    }
}
