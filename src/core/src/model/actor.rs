//! Actors behind the targets of a rule: functions, state machines, tasks, builds and jobs, with their roles.

use serde::{Deserialize, Serialize};

use super::{Arn, Seconds};

/// Function, state machine, task, build or job that runs when a target receives an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// ARN of the function, state machine, task definition or document, without version or alias.
    pub arn: String,
    /// ARN of the role that its calls are made with. `None` if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// ARN of the queue, topic, cluster or workflow between the target and this actor. `None` if the target starts it
    /// directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Maximum time of one invocation, execution, build or task. `None` if there is no limit, or it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<Seconds>,
    /// Maximum time that the event waits in queues and batches before the run starts. `None` if no wait is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Seconds>,
    /// Memory of a function in megabytes. `None` for other actors, or if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u32>,
    /// Number of containers that one event starts. `None` stands for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<u32>,
}

impl Actor {
    /// Maximum number of actors stored per target.
    pub const MAX_PER_TARGET: usize = 16;

    /// Creates an actor with its role, and without limits. A version or alias is removed from the ARN.
    pub fn new(arn: &str, role: Option<&str>) -> Self {
        let (arn, role) = (unqualified(arn).to_owned(), role.map(str::to_owned));
        Self { arn, role, via: None, time_limit: None, delay: None, memory_mb: None, tasks: None }
    }

    /// Sets the queue, topic, cluster or workflow that the event passes on its way to the actor.
    pub fn through(self, arn: &str) -> Self {
        Self { via: Some(arn.to_owned()), ..self }
    }

    /// Sets the maximum time of one run.
    pub fn with_time_limit(self, time_limit: Option<Seconds>) -> Self {
        Self { time_limit, ..self }
    }

    /// Sets the memory of a function in megabytes.
    pub fn with_memory(self, memory_mb: Option<u32>) -> Self {
        Self { memory_mb, ..self }
    }

    /// Sets the maximum time that the event waits before the run starts.
    pub fn with_delay(self, delay: Option<Seconds>) -> Self {
        Self { delay, ..self }
    }
}

/// Resource types whose ARN may end with a version, revision or alias: service, prefix of the resource, and the
/// zero-based index of the colon before that suffix.
///
/// Source: resource types in the service authorization reference.
const QUALIFIED: [(&str, &str, usize); 5] = [
    ("lambda", "function:", 6),
    ("states", "stateMachine:", 6),
    ("ecs", "task-definition/", 5),
    ("batch", "job-definition/", 5),
    ("ssm", "automation-definition/", 5),
];

/// Returns the ARN without the version, revision or alias of a function, state machine, task, job or document. Any
/// other ARN is returned unchanged.
pub fn unqualified(arn: &str) -> &str {
    let Some(Arn { service, resource, .. }) = Arn::parse(arn) else { return arn };
    let known = QUALIFIED.iter().find(|(of, kind, _)| *of == service && resource.starts_with(kind));
    let end = known.and_then(|(.., colon)| arn.match_indices(':').nth(*colon));
    end.map_or(arn, |(end, _)| &arn[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_aliases_are_of_one_function() {
        let check = |arn: &str, expected: &str| assert_eq!(unqualified(arn), expected);
        let whole = |arn: &str| check(arn, arn);
        let all = |resource: &str, ends: &[&str]| {
            let arn = format!("arn:aws:{resource}");
            whole(&arn);
            ends.iter().for_each(|end| check(&format!("{arn}{end}"), &arn));
        };
        all("lambda:us-east-1:123456789012:function:fixer", &[":live", ":$LATEST"]);
        all("states:us-east-1:123456789012:stateMachine:fixer", &[":live", ":7"]);
        all("ecs:us-east-1:123456789012:task-definition/fixer", &[":7"]);
        all("batch:us-east-1:123456789012:job-definition/fixer", &[":7"]);
        all("ssm:us-east-1::automation-definition/AWS-Fix", &[":$DEFAULT", ":7"]);
        whole("arn:aws:rds:us-east-1:123456789012:snapshot:rds:x");
        whole("arn:aws:lambda:us-east-1:123456789012:layer:fixer:7");
        whole("arn:aws:ecs:us-east-1:123456789012:cluster/work");
        whole("");
    }

    #[test]
    fn what_is_not_known_is_not_stored() {
        let check = |actor: Actor, json: &str| {
            assert_eq!(serde_json::to_string(&actor).unwrap(), json);
            assert_eq!(serde_json::from_str::<Actor>(json).unwrap(), actor);
        };
        check(Actor::new("arn", None), r#"{"arn":"arn"}"#);
        let timed = Actor::new("arn", Some("role")).with_time_limit(Some(Seconds::new(3)));
        check(timed.clone(), r#"{"arn":"arn","role":"role","time_limit":3}"#);
        let large = timed.clone().with_memory(Some(512));
        check(large, r#"{"arn":"arn","role":"role","time_limit":3,"memory_mb":512}"#);
        let late = timed.through("queue").with_delay(Some(Seconds::new(900)));
        check(late, r#"{"arn":"arn","role":"role","via":"queue","time_limit":3,"delay":900}"#);
    }
}
