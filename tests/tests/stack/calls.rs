//! The table of all calls to AWS in the sources: the right that each needs, its resource, and its callers. A test here
//! fails for a call without a row and for a row without a call.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use budget_guard_tests::folders::root;

/// Resource of a right. `Any` only if AWS has no resource type for the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Rules,
    DrillRules,
    DefaultBus,
    Archives,
    /// Replays that the command line names.
    Replays,
    /// The archive that a replay reads, the bus that it goes to, and the replay itself.
    ReplayParts,
    Table,
    AlertTopic,
    Functions,
    Topics,
    Queues,
    StateMachines,
    Projects,
    Documents,
    Pipelines,
    DeliveryStreams,
    Pipes,
    Schedules,
    /// Jobs, crawlers and workflows of Glue.
    Glue,
    Budgets,
    Any,
    /// The stack grants it to no principal. A person who creates rules has rights of their own.
    Nothing,
}

/// Condition for the functions' right: always, never, or with a parameter of the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Functions {
    Always,
    Never,
    AutoRestore,
    /// With an archive and restores, on that one archive.
    Archive,
    LoopEvidence,
}

/// A call: the SDK's method, IAM's action, and its callers.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub method: &'static str,
    pub action: &'static str,
    pub on: On,
    pub functions: Functions,
    pub operator: bool,
}

const fn call(
    method: &'static str,
    action: &'static str,
    on: On,
    functions: Functions,
    operator: bool,
) -> Call {
    Call { method, action, on, functions, operator }
}

#[rustfmt::skip]
pub const CALLS: &[Call] = &[
    call("describe_rule",               "events:DescribeRule",              On::Rules,         Functions::Always,       true),
    call("list_targets_by_rule",        "events:ListTargetsByRule",         On::Rules,         Functions::Always,       true),
    call("list_tags_for_resource",      "events:ListTagsForResource",       On::Rules,         Functions::Always,       true),
    call("disable_rule",                "events:DisableRule",               On::Rules,         Functions::Always,       true),
    call("enable_rule",                 "events:EnableRule",                On::Rules,         Functions::AutoRestore,  true),
    call("put_rule",                    "events:PutRule",                   On::Rules,         Functions::AutoRestore,  true),
    call("put_targets",                 "events:PutTargets",                On::Rules,         Functions::Never,        true),
    call("delete_rule",                 "events:DeleteRule",                On::DrillRules,    Functions::Never,        true),
    call("put_events",                  "events:PutEvents",                 On::DefaultBus,    Functions::Never,        true),
    call("remove_targets",              "events:RemoveTargets",             On::Rules,         Functions::Never,        true),
    call("list_event_buses",            "events:ListEventBuses",            On::Any,           Functions::Always,       false),
    call("list_rules",                  "events:ListRules",                 On::Any,           Functions::Always,       true),
    call("list_archives",               "events:ListArchives",              On::Any,           Functions::Never,        true),
    call("describe_archive",            "events:DescribeArchive",           On::Archives,      Functions::Never,        true),
    call("list_replays",                "events:ListReplays",               On::Any,           Functions::Never,        true),
    call("start_replay",                "events:StartReplay",               On::ReplayParts,   Functions::Archive,      true),
    call("describe_replay",             "events:DescribeReplay",            On::Replays,       Functions::Never,        true),
    call("get_item",                    "dynamodb:GetItem",                 On::Table,         Functions::Always,       true),
    call("put_item",                    "dynamodb:PutItem",                 On::Table,         Functions::Always,       true),
    call("update_item",                 "dynamodb:UpdateItem",              On::Table,         Functions::Always,       true),
    call("delete_item",                 "dynamodb:DeleteItem",              On::Table,         Functions::Always,       false),
    call("scan",                        "dynamodb:Scan",                    On::Table,         Functions::Always,       true),
    call("publish",                     "sns:Publish",                      On::AlertTopic,    Functions::Always,       true),
    call("get_function_configuration",  "lambda:GetFunctionConfiguration",  On::Functions,     Functions::Always,       true),
    call("describe_budget",             "budgets:ViewBudget",               On::Budgets,       Functions::Always,       false),
    call("describe_notifications_for_budget", "budgets:ViewBudget",         On::Budgets,       Functions::Always,       false),
    call("get_metric_data",             "cloudwatch:GetMetricData",         On::Any,           Functions::LoopEvidence, false),
    call("lookup_events",               "cloudtrail:LookupEvents",          On::Any,           Functions::LoopEvidence, false),
    call("list_event_source_mappings",  "lambda:ListEventSourceMappings",   On::Any,           Functions::Always,       true),
    call("list_subscriptions_by_topic", "sns:ListSubscriptionsByTopic",     On::Topics,        Functions::LoopEvidence, true),
    call("get_queue_attributes",        "sqs:GetQueueAttributes",           On::Queues,        Functions::LoopEvidence, true),
    call("list_pipes",                  "pipes:ListPipes",                  On::Any,           Functions::LoopEvidence, true),
    call("describe_pipe",               "pipes:DescribePipe",               On::Pipes,         Functions::LoopEvidence, true),
    call("describe_state_machine",      "states:DescribeStateMachine",      On::StateMachines, Functions::LoopEvidence, true),
    call("describe_task_definition",    "ecs:DescribeTaskDefinition",       On::Any,           Functions::LoopEvidence, true),
    call("batch_get_projects",          "codebuild:BatchGetProjects",       On::Projects,      Functions::LoopEvidence, true),
    call("describe_job_definitions",    "batch:DescribeJobDefinitions",     On::Any,           Functions::LoopEvidence, true),
    call("get_workflow",                "glue:GetWorkflow",                 On::Glue,          Functions::LoopEvidence, true),
    call("get_job",                     "glue:GetJob",                      On::Glue,          Functions::LoopEvidence, true),
    call("get_crawler",                 "glue:GetCrawler",                  On::Glue,          Functions::LoopEvidence, true),
    call("get_document",                "ssm:GetDocument",                  On::Documents,     Functions::LoopEvidence, true),
    call("get_pipeline",                "codepipeline:GetPipeline",         On::Pipelines,     Functions::LoopEvidence, true),
    call("describe_delivery_stream",    "firehose:DescribeDeliveryStream",  On::DeliveryStreams, Functions::LoopEvidence, true),
    call("list_schedules",              "scheduler:ListSchedules",          On::Schedules,     Functions::LoopEvidence, false),
    call("get_schedule",                "scheduler:GetSchedule",            On::Schedules,     Functions::LoopEvidence, false),
    call("add_permission",              "lambda:AddPermission",             On::Nothing,       Functions::Never,        false),
    call("get_queue_url",               "sqs:GetQueueUrl",                  On::Nothing,       Functions::Never,        false),
    call("set_queue_attributes",        "sqs:SetQueueAttributes",           On::Nothing,       Functions::Never,        false),
    call("create_role",                 "iam:CreateRole",                   On::Nothing,       Functions::Never,        false),
    call("put_role_policy",             "iam:PutRolePolicy",                On::Nothing,       Functions::Never,        false),
    call("simulate_principal_policy",   "iam:SimulatePrincipalPolicy",      On::Nothing,       Functions::Never,        false),
    call("get_account_authorization_details", "iam:GetAccountAuthorizationDetails", On::Nothing, Functions::Never, false),
    call("list_regions",                "account:ListRegions",              On::Nothing,       Functions::Never,        false),
    call("describe_trails",             "cloudtrail:DescribeTrails",        On::Any,           Functions::Never,        true),
    call("get_trail_status",            "cloudtrail:GetTrailStatus",        On::Any,           Functions::Never,        true),
];

/// Rights granted before their calls exist. The test fails if a call exists and its name is still here.
const AHEAD: &[&str] = &[];

/// All Rust files below the folder.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut left = vec![root().join(folder)];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// Calls of a source. For each `.send()`, the method of the table between it and the one before.
fn calls_in(source: &str) -> Result<Vec<&'static str>, String> {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let pieces: Vec<&str> = code.split(".send()").collect();
    let (_, chains) = pieces.split_last().expect("a split has a piece");
    let named = |chain: &&str| {
        // The call begins here, or its builder is a parameter.
        let called = |call: &&Call| {
            let parameter = format!(": {}FluentBuilder", pascal(call.method));
            chain.contains(&format!(".{}()", call.method)) || chain.contains(&parameter)
        };
        let found: Vec<&'static str> = CALLS.iter().filter(called).map(|call| call.method).collect();
        match found[..] {
            [one] => Ok(one),
            _ => {
                let end: Vec<&str> = chain.lines().rev().take(8).collect();
                let end = end.into_iter().rev().collect::<Vec<_>>().join("\n");
                Err(format!(
                    "{found:?} instead of one call with a row in this table, before .send() in\n{end}"
                ))
            }
        }
    };
    chains.iter().map(named).chain(by_hand(&code)).collect()
}

/// `put_item` as `PutItem`.
fn pascal(method: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    method.split('_').map(capital).collect()
}

/// Calls without an SDK client, by the right that they name.
fn by_hand(code: &str) -> impl Iterator<Item = Result<&'static str, String>> {
    code.split("Operation::new(").skip(1).map(|rest| {
        let right = rest.split('"').nth(1).unwrap_or_default();
        let row = CALLS.iter().find(|call| call.action == right);
        row.map(|call| call.method).ok_or_else(|| format!("the right {right} has no row in this table"))
    })
}

fn calls_below(folder: &str) -> BTreeSet<&'static str> {
    let mut calls = BTreeSet::new();
    for file in files(folder) {
        let source = fs::read_to_string(&file).expect("UTF-8");
        let found = calls_in(&source).unwrap_or_else(|problem| panic!("{}: {problem}", file.display()));
        calls.extend(found);
    }
    calls
}

#[test]
fn every_call_has_a_row_and_every_row_a_call() {
    let (adapters, program) = (calls_below("src/aws"), calls_below("src/cli"));
    assert!(adapters.contains("disable_rule") && program.contains("put_targets"), "{adapters:?} {program:?}");
    let uncalled: BTreeSet<&str> = CALLS
        .iter()
        .map(|call| call.method)
        .filter(|method| !adapters.contains(method) && !program.contains(method))
        .collect();
    assert_eq!(uncalled, AHEAD.iter().copied().collect(), "rows that no source calls");
    // Only the adapters run in the functions.
    let functions = CALLS.iter().filter(|call| call.functions != Functions::Never);
    let beyond: Vec<&str> = functions
        .map(|call| call.method)
        .filter(|method| !adapters.contains(method) && !AHEAD.contains(method))
        .collect();
    assert_eq!(beyond, [""; 0], "rights of the functions that only the command line needs");
}

#[test]
fn a_call_without_a_row_is_found() {
    let check = |source: &str, expected: Result<&[&str], &str>| match (calls_in(source), expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{source}"),
        (Err(problem), Err(words)) => assert!(problem.contains(words), "{problem}"),
        (found, expected) => panic!("{source}: {found:?}, expected {expected:?}"),
    };
    check("let call = client.scan().limit(1);\ncall.send().await", Ok(&["scan"]));
    check(
        "client.enable_rule().name(n).send().await?;\nclient.get_item().send()",
        Ok(&["enable_rule", "get_item"]),
    );
    check("// client.delete_bus().send()\nclient.publish().send()", Ok(&["publish"]));
    check("client.publish().send();\nclient.delete_bus().name(n).send()", Err("delete_bus"));
    check("client.describe_budget().x(client.scan()).send()", Err("instead of one call"));
    let by_hand =
        |right: &str| format!("const GET: Operation = Operation::new(\n    API,\n    \"{right}\",\n);");
    check(&by_hand("cloudwatch:GetMetricData"), Ok(&["get_metric_data"]));
    check(&by_hand("cloudwatch:PutMetricData"), Err("cloudwatch:PutMetricData"));
}
