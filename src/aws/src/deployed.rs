//! Settings of a deployed function, which are its environment variables.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use serde::Deserialize;

use super::json_client::{Api, JsonClient, Operation, Retry, encoded};
use budget_guard_core::model::{Fault, FaultKind};

/// Lambda (2015-03-31).
const LAMBDA: Api = Api::rest("lambda");
const GET: Operation = Operation::new(LAMBDA, "lambda:GetFunctionConfiguration");

/// Reply of GetFunctionConfiguration.
///
/// Source: "GetFunctionConfiguration" (AWS Lambda API reference).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    environment: Option<Environment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

/// Reads the environment variables of the function with this name. `None` if there is no such function.
///
/// # Errors
///
/// Returns the error of AWS, such as a denied `lambda:GetFunctionConfiguration`.
pub async fn settings(config: &SdkConfig, function: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
    let request = GET.get(format!("/2015-03-31/functions/{}/configuration", encoded(function)));
    match JsonClient::new(config, Retry::Standard).call::<Reply>(request).await {
        Ok(reply) => Ok(Some(reply.environment.map(|environment| environment.variables).unwrap_or_default())),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}
