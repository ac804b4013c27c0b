//! `detach`: removes the guard's queue from the targets of rules.

use budget_guard_aws::EventBridgeRules;
use budget_guard_core::alerts::quoted;
use budget_guard_core::escape::option;

use super::bulk::{Done, Report};
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::queue::QueueArn;
use crate::rule::{self, RuleName};
use crate::session::Session;
use crate::targets::{self, TARGET_ID};

/// Runs `detach`.
pub(super) async fn run(context: &Context, names: &[RuleName]) -> Result<Exit, Problem> {
    let session = Session::of_guard(context, names, Needs::Nothing).await?;
    let queue = context.queue()?;
    let rules = session.rules();
    let mut report = Report::new(context);
    for name in names {
        report.add(name, Box::pin(one(&session, &rules, name, queue.as_ref())).await)?;
    }
    report.finish()
}

/// Detaches one rule. Without a queue in the settings, the guard's target is found by its ID and its input transformer.
async fn one(
    session: &Session,
    rules: &EventBridgeRules,
    name: &RuleName,
    queue: Option<&QueueArn>,
) -> Result<Done, Problem> {
    let rule = Box::pin(rule::existing(session, rules, name)).await?;
    let failed = |fault| session.problem_with(&rule, &fault);
    let present = targets::list(rules, &rule).await.map_err(failed)?;
    let Some(target) = present.iter().find(|target| target.id() == TARGET_ID) else {
        return Ok(Done { rule, result: "not-attached", text: "not attached, nothing to do".into() });
    };
    let is_guards = match queue {
        Some(queue) => target.arn() == queue.as_str(),
        None => targets::is_transformed(target),
    };
    if !is_guards {
        let expected = match queue {
            Some(queue) => format!("not to {}", queue.as_str()),
            None => "without the guard's input transformer".to_owned(),
        };
        return Err(Problem::refused(format!(
            "rule {}: its target {TARGET_ID} sends to {}, {expected}; it may not be the guard's",
            quoted(&rule),
            target.arn()
        ))
        .hint(format!("if it is the guard's after all: {}", option("--queue", target.arn()))));
    }
    targets::remove(rules, &rule, TARGET_ID).await.map_err(failed)?;
    Ok(Done { rule, result: "detached", text: "detached, the guard no longer sees its firings".into() })
}
