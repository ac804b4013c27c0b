//! Checks against AWS before a rule is created: CloudTrail logs in the Region, and targets that may fire the rule.

use aws_config::SdkConfig;
use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use budget_guard_aws::fault;
use budget_guard_core::model::Fault;

use super::plan::{Access, Plan, TargetSpec};

/// Returns true if a trail that covers this Region is logging. Without one, EventBridge gets no API calls.
pub(in crate::commands) async fn is_logging(config: &SdkConfig) -> Result<bool, Fault> {
    let client = aws_sdk_cloudtrail::Client::new(config);
    let trails = client.describe_trails().send().await.map_err(|error| fault("DescribeTrails", &error))?;
    for trail in trails.trail_list() {
        let Some(name) = trail.trail_arn().or(trail.name()) else { continue };
        let status = client.get_trail_status().name(name).send().await;
        if status.map_err(|error| fault("GetTrailStatus", &error))?.is_logging() == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Roles of function targets that may make one of the rule's calls.
pub(super) async fn roles_that_may_fire(config: &SdkConfig, plan: &Plan) -> Result<Vec<String>, Fault> {
    let functions = aws_sdk_lambda::Client::new(config);
    let mut roles = Vec::new();
    for TargetSpec { arn, .. } in plan.goals.iter().filter(|goal| goal.way == Access::Function) {
        let read = functions.get_function_configuration().function_name(arn).send().await;
        let role = read.map_err(|error| fault("GetFunctionConfiguration", &error))?.role;
        if let Some(role) = role.filter(|role| !roles.contains(role))
            && may_call(config, &role, &plan.actions).await?
        {
            roles.push(role);
        }
    }
    Ok(roles)
}

/// Returns true if the role's own policies allow one of the actions. Without actions (any operation) it returns true.
async fn may_call(config: &SdkConfig, role: &str, actions: &[String]) -> Result<bool, Fault> {
    if actions.is_empty() {
        return Ok(true);
    }
    let call = aws_sdk_iam::Client::new(config).simulate_principal_policy().policy_source_arn(role);
    let reply = call.set_action_names(Some(actions.to_vec())).send().await;
    let reply = reply.map_err(|error| fault("SimulatePrincipalPolicy", &error))?;
    let allowed = PolicyEvaluationDecisionType::Allowed;
    Ok(reply.evaluation_results().iter().any(|result| result.eval_decision == allowed))
}
