//! The resolvers of each kind, tested with replies in the form of AWS.

mod jobs;
mod limits;
mod queues;
mod workflows;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::super::json_client::{Api, Request};
use super::follow;
use super::wire::Ask;
use budget_guard_core::hints::Hints;
use budget_guard_core::model::{Actor, Fault, FaultKind, Own, RuleArn, Target};

/// An ARN in the account and Region of the rule.
fn here(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:us-east-1:123456789012:{resource}")
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

/// Reply to each request for this IAM action with these words in its path or body.
struct Answer {
    right: &'static str,
    words: String,
    reply: Result<Value, Fault>,
}

fn answer(right: &'static str, words: &str, reply: Value) -> Answer {
    Answer { right, words: words.to_owned(), reply: Ok(reply) }
}

fn denied(right: &'static str) -> Answer {
    let message = "X: AccessDeniedException: User is not authorized to perform it".to_owned();
    Answer { right, words: String::new(), reply: Err(Fault::new(FaultKind::Denied, message)) }
}

fn missing(right: &'static str) -> Answer {
    let message = "X: ResourceNotFoundException: sorry".to_owned();
    Answer { right, words: String::new(), reply: Err(Fault::new(FaultKind::NotFound, message)) }
}

/// Function with a role of its own and this time limit in seconds.
fn function(name: &str, timeout: u32) -> Answer {
    let reply = json!({
        "FunctionName": name,
        "FunctionArn": here("lambda", &format!("function:{name}")),
        "Role": role(&format!("service-role/{name}-role")),
        "Timeout": timeout,
        "CodeSha256": "rJGy1Gm2Lpm6Pk1PfQ7ExJ0FVkxeJjX/Zl0zFzCRFNg=",
        "State": "Active",
    });
    answer("lambda:GetFunctionConfiguration", &format!("function%3A{name}/"), reply)
}

/// No mappings, no pipes, and a queue without delay.
fn nothing_reads() -> Vec<Answer> {
    vec![
        answer("lambda:ListEventSourceMappings", "", json!({"EventSourceMappings": []})),
        answer("pipes:ListPipes", "", json!({"Pipes": []})),
        answer("sqs:GetQueueAttributes", "", json!({"Attributes": {"DelaySeconds": "0"}})),
    ]
}

/// AWS as a table of replies; the first match is used. Keeps the requests.
struct Table {
    answers: Vec<Answer>,
    asked: Mutex<Vec<&'static str>>,
    takes: Duration,
}

impl Table {
    fn new(answers: Vec<Answer>) -> Self {
        Self { answers, asked: Mutex::default(), takes: Duration::ZERO }
    }

    fn reply(&self, right: &'static str, request: String) -> BoxFuture<'_, Result<Value, Fault>> {
        let answer = async move {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(right);
            tokio::time::sleep(self.takes).await;
            let fits = |answer: &&Answer| answer.right == right && request.contains(&answer.words);
            let answer = self.answers.iter().find(fits);
            answer.unwrap_or_else(|| panic!("no answer to {right} {request}")).reply.clone()
        };
        answer.boxed()
    }
}

impl Ask for Table {
    fn ask(&self, request: Request) -> BoxFuture<'_, Result<Value, Fault>> {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        self.reply(request.operation.right, format!("{} {} {body}", request.method, request.path))
    }

    fn subscriptions<'a>(
        &'a self,
        topic: &'a str,
        next_token: Option<String>,
    ) -> BoxFuture<'a, Result<Value, Fault>> {
        self.reply("sns:ListSubscriptionsByTopic", format!("{topic} {}", next_token.unwrap_or_default()))
    }

    fn endpoint(&self, _: Api) -> Result<String, Fault> {
        Ok("https://endpoint".to_owned())
    }
}

/// Parts of the guard's own stack.
fn own() -> Own {
    let parts = [
        here("events", "rule/budget-guard-watch"),
        here("lambda", "function:budget-guard-ingest"),
        here("sqs", "budget-guard-firings"),
        role("guard-role"),
    ];
    parts.join(",").parse().expect("the parts of a stack")
}

/// Follows a target of a rule. Returns it with the IAM actions that were used.
fn followed(table: Table, arn: &str, hints: Hints) -> (Target, Vec<&'static str>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let rule: RuleArn = here("events", "rule/fix").parse().expect("a rule");
    let target = Target { role_arn: Some(role("invoke")), ..Target::new("1", arn) };
    let found = runtime.expect("a runtime").block_on(follow(&table, &own(), &rule, target, hints));
    (found, table.asked.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// An actor as one line: `SERVICE:RESOURCE as ROLE through SERVICE:RESOURCE, limit, delay`.
fn told(actor: &Actor) -> String {
    let short = |arn: &str| {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        format!("{}:{}", parts[2], parts[5])
    };
    let mut line = short(&actor.arn);
    if let Some(role) = &actor.role {
        line += &format!(" as {}", role.split_once(":role/").map_or(role.as_str(), |(_, name)| name));
    }
    if let Some(via) = &actor.via {
        line += &format!(" through {}", short(via));
    }
    if let Some(limit) = actor.time_limit {
        line += &format!(", {} s at most", limit.get());
    }
    if let Some(delay) = actor.delay {
        line += &format!(", {} s late", delay.get());
    }
    line
}

/// Compares the actors behind a target, the reason for missing ones, and the number of calls.
#[track_caller]
fn expect(
    arn: &str,
    hints: Hints,
    answers: Vec<Answer>,
    actors: &[&str],
    unresolved_reason: Option<&str>,
    calls: usize,
) {
    let (target, asked) = followed(Table::new(answers), arn, hints);
    let seen: Vec<String> = target.actors.iter().map(told).collect();
    assert_eq!(seen, actors, "{arn}");
    assert_eq!(target.unresolved_reason.as_deref(), unresolved_reason, "{arn}");
    assert_eq!(asked.len(), calls, "{arn}: {asked:?}");
    let invoke = Some(role("invoke"));
    assert!(target.actors.iter().all(|actor| actor.role != invoke), "{arn}: the role that invokes acts");
}
