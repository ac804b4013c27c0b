//! State machines: their role, and the resources that the definition starts. One call for each, and those of the
//! resources.

use serde_json::{Value, json};

use super::super::json_client::{Api, Operation};
use super::function::seconds;
use super::search::{Search, Step};
use budget_guard_core::hints::{Hints, Known};
use budget_guard_core::model::{Arn, unqualified};

/// Step Functions (2016-11-23).
const STATES: Api = Api::json_1_0("states", "AWSStepFunctions");
/// Reads the state machine with its definition.
pub(super) const DESCRIBE: Operation = Operation::new(STATES, "states:DescribeStateMachine");

/// Maximum depth of state machines that start one another, after the first.
const MAX_NESTED: u8 = 3;

/// Finds the role of a state machine and follows the tasks in its definition.
///
/// Source: `DescribeStateMachine` in the AWS Step Functions API reference, which takes versions and no aliases.
pub(super) async fn resolve(search: &Search<'_>, mut step: Step) {
    step.machines += 1;
    let name = unqualified(&step.arn);
    let version = step.arn[name.len()..].trim_start_matches(':');
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    let asked = if is_version { &step.arn } else { name };
    if step.machines > MAX_NESTED + 1 {
        search.miss(format!("{asked} is nested more than {MAX_NESTED} deep"));
        return;
    }
    let body = json!({"stateMachineArn": asked}).to_string();
    let Some(reply) = search.ask(DESCRIBE.rpc(body)).await else { return };
    let definition = reply["definition"].as_str().and_then(|text| serde_json::from_str(text).ok());
    let Some(definition): Option<Value> = definition else {
        search.add(step.actor(reply["roleArn"].as_str()));
        search.miss(format!("the definition of {asked} cannot be read"));
        return;
    };
    let limit = seconds(&definition["TimeoutSeconds"], 1);
    search.add(step.actor(reply["roleArn"].as_str()).with_time_limit(limit));
    let mut tasks = Vec::new();
    collect(&definition, &mut tasks);
    let mut steps = Vec::new();
    for state in tasks {
        if let Some(role) = state["Credentials"]["RoleArn"].as_str() {
            search.add(step.actor(Some(role)).with_time_limit(limit));
        }
        match started(&step, state) {
            Started::Step(next) => steps.push(*next),
            Started::Nothing => {}
            Started::Chosen => search.miss(format!("{asked} chooses at run time what it starts")),
            Started::Unseen(what) => search.miss(format!("{asked} hands on to {what}, which is not seen")),
        }
    }
    search.follow_all(steps).await;
}

/// Collects all task states of the definition, in branches and iterators too.
fn collect<'d>(value: &'d Value, tasks: &mut Vec<&'d Value>) {
    match value {
        Value::Object(fields) => {
            if value["Type"] == "Task" && value["Resource"].is_string() {
                tasks.push(value);
            }
            fields.values().for_each(|field| collect(field, tasks));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, tasks)),
        _ => {}
    }
}

/// Effect of a task state.
enum Started {
    /// Starts a resource that is followed.
    Step(Box<Step>),
    /// Makes an API call with the state machine's own role.
    Nothing,
    /// Starts a resource that the input names at run time.
    Chosen,
    /// Hands work to an actor that cannot be read, such as the workers of an activity.
    Unseen(&'static str),
}

/// Step that a task state starts, from the ARN of a function or the API that it calls.
///
/// Source: "Integrating services with Step Functions" (AWS Step Functions developer guide).
fn started(step: &Step, state: &Value) -> Started {
    let resource = state["Resource"].as_str().unwrap_or_default();
    let Some(place) = Arn::parse(resource) else { return Started::Chosen };
    match place.service {
        "lambda" => return Started::Step(Box::new(step.to(resource))),
        "states" if place.resource.starts_with("activity:") => {
            return Started::Unseen("workers of an activity");
        }
        "states" => {}
        _ => return Started::Nothing,
    }
    // Examples: `lambda:invoke.waitForTaskToken`, `aws-sdk:sfn:startExecution`.
    let call = place.resource.trim_start_matches("aws-sdk:").split('.').next().unwrap_or_default();
    let here = step.place();
    let arn_by = |name: &str, arn: &dyn Fn(&str) -> String| match Known::of_state(state, name) {
        Known::Constant(name) => Started::Step(Box::new(step.to(arn(name)))),
        Known::Chosen => Started::Chosen,
        Known::Absent => Started::Nothing,
    };
    match call {
        "lambda:invoke" => arn_by("FunctionName", &|name| here.function(name)),
        "states:startExecution" | "sfn:startExecution" | "sfn:startSyncExecution" => {
            arn_by("StateMachineArn", &|name| here.beside("states", "stateMachine:", name))
        }
        "glue:startJobRun" => arn_by("JobName", &|name| here.beside("glue", "job/", name)),
        "codebuild:startBuild" => arn_by("ProjectName", &|name| here.beside("codebuild", "project/", name)),
        "batch:submitJob" => match Known::of_state(state, "JobDefinition") {
            Known::Constant(definition) => {
                let hints = Hints { job_definition: Some(definition.to_owned()), ..Hints::default() };
                let queue = constant(state, "JobQueue").unwrap_or("default");
                Started::Step(Box::new(step.to(here.beside("batch", "job-queue/", queue)).with(hints)))
            }
            _ => Started::Chosen,
        },
        "ecs:runTask" => match Known::of_state(state, "TaskDefinition") {
            Known::Constant(definition) => {
                let hints = Hints { task_definition: Some(definition.to_owned()), ..Hints::default() };
                let hints = hints.with_task_role(&task_role(state));
                let cluster = constant(state, "Cluster").unwrap_or("default");
                Started::Step(Box::new(step.to(here.beside("ecs", "cluster/", cluster)).with(hints)))
            }
            _ => Started::Chosen,
        },
        "http:invoke" => Started::Unseen("an HTTP endpoint"),
        _ => Started::Nothing,
    }
}

/// Role in a state's overrides of its ECS task.
///
/// Source: `TaskOverride` in the Amazon ECS API reference.
fn task_role(state: &Value) -> Known<'_> {
    if Known::of_state(state, "Overrides") == Known::Chosen {
        return Known::Chosen;
    }
    let overrides = [&state["Parameters"]["Overrides"], &state["Arguments"]["Overrides"]];
    let Some(overrides) = overrides.into_iter().find(|overrides| overrides.is_object()) else {
        return Known::Absent;
    };
    match overrides["TaskRoleArn"].as_str() {
        Some(role) if !role.contains("{%") => Known::Constant(role),
        None if overrides["TaskRoleArn.$"].is_null() => Known::Absent,
        _ => Known::Chosen,
    }
}

fn constant<'a>(state: &'a Value, name: &str) -> Option<&'a str> {
    match Known::of_state(state, name) {
        Known::Constant(text) => Some(text),
        _ => None,
    }
}
