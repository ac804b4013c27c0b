//! The guard's target on a rule: its definition, and the calls that add and remove it.

use aws_sdk_eventbridge::types::{InputTransformer, Target};
use budget_guard_aws::{EventBridgeRules, fault};
use budget_guard_core::model::{Fault, FaultKind, RuleArn};

/// ID of the guard's target.
pub(crate) use budget_guard_core::model::GUARD_TARGET_ID as TARGET_ID;
/// Input transformer of the guard's target. EventBridge fills in the ARN of the rule.
pub(crate) const TEMPLATE: &str = r#"{"ruleArn": <aws.events.rule-arn>, "event": <aws.events.event.json>}"#;
/// Maximum number of targets per rule. Source: the quota of Amazon EventBridge, which AWS does not raise.
pub(crate) const MAX_TARGETS: usize = 5;

/// All targets of the rule, with all their fields.
pub(crate) async fn list(rules: &EventBridgeRules, rule: &RuleArn) -> Result<Vec<Target>, Fault> {
    let mut targets = Vec::new();
    let mut next_token = None;
    loop {
        let call = rules.client().list_targets_by_rule().event_bus_name(rule.bus()).rule(rule.name());
        let page = call.set_next_token(next_token).send().await;
        let page = page.map_err(|error| fault("ListTargetsByRule", &error))?;
        targets.extend(page.targets.unwrap_or_default());
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(targets);
        }
    }
}

/// Returns true if the target has the input transformer of the guard and no other input.
pub(crate) fn is_transformed(target: &Target) -> bool {
    target.input_transformer().is_some_and(|transformer| {
        transformer.input_template() == TEMPLATE
            && transformer.input_paths_map().is_none_or(|paths| paths.is_empty())
    })
}

/// Builds the guard's target. A dead-letter queue or retry policy that an operator added to `old` stays.
pub(crate) fn guards(queue: &str, old: Option<Target>) -> Result<Target, Fault> {
    let unbuilt =
        |error: aws_sdk_eventbridge::error::BuildError| Fault::new(FaultKind::Other, error.to_string());
    let transformer = InputTransformer::builder().input_template(TEMPLATE).build().map_err(unbuilt)?;
    let mut target = match old {
        Some(old) => old,
        None => Target::builder().id(TARGET_ID).arn(queue).build().map_err(unbuilt)?,
    };
    target.input = None;
    target.input_path = None;
    target.input_transformer = Some(transformer);
    Ok(target)
}

/// Adds a target to a rule or replaces it.
pub(crate) async fn put(rules: &EventBridgeRules, rule: &RuleArn, target: Target) -> Result<(), Fault> {
    let call = rules.client().put_targets().event_bus_name(rule.bus()).rule(rule.name()).targets(target);
    let reply = call.send().await.map_err(|error| fault("PutTargets", &error))?;
    let failed = reply.failed_entries().first();
    failed.map_or(Ok(()), |entry| Err(entry_fault("PutTargets", entry.error_code(), entry.error_message())))
}

/// Removes a target from a rule.
pub(crate) async fn remove(rules: &EventBridgeRules, rule: &RuleArn, id: &str) -> Result<(), Fault> {
    let call = rules.client().remove_targets().event_bus_name(rule.bus()).rule(rule.name()).ids(id);
    let reply = call.send().await.map_err(|error| fault("RemoveTargets", &error))?;
    let failed = reply.failed_entries().first();
    failed
        .map_or(Ok(()), |entry| Err(entry_fault("RemoveTargets", entry.error_code(), entry.error_message())))
}

/// Fault for an entry that failed in a call that succeeded.
fn entry_fault(call: &str, code: Option<&str>, message: Option<&str>) -> Fault {
    let (code, message) = (code.unwrap_or("no error code"), message.unwrap_or("no message"));
    Fault::new(FaultKind::Other, format!("{call}: {code}: {message}"))
}
