//! Actors behind a target of a plan or state.

use super::resources::{Resource, Resources};
use crate::form::{Acting, Role, Target};

/// Maximum number of topics, queues and machines between a target and an actor.
const MAX_HOPS: usize = 6;

/// Kinds of resources that are followed.
const KINDS: &[&str] = &[
    "aws_lambda_function",
    "aws_lambda_alias",
    "aws_sfn_state_machine",
    "aws_sqs_queue",
    "aws_kinesis_stream",
    "aws_sns_topic",
    "aws_codebuild_project",
    "aws_codepipeline",
    "aws_ecs_cluster",
    "aws_cloudwatch_log_group",
];

/// Search for actors. Roles that the file does not have are added to `foreign`.
pub(super) struct Search<'a, 'j> {
    pub resources: &'a Resources<'j>,
    pub foreign: &'a mut Vec<(String, Role)>,
}

impl<'j> Search<'_, 'j> {
    /// Reads an `aws_cloudwatch_event_target`.
    pub(super) fn target(&mut self, target: &Resource<'j>) -> Target {
        let found = self.resources.referred(target, "arn", KINDS);
        match (found.first(), target.text("arn")) {
            (Some(first), _) => self.behind(first, Some(target), "", 0),
            (None, Some(arn)) if arn.contains(":logs:") => {
                Target { label: arn.to_owned(), ..Target::default() }
            }
            (None, Some(arn)) => unknown(arn, "it is not in this file"),
            (None, None) => unknown(
                target.address,
                "its arn is known only after apply, and its expression names \
                nothing in this file that is followed",
            ),
        }
    }

    fn behind(&mut self, of: &Resource<'j>, target: Option<&Resource<'j>>, via: &str, hops: usize) -> Target {
        let what = of.address.to_owned();
        if hops > MAX_HOPS {
            return unknown(&what, "too many resources stand before its actors");
        }
        let behind = if via.is_empty() { what.clone() } else { format!("{what}, behind {via}") };
        let next = if via.is_empty() { what.clone() } else { format!("{via} and {what}") };
        match of.kind {
            "aws_lambda_function" => self.acting(of, "role", behind),
            "aws_lambda_alias" => {
                let functions = self.resources.referred(of, "function_name", &["aws_lambda_function"]);
                match functions.first() {
                    Some(function) => self.behind(function, target, via, hops + 1),
                    None => unknown(&what, "its function is not in this file"),
                }
            }
            "aws_sfn_state_machine" => {
                let mut found = self.acting(of, "role_arn", behind);
                for task in self.resources.referred(of, "definition", &["aws_lambda_function"]) {
                    found.actors.extend(self.behind(task, None, &next, hops + 1).actors);
                }
                found
            }
            "aws_codebuild_project" => self.acting(of, "service_role", behind),
            "aws_codepipeline" => self.acting(of, "role_arn", behind),
            "aws_ecs_cluster" => self.task(target, &what),
            "aws_cloudwatch_log_group" => Target { label: what, ..Target::default() },
            "aws_sns_topic" => {
                let subscriptions = self.linked("aws_sns_topic_subscription", "topic_arn", of);
                self.readers(&what, &next, &subscriptions, "endpoint", hops, "subscribed to it")
            }
            _ => {
                let mappings = self.linked("aws_lambda_event_source_mapping", "event_source_arn", of);
                self.readers(&what, &next, &mappings, "function_name", hops, "reading it")
            }
        }
    }

    /// Resources of a kind with an argument that refers to this one.
    fn linked(&self, kind: &str, argument: &str, of: &Resource<'j>) -> Vec<usize> {
        let all = self.resources.all.iter().enumerate().filter(|(_, resource)| resource.kind == kind);
        let refers = |resource: &Resource<'j>| {
            let found = self.resources.referred(resource, argument, &[of.kind]);
            found.iter().any(|found| found.address == of.address)
        };
        all.filter(|(_, resource)| refers(resource)).map(|(index, _)| index).collect()
    }

    fn readers(
        &mut self,
        what: &str,
        via: &str,
        links: &[usize],
        argument: &str,
        hops: usize,
        verb: &str,
    ) -> Target {
        let mut found = Target { label: what.to_owned(), ..Target::default() };
        let resources = self.resources;
        for link in links {
            let link = &resources.all[*link];
            let readers = resources.referred(link, argument, KINDS);
            let protocol = link.text("protocol").unwrap_or("lambda");
            if readers.is_empty() && matches!(protocol, "lambda" | "sqs" | "firehose") {
                found.unknown = Some(format!("{} leads to nothing in this file", link.address));
            }
            for reader in readers {
                let more = self.behind(reader, None, via, hops + 1);
                found.actors.extend(more.actors);
                found.unknown = found.unknown.or(more.unknown);
            }
        }
        if links.is_empty() {
            found.unknown = Some(format!("nothing in this file is {verb}"));
        }
        found
    }

    fn task(&mut self, target: Option<&Resource<'j>>, what: &str) -> Target {
        let tasks = target.map(|target| {
            let by_value = target.values["ecs_target"][0]["task_definition_arn"].as_str();
            let all = self.resources.of_kind("aws_ecs_task_definition");
            let known: Vec<_> =
                all.filter(|task| by_value.is_some() && task.text("arn") == by_value).collect();
            if known.is_empty() {
                self.resources.referred(target, "ecs_target", &["aws_ecs_task_definition"])
            } else {
                known
            }
        });
        match tasks.unwrap_or_default().first() {
            Some(task) => self.acting(task, "task_role_arn", task.address.to_owned()),
            None => unknown(what, "its task definition is not in this file"),
        }
    }

    fn acting(&mut self, of: &Resource<'j>, argument: &str, label: String) -> Target {
        let found = self.resources.referred(of, argument, &["aws_iam_role"]);
        let role = match (found.first(), of.text(argument)) {
            (Some(role), _) => Some(role.address.to_owned()),
            (None, Some(arn)) => {
                let unknown = vec!["it is not in this file".to_owned()];
                let reference = Some(crate::node::Node::new(
                    crate::node::Value::Text(crate::node::quoted(arn)),
                    crate::node::Place::default(),
                ));
                let role = Role {
                    label: format!("role {arn}"),
                    arn: arn.to_owned(),
                    reference,
                    unknown,
                    ..Role::default()
                };
                self.foreign.push((arn.to_owned(), role));
                Some(arn.to_owned())
            }
            (None, None) => None,
        };
        let unknown =
            role.is_none().then(|| format!("the {argument} of {} is not told by the file", of.address));
        Target { label: of.address.to_owned(), actors: vec![Acting { label, role }], unknown }
    }
}

fn unknown(label: &str, why: &str) -> Target {
    Target { label: label.to_owned(), actors: Vec::new(), unknown: Some(why.to_owned()) }
}
