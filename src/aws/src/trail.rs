//! Openers of role sessions, from CloudTrail's event history of 90 days.

use std::time::Duration;

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::json;

use super::json_client::{Api, JsonClient, Operation, Retry};
use budget_guard_core::model::{Fault, Timestamp};
use budget_guard_core::ports::{Trail, TrailRecord};

/// CloudTrail (2013-11-01).
const CLOUDTRAIL: Api = Api::json_1_1("cloudtrail", "CloudTrail_20131101");
const LOOKUP_EVENTS: Operation = Operation::new(CLOUDTRAIL, "cloudtrail:LookupEvents");

/// Page size: the API's maximum. Source: "LookupEvents" (AWS CloudTrail API reference).
const PAGE: u32 = 50;
/// Maximum number of pages read. Older events are left out.
const MAX_PAGES: u32 = 2;
/// Time between two pages. AWS allows two requests per second for all callers of the account.
const BETWEEN: Duration = Duration::from_millis(500);

/// Reads CloudTrail's event history.
#[derive(Debug, Clone)]
pub struct CloudTrail {
    client: JsonClient,
}

/// Reply of LookupEvents.
///
/// Source: "LookupEvents" and "Event" (AWS CloudTrail API reference).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    #[serde(default)]
    events: Vec<Event>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(default)]
    event_name: String,
    /// Time of the event, in seconds since 1970.
    event_time: f64,
    cloud_trail_event: String,
}

impl CloudTrail {
    /// Reads from the Region of `config`, without retries.
    pub fn new(config: &SdkConfig) -> Self {
        // Firings wait for the decision, and a failed question is repeated later.
        Self { client: JsonClient::new(config, Retry::Never) }
    }
}

impl Trail for CloudTrail {
    async fn openings(
        &self,
        role: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<TrailRecord>, Fault> {
        let mut body = json!({
            "LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": role}],
            "StartTime": since.as_second(),
            "EndTime": until.as_second(),
            "MaxResults": PAGE,
        });
        let mut found = Vec::new();
        for page in 0..MAX_PAGES {
            if page > 0 {
                tokio::time::sleep(BETWEEN).await;
            }
            let Reply { events, next_token } = self.client.call(LOOKUP_EVENTS.rpc(body.to_string())).await?;
            found.extend(events.into_iter().filter_map(record));
            match next_token {
                Some(token) if !token.is_empty() => body["NextToken"] = token.into(),
                _ => break,
            }
        }
        Ok(found)
    }
}

/// Record of an `AssumeRole*` call. `None` for other calls that name the role, such as `GetRole`.
fn record(event: Event) -> Option<TrailRecord> {
    let at = Timestamp::from_millisecond((event.event_time * 1_000.0) as i64).ok()?;
    event.event_name.starts_with("AssumeRole").then_some(TrailRecord { at, json: event.cloud_trail_event })
}
