//! Roles of the account with their policies, as `aws iam get-account-authorization-details` prints them.

use aws_config::SdkConfig;
use aws_sdk_iam::types::{EntityType, ManagedPolicyDetail, RoleDetail};
use budget_guard_aws::fault;
use budget_guard_core::model::{Fault, FaultKind};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// IAM action of [`read`].
pub(super) const RIGHT: &str = "iam:GetAccountAuthorizationDetails";
const OPERATION: &str = "GetAccountAuthorizationDetails";
/// Page size: the API's maximum.
const PAGE: i32 = 1_000;

/// Reads all roles, and the managed policies that are attached to one.
///
/// Source: "GetAccountAuthorizationDetails" (AWS IAM API reference, 2010-05-08). Policies are URL-encoded in its answer.
///
/// # Errors
///
/// Returns the fault of the first page that cannot be read, or of a policy that is no JSON.
pub(super) async fn read(config: &SdkConfig) -> Result<Value, Fault> {
    let client = aws_sdk_iam::Client::new(config);
    let (mut roles, mut policies, mut marker) = (Vec::new(), Vec::new(), None);
    loop {
        let filter = [EntityType::Role, EntityType::LocalManagedPolicy, EntityType::AwsManagedPolicy];
        let call = client.get_account_authorization_details().set_filter(Some(filter.into()));
        let page = call.max_items(PAGE).set_marker(marker).send().await;
        let page = page.map_err(|error| fault(OPERATION, &error))?;
        roles.extend(page.role_detail_list().iter().map(role).collect::<Result<Vec<_>, _>>()?);
        policies.extend(page.policies().iter().map(policy).collect::<Result<Vec<_>, _>>()?);
        marker = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
        if marker.is_none() {
            return Ok(json!({"RoleDetailList": roles, "Policies": policies}));
        }
    }
}

fn role(one: &RoleDetail) -> Result<Value, Fault> {
    let inline = one.role_policy_list().iter().map(|policy| {
        let document = document(policy.policy_document())?;
        Ok(json!({"PolicyName": policy.policy_name(), "PolicyDocument": document}))
    });
    let inline = inline.collect::<Result<Vec<_>, Fault>>()?;
    let attached = one.attached_managed_policies().iter();
    let attached: Vec<Value> = attached.map(|policy| json!({"PolicyArn": policy.policy_arn()})).collect();
    Ok(json!({"Arn": one.arn(), "RolePolicyList": inline, "AttachedManagedPolicies": attached}))
}

fn policy(one: &ManagedPolicyDetail) -> Result<Value, Fault> {
    let versions = one.policy_version_list().iter().filter(|version| version.is_default_version());
    let versions = versions
        .map(|version| Ok(json!({"IsDefaultVersion": true, "Document": document(version.document())?})));
    Ok(json!({"Arn": one.arn(), "PolicyVersionList": versions.collect::<Result<Vec<_>, Fault>>()?}))
}

fn document(encoded: Option<&str>) -> Result<Value, Fault> {
    let text = percent_decode_str(encoded.unwrap_or_default()).decode_utf8_lossy();
    serde_json::from_str(&text)
        .map_err(|error| Fault::new(FaultKind::Other, format!("{OPERATION}: a policy is no JSON: {error}")))
}
