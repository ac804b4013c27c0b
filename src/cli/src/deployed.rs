//! Settings of the deployed guard, read from its function where neither options nor environment have them.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use budget_guard_core::escape::option;
use budget_guard_core::model::Excerpt;

use crate::context::Context;
use crate::fault::{self, Named};
use crate::problem::Problem;

/// Default of `--stack`, the default of the stack's parameter `GuardName`.
pub(crate) const STACK: &str = "budget-guard";

/// Settings by the names of the environment variables.
pub(crate) type Deployed = BTreeMap<String, String>;

/// Reads the settings of the guard that the context names. `lacking` is the problem of a needed setting that is not given.
pub(crate) async fn find(
    context: &Context,
    lacking: Option<Problem>,
    config: &SdkConfig,
    named: &Named,
) -> Result<Deployed, Problem> {
    let stack = context.global.stack.as_deref().unwrap_or(STACK);
    check(stack)?;
    let function = format!("{stack}-ingest");
    let problem = match budget_guard_aws::deployed_settings(config, &function).await {
        Ok(Some(found)) => return Ok(found),
        Ok(None) => Problem::usage(format!("there is no function {function} in {}", named.region))
            .hint("is this the guard's Region, and its account? --region names another")
            .hint(format!(
                "a guard with another GuardName is found by it, as in {}",
                option("--stack", "budget-guard-two")
            )),
        Err(fault) => {
            let mut problem = fault::problem(&fault, named);
            problem.message =
                format!("the settings of function {function} cannot be read: {}", problem.message);
            problem
        }
    };
    Err(match lacking {
        Some(lacking) => {
            let message = format!("{}; {}", lacking.message, problem.message);
            problem.hints.into_iter().fold(Problem { message, ..lacking }, Problem::hint)
        }
        None => problem,
    })
}

/// Checks that a text can be the name of a guard, so that no other function is read.
///
/// Source: `AllowedPattern` of the parameter `GuardName` in `infra/template.yaml`.
fn check(stack: &str) -> Result<(), Problem> {
    let rest = stack.strip_prefix(STACK);
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let is_name = rest.is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|parts| parts.split('-').all(is_part))
    });
    if is_name {
        return Ok(());
    }
    Err(Problem::usage(format!(
        "--stack is {}; expected the guard's name, which is the stack's parameter GuardName: budget-guard, or \
         budget-guard- and more of a-z 0-9 -",
        Excerpt::new(stack)
    )))
}
