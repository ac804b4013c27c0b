//! The template grants each call on the right resource and nothing more, by its policies and by IAM's decisions.

use std::collections::BTreeSet;
use std::path::Path;

use budget_guard_tests::programs;
use serde_json::Value;

use crate::calls::{CALLS, Call, Functions, On};
use crate::policies::{ACCOUNT, REGION, Rights, Statement, Template, rights, statements};
use budget_guard_tests::Failure;
use budget_guard_tests::emulator::Emulator;
use budget_guard_tests::stack::{Question, Stack, expanded, simulate};

const INGEST: &str = "IngestRole";
const CONTROL: &str = "ControlRole";
const RULES: &str = "arn:aws:events:us-east-1:000000000000:rule/*";

/// Rights without a call in the sources: for Lambda's own work with the role, and for side effects of calls.
#[rustfmt::skip]
const BESIDE: &[(&str, &str, &str)] = &[
    // Lambda polls the queue, and writes the function's output.
    (INGEST,  "sqs:ReceiveMessage",     "${Queue.Arn}"),
    (INGEST,  "sqs:DeleteMessage",      "${Queue.Arn}"),
    (INGEST,  "sqs:GetQueueAttributes", "${Queue.Arn}"),
    (INGEST,  "sqs:ReceiveMessage",     "${AttachedQueue.Arn}"),
    (INGEST,  "sqs:DeleteMessage",      "${AttachedQueue.Arn}"),
    (INGEST,  "sqs:GetQueueAttributes", "${AttachedQueue.Arn}"),
    (INGEST,  "logs:CreateLogStream",   "${IngestLogs.Arn}"),
    (INGEST,  "logs:PutLogEvents",      "${IngestLogs.Arn}"),
    (CONTROL, "sqs:SendMessage",        "${DeadLetterQueue.Arn}"),
    (CONTROL, "logs:CreateLogStream",   "${ControlLogs.Arn}"),
    (CONTROL, "logs:PutLogEvents",      "${ControlLogs.Arn}"),
    // Publish to a topic with its own key.
    (INGEST,  "kms:GenerateDataKey",    "${TopicKey.Arn}"),
    (INGEST,  "kms:Decrypt",            "${TopicKey.Arn}"),
    (CONTROL, "kms:GenerateDataKey",    "${TopicKey.Arn}"),
    (CONTROL, "kms:Decrypt",            "${TopicKey.Arn}"),
];

/// Rights of the functions in a stack with an archive that may restore rules: the replay after a trial.
#[rustfmt::skip]
const REPLAYS: &[(&str, &str)] = &[
    ("events:StartReplay", "${Archive.Arn}"),
    ("events:StartReplay", "arn:aws:events:us-east-1:000000000000:event-bus/default"),
    ("events:StartReplay", "arn:aws:events:us-east-1:000000000000:replay/budget-guard-*"),
];

const OPERATORS_BESIDE: &[(&str, &str)] = &[
    ("kms:GenerateDataKey", "${TopicKey.Arn}"),
    ("kms:Decrypt", "${TopicKey.Arn}"),
    // PutRule passes the role of the rule.
    ("iam:PassRole", "arn:aws:iam::000000000000:role/*"),
    // Dead letters are sent again.
    ("sqs:StartMessageMoveTask", "${DeadLetterQueue.Arn}"),
    ("sqs:ListMessageMoveTasks", "${DeadLetterQueue.Arn}"),
    ("sqs:CancelMessageMoveTask", "${DeadLetterQueue.Arn}"),
    ("sqs:ReceiveMessage", "${DeadLetterQueue.Arn}"),
    ("sqs:DeleteMessage", "${DeadLetterQueue.Arn}"),
    ("sqs:GetQueueAttributes", "${DeadLetterQueue.Arn}"),
    ("sqs:SendMessage", "${Queue.Arn}"),
    ("sqs:SendMessage", "${AttachedQueue.Arn}"),
    // The drill's rule is created with tags.
    ("events:TagResource", "arn:aws:events:us-east-1:000000000000:rule/drill-budget-guard-*"),
];

/// Names of a right's resource in the template.
fn named(on: On) -> &'static [&'static str] {
    match on {
        On::Rules => &[RULES],
        On::DrillRules => &["arn:aws:events:us-east-1:000000000000:rule/drill-budget-guard-*"],
        On::DefaultBus => &["arn:aws:events:us-east-1:000000000000:event-bus/default"],
        On::Archives => &["arn:aws:events:us-east-1:000000000000:archive/*"],
        On::Replays => &["arn:aws:events:us-east-1:000000000000:replay/budget-guard-*"],
        On::ReplayParts => &[
            "arn:aws:events:us-east-1:000000000000:archive/*",
            "arn:aws:events:us-east-1:000000000000:event-bus/*",
            "arn:aws:events:us-east-1:000000000000:replay/budget-guard-*",
        ],
        On::Table => &["${Table.Arn}"],
        On::AlertTopic => &["${AlertTopic}"],
        On::Functions => &["arn:aws:lambda:us-east-1:000000000000:function:*"],
        On::Topics => &["arn:aws:sns:us-east-1:000000000000:*"],
        On::Queues => &["arn:aws:sqs:us-east-1:000000000000:*"],
        On::StateMachines => &["arn:aws:states:us-east-1:000000000000:stateMachine:*"],
        On::Projects => &["arn:aws:codebuild:us-east-1:000000000000:project/*"],
        // AWS's own documents belong to no account.
        On::Documents => {
            &["arn:aws:ssm:us-east-1:000000000000:document/*", "arn:aws:ssm:us-east-1::document/*"]
        }
        On::Pipelines => &["arn:aws:codepipeline:us-east-1:000000000000:*"],
        On::DeliveryStreams => &["arn:aws:firehose:us-east-1:000000000000:deliverystream/*"],
        On::Pipes => &["arn:aws:pipes:us-east-1:000000000000:pipe/*"],
        On::Schedules => &["arn:aws:scheduler:us-east-1:000000000000:schedule/*"],
        On::Glue => &[
            "arn:aws:glue:us-east-1:000000000000:job/*",
            "arn:aws:glue:us-east-1:000000000000:crawler/*",
            "arn:aws:glue:us-east-1:000000000000:workflow/*",
        ],
        On::Budgets => &["arn:aws:budgets::000000000000:budget/*"],
        On::Any | On::Nothing => &["*"],
    }
}

fn expected<'a>(
    calls: impl Iterator<Item = &'a Call>,
    beside: impl Iterator<Item = (&'a str, &'a str)>,
) -> Rights {
    let mut rights = Rights::new();
    let of_call = |call: &'a Call| named(call.on).iter().map(|resource| (call.action, *resource));
    for (action, resource) in calls.flat_map(of_call).chain(beside) {
        rights.entry(action.to_owned()).or_default().insert(resource.to_owned());
    }
    rights
}

/// Splits statements with one action list on resources of several services: each action with those of its service.
fn by_service(rights: Rights) -> Rights {
    let own = |action: &str, resource: &str| {
        let service = action.split(':').next().unwrap_or_default();
        !resource.starts_with("arn:") || resource.split(':').nth(2) == Some(service)
    };
    let split = |(action, resources): (String, BTreeSet<String>)| {
        let own = resources.into_iter().filter(|resource| own(&action, resource)).collect();
        (action, own)
    };
    rights.into_iter().map(split).collect()
}

#[tokio::test]
async fn the_functions_may_do_what_they_call_and_nothing_more() -> Result<(), Failure> {
    let template = expanded().await?;
    let check = |met: &[&str], also: &[Functions]| {
        let template = Template::new(&template, met);
        for role in [INGEST, CONTROL] {
            let calls = CALLS
                .iter()
                .filter(|call| call.functions == Functions::Always || also.contains(&call.functions));
            let beside = BESIDE.iter().filter(|(who, ..)| *who == role).map(|(_, action, on)| (*action, *on));
            let replays = REPLAYS.iter().filter(|_| met.contains(&"Replays")).copied();
            assert_eq!(
                by_service(rights(&template.role(role))),
                expected(calls, beside.chain(replays)),
                "{role} with {met:?}"
            );
        }
    };
    check(&[], &[]);
    check(&["ReadsEvidence"], &[Functions::LoopEvidence]);
    check(&["MayRestore"], &[Functions::AutoRestore]);
    check(&["MayRestore", "Replays"], &[Functions::AutoRestore]);
    check(&["ReadsEvidence", "MayRestore"], &[Functions::LoopEvidence, Functions::AutoRestore]);
    Ok(())
}

#[tokio::test]
async fn the_operator_may_do_what_the_command_line_calls_and_nothing_more() -> Result<(), Failure> {
    let template = Template::new(&expanded().await?, &["HasOperator"]);
    let calls = CALLS.iter().filter(|call| call.operator);
    let expected = expected(calls, OPERATORS_BESIDE.iter().copied());
    assert_eq!(by_service(rights(&template.role("OperatorRole"))), expected);

    let targets = template.policy("OperatorPolicy");
    let targets = targets.iter().find(|statement| statement.actions.contains("events:PutTargets"));
    let condition = &targets.expect("a statement").body["Condition"];
    assert_eq!(
        condition["ForAllValues:ArnEquals"]["events:TargetArn"], "${AttachedQueue.Arn}",
        "attach, and nothing else"
    );
    assert_eq!(condition["Null"]["events:TargetArn"], "false", "a request that names no target is not one");

    let events = template.policy("OperatorPolicy");
    let events = events.iter().find(|statement| statement.actions.contains("events:PutEvents"));
    let condition = &events.expect("a statement").body["Condition"];
    let drill = &condition["ForAllValues:StringEquals"]["events:source"];
    assert_eq!((drill, &condition["Null"]["events:source"]), (&"budget-guard.drill".into(), &"false".into()));
    Ok(())
}

#[tokio::test]
async fn no_policy_is_wider_than_aws_needs_it() -> Result<(), Failure> {
    let met = ["ReadsEvidence", "MayRestore", "HasOperator", "HasSlack", "Watches"];
    let template = Template::new(&expanded().await?, &met);
    let roles = template.of_type("AWS::IAM::Role");
    assert_eq!(roles.len(), 4, "{roles:?}");
    for (id, _) in roles {
        for statement in template.role(id).iter().filter(|statement| statement.is_allow) {
            let wild = statement.actions.iter().find(|action| action.contains('*'));
            assert_eq!(wild, None, "{id}: {}", statement.body);
            if statement.resources.contains("*") {
                let known =
                    |action: &String| CALLS.iter().any(|call| call.on == On::Any && call.action == *action);
                assert!(statement.actions.iter().all(known), "{id}: {}", statement.body);
                let region = &statement.body["Condition"]["StringEquals"]["aws:RequestedRegion"];
                assert_eq!(region, REGION, "{id}: {}", statement.body);
            }
        }
    }
    for (kind, count) in [("AWS::SQS::QueuePolicy", 3), ("AWS::SNS::TopicPolicy", 2)] {
        let policies = template.of_type(kind);
        assert_eq!(policies.len(), count, "{kind}");
        for (id, policy) in policies {
            let all = statements(&policy["Properties"]["PolicyDocument"]);
            for statement in all.iter().filter(|statement| statement.is_allow) {
                check_service(id, statement, &["costalerts.amazonaws.com"]);
            }
        }
    }
    for statement in statements(&template.resource("TopicKey")["Properties"]["KeyPolicy"]) {
        if statement.body["Principal"].get("Service").is_some() {
            assert_eq!(statement.body["Condition"]["StringEquals"]["aws:SourceAccount"], ACCOUNT);
        }
    }
    let permissions = template.of_type("AWS::Lambda::Permission");
    assert_eq!(permissions.len(), 2, "{permissions:?}");
    for (id, permission) in permissions {
        assert!(permission["Properties"]["SourceArn"].is_string(), "{id} admits any source");
    }
    Ok(())
}

/// Checks that a service may act only for this account. Services in `without_arn` document no source ARN.
fn check_service(id: &str, statement: &Statement, without_arn: &[&str]) {
    let service =
        statement.body["Principal"]["Service"].as_str().unwrap_or_else(|| panic!("{id}: {statement:?}"));
    let condition = &statement.body["Condition"];
    assert_eq!(condition["StringEquals"]["aws:SourceAccount"], ACCOUNT, "{id}: {service}");
    let sources = condition["ArnLike"].get("aws:SourceArn").or(condition["ArnEquals"].get("aws:SourceArn"));
    let sources: Vec<&str> = match sources {
        Some(Value::Array(sources)) => sources.iter().filter_map(Value::as_str).collect(),
        source => source.and_then(Value::as_str).into_iter().collect(),
    };
    let is_own = |arn: &&str| arn.contains(&format!(":{ACCOUNT}:"));
    let are_own = !sources.is_empty() && sources.iter().all(is_own);
    assert!(are_own || without_arn.contains(&service), "{id}: {service} from {sources:?}");
}

/// Resources of this kind that the right covers, and others that it does not cover.
fn examples(on: On, stack: &Stack) -> Result<(Vec<String>, Vec<String>), Failure> {
    let own = |kind: &str, rest: &str| format!("arn:aws:{kind}:{REGION}:{ACCOUNT}:{rest}");
    let others = |kind: &str, rest: &str| {
        vec![
            format!("arn:aws:{kind}:{REGION}:999999999999:{rest}"),
            format!("arn:aws:{kind}:eu-west-1:{ACCOUNT}:{rest}"),
        ]
    };
    Ok(match on {
        On::Rules => (
            vec![own("events", "rule/fix-acl"), own("events", "rule/orders/fix-acl")],
            others("events", "rule/fix-acl"),
        ),
        On::DrillRules => {
            (vec![own("events", "rule/drill-budget-guard-1")], vec![own("events", "rule/fix-acl")])
        }
        On::DefaultBus => (vec![own("events", "event-bus/default")], vec![own("events", "event-bus/orders")]),
        On::Archives => (vec![own("events", "archive/calls")], others("events", "archive/calls")),
        On::Replays => (vec![own("events", "replay/budget-guard-x-1")], vec![own("events", "replay/x")]),
        On::ReplayParts => (
            vec![own("events", "archive/calls"), own("events", "event-bus/orders")],
            vec![own("events", "replay/x"), own("events", "rule/fix-acl")],
        ),
        On::Table => (
            vec![own("dynamodb", &format!("table/{}", stack.output("TableName")?))],
            vec![own("dynamodb", "table/orders")],
        ),
        On::AlertTopic => {
            (vec![stack.output("TopicArn")?.to_owned()], vec![stack.output("BudgetTopicArn")?.to_owned()])
        }
        On::Functions => (
            vec![own("lambda", "function:fixer"), own("lambda", "function:fixer:live")],
            others("lambda", "function:fixer"),
        ),
        On::Topics => (vec![own("sns", "orders")], others("sns", "orders")),
        On::Queues => (vec![own("sqs", "orders")], others("sqs", "orders")),
        On::StateMachines => (
            vec![own("states", "stateMachine:fix"), own("states", "stateMachine:fix:7")],
            others("states", "stateMachine:fix"),
        ),
        On::Projects => (vec![own("codebuild", "project/fix")], others("codebuild", "project/fix")),
        On::Documents => (
            vec![own("ssm", "document/fix"), format!("arn:aws:ssm:{REGION}::document/AWS-Fix")],
            others("ssm", "document/fix"),
        ),
        On::Pipelines => (vec![own("codepipeline", "deploy")], others("codepipeline", "deploy")),
        On::DeliveryStreams => {
            (vec![own("firehose", "deliverystream/x")], others("firehose", "deliverystream/x"))
        }
        On::Pipes => (vec![own("pipes", "pipe/drain")], others("pipes", "pipe/drain")),
        On::Schedules => {
            (vec![own("scheduler", "schedule/default/sweep")], others("scheduler", "schedule/default/sweep"))
        }
        On::Glue => (
            vec![own("glue", "job/x"), own("glue", "crawler/x"), own("glue", "workflow/x")],
            others("glue", "job/x"),
        ),
        On::Budgets => (
            vec![format!("arn:aws:budgets::{ACCOUNT}:budget/all")],
            vec!["arn:aws:budgets::999999999999:budget/all".to_owned()],
        ),
        On::Any | On::Nothing => (vec!["*".to_owned()], Vec::new()),
    })
}

/// Asks the simulator about every call, on the guard's resources and on others.
async fn check_decisions(
    emulator: &Emulator,
    stack: &Stack,
    role: &str,
    may: impl Fn(&Call) -> bool,
) -> Result<(), Failure> {
    let mut asked: Vec<(&'static str, String, &str)> = Vec::new();
    for call in CALLS {
        // The simulator ignores a request's targets and events, so conditions on them are checked in the policy itself.
        if matches!(call.method, "put_targets" | "put_events") && may(call) {
            continue;
        }
        let (own, others) = examples(call.on, stack)?;
        let expected = if may(call) { "allowed" } else { "implicitDeny" };
        asked.extend(own.into_iter().map(|resource| (call.action, resource, expected)));
        asked.extend(others.into_iter().map(|resource| (call.action, resource, "implicitDeny")));
    }
    for action in ["events:DisableRule", "events:EnableRule", "events:PutRule"] {
        let own = stack.output("OwnArns")?.split(',').filter(|arn| arn.contains(":rule/"));
        asked.extend(own.map(|rule| (action, rule.to_owned(), "explicitDeny")));
    }
    // A name is no shield.
    for rule in ["rule/budget-guard-x-watch", "rule/orders/budget-guard-watch"] {
        let rule = format!("arn:aws:events:{REGION}:{ACCOUNT}:{rule}");
        asked.push(("events:DisableRule", rule, "allowed"));
    }
    let questions: Vec<Question<'_>> =
        asked.iter().map(|(action, resource, _)| Question { action, resource }).collect();
    let decisions = simulate(emulator, role, &questions).await?;
    assert_eq!(decisions.len(), asked.len());
    let wrong: Vec<String> = asked
        .iter()
        .zip(&decisions)
        .filter(|((_, _, expected), decision)| decision != expected)
        .map(|((action, resource, expected), decision)| {
            format!("{action} on {resource}: {decision}, expected {expected}")
        })
        .collect();
    assert!(wrong.is_empty(), "{role}:\n{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn iam_decides_so_too() -> Result<(), Failure> {
    let emulator = Emulator::start_with_rights().await?;
    let operator = format!("arn:aws:iam::{ACCOUNT}:user/ann");
    let parameters = [("OperatorPrincipalArn", operator.as_str())];
    let stack = Stack::deploy(&emulator, "guard", Path::new(programs::bootstrap()), &parameters).await?;
    let functions = |call: &Call| matches!(call.functions, Functions::Always | Functions::LoopEvidence);
    for role in ["IngestRoleArn", "ControlRoleArn"] {
        check_decisions(&emulator, &stack, stack.output(role)?, functions).await?;
    }
    check_decisions(&emulator, &stack, stack.output("OperatorRoleArn")?, |call| call.operator).await?;

    let parameters = [("GuardName", "budget-guard-b"), ("AutoRestore", "true"), ("LoopEvidence", "false")];
    let stack = Stack::deploy(&emulator, "guard-b", Path::new(programs::bootstrap()), &parameters).await?;
    let functions = |call: &Call| matches!(call.functions, Functions::Always | Functions::AutoRestore);
    check_decisions(&emulator, &stack, stack.output("ControlRoleArn")?, functions).await?;
    Ok(())
}

#[test]
fn the_reader_of_policies_sees_what_is_granted() {
    let policy: Value = serde_json::json!({"Statement": [
        {"Effect": "Allow", "Action": "a:B", "Resource": ["x", "y"]},
        {"Effect": "Deny", "Action": ["a:C"], "Resource": "x"},
    ]});
    let granted = rights(&statements(&policy));
    assert_eq!(granted.keys().collect::<Vec<_>>(), ["a:B"]);
    assert_eq!(granted["a:B"].iter().collect::<Vec<_>>(), ["x", "y"]);
}
