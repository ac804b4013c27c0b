//! The rights that `--print-policy` prints, compared with the calls that a proxy sees.

use std::collections::BTreeSet;

use aws_sdk_eventbridge::types::{BatchParameters, EcsParameters, Target};
use budget_guard_tests::Failure;
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::program::Program;
use serde_json::json;

use super::REGIONS;
use crate::Bench;
use crate::overlay::{Answer, Overlay};

/// Answers that lead to all kinds of actors: a state machine that runs a job, and a workflow with a crawler.
const LEADS: [Answer; 5] = [
    REGIONS[0],
    (
        "DescribeStateMachine",
        200,
        r#"{"roleArn":"arn:aws:iam::000000000000:role/r","definition":"{\"StartAt\":\"a\",\"States\":{\"a\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::glue:startJobRun\",\"Parameters\":{\"JobName\":\"etl\"},\"End\":true}}}"}"#,
    ),
    (
        "GetWorkflow",
        200,
        r#"{"Workflow":{"Graph":{"Nodes":[{"Type":"CRAWLER","Name":"c"},{"Type":"JOB","Name":"etl"}]}}}"#,
    ),
    ("ListSubscriptionsByTopic", 400, ""),
    // EventBridge takes no pipe as a target: it reads the queue.
    (
        "/v1/pipes",
        200,
        r#"{"Pipes":[{"Arn":"arn:aws:pipes:us-east-1:000000000000:pipe/fix","Name":"fix","Source":"arn:aws:sqs:us-east-1:000000000000:fix","CurrentState":"RUNNING","DesiredState":"RUNNING"}]}"#,
    ),
];

/// Targets of every kind. What they name need not be there: the calls about them are made all the same.
fn targets() -> Vec<(&'static str, Target)> {
    let arn = |service: &str, resource: &str| format!("arn:aws:{service}:us-east-1:000000000000:{resource}");
    let plain = [
        ("codebuild", "project/fix"),
        ("codepipeline", "fix"),
        ("firehose", "deliverystream/fix"),
        ("glue", "workflow/fix"),
        ("kinesis", "stream/fix"),
        ("lambda", "function:fix"),
        ("sns", "fix"),
        ("sqs", "fix"),
        ("ssm", "automation-definition/fix"),
        ("states", "stateMachine:fix"),
    ];
    let target = |service: &str, resource: &str| Target::builder().id("1").arn(arn(service, resource));
    let mut all: Vec<_> = plain.map(|(service, of)| (service, target(service, of).build())).into();
    let task = EcsParameters::builder().task_definition_arn(arn("ecs", "task-definition/fix:1")).build();
    all.push(("ecs", target("ecs", "cluster/fix").set_ecs_parameters(task.ok()).build()));
    let job = BatchParameters::builder().job_definition("fix").job_name("fix").build();
    all.push(("batch", target("batch", "job-queue/fix").set_batch_parameters(job.ok()).build()));
    all.into_iter().filter_map(|(name, target)| Some((name, target.ok()?))).collect()
}

/// IAM action of a call as the proxy saw it. Paths name the operations of the REST APIs.
fn action(call: &str) -> String {
    let (service, name) = call.split_once(' ').unwrap_or_default();
    let name = match (service, name) {
        ("account", "/listRegions") => "ListRegions",
        ("batch", _) => "DescribeJobDefinitions",
        ("lambda", path) if path.starts_with("/2015-03-31/event-source-mappings") => {
            "ListEventSourceMappings"
        }
        ("lambda", _) => "GetFunctionConfiguration",
        ("pipes", "/v1/pipes") => "ListPipes",
        ("pipes", _) => "DescribePipe",
        (_, name) => name,
    };
    format!("{service}:{name}")
}

#[tokio::test]
async fn the_printed_policy_has_the_calls_that_are_made_and_no_other() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    for (name, target) in targets() {
        bench.rule("default", name).await?;
        bench.world.events.put_targets().rule(name).targets(target).send().await?;
    }
    let check = async |args: &str, has: &[&str]| -> Result<(), Failure> {
        let overlay = Overlay::start(Some(&bench.emulator.endpoint()), &LEADS).await?;
        let program = bench.program_at(&overlay.endpoint)?.with("BUDGET_GUARD_OWN_ARNS", None);
        // Some answers are failures.
        program.run(&format!("rules export {args}")).await?;
        let seen: BTreeSet<String> = overlay.calls().iter().map(|call| action(call)).collect();
        let policy = Program::new(&[])?.json(&format!("rules export {args} --print-policy"), 0).await?;
        let statement = &policy["Statement"][0];
        assert_eq!((&statement["Effect"], &statement["Resource"]), (&json!("Allow"), &json!("*")));
        let printed: BTreeSet<String> = serde_json::from_value(statement["Action"].clone())?;
        assert_eq!(seen, printed, "{args}");
        assert!(has.iter().all(|right| printed.contains(*right)), "{printed:?}");
        Ok(())
    };
    check("", &["events:ListEventBuses", "lambda:GetFunctionConfiguration"]).await?;
    check("--bus default", &["events:ListRules"]).await?;
    check("--all-regions", &["account:ListRegions"]).await
}
