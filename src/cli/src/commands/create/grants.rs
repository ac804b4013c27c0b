//! Rights for EventBridge on the targets: a permission on functions, a statement in queue policies, a role for the
//! rest.

use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use budget_guard_aws::fault;
use budget_guard_core::model::{Arn, Fault, FaultKind, RuleArn};
use serde_json::{Value, json};

use super::plan::{Access, TargetSpec};

/// Sentence about the right to grant for a target. `None` if a role has it.
pub(super) fn sentence(goal: &TargetSpec) -> Option<String> {
    match goal.way {
        Access::Function => Some(format!("allow EventBridge to invoke {} for this rule", goal.arn)),
        Access::Queue => {
            Some(format!("allow EventBridge to send to {} for this rule, in the queue's policy", goal.arn))
        }
        Access::Topic | Access::Role(_) => None,
    }
}

/// Grants the right. A right that exists already is no error.
pub(super) async fn grant(config: &SdkConfig, rule: &RuleArn, goal: &TargetSpec) -> Result<(), Fault> {
    match goal.way {
        Access::Function => function(config, rule, &goal.arn).await,
        Access::Queue => queue(config, rule, &goal.arn).await,
        Access::Topic | Access::Role(_) => Ok(()),
    }
}

/// Name of the grant for a rule, with letters, digits, `-` and `_` only.
fn sid(rule: &RuleArn) -> String {
    let plain = |text: &str| text.replace(['.', '/'], "-");
    format!("eventbridge-{}-{}", plain(rule.bus()), plain(rule.name())).chars().take(100).collect()
}

async fn function(config: &SdkConfig, rule: &RuleArn, arn: &str) -> Result<(), Fault> {
    let call = aws_sdk_lambda::Client::new(config)
        .add_permission()
        .function_name(arn)
        .statement_id(sid(rule))
        .action("lambda:InvokeFunction")
        .principal("events.amazonaws.com")
        .source_arn(rule.as_str());
    match call.send().await {
        Ok(_) => Ok(()),
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_resource_conflict_exception()) =>
        {
            Ok(())
        }
        Err(error) => Err(fault("AddPermission", &error)),
    }
}

/// Adds a statement to the present policy of the queue.
async fn queue(config: &SdkConfig, rule: &RuleArn, arn: &str) -> Result<(), Fault> {
    let other = |problem: String| Fault::new(FaultKind::Other, problem);
    let client = aws_sdk_sqs::Client::new(config);
    let Arn { account, resource: name, .. } = Arn::parse(arn).unwrap_or_default();
    let found = client.get_queue_url().queue_name(name).queue_owner_aws_account_id(account).send().await;
    let url = found.map_err(|error| fault("GetQueueUrl", &error))?.queue_url.unwrap_or_default();
    let read = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::Policy);
    let read = read.send().await.map_err(|error| fault("GetQueueAttributes", &error))?;
    let old = read.attributes().and_then(|attributes| attributes.get(&QueueAttributeName::Policy));
    let policy = with_statement(old.map(String::as_str), rule, arn)
        .map_err(|error| other(format!("the policy of queue {name} cannot be read: {error}")))?;
    let set = client.set_queue_attributes().queue_url(url).attributes(QueueAttributeName::Policy, policy);
    set.send().await.map(drop).map_err(|error| fault("SetQueueAttributes", &error))
}

/// Policy with a statement for this rule. A statement of the same name is replaced, and all others stay.
fn with_statement(policy: Option<&str>, rule: &RuleArn, queue: &str) -> Result<String, serde_json::Error> {
    let mut policy: Value = match policy.filter(|text| !text.is_empty()) {
        Some(text) => serde_json::from_str(text)?,
        None => json!({"Version": "2012-10-17"}),
    };
    let sid = sid(rule);
    let mut statements = match policy["Statement"].take() {
        Value::Array(statements) => statements,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    statements.retain(|statement| statement["Sid"] != sid.as_str());
    statements.push(json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": rule.as_str()},
            "StringEquals": {"aws:SourceAccount": rule.account()},
        },
    }));
    policy["Statement"] = Value::Array(statements);
    Ok(policy.to_string())
}

/// Creates the role that EventBridge assumes for targets that need one. Returns its ARN.
pub(super) async fn make_role(
    config: &SdkConfig,
    rule_name: &str,
    account: &str,
    goals: &[TargetSpec],
) -> Result<String, Fault> {
    let client = aws_sdk_iam::Client::new(config);
    let name: String = format!("eventbridge-{rule_name}").chars().take(64).collect();
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }]});
    let rights = goals.iter().filter_map(|goal| match goal.way {
        Access::Role(action) => Some(json!({"Effect": "Allow", "Action": action, "Resource": goal.arn})),
        Access::Function | Access::Queue | Access::Topic => None,
    });
    let rights = json!({"Version": "2012-10-17", "Statement": rights.collect::<Vec<_>>()});
    let create = client.create_role().role_name(&name).assume_role_policy_document(trust.to_string());
    let created = create.send().await.map_err(|error| fault("CreateRole", &error))?;
    let put =
        client.put_role_policy().role_name(&name).policy_name("targets").policy_document(rights.to_string());
    put.send().await.map_err(|error| fault("PutRolePolicy", &error))?;
    let role = created.role.ok_or_else(|| Fault::new(FaultKind::Other, "CreateRole: no role".to_owned()))?;
    Ok(role.arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_statements_of_a_queue_stay() {
        let rule: RuleArn = "arn:aws:events:eu-west-1:123456789012:rule/orders/fix.acl".parse().unwrap();
        let check = |policy: Option<&str>, sids: &[&str]| {
            let policy = with_statement(policy, &rule, "arn:q").unwrap();
            // The second time changes nothing.
            let again = with_statement(Some(&policy), &rule, "arn:q").unwrap();
            assert_eq!(policy, again);
            let policy: Value = serde_json::from_str(&policy).unwrap();
            let statements = policy["Statement"].as_array().unwrap();
            let seen: Vec<&str> =
                statements.iter().filter_map(|statement| statement["Sid"].as_str()).collect();
            assert_eq!(seen, sids);
            assert_eq!(statements.last().unwrap()["Condition"]["ArnEquals"]["aws:SourceArn"], rule.as_str());
        };
        check(None, &["eventbridge-orders-fix-acl"]);
        check(Some(""), &["eventbridge-orders-fix-acl"]);
        check(Some(r#"{"Statement":[{"Sid":"a"},{"Sid":"b"}]}"#), &["a", "b", "eventbridge-orders-fix-acl"]);
        check(Some(r#"{"Statement":{"Sid":"a"}}"#), &["a", "eventbridge-orders-fix-acl"]);
        assert!(with_statement(Some("{"), &rule, "arn:q").is_err());
    }
}
