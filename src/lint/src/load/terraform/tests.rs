//! A plan and what is read of it.

use super::*;
use crate::load::cloudformation::described;

const PLAN: &str = r#"{
  "format_version": "1.2",
  "planned_values": {"root_module": {
    "resources": [
      {"address": "aws_cloudwatch_event_rule.acl", "type": "aws_cloudwatch_event_rule",
       "values": {"name": "acl", "event_pattern": "{\"source\":[\"aws.s3\"]}", "tags": {"budget-guard:lint": "allow it ends"}}},
      {"address": "aws_cloudwatch_event_rule.later", "type": "aws_cloudwatch_event_rule", "values": {"name": "later"}},
      {"address": "aws_cloudwatch_event_target.acl", "type": "aws_cloudwatch_event_target", "values": {"rule": "acl"}},
      {"address": "aws_cloudwatch_event_target.out", "type": "aws_cloudwatch_event_target",
       "values": {"rule": "acl", "arn": "arn:aws:lambda:us-east-1:123456789012:function:x"}},
      {"address": "aws_iam_role.fix", "type": "aws_iam_role", "values": {"name": "fix",
       "inline_policy": [{"name": "in", "policy": "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"}]}},
      {"address": "aws_iam_role_policy_attachment.a[0]", "type": "aws_iam_role_policy_attachment",
       "values": {"role": "fix", "policy_arn": "arn:aws:iam::aws:policy/IAMFullAccess"}},
      {"address": "aws_iam_role_policy.later", "type": "aws_iam_role_policy", "values": {}}
    ],
    "child_modules": [{"address": "module.m[0]", "resources": [
      {"address": "module.m[0].aws_lambda_function.f", "type": "aws_lambda_function", "values": {"function_name": "f"}},
      {"address": "module.m[0].aws_iam_role.r", "type": "aws_iam_role", "values": {"name_prefix": "r"}}
    ]}]
  }},
  "configuration": {
    "provider_config": {"aws": {"expressions": {"region": {"constant_value": "eu-west-1"}}}},
    "root_module": {
      "resources": [
        {"address": "aws_cloudwatch_event_rule.later", "expressions": {"event_pattern": {"references": ["aws_iam_role.fix.arn"]}}},
        {"address": "aws_cloudwatch_event_target.acl", "expressions": {"arn": {"references": ["aws_sqs_queue.q.arn", "aws_sqs_queue.q"]}}},
        {"address": "aws_iam_role_policy.later", "expressions": {"role": {"references": ["aws_iam_role.fix.id", "aws_iam_role.fix"]}}}
      ],
      "module_calls": {"m": {"module": {"resources": [
        {"address": "aws_lambda_function.f", "expressions": {"role": {"references": ["aws_iam_role.r.arn", "aws_iam_role.r"]}}}
      ]}}}
    }
  }
}"#;

fn document(text: &str) -> Document {
    read("p.json", text, &serde_json::from_str(text).unwrap()).unwrap()
}

#[test]
fn a_plan_is_read_by_values_and_by_expressions() {
    let document = document(PLAN);
    let rule = &document.rules[0];
    assert_eq!((rule.region.as_deref(), rule.allowed.as_deref()), (Some("eu-west-1"), Some("it ends")));
    assert_eq!(
        described(&rule.targets),
        "aws_cloudwatch_event_target.acl [] its arn is known only after apply, and its expression names nothing in this \
         file that is followed; arn:aws:lambda:us-east-1:123456789012:function:x [] it is not in this file"
    );
    let later = document.rules[1].pattern.as_ref().unwrap().as_ref().unwrap_err();
    assert!(later.text.starts_with("its event pattern is known only after apply"), "{}", later.text);
    let role = &document.roles["aws_iam_role.fix"];
    let labels: Vec<&str> = role.statements.iter().map(|own| own.label.as_str()).collect();
    assert_eq!(labels, ["policy in, statement 1", "managed policy IAMFullAccess"]);
    assert_eq!(role.unknown, ["policy aws_iam_role_policy.later is known only after apply"]);
    assert_eq!(role.arn, "arn:aws:iam::${AccountId}:role/fix");
}

#[test]
fn a_function_of_a_module_has_its_role() {
    let text =
        PLAN.replace(r#""aws_sqs_queue.q.arn", "aws_sqs_queue.q""#, r#""module.m.aws_lambda_function.f""#);
    let document = document(&text);
    assert!(described(&document.rules[0].targets).starts_with(
        "module.m[0].aws_lambda_function.f [module.m[0].aws_lambda_function.f as module.m[0].aws_iam_role.r]"
    ));
    let role = &document.roles["module.m[0].aws_iam_role.r"];
    assert_eq!(role.arn, "arn:aws:iam::${AccountId}:role/${module.m[0].aws_iam_role.r}");
}
