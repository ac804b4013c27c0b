//! Lambda functions of an emulator, with a role and without code, because no test runs them.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};

use serde_json::json;

use super::emulator::Emulator;
use super::{Failure, while_doing};

/// A zip archive without files.
const EMPTY_ZIP: [u8; 22] = *b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Creates a role that Lambda may assume.
pub async fn create_role(emulator: &Emulator, name: &str) -> Result<(), Failure> {
    let iam = aws_sdk_iam::Client::new(&emulator.sdk_config());
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"
    }]});
    let role = iam.create_role().role_name(name).assume_role_policy_document(trust.to_string());
    role.send().await.map(drop).map_err(while_doing(format_args!("creating role {name}")))
}

/// Creates a function with the role of this name, and returns the function's ARN.
pub async fn create(emulator: &Emulator, name: &str, role: &str) -> Result<String, Failure> {
    let functions = aws_sdk_lambda::Client::new(&emulator.sdk_config());
    let role = format!("arn:aws:iam::{}:role/{role}", emulator.account());
    let code = FunctionCode::builder().zip_file(Blob::new(EMPTY_ZIP)).build();
    let create = functions.create_function().function_name(name).role(role).code(code);
    let created = create.runtime(Runtime::Providedal2023).handler("bootstrap").send().await;
    let arn = created.map_err(while_doing(format_args!("creating function {name}")))?.function_arn;
    arn.ok_or_else(|| format!("function {name} has no ARN").into())
}
