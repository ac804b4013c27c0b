//! Events of the catch-all rule: the configured ones, and none that the guard itself causes.

use std::path::Path;
use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_tests::programs;
use eventbridge_pattern::{Matcher, Pattern, Scratch};
use serde_json::{Value, json};

use crate::FIXER;
use crate::policies::Template;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::stack::{Stack, expanded};
use budget_guard_tests::world::World;
use budget_guard_tests::{Failure, payload, while_doing};

const PATIENCE: Duration = Duration::from_secs(20);

/// State and pattern of the catch-all rule. `None` if there is none.
pub async fn watch(world: &World, name: &str) -> Result<Option<(RuleState, String)>, Failure> {
    let described = world.events.describe_rule().name(format!("{name}-watch")).send().await;
    match described {
        Ok(rule) => Ok(rule.state.zip(rule.event_pattern)),
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            Ok(None)
        }
        Err(error) => Err(while_doing("describing the catch-all rule")(error)),
    }
}

#[tokio::test]
async fn the_catch_all_sees_as_much_as_was_asked_for() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let third = RuleState::EnabledWithAllCloudtrailManagementEvents;
    let prefix = |text: &str| json!({ "prefix": text });
    // Four trusted sources at most; what is left of the four is below `aws.`.
    let sources = |first: &str, trusted: [&str; 4]| {
        let trusted = trusted.map(prefix);
        json!([&[prefix(first), json!("budget-guard.drill")][..], &trusted].concat())
    };
    let none = ["aws.0", "aws.1", "aws.2", "aws.3"];
    let calls = |trusted: [&str; 4]| json!({"source": sources("aws.", trusted), "detail-type": [{"suffix": "via CloudTrail"}]});
    let everything = json!({"source": sources("", none)});
    let check = async |name: &str,
                       parameters: &[(&str, &str)],
                       expected: Option<(RuleState, &Value)>|
           -> Result<(), Failure> {
        let mut parameters = parameters.to_vec();
        parameters.push(("GuardName", name));
        let stack = Stack::deploy(&emulator, name, Path::new(programs::bootstrap()), &parameters).await?;
        let Some((state, pattern)) = watch(&stack.world(&emulator).await?, name).await? else {
            assert_eq!(expected, None, "{parameters:?}");
            return Ok(());
        };
        let mut pattern: Value = serde_json::from_str(&pattern)?;
        // Exclusions of the guard's own parts, which have their own test.
        pattern.as_object_mut().ok_or("no pattern")?.remove("detail");
        assert_eq!(Some((state, &pattern)), expected, "{parameters:?}");
        Ok(())
    };
    let reads = ("WatchReadOnlyCalls", "true");
    check("budget-guard-a", &[], Some((RuleState::Enabled, &calls(none)))).await?;
    check("budget-guard-b", &[reads], Some((third.clone(), &calls(none)))).await?;
    let trusts = ("TrustedSources", "trails.,audit.cloudtrail");
    let two = calls(["trails.", "audit.cloudtrail", "aws.1", "aws.2"]);
    check("budget-guard-e", &[trusts], Some((RuleState::Enabled, &two))).await?;
    let trusts = ("TrustedSources", "a,b,c,d");
    check("budget-guard-f", &[trusts], Some((RuleState::Enabled, &calls(["a", "b", "c", "d"])))).await?;
    check("budget-guard-c", &[reads, ("Watch", "all")], Some((third, &everything))).await?;
    check("budget-guard-d", &[("Watch", "off")], None).await?;
    Ok(())
}

/// A rule that was cut can only get back the events that the archive took.
#[tokio::test]
async fn the_archive_takes_what_the_catch_all_takes() -> Result<(), Failure> {
    let expanded = expanded().await?;
    assert_eq!(Template::new(&expanded, &["Watches"]).of_type("AWS::Events::Archive").len(), 0);
    for met in [&["Watches", "HasArchive"][..], &["Watches", "HasArchive", "WatchesAll"]] {
        let template = Template::new(&expanded, met);
        let (archive, watch) = (template.resource("Archive"), template.resource("WatchRule"));
        let archive = &archive["Properties"];
        assert_eq!(archive["EventPattern"], watch["Properties"]["EventPattern"], "{met:?}");
        let expected = json!(["budget-guard-archive", "${ArchiveDays}"]);
        assert_eq!(json!([archive["ArchiveName"], archive["RetentionDays"]]), expected);
        assert_eq!(archive["SourceArn"], "arn:aws:events:us-east-1:000000000000:event-bus/default");
    }
    // AWS takes names of 48 characters at most. Source: "CreateArchive" (Amazon EventBridge API reference).
    let longest = expanded["Parameters"]["GuardName"]["MaxLength"].as_u64().ok_or("no length")?;
    assert!(longest + "-archive".len() as u64 <= 48);
    Ok(())
}

/// A call on these resources, as a trail with data events logs it.
fn call_on(resources: Value) -> Value {
    let rule = "arn:aws:events:us-east-1:000000000000:rule/any";
    let mut event = payload::event(rule, &payload::unique_id(), &payload::now(), FIXER);
    event["detail"]["resources"] = resources;
    event
}

fn on(arn: &str) -> Value {
    json!([{"accountId": "000000000000", "type": "AWS::Any::Thing", "ARN": arn}])
}

/// Each message to the queue is a call, and its event would be another message: a loop through the guard itself.
#[tokio::test]
async fn what_is_done_with_the_guards_own_parts_does_not_come_back_to_it() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let trusted = [("TrustedSources", "custom.")];
    let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &trusted).await?;
    let world = stack.world(&emulator).await?;
    let (_, pattern) = watch(&world, "budget-guard").await?.ok_or("no catch-all rule")?;
    assert!(pattern.len() <= 2_048, "EventBridge takes no longer pattern: {pattern}");
    let (matcher, mut scratch) = (Matcher::new([Pattern::compile(&pattern)?]), Scratch::default());
    let mut check = |resources: Value, expected: bool| -> Result<(), Failure> {
        let event = call_on(resources.clone()).to_string();
        let found = matcher.matches(event.as_bytes(), &mut scratch)?;
        assert_eq!(!found.matched.is_empty(), expected, "{resources}");
        Ok(())
    };
    let functions = ["IngestFunctionName", "ControlFunctionName"].map(|name| stack.output(name));
    let mut own = Vec::new();
    for name in functions {
        own.push(format!("arn:aws:lambda:us-east-1:000000000000:function:{}", name?));
    }
    own.push(format!("arn:aws:dynamodb:us-east-1:000000000000:table/{}", stack.output("TableName")?));
    for output in ["QueueArn", "AttachedQueueArn", "DeadLetterQueueArn", "TopicArn", "BudgetTopicArn"] {
        own.push(stack.output(output)?.to_owned());
    }
    for arn in &own {
        check(on(arn), false)?;
    }
    for other in ["arn:aws:sqs:us-east-1:000000000000:orders", "arn:aws:s3:::uploads"] {
        check(on(other), true)?;
    }
    check(Value::Null, true)?;
    check(json!([]), true)?;
    check(json!([{"type": "AWS::S3::Object"}]), true)?;

    // The same on the bus.
    stack.feed(&emulator, false).await?;
    let calls = [call_on(on(stack.output("QueueArn")?)), call_on(on("arn:aws:s3:::uploads"))];
    world.put_events("default", &calls).await?;
    world.wait_for_messages(&world.guard_queue, 1, PATIENCE).await?;
    let brought = world.drain(&world.guard_queue).await?;
    let ids: Vec<Value> = brought
        .iter()
        .map(|body| Ok(serde_json::from_str::<Value>(body)?["detail"]["eventID"].clone()))
        .collect::<Result<_, Failure>>()?;
    assert_eq!(ids, [calls[1]["detail"]["eventID"].clone()]);
    Ok(())
}

/// Each of the two rules shows calls on the other, and the second one those on the queue, the functions and the table.
#[tokio::test]
async fn each_rule_of_the_guard_shows_what_is_done_to_the_other() -> Result<(), Failure> {
    let template = Template::new(&expanded().await?, &["Watches"]);
    let shows = |id: &str, service: &str, name: &str, parameters: Value| -> Result<bool, Failure> {
        let pattern = &template.resource(id)["Properties"]["EventPattern"];
        let (matcher, mut scratch) =
            (Matcher::new([Pattern::compile(&pattern.to_string())?]), Scratch::default());
        let event = json!({"source": format!("aws.{service}"), "detail-type": "AWS API Call via CloudTrail",
            "detail": {"eventSource": format!("{service}.amazonaws.com"), "eventName": name, "requestParameters": parameters}});
        Ok(!matcher.matches(event.to_string().as_bytes(), &mut scratch)?.matched.is_empty())
    };
    for (id, other) in [("WatchRule", "budget-guard-changes"), ("ChangesRule", "budget-guard-watch")] {
        for name in ["DisableRule", "DeleteRule", "PutRule"] {
            assert!(shows(id, "events", name, json!({"name": other}))?, "{id} {name}");
        }
        for name in ["RemoveTargets", "PutTargets"] {
            assert!(shows(id, "events", name, json!({"rule": other}))?, "{id} {name}");
        }
    }
    for (service, names) in [
        (
            "sqs",
            &["SetQueueAttributes", "DeleteQueue", "PurgeQueue", "AddPermission", "RemovePermission"][..],
        ),
        (
            "lambda",
            &[
                "UpdateFunctionCode20150331v2",
                "UpdateFunctionConfiguration20150331v2",
                "DeleteFunction20150331",
                "PutFunctionConcurrency20171031",
                "UpdateEventSourceMapping20150331",
                "DeleteEventSourceMapping20150331",
                "AddPermission20150331v2",
                "RemovePermission20150331v2",
            ],
        ),
        ("dynamodb", &["DeleteTable", "UpdateTable"]),
    ] {
        for name in names {
            assert!(shows("ChangesRule", service, name, json!({}))?, "{service} {name}");
        }
    }
    assert!(!shows("ChangesRule", "sqs", "GetQueueAttributes", json!({}))?);
    assert!(!shows("ChangesRule", "s3", "DeleteBucket", json!({}))?);
    Ok(())
}
