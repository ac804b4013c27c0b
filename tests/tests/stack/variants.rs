//! The template's parameters have their documented effect, and its deletion keeps the documented resources.

use std::path::Path;

use aws_sdk_sqs::types::QueueAttributeName;
use budget_guard_tests::programs;

use serde_json::{Value, json};

use crate::policies::Template;
use crate::watch::watch;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::stack::{Stack, expanded};
use budget_guard_tests::{Failure, while_doing};

#[tokio::test]
async fn what_was_asked_for_reaches_the_parts() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let parameters = [
        ("Limit", "300/2m"),
        ("Turns", "25"),
        ("LogRetentionDays", "7"),
        ("TrustedSources", "trails.,audit"),
    ];
    let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &parameters).await?;
    let lambda = aws_sdk_lambda::Client::new(&emulator.sdk_config());
    for function in ["IngestFunctionName", "ControlFunctionName"] {
        let name = stack.output(function)?;
        let read =
            lambda.get_function().function_name(name).send().await.map_err(while_doing(name.to_owned()))?;
        let configuration = read.configuration().ok_or("no configuration")?;
        let variables = configuration.environment().and_then(|environment| environment.variables());
        let variables = variables.ok_or("no variables")?;
        let expected = [
            ("BUDGET_GUARD_TABLE", stack.output("TableName")?),
            ("BUDGET_GUARD_TOPIC_ARN", stack.output("TopicArn")?),
            ("BUDGET_GUARD_OWN_ARNS", stack.output("OwnArns")?),
            ("BUDGET_GUARD_MODE", "observe"),
            ("BUDGET_GUARD_LIMIT", "300/2m"),
            ("BUDGET_GUARD_SUSTAINED", "20/15m/8"),
            ("BUDGET_GUARD_TURNS", "25"),
            ("BUDGET_GUARD_PROBATION", "15m"),
            ("BUDGET_GUARD_PRESSURE", "4"),
            ("BUDGET_GUARD_MAX_CUTS_PER_HOUR", "5"),
            ("BUDGET_GUARD_ENFORCE_BY_TAG", "false"),
            ("BUDGET_GUARD_TAG_FLOOR", "20/60s"),
            ("BUDGET_GUARD_AUTO_RESTORE", "false"),
            ("BUDGET_GUARD_TRIAL", "false"),
            ("BUDGET_GUARD_ARCHIVE_ARN", ""),
            ("BUDGET_GUARD_TRUSTED_SOURCES", "trails.,audit"),
            ("BUDGET_GUARD_ATTACHED_QUEUE_ARN", stack.output("AttachedQueueArn")?),
            ("RUST_LOG", "info"),
        ];
        for (variable, value) in expected {
            assert_eq!(variables.get(variable).map(String::as_str), Some(value), "{name}: {variable}");
        }
    }
    for queue in ["QueueArn", "AttachedQueueArn"] {
        let mappings = lambda.list_event_source_mappings().event_source_arn(stack.output(queue)?);
        let mappings = mappings.send().await.map_err(while_doing("listing the mappings"))?;
        let [mapping] = mappings.event_source_mappings() else { return Err("not one mapping".into()) };
        assert_eq!((mapping.batch_size, mapping.maximum_batching_window_in_seconds), (Some(1_000), Some(1)));
        assert_eq!(mapping.function_response_types().len(), 1, "partial batch failures");
    }
    Ok(())
}

#[tokio::test]
async fn the_table_outlives_the_stack_and_nothing_else_does() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &[]).await?;
    let world = stack.world(&emulator).await?;
    let described = world.dynamodb.describe_table().table_name(&world.table).send().await;
    let table = described.map_err(while_doing("describing the table"))?.table.ok_or("no table")?;
    assert_eq!(table.deletion_protection_enabled, Some(true));
    let redrive = QueueAttributeName::RedrivePolicy;
    let queue =
        world.sqs.get_queue_attributes().queue_url(&world.guard_queue.url).attribute_names(redrive.clone());
    let queue =
        queue.send().await.map_err(while_doing("describing the queue"))?.attributes.unwrap_or_default();
    assert!(queue[&redrive].contains(stack.output("DeadLetterQueueArn")?), "{queue:?}");

    Stack::delete(&emulator, "guard").await?;
    let described = world.dynamodb.describe_table().table_name(&world.table).send().await;
    described.map_err(while_doing("the records are gone with the stack"))?;
    assert!(world.receive(&world.guard_queue, 1).await.is_err(), "the queue is still there");
    assert_eq!(watch(&world, "budget-guard").await?, None);
    let lambda = aws_sdk_lambda::Client::new(&emulator.sdk_config());
    let left = lambda.list_functions().send().await.map_err(while_doing("listing the functions"))?;
    assert_eq!(left.functions().len(), 0);
    Ok(())
}

#[tokio::test]
async fn what_the_emulator_passes_over_stands_in_the_template() -> Result<(), Failure> {
    let expanded = expanded().await?;
    let check = |met: &[&str], id: &str, path: &str, expected: Value| {
        let template = Template::new(&expanded, met);
        let seen = template.resource(id)["Properties"].pointer(path).cloned().unwrap_or(Value::Null);
        assert_eq!(seen, expected, "{id}{path} with {met:?}");
    };
    check(&[], "Table", "/TimeToLiveSpecification/AttributeName", json!("expires_at"));
    check(&[], "Table", "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", json!(true));
    check(&[], "Table", "/BillingMode", json!("PAY_PER_REQUEST"));
    check(&[], "Ingest", "/ReservedConcurrentExecutions", Value::Null);
    check(&[], "Control", "/ReservedConcurrentExecutions", Value::Null);
    check(&["Reserves"], "Ingest", "/ReservedConcurrentExecutions", json!("${ReservedConcurrency}"));
    check(&["Reserves"], "Control", "/ReservedConcurrentExecutions", json!(2));
    check(&[], "IngestFirings", "/ScalingConfig/MaximumConcurrency", json!(5));
    check(
        &["Reserves"],
        "IngestFirings",
        "/ScalingConfig/MaximumConcurrency",
        json!("${ReservedConcurrency}"),
    );
    for queue in ["Queue", "AttachedQueue"] {
        check(&[], queue, "/SqsManagedSseEnabled", json!(true));
    }
    check(&["HasBudget"], "Budget", "/Budget/BudgetLimit/Amount", json!("${MonthlyBudgetUSD}"));
    check(&["HasSlack"], "Chat", "/GuardrailPolicies/0", json!("arn:aws:iam::aws:policy/AWSDenyAll"));
    Ok(())
}

/// A message that a throttled function does not take is received again after its visibility timeout. Source: "Using Lambda
/// with Amazon SQS" (AWS Lambda developer guide).
#[tokio::test]
async fn a_throttled_function_loses_no_message_for_half_an_hour() -> Result<(), Failure> {
    let template = Template::new(&expanded().await?, &[]);
    for queue in ["Queue", "AttachedQueue"] {
        let queue = &template.resource(queue)["Properties"];
        let number = |pointer: &str| queue.pointer(pointer).and_then(Value::as_u64).ok_or("no number");
        let seconds = number("/RedrivePolicy/maxReceiveCount")? * number("/VisibilityTimeout")?;
        assert!(seconds >= 30 * 60, "{seconds} s: {queue}");
        // Lambda's documentation asks for six times the timeout, and the batching window.
        let timeout = template.resource("Ingest")["Properties"]["Timeout"].as_u64().ok_or("no timeout")?;
        assert!(number("/VisibilityTimeout")? >= 6 * timeout);
    }
    Ok(())
}
