//! EventBridge Scheduler, through two operations of its API (2021-06-30).

use aws_config::SdkConfig;
use serde::Deserialize;

use super::json_client::{Api, JsonClient, Operation, Retry, encoded};
use budget_guard_core::model::{Fault, ListedSchedule, ScheduleDefinition, Timestamp};
use budget_guard_core::ports::{Page, Scheduler};

const SCHEDULER: Api = Api::rest("scheduler");
const LIST: Operation = Operation::new(SCHEDULER, "scheduler:ListSchedules");
const GET: Operation = Operation::new(SCHEDULER, "scheduler:GetSchedule");

/// Page size: the API's maximum. Source: "ListSchedules" (EventBridge Scheduler API reference).
const PAGE: u32 = 100;

/// Reads schedules through the EventBridge Scheduler API.
#[derive(Debug, Clone)]
pub struct EventBridgeScheduler {
    client: JsonClient,
}

/// Reply of ListSchedules.
///
/// Source: "ListSchedules" and "ScheduleSummary" (EventBridge Scheduler API reference).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    #[serde(default)]
    schedules: Vec<Summary>,
    next_token: Option<String>,
}

/// A schedule as the list has it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    group_name: String,
    name: String,
    target: Target,
    /// Time of the last change, in seconds since 1970.
    last_modification_date: f64,
}

/// Reply of GetSchedule.
///
/// Source: "GetSchedule" and "Target" (EventBridge Scheduler API reference).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Schedule {
    schedule_expression: String,
    flexible_time_window: Window,
    target: Target,
    /// First time that it may run, in seconds since 1970. `end_date` is the last.
    start_date: Option<f64>,
    end_date: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Window {
    mode: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    arn: String,
    ecs_parameters: Option<Task>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
    task_definition_arn: String,
}

impl EventBridgeScheduler {
    /// Reads from the Region of `config`, with the SDK's standard retries.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: JsonClient::new(config, Retry::Standard) }
    }
}

impl Scheduler for EventBridgeScheduler {
    async fn enabled(&self, next_token: Option<&str>) -> Result<Page<ListedSchedule>, Fault> {
        let mut path = format!("/schedules?MaxResults={PAGE}&State=ENABLED");
        if let Some(token) = next_token {
            path = format!("{path}&NextToken={}", encoded(token));
        }
        let List { schedules, next_token } = self.client.call(LIST.get(path)).await?;
        let listed = |one: Summary| {
            let changed = time(one.last_modification_date)?;
            let (group, name, target) = (one.group_name, one.name, one.target.arn);
            Some(ListedSchedule { group, name, target, changed })
        };
        let next_token = next_token.filter(|token| !token.is_empty());
        Ok(Page { items: schedules.into_iter().filter_map(listed).collect(), next_token })
    }

    async fn read(&self, schedule: &ListedSchedule) -> Result<ScheduleDefinition, Fault> {
        let (name, group) = (encoded(&schedule.name), encoded(&schedule.group));
        let found: Schedule =
            self.client.call(GET.get(format!("/schedules/{name}?groupName={group}"))).await?;
        Ok(ScheduleDefinition {
            expression: found.schedule_expression,
            is_flexible: found.flexible_time_window.mode != "OFF",
            target: found.target.arn,
            task_definition: found.target.ecs_parameters.map(|task| task.task_definition_arn),
            begins: found.start_date.and_then(time),
            ends: found.end_date.and_then(time),
        })
    }
}

fn time(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_millisecond((seconds * 1_000.0) as i64).ok()
}
