//! The actors behind each kind of target, on two independent emulators.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::types::builders::TargetBuilder;
use aws_sdk_eventbridge::types::{BatchParameters, EcsParameters, RuleState as SdkState, Target};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use budget_guard_aws::Aws;
use budget_guard_core::attribution::Actors;
use budget_guard_core::model::{Actor, Caller, Cause, Own, Proof, Seconds, Target as RuleTarget};
use budget_guard_core::ports::Rules;
use budget_guard_tests::bench::Bench;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::on_both;
use budget_guard_tests::stack::{assume, calls};
use budget_guard_tests::{Failure, functions};
use serde_json::{Value, json};

/// Makes a first call to each service, because an emulator may be slow at its first call and the guard's time limit is
/// short.
async fn warm(emulator: &Emulator) -> Result<(), Failure> {
    let first =
        json!([["lambda", "list_functions", {}], ["pipes", "list_pipes", {}], ["sqs", "list_queues", {}]]);
    calls(emulator, &first).await.map(drop)
}

on_both!(
    a_target_that_cannot_be_followed_says_why,
    workflows_builds_tasks_and_jobs_are_followed_to_their_roles,
);

async fn a_target_that_cannot_be_followed_says_why(bench: Bench) -> Result<(), Failure> {
    let rule = bench.rule("default", "fix-acl", SdkState::Enabled).await?;
    let account = bench.emulator.account();
    let missing = [
        format!("arn:aws:lambda:us-east-1:{account}:function:missing"),
        format!("arn:aws:sns:us-east-1:{account}:missing"),
        format!("arn:aws:sqs:us-east-1:{account}:missing"),
    ];
    for (n, arn) in missing.iter().enumerate() {
        bench.target("fix-acl", Target::builder().id(n.to_string()).arn(arn)).await?;
    }
    warm(&bench.emulator).await?;
    let mut targets = bench.aws.rules.inspect(&rule).await?.targets;
    targets.sort_by(|a, b| a.id.cmp(&b.id));
    let why: Vec<&str> =
        targets.iter().map(|target| target.unresolved_reason.as_deref().unwrap_or("-")).collect();
    assert!(why[0].starts_with("lambda:GetFunctionConfiguration: ") && why[0].contains("missing"), "{why:?}");
    assert!(why[1].starts_with("sns:ListSubscriptionsByTopic: "), "{why:?}");
    assert!(why[2].starts_with("no event source mapping and no pipe reads the queue missing"), "{why:?}");
    assert!(targets.iter().all(|target| target.actors.is_empty()), "{targets:?}");
    Ok(())
}

/// Runs on MiniStack only: moto creates no function without a role, and the tests have no client for roles.
#[tokio::test]
async fn targets_are_followed_to_the_functions_behind_them() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let rule = bench.rule("default", "fix-acl", SdkState::Enabled).await?;
    let lambda = aws_sdk_lambda::Client::new(&bench.emulator.sdk_config());
    let mut arns = BTreeMap::new();
    for name in ["fixer", "helper", "tagger", "budget-guard-ingest"] {
        let role = format!("service-role/{name}-role");
        arns.insert(name, functions::create(&bench.emulator, name, &role).await?);
    }
    let queue = bench.world.create_queue("work").await?.arn;
    for (name, queue) in [("helper", &queue), ("budget-guard-ingest", &queue)] {
        lambda.create_event_source_mapping().function_name(name).event_source_arn(queue).send().await?;
    }
    let topic = bench.world.sns.create_topic().name("news").send().await?;
    let topic = topic.topic_arn().ok_or("no ARN")?.to_owned();
    for (protocol, endpoint) in [("lambda", &arns["tagger"]), ("sqs", &queue)] {
        bench.world.sns.subscribe().topic_arn(&topic).protocol(protocol).endpoint(endpoint).send().await?;
    }
    for (id, arn) in [("1", &format!("{}:live", arns["fixer"])), ("2", &queue), ("3", &topic)] {
        bench.target("fix-acl", Target::builder().id(id).arn(arn)).await?;
    }
    let alias = lambda.create_alias().function_name("fixer").name("live").function_version("$LATEST");
    alias.send().await?;
    let role =
        |name: &str| format!("arn:aws:iam::{}:role/service-role/{name}-role", bench.emulator.account());
    let limit = Some(Seconds::new(3));
    let actor =
        |name: &str| Actor::new(&arns[name], Some(&role(name))).with_time_limit(limit).with_memory(Some(128));
    let mut targets = bench.aws.rules.targets(&rule).await?;
    targets.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(targets[0].actors, [actor("fixer")]);
    assert!(targets[0].code_sha256.is_some(), "in the same call");
    assert_eq!(targets[1].actors, [actor("helper").through(&queue)], "not the guard");
    assert_eq!(targets[2].actors, [actor("helper").through(&queue), actor("tagger").through(&topic)]);
    assert!(targets.iter().all(|target| target.unresolved_reason.is_none()), "{targets:?}");
    let caller = Caller {
        principal: format!("arn:aws:sts::{}:assumed-role/helper-role/helper", bench.emulator.account())
            .into(),
        issued_to: None,
    };
    let cause = Actors::new([(&rule, &targets[..])], &Own::default()).cause(&rule, &caller, None);
    assert!(matches!(cause, Cause::Own { proof: Proof::Session, .. }), "{cause:?}");
    Ok(())
}

/// Definition of a state machine that starts a Glue job, and a function by its name.
fn definition() -> String {
    let task = |resource: &str, parameters: Value, next: Option<&str>| {
        let mut state = json!({"Type": "Task", "Resource": resource, "Parameters": parameters});
        match next {
            Some(next) => state["Next"] = json!(next),
            None => state["End"] = json!(true),
        }
        state
    };
    let job = task("arn:aws:states:::glue:startJobRun.sync", json!({"JobName": "etl"}), Some("Ask"));
    let ask = task("arn:aws:states:::lambda:invoke", json!({"FunctionName.$": "$.function"}), None);
    json!({"StartAt": "Run", "TimeoutSeconds": 300, "States": {"Run": job, "Ask": ask}}).to_string()
}

fn project(bench: &Bench) -> Value {
    let image = json!({"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"});
    json!(["codebuild", "create_project", {
        "name": "fix", "serviceRole": bench.role("build"), "timeoutInMinutes": 30, "environment": image,
        "source": {"type": "S3", "location": "code/code.zip"}, "artifacts": {"type": "NO_ARTIFACTS"},
    }])
}

/// One target of each kind that both emulators have.
fn parts(bench: &Bench) -> Value {
    let role = |name: &str| bench.role(name);
    let delivery = json!({
        "RoleARN": role("to-s3"),
        "BucketARN": "arn:aws:s3:::changes",
        "ProcessingConfiguration": {"Enabled": true, "Processors": [
            {"Type": "Lambda", "Parameters": [
                {"ParameterName": "LambdaArn", "ParameterValue": bench.arn("lambda", "function:missing")},
            ]},
        ]},
    });
    json!([
        ["stepfunctions", "create_state_machine", {
            "name": "guard", "definition": definition(), "roleArn": role("guard-role"),
        }],
        ["glue", "create_job", {
            "Name": "etl", "Role": "glue-role", "Timeout": 10,
            "Command": {"Name": "glueetl", "ScriptLocation": "s3://scripts/etl.py"},
        }],
        ["ecs", "register_task_definition", {
            "family": "convert", "taskRoleArn": role("ecsTaskRole"),
            "containerDefinitions": [{"name": "main", "image": "busybox", "memory": 128}],
        }],
        project(bench),
        ["batch", "register_job_definition", {
            "jobDefinitionName": "fix", "type": "container", "timeout": {"attemptDurationSeconds": 600},
            "containerProperties": {"image": "busybox", "vcpus": 1, "memory": 128, "jobRoleArn": role("job")},
        }],
        ["firehose", "create_delivery_stream", {
            "DeliveryStreamName": "changes", "ExtendedS3DestinationConfiguration": delivery,
        }],
        ["pipes", "create_pipe", {
            "Name": "drain", "Source": bench.arn("sqs", "drained"), "RoleArn": role("drain-role"),
            "Target": bench.arn("states", "stateMachine:guard"),
        }],
    ])
}

fn minutes(minutes: u32) -> Option<Seconds> {
    Some(Seconds::new(minutes * 60))
}

async fn workflows_builds_tasks_and_jobs_are_followed_to_their_roles(bench: Bench) -> Result<(), Failure> {
    let queue = bench.world.create_queue("drained").await?.arn;
    calls(&bench.emulator, &parts(&bench)).await?;
    warm(&bench.emulator).await?;
    let (arn, role) = (|s: &str, r: &str| bench.arn(s, r), |name: &str| bench.role(name));
    let check = async |name: &str,
                       target: TargetBuilder,
                       actors: &[Actor],
                       why: Option<&str>|
           -> Result<(), Failure> {
        let rule = bench.rule("default", name, SdkState::Enabled).await?;
        bench.target(name, target.id("1")).await?;
        let found: Vec<RuleTarget> = bench.aws.rules.inspect(&rule).await?.targets;
        assert_eq!(found[0].actors, actors, "{name}: {:?}", found[0].unresolved_reason);
        let unresolved_reason = found[0].unresolved_reason.as_deref().unwrap_or_default();
        assert!(unresolved_reason.contains(why.unwrap_or_default()), "{name}: {unresolved_reason}");
        assert_eq!(unresolved_reason.is_empty(), why.is_none(), "{name}: {unresolved_reason}");
        Ok(())
    };
    let target = |arn: &str| Target::builder().arn(arn);

    let machine = arn("states", "stateMachine:guard");
    let job = |via: &str| Actor::new(&arn("glue", "job/etl"), Some(&role("glue-role"))).through(via);
    let job = job(&machine).with_time_limit(minutes(10));
    let guard = Actor::new(&machine, Some(&role("guard-role"))).with_time_limit(minutes(5));
    let chosen = Some("chooses at run time what it starts");
    check("machine", target(&machine), &[job.clone(), guard.clone()], chosen).await?;

    let project = arn("codebuild", "project/fix");
    let build = Actor::new(&project, Some(&role("build"))).with_time_limit(minutes(30));
    check("build", target(&project), &[build], None).await?;

    let cluster = arn("ecs", "cluster/work");
    let definition = arn("ecs", "task-definition/convert:1");
    let ecs = EcsParameters::builder().task_definition_arn(&definition).build()?;
    let task = |name: &str| [Actor::new(&definition, Some(&role(name))).through(&cluster)];
    check("task", target(&cluster).ecs_parameters(ecs.clone()), &task("ecsTaskRole"), None).await?;
    let input = json!({"taskRoleArn": role("over")}).to_string();
    check("task-over", target(&cluster).ecs_parameters(ecs).input(input), &task("over"), None).await?;

    let work = arn("batch", "job-queue/work");
    let batch = BatchParameters::builder().job_definition("fix").job_name("fix").build()?;
    let run = Actor::new(&arn("batch", "job-definition/fix"), Some(&role("job"))).through(&work);
    // MiniStack does not store the time limit.
    let limit = minutes(10).filter(|_| bench.emulator.kind() == Kind::Moto);
    check("job", target(&work).batch_parameters(batch), &[run.with_time_limit(limit)], None).await?;

    let stream = arn("firehose", "deliverystream/changes");
    let function = Actor::new(&arn("lambda", "function:missing"), None).through(&stream);
    let delivers = [Actor::new(&stream, Some(&role("to-s3"))), function.with_delay(minutes(1))];
    let missing = Some("lambda:GetFunctionConfiguration: ");
    check("stream", target(&stream), &delivers, missing).await?;

    let pipe = arn("pipes", "pipe/drain");
    let drain = Actor::new(&pipe, Some(&role("drain-role"))).through(&queue);
    check("pipe", target(&queue), &[job, drain, guard.through(&pipe)], chosen).await?;
    Ok(())
}

/// Runs on moto only: MiniStack has no pipelines and no documents.
#[tokio::test]
async fn pipelines_and_automations_are_followed_to_their_roles() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Moto).await?;
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "codepipeline.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]});
    let action = |name: &str, category: &str, provider: &str, configuration: Value| {
        let kind = json!({"category": category, "owner": "AWS", "provider": provider, "version": "1"});
        json!({"name": name, "actionTypeId": kind, "configuration": configuration})
    };
    let source = action("Source", "Source", "S3", json!({"S3Bucket": "code", "S3ObjectKey": "code.zip"}));
    let build = action("Build", "Build", "CodeBuild", json!({"ProjectName": "fix"}));
    let pipeline = json!({
        "name": "deploy",
        "roleArn": bench.role("pipeline"),
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [{"name": "Source", "actions": [source]}, {"name": "Build", "actions": [build]}],
    });
    let runbook = json!({
        "schemaVersion": "0.3",
        "description": "fixes",
        "assumeRole": "{{ Runner }}",
        "parameters": {"Runner": {"type": "String", "default": bench.role("runbook")}},
        "mainSteps": [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
    });
    let made = json!([
        ["iam", "create_role", {"RoleName": "pipeline", "AssumeRolePolicyDocument": trust.to_string()}],
        project(&bench),
        ["codepipeline", "create_pipeline", {"pipeline": pipeline}],
        ["ssm", "create_document", {
            "Name": "runbook", "DocumentType": "Automation", "DocumentFormat": "JSON", "Content": runbook.to_string(),
        }],
    ]);
    calls(&bench.emulator, &made).await?;
    let check = async |name: &str, arn: &str, actors: &[Actor]| -> Result<(), Failure> {
        let rule = bench.rule("default", name, SdkState::Enabled).await?;
        bench.target(name, Target::builder().id("1").arn(arn)).await?;
        let found = bench.aws.rules.targets(&rule).await?;
        assert_eq!(found[0].actors, actors, "{name}: {:?}", found[0].unresolved_reason);
        assert_eq!(found[0].unresolved_reason, None, "{name}");
        Ok(())
    };
    let arn = bench.arn("codepipeline", "deploy");
    let build = Actor::new(&bench.arn("codebuild", "project/fix"), Some(&bench.role("build")));
    let build = build.through(&arn).with_time_limit(minutes(30));
    check("deploy", &arn, &[build, Actor::new(&arn, Some(&bench.role("pipeline")))]).await?;
    let arn = bench.arn("ssm", "automation-definition/runbook:$DEFAULT");
    check("automation", &arn, &[Actor::new(&arn, Some(&bench.role("runbook")))]).await
}

/// Runs on MiniStack only, which checks each call against the policies of the caller.
#[tokio::test]
async fn without_the_rights_targets_say_which_are_missing() -> Result<(), Failure> {
    let bench = Bench::on(Emulator::start_with_rights().await?).await?;
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": bench.role("any").replace(":role/any", ":root")}, "Action": "sts:AssumeRole"},
    ]});
    let reads = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["events:Describe*", "events:List*"], "Resource": "*"},
    ]});
    let made = json!([
        ["iam", "create_role", {"RoleName": "poor", "AssumeRolePolicyDocument": trust.to_string()}],
        ["iam", "put_role_policy", {"RoleName": "poor", "PolicyName": "reads", "PolicyDocument": reads.to_string()}],
    ]);
    calls(&bench.emulator, &made).await?;
    let poor = assume(&bench.emulator, &bench.role("poor")).await?;
    let key = |name: &str| poor.get(name).cloned().unwrap_or_default();
    let token = Some(key("AWS_SESSION_TOKEN"));
    let keys = Credentials::new(key("AWS_ACCESS_KEY_ID"), key("AWS_SECRET_ACCESS_KEY"), token, None, "poor");
    let config: SdkConfig = bench.emulator.sdk_config();
    let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(keys)).build();
    let aws = Aws::new(&config, &bench.world.table, &bench.world.topic_arn);

    let check = async |name: &str, target: TargetBuilder, why: &str| -> Result<(), Failure> {
        let rule = bench.rule("default", name, SdkState::Enabled).await?;
        bench.target(name, target.id("1")).await?;
        let found = aws.rules.targets(&rule).await?;
        assert_eq!(found[0].unresolved_reason.as_deref(), Some(why), "{name}");
        assert_eq!(found[0].actors, [], "{name}");
        Ok(())
    };
    let target = |service: &str, resource: &str| Target::builder().arn(bench.arn(service, resource));
    let denied = |right: &str| format!("{right} is not allowed");
    check("function", target("lambda", "function:f"), &denied("lambda:GetFunctionConfiguration")).await?;
    check("topic", target("sns", "news"), &denied("sns:ListSubscriptionsByTopic")).await?;
    let three = "lambda:ListEventSourceMappings, pipes:ListPipes and sqs:GetQueueAttributes are not allowed";
    check("queue", target("sqs", "work"), three).await?;
    check("machine", target("states", "stateMachine:m"), &denied("states:DescribeStateMachine")).await?;
    check("build", target("codebuild", "project/p"), &denied("codebuild:BatchGetProjects")).await?;
    check("workflow", target("glue", "workflow/w"), &denied("glue:GetWorkflow")).await?;
    check("stream", target("firehose", "deliverystream/d"), &denied("firehose:DescribeDeliveryStream"))
        .await?;
    check("automation", target("ssm", "automation-definition/d"), &denied("ssm:GetDocument")).await?;
    let ecs = EcsParameters::builder().task_definition_arn("convert").build()?;
    let task = target("ecs", "cluster/work").ecs_parameters(ecs);
    check("task", task, &denied("ecs:DescribeTaskDefinition")).await?;
    let batch = BatchParameters::builder().job_definition("fix").job_name("fix").build()?;
    let job = target("batch", "job-queue/work").batch_parameters(batch);
    check("job", job, &denied("batch:DescribeJobDefinitions")).await
}
