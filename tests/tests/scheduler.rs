//! EventBridge Scheduler: on two emulators, and against a server with replies in the form of AWS.

use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use budget_guard_aws::EventBridgeScheduler;
use budget_guard_core::model::{Fault, FaultKind, ListedSchedule, ScheduleDefinition, Seconds, Timestamp};
use budget_guard_core::ports::{Page, Scheduler};
use budget_guard_tests::Failure;
use budget_guard_tests::bench::Bench;
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::on_both;
use budget_guard_tests::stack::calls;
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);
const FIXER: &str = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
const CLUSTER: &str = "arn:aws:ecs:us-east-1:123456789012:cluster/work";
const TASK: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/convert:7";

fn scheduler(server: &MockServer) -> EventBridgeScheduler {
    let keys = Credentials::new("testing", "testing", None, None, "a test");
    let config = SdkConfig::builder()
        .region(Region::from_static("us-east-1"))
        .endpoint_url(server.uri())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    EventBridgeScheduler::new(&config)
}

fn listed(group: &str, name: &str, target: &str, changed: Timestamp) -> ListedSchedule {
    ListedSchedule { group: group.to_owned(), name: name.to_owned(), target: target.to_owned(), changed }
}

/// A schedule in the list of AWS.
fn summary(group: &str, name: &str, target: &str) -> Value {
    let arn = format!("arn:aws:scheduler:us-east-1:123456789012:schedule/{group}/{name}");
    let changed = NOON.as_second() as f64 + 0.25;
    json!({"Arn": arn, "CreationDate": changed - 60.0, "GroupName": group, "LastModificationDate": changed, "Name": name,
        "State": "ENABLED", "Target": {"Arn": target}})
}

async fn page(server: &MockServer, token: Option<&str>, reply: Value) {
    let mock = Mock::given(method("GET")).and(path("/schedules"));
    let mock = mock.and(query_param("MaxResults", "100")).and(query_param("State", "ENABLED"));
    let mock = match token {
        Some(token) => mock.and(query_param("NextToken", token)),
        None => mock.and(query_param_is_missing("NextToken")),
    };
    mock.respond_with(ResponseTemplate::new(200).set_body_json(reply)).mount(server).await;
}

#[tokio::test]
async fn schedules_are_listed_page_by_page() -> Result<(), Failure> {
    let server = MockServer::start().await;
    let first = [summary("default", "sweep", FIXER), summary("team", "a.b_c-1", CLUSTER)];
    page(&server, None, json!({"NextToken": "a+b/c=", "Schedules": first})).await;
    page(&server, Some("a+b/c="), json!({"NextToken": null, "Schedules": []})).await;
    let changed = Timestamp::from_millisecond(NOON.as_millisecond() + 250)?;
    let items = vec![listed("default", "sweep", FIXER, changed), listed("team", "a.b_c-1", CLUSTER, changed)];
    let next_token = Some("a+b/c=".to_owned());
    assert_eq!(scheduler(&server).enabled(None).await?, Page { items, next_token });
    let end = Page { items: Vec::new(), next_token: None };
    assert_eq!(scheduler(&server).enabled(Some("a+b/c=")).await?, end);
    Ok(())
}

#[tokio::test]
async fn a_schedule_is_read_with_its_times() -> Result<(), Failure> {
    let plain = || ScheduleDefinition {
        expression: "cron(0/5 8-17 ? * MON-FRI *)".to_owned(),
        is_flexible: false,
        target: FIXER.to_owned(),
        task_definition: None,
        begins: None,
        ends: None,
    };
    let check = async |part: Value, expected: ScheduleDefinition| {
        let server = MockServer::start().await;
        let mut reply = json!({
            "Name": "sweep", "GroupName": "team", "State": "ENABLED", "ScheduleExpression": plain().expression,
            "ScheduleExpressionTimezone": "UTC", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": FIXER, "RoleArn": "arn:aws:iam::123456789012:role/scheduler", "Input": "{}"},
        });
        for (key, value) in part.as_object().into_iter().flatten() {
            reply[key] = value.clone();
        }
        let mock =
            Mock::given(method("GET")).and(path("/schedules/sweep")).and(query_param("groupName", "team"));
        mock.respond_with(ResponseTemplate::new(200).set_body_json(reply)).mount(&server).await;
        let found = scheduler(&server).read(&listed("team", "sweep", FIXER, NOON)).await;
        assert_eq!(found, Ok(expected), "{part}");
    };
    check(json!({}), plain()).await;
    let flexible = json!({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}});
    check(flexible, ScheduleDefinition { is_flexible: true, ..plain() }).await;
    check(json!({"StartDate": NOON.as_second()}), ScheduleDefinition { begins: Some(NOON), ..plain() }).await;
    check(json!({"EndDate": NOON.as_second()}), ScheduleDefinition { ends: Some(NOON), ..plain() }).await;
    let task =
        json!({"Target": {"Arn": CLUSTER, "EcsParameters": {"TaskDefinitionArn": TASK, "TaskCount": 1}}});
    let (target, task_definition) = (CLUSTER.to_owned(), Some(TASK.to_owned()));
    check(task, ScheduleDefinition { target, task_definition, ..plain() }).await;
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_told_apart() {
    let check = async |code: &str, expected: FaultKind| {
        let server = MockServer::start().await;
        let refused = ResponseTemplate::new(400).insert_header("x-amzn-errortype", code);
        let refused = refused.set_body_json(json!({"Message": "no"}));
        Mock::given(method("GET")).respond_with(refused).mount(&server).await;
        let kind = |fault: Fault| fault.kind;
        let scheduler = scheduler(&server);
        assert_eq!(scheduler.enabled(None).await.map_err(kind), Err(expected), "{code}");
        let schedule = listed("default", "sweep", FIXER, NOON);
        assert_eq!(scheduler.read(&schedule).await.map_err(kind), Err(expected), "{code}");
    };
    check("AccessDeniedException", FaultKind::Denied).await;
    check("ResourceNotFoundException", FaultKind::NotFound).await;
    check("ValidationException", FaultKind::Other).await;
}

on_both!(enabled_schedules_of_all_groups_are_listed_and_read);

async fn enabled_schedules_of_all_groups_are_listed_and_read(bench: Bench) -> Result<(), Failure> {
    let role = format!("arn:aws:iam::{}:role/scheduler", bench.emulator.account());
    let schedule = |name: &str, group: &str, more: Value| {
        let mut made = json!({
            "Name": name, "GroupName": group, "ScheduleExpression": "rate(5 minutes)",
            "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": FIXER, "RoleArn": role},
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            made[key] = value.clone();
        }
        json!(["scheduler", "create_schedule", made])
    };
    let ecs = json!({"Arn": CLUSTER, "RoleArn": role, "EcsParameters": {"TaskDefinitionArn": TASK}});
    let flexible = json!({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15});
    let made = json!([
        ["scheduler", "create_schedule_group", {"Name": "team"}],
        schedule("sweep", "default", json!({})),
        schedule("sweep", "team", json!({"ScheduleExpression": "cron(0/10 8-17 ? * MON-FRI *)"})),
        schedule("off", "team", json!({"State": "DISABLED"})),
        schedule("flexible", "team", json!({"FlexibleTimeWindow": flexible})),
        schedule("task", "default", json!({"Target": ecs})),
    ]);
    calls(&bench.emulator, &made).await?;
    let scheduler = &bench.aws.scheduler;
    let mut listed = scheduler.enabled(None).await?.items;
    listed.sort_by(|one, other| (&one.group, &one.name).cmp(&(&other.group, &other.name)));
    let mut seen = Vec::new();
    for schedule in &listed {
        let found = scheduler.read(schedule).await?;
        assert_eq!(found.target, schedule.target, "{schedule:?}");
        let period = found.period(schedule.changed).map(Seconds::get);
        let wakes = found.wakes().rsplit([':', '/']).next().unwrap_or_default().to_owned();
        seen.push((format!("{}/{}", schedule.group, schedule.name), wakes, period));
    }
    let expected = |name: &str, wakes: &str, period| (name.to_owned(), wakes.to_owned(), period);
    assert_eq!(
        seen,
        [
            expected("default/sweep", "fixer", Some(300)),
            expected("default/task", "convert", Some(300)),
            expected("team/flexible", "fixer", None),
            expected("team/sweep", "fixer", Some(600)),
        ]
    );
    Ok(())
}
