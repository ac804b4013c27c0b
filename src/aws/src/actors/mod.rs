//! Search for the actors behind a target, through queues, topics, pipes and workflows to functions, tasks and their
//! roles.
//!
//! Each kind of target is one file here and one row in `KINDS`. Actors that the guard may not read stay unknown, and
//! the target says which IAM action is missing. The rest of the rule is read in any case.

mod automation;
mod build;
mod bus;
mod found;
mod function;
mod glue;
mod job;
mod machine;
mod pipe;
mod pipeline;
mod queue;
mod search;
mod stream;
mod task;
#[cfg(test)]
mod tests;
mod topic;
mod wire;

use std::time::Duration;

use aws_config::SdkConfig;
use futures_util::future::BoxFuture;

pub use found::Unread;

use found::Found;
use search::{Search, Step};
use wire::{Ask, Wire};

use budget_guard_core::hints::Hints;
use budget_guard_core::model::{Actor, Fault, Own, RuleArn, Target};

/// Time limit for all calls about one target. A cut waits for them.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// The same where no cut waits, and AWS may throttle.
const SURVEY_PATIENCE: Duration = Duration::from_secs(120);

/// A kind of target, by its service.
struct Kind {
    /// Service in the ARN of the target.
    service: &'static str,
    /// IAM actions of its own calls, without those about the resources behind it.
    rights: &'static [&'static str],
    resolve: for<'s> fn(&'s Search<'s>, Step) -> BoxFuture<'s, ()>,
}

/// Builds the row of a kind from its service, its module and the operations that the module calls.
macro_rules! kind {
    ($service:literal, $module:ident $(, $operation:path)*) => {
        Kind {
            service: $service,
            rights: &[$($operation.right),*],
            resolve: |search, step| Box::pin($module::resolve(search, step)),
        }
    };
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    kind!("batch",        job,        job::DESCRIBE),
    kind!("codebuild",    build,      build::GET),
    kind!("codepipeline", pipeline,   pipeline::GET),
    kind!("ecs",          task,       task::DESCRIBE),
    kind!("events",       bus),
    kind!("firehose",     stream,     stream::DESCRIBE),
    kind!("glue",         glue,       glue::GET_WORKFLOW, glue::GET_JOB, glue::GET_CRAWLER),
    kind!("kinesis",      queue,      queue::LIST_MAPPINGS, pipe::LIST),
    kind!("lambda",       function,   function::GET),
    kind!("pipes",        pipe,       pipe::DESCRIBE),
    kind!("sns",          topic,      topic::LIST),
    kind!("sqs",          queue,      queue::LIST_MAPPINGS, pipe::LIST, queue::GET_ATTRIBUTES),
    kind!("ssm",          automation, automation::GET),
    kind!("states",       machine,    machine::DESCRIBE),
];

/// IAM actions of all calls about targets.
pub(super) fn rights() -> impl Iterator<Item = &'static str> {
    KINDS.iter().flat_map(|kind| kind.rights.iter().copied())
}

fn is_in_table(right: &str) -> bool {
    KINDS.iter().any(|kind| kind.rights.contains(&right))
}

/// Services that only store the event. Their targets have no actor.
const KEEPS: &[&str] = &["logs"];

/// Searches for the actors behind targets.
#[derive(Debug, Clone)]
pub(super) struct ActorResolver {
    wire: Wire,
    own: Own,
}

impl ActorResolver {
    /// Reads from the account and Region of `config`.
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { wire: Wire::new(config), own: Own::default() }
    }

    /// Leaves the parts of the guard's own stack out.
    pub(crate) fn of_stack(self, own: &Own) -> Self {
        Self { own: own.clone(), ..self }
    }

    /// Returns true if a function of the guard's own stack reads the queue with this ARN.
    pub(crate) async fn has_reader(&self, queue: &str) -> Result<bool, Fault> {
        queue::has_reader(&self.wire, &self.own, queue).await
    }

    /// Fills in the actors of a target of `rule`, and the hash of the code if the target is a function.
    pub(crate) async fn follow(&self, rule: &RuleArn, target: Target, hints: Hints) -> Target {
        follow(&self.wire, &self.own, rule, target, hints).await
    }

    /// Fills in the actors of a target where nothing waits for them, and tells which calls failed.
    pub(crate) async fn survey(&self, rule: &RuleArn, target: Target, hints: Hints) -> (Target, Unread) {
        search(&self.wire, &self.own, rule, (target, hints), SURVEY_PATIENCE).await
    }
}

async fn follow(asks: &dyn Ask, own: &Own, rule: &RuleArn, target: Target, hints: Hints) -> Target {
    search(asks, own, rule, (target, hints), PATIENCE).await.0
}

async fn search(
    asks: &dyn Ask,
    own: &Own,
    rule: &RuleArn,
    (mut target, hints): (Target, Hints),
    patience: Duration,
) -> (Target, Unread) {
    let search = Search::new(asks, own, rule.region(), rule.account());
    let step = Step::new(&target.arn, hints);
    let is_late = tokio::time::timeout(patience, search.follow(step)).await.is_err();
    if is_late {
        search.miss(format!("not all was told within {patience:?}"));
    }
    let Found { actors, code_sha256, mut missing } = search.found();
    if actors.len() > Actor::MAX_PER_TARGET {
        missing.add(format!("more than {} act for it", Actor::MAX_PER_TARGET));
    }
    let mut unread = missing.unread();
    unread.others |= is_late;
    target.unresolved_reason = missing.sentence();
    if let Some(why) = &target.unresolved_reason {
        tracing::info!(target = target.arn, why, "who acts for a target is not fully known");
    }
    target.actors = actors.into_iter().take(Actor::MAX_PER_TARGET).collect();
    target.code_sha256 = code_sha256;
    (target, unread)
}
