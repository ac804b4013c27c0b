//! Rules and actors of a story as the directory reads them: patterns, targets, roles and time limits.

use std::time::Duration;

use budget_guard_core::model::{Actor as Acting, RuleArn, RuleDefinition, RuleState, Seconds, Target};
use budget_guard_tests::memory::World;
use serde_json::{Value, json};

use super::events::{ACCOUNT, detail_type};
use super::language::{Actor, Behind, Call, Kind, Rule, Runs, Story};

/// Account of a bus in another account.
const OTHER_ACCOUNT: &str = "210987654321";

impl Rule {
    pub fn is_fired_by(&self, call: &Call) -> bool {
        let takes = |name: &String| match name.strip_suffix('*') {
            Some(prefix) => call.operation.starts_with(prefix),
            None => call.operation == *name,
        };
        self.schedule.is_none()
            && (self.services.is_empty() || self.services.contains(&call.service))
            && (self.operations.is_empty() || self.operations.iter().any(takes))
    }

    fn pattern(&self) -> String {
        let Some(service) = self.services.first() else {
            return json!({"detail-type": [detail_type("")]}).to_string();
        };
        let source: Vec<String> = self.services.iter().map(|service| format!("aws.{service}")).collect();
        let kind = json!([detail_type(service)]);
        if self.operations.is_empty() {
            return json!({"source": source, "detail-type": kind}).to_string();
        }
        let name = |name: &String| match name.strip_suffix('*') {
            Some(prefix) => json!({"prefix": prefix}),
            None => json!(name),
        };
        let names: Vec<Value> = self.operations.iter().map(name).collect();
        json!({"source": source, "detail-type": kind, "detail": {"eventName": names}}).to_string()
    }

    pub fn definition(&self, story: &Story) -> RuleDefinition {
        let mut definition = World::rule(RuleState::Enabled);
        definition.schedule_expression = self.schedule.clone();
        definition.event_pattern = self.schedule.is_none().then(|| self.pattern());
        definition.targets = self.runs.iter().map(|runs| runs.target(story)).collect();
        let tag = |(name, value): &(String, String)| (format!("budget-guard:{name}"), value.clone());
        definition.tags = self.tags.iter().map(tag).collect();
        definition
    }
}

impl Runs {
    fn target(&self, story: &Story) -> Target {
        let actor = self.actor.as_deref().map(|name| {
            let found = story.actors.iter().find(|actor| actor.name == name);
            found.unwrap_or_else(|| panic!("{}: there is no actor {name}", story.title))
        });
        let arn = match (&self.behind, actor) {
            (Some(behind), _) => behind.arn(),
            (None, Some(actor)) if actor.kind == Kind::Container => arn_of("ecs", "cluster/main"),
            (None, Some(actor)) => actor.arn(),
            (None, None) => panic!("{}: a target without anything", story.title),
        };
        let arn = self.alias.as_ref().map_or(arn.clone(), |alias| format!("{arn}:{alias}"));
        let id = self.actor.clone().or(self.behind.as_ref().map(|behind| behind.name.clone()));
        let mut target = Target::new(id.unwrap_or_default(), arn);
        target.actors.extend(actor.map(|actor| {
            let delay = self.behind.as_ref().map(|behind| behind.delay).filter(|delay| !delay.is_zero());
            let acting = Acting {
                time_limit: actor.time_limit.map(seconds),
                delay: delay.map(seconds),
                ..Acting::new(&actor.arn(), Some(&actor.role_arn()))
            };
            if self.behind.is_some() { acting.through(&target.arn) } else { acting }
        }));
        target
    }
}

impl Behind {
    fn arn(&self) -> String {
        let name = &self.name;
        match &*self.kind {
            "queue" => arn_of("sqs", name),
            "stream" => arn_of("kinesis", &format!("stream/{name}")),
            "topic" => arn_of("sns", name),
            "firehose" => arn_of("firehose", &format!("deliverystream/{name}")),
            "workflow" => arn_of("states", &format!("stateMachine:{name}")),
            "bus" => format!("arn:aws:events:us-east-1:{OTHER_ACCOUNT}:event-bus/{name}"),
            _ => arn_of("events", &format!("api-destination/{name}/1d3d1b5e-0000-4000-8000-000000000001")),
        }
    }
}

impl Actor {
    pub fn arn(&self) -> String {
        let name = &self.name;
        match self.kind {
            Kind::Function => arn_of("lambda", &format!("function:{name}")),
            Kind::Workflow => arn_of("states", &format!("stateMachine:{name}")),
            Kind::Container => arn_of("ecs", &format!("task-definition/{name}")),
            Kind::Build => arn_of("codebuild", &format!("project/{name}")),
            Kind::Automation => arn_of("ssm", &format!("automation-definition/{name}")),
        }
    }

    fn role_arn(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:role/{}", self.role)
    }

    /// Name of its session in the form of the service. `n` is the number of the execution.
    pub fn session(&self, n: usize) -> String {
        match self.kind {
            Kind::Function => self.name.clone(),
            Kind::Workflow => format!("rZ7kQw0pYbUxLmTnVcJd{n:012}"),
            Kind::Container => format!("6b777c18{n:024x}"),
            Kind::Build => format!("AWSCodeBuild-00000000-0000-4000-8000-{n:012x}"),
            Kind::Automation => format!("Automation-00000000-0000-4000-8000-{n:012x}"),
        }
    }

    /// Service that makes its calls for it.
    pub fn calls_through(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Workflow => Some("states"),
            Kind::Automation => Some("ssm"),
            _ => None,
        }
    }
}

fn arn_of(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}")
}

pub fn seconds(time: Duration) -> Seconds {
    Seconds::new(u32::try_from(time.as_secs()).expect("seconds"))
}

pub fn arn(rule: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/{rule}").parse().expect("an ARN")
}
