//! `infra/installer.json` has the rights to install, upgrade and remove the stack: those for the types of its resources,
//! on its own names, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use budget_guard_tests::Failure;
use budget_guard_tests::emulator::venv_program;
use budget_guard_tests::folders::root;
use serde_json::Value;

/// Rights for each type of resource: to make and change it, then to remove it. Source: "handlers" in the schema of each
/// type (CloudFormation registry).
#[rustfmt::skip]
const TYPES: &[(&str, &str, &str)] = &[
    ("AWS::Budgets::Budget", "budgets: ModifyBudget ViewBudget", ""),
    ("AWS::Chatbot::SlackChannelConfiguration", "chatbot: CreateSlackChannelConfiguration DescribeSlackChannelConfigurations UpdateSlackChannelConfiguration | iam: PassRole", "chatbot: DeleteSlackChannelConfiguration"),
    ("AWS::CloudWatch::Alarm", "cloudwatch: DescribeAlarms ListTagsForResource PutMetricAlarm TagResource", "cloudwatch: DeleteAlarms"),
    ("AWS::CloudWatch::Dashboard", "cloudwatch: GetDashboard PutDashboard", "cloudwatch: DeleteDashboards"),
    ("AWS::DynamoDB::Table", "dynamodb: CreateTable DeleteResourcePolicy DescribeContinuousBackups DescribeContributorInsights DescribeKinesisStreamingDestination DescribeTable DescribeTimeToLive GetResourcePolicy ListTagsOfResource PutResourcePolicy TagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive", "dynamodb: DeleteTable"),
    ("AWS::Events::Archive", "events: CreateArchive DescribeArchive UpdateArchive", "events: DeleteArchive"),
    ("AWS::Events::Rule", "events: DescribeRule ListTargetsByRule PutRule PutTargets TagResource", "events: DeleteRule RemoveTargets"),
    ("AWS::IAM::ManagedPolicy", "iam: AttachRolePolicy CreatePolicy CreatePolicyVersion DeletePolicyVersion DetachRolePolicy GetPolicy GetPolicyVersion ListEntitiesForPolicy ListPolicyVersions TagPolicy", "iam: DeletePolicy"),
    ("AWS::IAM::Role", "iam: AttachRolePolicy CreateRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies PutRolePolicy TagRole UpdateAssumeRolePolicy", "iam: DeleteRole"),
    ("AWS::KMS::Key", "kms: CreateKey DescribeKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags PutKeyPolicy TagResource UpdateKeyDescription", "kms: ScheduleKeyDeletion"),
    ("AWS::Lambda::EventSourceMapping", "lambda: CreateEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping", "lambda: DeleteEventSourceMapping"),
    ("AWS::Lambda::Function", "iam: PassRole | lambda: CreateFunction DeleteFunctionConcurrency GetFunction GetFunctionCodeSigningConfig GetFunctionConfiguration GetFunctionRecursionConfig GetRuntimeManagementConfig ListTags PutFunctionConcurrency TagResource UpdateFunctionCode UpdateFunctionConfiguration | s3: GetObject", "lambda: DeleteFunction"),
    ("AWS::Lambda::Permission", "lambda: AddPermission GetPolicy", "lambda: RemovePermission"),
    ("AWS::Logs::LogGroup", "logs: CreateLogGroup DescribeLogGroups ListTagsForResource PutRetentionPolicy TagResource", "logs: DeleteLogGroup"),
    ("AWS::SNS::Subscription", "sns: GetSubscriptionAttributes SetSubscriptionAttributes Subscribe", "sns: Unsubscribe"),
    ("AWS::SNS::Topic", "sns: CreateTopic GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource SetTopicAttributes TagResource", "sns: DeleteTopic"),
    ("AWS::SNS::TopicPolicy", "sns: SetTopicAttributes", ""),
    ("AWS::SQS::Queue", "sqs: CreateQueue GetQueueAttributes GetQueueUrl ListQueueTags SetQueueAttributes TagQueue", "sqs: DeleteQueue"),
    ("AWS::SQS::QueuePolicy", "sqs: SetQueueAttributes", ""),
];
/// Rights for the calls of `infra/install` and of `aws cloudformation`, and to delete the stack.
const CALLS: &str = "cloudformation: CreateChangeSet DeleteChangeSet DescribeChangeSet DescribeStackEvents DescribeStacks \
     ExecuteChangeSet GetTemplateSummary | cloudtrail: DescribeTrails | s3: CreateBucket GetObject ListBucket \
     PutBucketPublicAccessBlock PutObject";
const DELETION: &str = "cloudformation: DeleteStack";
/// Rights on all resources. AWS knows no resource for them, or one that has no name before it is made.
const ON_ALL: [&str; 12] = [
    "chatbot:CreateSlackChannelConfiguration",
    "chatbot:DeleteSlackChannelConfiguration",
    "chatbot:DescribeSlackChannelConfigurations",
    "chatbot:UpdateSlackChannelConfiguration",
    "cloudtrail:DescribeTrails",
    "kms:CreateKey",
    "kms:TagResource",
    "lambda:CreateEventSourceMapping",
    "lambda:DeleteEventSourceMapping",
    "lambda:GetEventSourceMapping",
    "lambda:UpdateEventSourceMapping",
    "logs:DescribeLogGroups",
];

/// Actions in a text as `service: Action Action | service: Action`.
fn actions(text: &str) -> BTreeSet<String> {
    let of_service = |part: &str| -> Vec<String> {
        let (service, names) = part.split_once(':').unwrap_or((part, ""));
        names.split_whitespace().map(|name| format!("{}:{name}", service.trim())).collect()
    };
    text.split('|').filter(|part| !part.trim().is_empty()).flat_map(of_service).collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn template() -> Result<Value, Failure> {
    let output = Command::new(venv_program("python")?)
        .args(["infra/expand.py", "s3://bucket/key"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(root())
        .output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn statements() -> Result<Vec<Value>, Failure> {
    let text = fs::read_to_string(root().join("infra/installer.json"))?;
    let policy: Value = serde_json::from_str(&text)?;
    assert_eq!(policy["Version"], "2012-10-17");
    // Source: "IAM and AWS STS quotas": a managed policy has 6,144 characters, without white space.
    assert!(policy.to_string().len() <= 6_144, "{} characters", policy.to_string().len());
    Ok(policy["Statement"].as_array().cloned().unwrap_or_default())
}

#[test]
fn the_installer_has_the_rights_for_the_stacks_resources_and_no_others() -> Result<(), Failure> {
    let template = template()?;
    let resources = template["Resources"].as_object().ok_or("no resources")?;
    let types: BTreeSet<&str> = resources.values().filter_map(|one| one["Type"].as_str()).collect();
    let known: BTreeSet<&str> = TYPES.iter().map(|(kind, _, _)| *kind).collect();
    assert_eq!(types, known, "types of the template, and those with rights here");

    let (mut making, mut removing) = (actions(CALLS), actions(DELETION));
    for (_, make, remove) in TYPES {
        making.extend(actions(make));
        removing.extend(actions(remove));
    }
    let mut allowed: BTreeMap<bool, BTreeSet<String>> = BTreeMap::new();
    for statement in statements()? {
        assert_eq!(statement["Effect"], "Allow");
        let removes = statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("Remove"));
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*'), "{action}");
            assert!(allowed.entry(removes).or_default().insert(action.clone()), "twice: {action}");
        }
    }
    assert_eq!(allowed.remove(&false), Some(making));
    assert_eq!(allowed.remove(&true), Some(removing));
    Ok(())
}

#[test]
fn the_installer_may_touch_nothing_that_is_not_the_guards() -> Result<(), Failure> {
    let mut on_all = BTreeSet::new();
    for statement in statements()? {
        let resources = texts(&statement["Resource"]);
        assert!(!resources.is_empty(), "{statement}");
        let services: BTreeSet<String> =
            resources.iter().filter_map(|arn| arn.split(':').nth(2).map(str::to_owned)).collect();
        for action in texts(&statement["Action"]) {
            let service = action.split(':').next().unwrap_or_default().to_owned();
            if resources == ["*"] {
                on_all.insert(action.clone());
                assert!(ON_ALL.contains(&action.as_str()), "{action}");
            } else {
                assert!(services.contains(&service), "{action} on {services:?}");
            }
        }
        for arn in resources.iter().filter(|arn| *arn != "*") {
            let is_own = arn.contains("budget-guard") || arn.ends_with(":event-bus/default");
            let by_tag = statement["Condition"]["StringLike"]["aws:ResourceTag/aws:cloudformation:stack-name"]
                == "budget-guard*";
            assert!(is_own || by_tag, "{arn}");
        }
        if texts(&statement["Action"]) == ["iam:PassRole"] {
            let services = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
            assert_eq!(texts(services), ["chatbot.amazonaws.com", "lambda.amazonaws.com"]);
        }
    }
    assert_eq!(on_all.len(), ON_ALL.len(), "{on_all:?}");
    Ok(())
}

/// An update names the parameters that change; a new one without a default would make it fail.
#[test]
fn an_upgrade_needs_no_parameter() -> Result<(), Failure> {
    let template = template()?;
    let parameters = template["Parameters"].as_object().ok_or("no parameters")?;
    assert!(parameters.len() > 20);
    for (name, parameter) in parameters {
        assert!(parameter.get("Default").is_some(), "{name} has no default");
    }
    let table = &template["Resources"]["Table"];
    assert_eq!(
        (&table["DeletionPolicy"], &table["UpdateReplacePolicy"]),
        (&"Retain".into(), &"Retain".into())
    );
    Ok(())
}
