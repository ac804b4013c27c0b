//! Actors behind a target: the functions, state machines, tasks and builds that it starts.

use super::values::{Template, kind};
use crate::form::{Acting, Role, Target, UNKNOWN};
use crate::node::Node;

/// Maximum number of topics, queues and machines between a target and an actor.
const MAX_HOPS: usize = 6;

/// Search for the actors of one target. Roles that the template does not have are added to `roles`.
pub(super) struct Search<'a, 't> {
    pub template: &'a Template<'t>,
    pub foreign: &'a mut Vec<(String, Role)>,
}

impl Search<'_, '_> {
    /// Reads an item of `Targets`.
    pub(super) fn target(&mut self, target: &Node) -> Target {
        let Some(arn) = target.get("Arn") else {
            return unknown("a target", "it has no Arn".to_owned());
        };
        let ids = self.template.references(arn);
        let known: Vec<&String> = ids.iter().filter(|id| label(self.template.kind(id)).is_some()).collect();
        if known.is_empty() {
            return self.literal(arn);
        }
        let mut found = Target::default();
        for id in known {
            let more = self.behind(id, Some(target), "", 0);
            found.label = if found.label.is_empty() {
                more.label
            } else {
                format!("{} or {}", found.label, more.label)
            };
            found.actors.extend(more.actors);
            found.unknown = found.unknown.or(more.unknown);
        }
        found
    }

    /// Target without a resource of the template: by its ARN, if a function of the template has that name.
    fn literal(&mut self, arn: &Node) -> Target {
        let text =
            self.template.resolve(arn).and_then(|arn| arn.text().map(str::to_owned)).unwrap_or_default();
        let why = self.template.take_unknown();
        if text.contains(UNKNOWN) || text.is_empty() {
            let why = if why.is_empty() { "its ARN".to_owned() } else { why.join(", ") };
            return unknown("a target", format!("{why} is not told by the file"));
        }
        let mut parts = text.splitn(6, ':').skip(2);
        let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
        if service == "logs" {
            return Target { label: format!("log group {resource}"), ..Target::default() };
        }
        let name = resource.trim_start_matches("function:").split(':').next().unwrap_or_default();
        let same = self.template.resources().find(|(id, resource)| {
            service == "lambda"
                && kind(resource).ends_with("::Function")
                && self.template.name(id, resource) == name
        });
        match same {
            Some((id, _)) => self.behind(id, None, "", 0),
            None => unknown(&text, "it is not in this file".to_owned()),
        }
    }

    fn behind(&mut self, id: &str, target: Option<&Node>, via: &str, hops: usize) -> Target {
        let Some(resource) = self.template.resource(id) else {
            return unknown(id, "the template does not have it".to_owned());
        };
        let what = format!("{} {id}", label(kind(resource)).unwrap_or("resource"));
        if hops > MAX_HOPS {
            return unknown(&what, format!("more than {MAX_HOPS} resources stand before its actors"));
        }
        let behind = if via.is_empty() { what.clone() } else { format!("{what}, behind {via}") };
        let properties = resource.get("Properties");
        let property = |name: &str| properties.and_then(|properties| properties.get(name));
        let next = if via.is_empty() { what.clone() } else { format!("{via} and {what}") };
        match kind(resource) {
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
                self.acting(&behind, property("Role"), Some(&format!("{id}Role")), what)
            }
            "AWS::Lambda::Alias" | "AWS::Lambda::Version" => {
                let functions = property("FunctionName").map(|name| self.template.references(name));
                match functions.unwrap_or_default().first() {
                    Some(function) => self.behind(function, target, via, hops + 1),
                    None => unknown(&what, "its function is not in this file".to_owned()),
                }
            }
            "AWS::StepFunctions::StateMachine" | "AWS::Serverless::StateMachine" => {
                let role = property("RoleArn").or(property("Role"));
                let mut found = self.acting(&behind, role, Some(&format!("{id}Role")), what);
                let tasks: Vec<String> =
                    properties.map(|all| self.template.references(all)).unwrap_or_default();
                for task in tasks.iter().filter(|task| self.template.kind(task).ends_with("::Function")) {
                    let more = self.behind(task, None, &next, hops + 1);
                    found.actors.extend(more.actors);
                    found.unknown = found.unknown.or(more.unknown);
                }
                found
            }
            "AWS::CodeBuild::Project" => self.acting(&behind, property("ServiceRole"), None, what),
            "AWS::CodePipeline::Pipeline" => self.acting(&behind, property("RoleArn"), None, what),
            "AWS::ECS::Cluster" => self.task(target, &what),
            "AWS::Logs::LogGroup" => Target { label: what, ..Target::default() },
            "AWS::SNS::Topic" => self.subscribers(id, resource, &what, &next, hops),
            "AWS::SQS::Queue" | "AWS::Kinesis::Stream" => self.readers(id, &what, &next, hops),
            _ => unknown(&what, format!("what acts behind a {} is not followed", kind(resource))),
        }
    }

    /// Task that a target runs on a cluster.
    fn task(&mut self, target: Option<&Node>, what: &str) -> Target {
        let definition = target.and_then(|target| target.at(&["EcsParameters", "TaskDefinitionArn"]));
        let ids = definition.map(|definition| self.template.references(definition)).unwrap_or_default();
        let Some(id) = ids.iter().find(|id| self.template.kind(id) == "AWS::ECS::TaskDefinition") else {
            return unknown(what, "its task definition is not in this file".to_owned());
        };
        let label = format!("task {id}");
        match self.template.resource(id).and_then(|task| task.at(&["Properties", "TaskRoleArn"])) {
            Some(role) => self.acting(&label, Some(role), None, what.to_owned()),
            None => Target { label: what.to_owned(), ..Target::default() },
        }
    }

    /// Actor with the role that it names, or with the one that SAM makes.
    fn acting(&mut self, label: &str, role: Option<&Node>, generated: Option<&str>, what: String) -> Target {
        let role = match (role, generated) {
            (Some(role), _) => self.role(role),
            (None, Some(generated)) => Some(generated.to_owned()),
            (None, None) => None,
        };
        let unknown = role.is_none().then(|| "its role is not told by the file".to_owned());
        let actor = Acting { label: label.to_owned(), role };
        Target { label: what, actors: vec![actor], unknown }
    }

    /// Key of a role: the logical id, or the ARN of one that the template does not have.
    fn role(&mut self, role: &Node) -> Option<String> {
        let ids = self.template.references(role);
        if let Some(id) = ids.iter().find(|id| self.template.kind(id) == "AWS::IAM::Role") {
            return Some(id.clone());
        }
        let arn = self.template.resolve(role)?.text()?.to_owned();
        let why = self.template.take_unknown();
        let own = self.template.resources().find(|(id, resource)| {
            kind(resource) == "AWS::IAM::Role"
                && arn.rsplit('/').next() == Some(&self.template.name(id, resource))
        });
        if let Some((id, _)) = own {
            return Some(id.to_owned());
        }
        let shown = if arn.contains(UNKNOWN) { why.join(", ") } else { arn.clone() };
        let unknown = vec!["it is not in this file".to_owned()];
        let is_known = !arn.contains(UNKNOWN);
        let reference = is_known.then(|| role.clone());
        self.foreign.push((
            arn.clone(),
            Role { label: format!("role {shown}"), arn: arn.clone(), reference, unknown, ..Role::default() },
        ));
        Some(arn)
    }

    /// Functions and queues that are subscribed to a topic.
    fn subscribers(&mut self, id: &str, topic: &Node, what: &str, via: &str, hops: usize) -> Target {
        let mut found = Target { label: what.to_owned(), ..Target::default() };
        let mut endpoints: Vec<&Node> = Vec::new();
        let own = topic.at(&["Properties", "Subscription"]);
        endpoints.extend(own.into_iter().flat_map(Node::items).filter_map(|one| one.get("Endpoint")));
        let mut readers = self.sam_readers(id);
        for (_, resource) in
            self.template.resources().filter(|(_, all)| kind(all) == "AWS::SNS::Subscription")
        {
            let of = resource.at(&["Properties", "TopicArn"]).map(|arn| self.template.references(arn));
            if of.is_some_and(|of| of.iter().any(|of| of == id)) {
                endpoints.extend(resource.at(&["Properties", "Endpoint"]));
            }
        }
        let is_subscribed = !endpoints.is_empty() || !readers.is_empty();
        readers.extend(endpoints.iter().flat_map(|endpoint| self.template.references(endpoint)));
        for reader in readers.iter().filter(|reader| label(self.template.kind(reader)).is_some()) {
            let more = self.behind(reader, None, via, hops + 1);
            found.actors.extend(more.actors);
            found.unknown = found.unknown.or(more.unknown);
        }
        if !is_subscribed {
            found.unknown = Some("who is subscribed to it is not in this file".to_owned());
        }
        found
    }

    /// Functions that read a queue or a stream.
    fn readers(&mut self, id: &str, what: &str, via: &str, hops: usize) -> Target {
        let mut found = Target { label: what.to_owned(), ..Target::default() };
        let mut readers = self.sam_readers(id);
        for (_, mapping) in
            self.template.resources().filter(|(_, all)| kind(all) == "AWS::Lambda::EventSourceMapping")
        {
            let of = mapping.at(&["Properties", "EventSourceArn"]).map(|arn| self.template.references(arn));
            if of.is_some_and(|of| of.iter().any(|of| of == id)) {
                let function = mapping.at(&["Properties", "FunctionName"]);
                readers
                    .extend(function.map(|function| self.template.references(function)).unwrap_or_default());
            }
        }
        for reader in &readers {
            let more = self.behind(reader, None, via, hops + 1);
            found.actors.extend(more.actors);
            found.unknown = found.unknown.or(more.unknown);
        }
        if readers.is_empty() {
            found.unknown = Some("who reads it is not in this file".to_owned());
        }
        found
    }

    /// Functions of SAM with an event from this topic, queue or stream.
    fn sam_readers(&self, id: &str) -> Vec<String> {
        let functions = self.template.resources().filter(|(_, all)| kind(all) == "AWS::Serverless::Function");
        let reads = |function: &Node| {
            let events = function.at(&["Properties", "Events"]).map_or(&[][..], Node::members);
            events.iter().any(|(_, event)| {
                let sources =
                    ["Topic", "Queue", "Stream"].iter().filter_map(|name| event.at(&["Properties", name]));
                sources.flat_map(|source| self.template.references(source)).any(|source| source == id)
            })
        };
        functions.filter(|(_, function)| reads(function)).map(|(id, _)| id.to_owned()).collect()
    }
}

fn unknown(label: &str, why: String) -> Target {
    Target { label: label.to_owned(), actors: Vec::new(), unknown: Some(why) }
}

/// Word for a kind of target; `None` for a resource that is no target.
fn label(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => "function",
        "AWS::Lambda::Alias" | "AWS::Lambda::Version" => "alias",
        "AWS::StepFunctions::StateMachine" | "AWS::Serverless::StateMachine" => "state machine",
        "AWS::CodeBuild::Project" => "build project",
        "AWS::CodePipeline::Pipeline" => "pipeline",
        "AWS::ECS::Cluster" => "cluster",
        "AWS::Logs::LogGroup" => "log group",
        "AWS::SNS::Topic" => "topic",
        "AWS::SQS::Queue" => "queue",
        "AWS::Kinesis::Stream" => "stream",
        "AWS::KinesisFirehose::DeliveryStream" => "delivery stream",
        "AWS::Events::EventBus" => "event bus",
        "AWS::Events::ApiDestination" => "API destination",
        "AWS::SSM::Document" => "document",
        "AWS::Batch::JobQueue" => "job queue",
        _ => return None,
    })
}
