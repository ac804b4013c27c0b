//! `attach`: adds the guard's queue to the targets of rules.

use aws_sdk_eventbridge::types::Target;
use budget_guard_aws::EventBridgeRules;
use budget_guard_core::alerts::quoted;
use budget_guard_core::escape::option;
use budget_guard_core::guard::untouchable;
use budget_guard_core::model::{RuleArn, RuleDefinition};
use budget_guard_core::policy::{Limits, Mode};
use budget_guard_core::ports::Rules;

use super::bulk::{Done, Report};
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::queue::QueueArn;
use crate::rule::{self, RuleName};
use crate::session::Session;
use crate::targets::{self, MAX_TARGETS, TARGET_ID};

/// Runs `attach`.
pub(super) async fn run(context: &Context, names: &[RuleName]) -> Result<Exit, Problem> {
    let session = Session::of_guard(context, names, Needs::Queue).await?;
    let queue = context.required_queue()?;
    let defaults = context.defaults()?;
    let attach = Attach { context, rules: session.rules(), session: &session, queue: &queue, defaults };
    let mut report = Report::new(context);
    let mut attached = Vec::new();
    for name in names {
        let result = Box::pin(attach.to(name)).await;
        if let Ok(Done { rule, result: "attached", .. }) = &result {
            attached.push(rule.clone());
        }
        report.add(name, result)?;
    }
    remind(&queue, &attached);
    report.finish()
}

struct Attach<'a> {
    context: &'a Context,
    session: &'a Session,
    rules: EventBridgeRules,
    queue: &'a QueueArn,
    defaults: Limits,
}

impl Attach<'_> {
    async fn to(&self, name: &RuleName) -> Result<Done, Problem> {
        let rule = Box::pin(rule::existing(self.session, &self.rules, name)).await?;
        let failed = |fault| self.session.problem_with(&rule, &fault);
        let definition = self.rules.inspect(&rule).await.map_err(failed)?;
        if let Some(because) = untouchable(self.session.own.has_rule(&rule), &definition) {
            return Err(refusal(&rule, &format!("the guard would never act on it, because {because}")));
        }
        let present = targets::list(&self.rules, &rule).await.map_err(failed)?;
        let old = present.iter().find(|target| target.id() == TARGET_ID);
        if let Some(id) = self.room(&rule, &present)? {
            let text = format!("already attached as target {id}, nothing to do");
            return Ok(Done { rule, result: "already-attached", text });
        }
        let target = targets::guards(self.queue.as_str(), old.cloned()).map_err(failed)?;
        targets::put(&self.rules, &rule, target).await.map_err(failed)?;
        warn(&rule, &definition, self.queue, &self.defaults);
        let (result, text) = match old {
            Some(_) => ("updated", "was attached; what it sends is now what the guard reads".to_owned()),
            None => ("attached", format!("attached, its firings now go to queue {}", self.queue.name())),
        };
        Ok(Done { rule, result, text })
    }

    /// Checks for a free target. `Some` with its ID if a target sends to the queue already.
    fn room<'t>(&self, rule: &RuleArn, present: &'t [Target]) -> Result<Option<&'t str>, Problem> {
        let queue = self.queue.as_str();
        let attached = present.iter().find(|one| one.arn() == queue && targets::is_transformed(one));
        if let Some(attached) = attached {
            return Ok(Some(attached.id()));
        }
        match present.iter().find(|target| target.id() == TARGET_ID) {
            Some(old) if old.arn() == queue => Ok(None),
            Some(old) => {
                let because = format!("its target id {TARGET_ID} is taken by {}, not by {queue}", old.arn());
                let detach = self.context.command("detach", rule);
                Err(refusal(rule, &because)
                    .hint(format!("to make room: {detach} {}", option("--queue", old.arn()))))
            }
            None if present.len() >= MAX_TARGETS => {
                let because = format!(
                    "it has {} targets, and AWS allows {MAX_TARGETS} per rule, a quota it does not raise",
                    present.len()
                );
                Err(refusal(rule, &because).hint("remove a target, or let one pass its events on to another"))
            }
            None => Ok(None),
        }
    }
}

fn refusal(rule: &RuleArn, because: &str) -> Problem {
    Problem::refused(format!("rule {}: {because}", quoted(rule)))
}

/// Warns if the rule is attached and the guard still will not act on it.
fn warn(rule: &RuleArn, definition: &RuleDefinition, queue: &QueueArn, defaults: &Limits) {
    let name = quoted(rule);
    if queue.region() != rule.region() || queue.account() != rule.account() {
        output::warning(format_args!(
            "rule {name} is in account {} in {}, the queue in account {} in {}; EventBridge may not deliver there",
            rule.account(),
            rule.region(),
            queue.account(),
            queue.region()
        ));
    }
    if !definition.state.is_enabled() {
        output::warning(format_args!("rule {name} is disabled: nothing fires until someone enables it"));
    }
    if defaults.with_tags(&definition.tags).mode == Mode::Ignore {
        let tag = budget_guard_core::policy::MODE_TAG;
        output::warning(format_args!("rule {name} has the tag {tag}=ignore: the guard will not count it"));
    }
}

/// Reminds of the queue policy that the attached rules need.
fn remind(queue: &QueueArn, attached: &[RuleArn]) {
    let source = match attached {
        [] => return,
        [rule] => format!("with aws:SourceArn {rule}"),
        rules => format!("with the aws:SourceArn of each of these {} rules", rules.len()),
    };
    output::hint(format_args!(
        "the policy of queue {} must allow events.amazonaws.com to sqs:SendMessage {source}; \
         without it nothing arrives, and only the rule's metric FailedInvocations shows it",
        queue.name()
    ));
}
