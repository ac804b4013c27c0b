//! A rule's history from CloudWatch: its firings by the minute.

use std::time::Duration;

use aws_config::SdkConfig;

use super::json_client::{JsonClient, Retry};
use super::metrics::{Dimension, Metric, MetricStat, Query, Reply, Request, Series, get_metric_data};
use crate::history::RateHistory;
use crate::model::{Fault, FaultKind, RuleArn, Timestamp};
use crate::ports::History;

/// All pages together: firings are waiting for the decision.
const DEADLINE: Duration = Duration::from_secs(2);
const PERIOD: u32 = 60;
const TRIGGERED: &str = "triggered";
const MATCHED: &str = "matched";

/// Metrics of the namespace `AWS/Events`.
///
/// Source: "Monitoring Amazon EventBridge" (Amazon EventBridge user guide).
#[derive(Debug, Clone)]
pub struct CloudWatchHistory {
    client: JsonClient,
}

impl CloudWatchHistory {
    pub fn new(config: &SdkConfig) -> Self {
        // Firings wait for the decision: there is no time for retries.
        Self { client: JsonClient::new(config, Retry::Never) }
    }

    async fn read(&self, mut request: Request) -> Result<RateHistory, Fault> {
        let (mut triggered, mut matched) = (Vec::new(), Vec::new());
        loop {
            let Reply { metric_data_results, next_token } = get_metric_data(&self.client, &request).await?;
            for series in metric_data_results {
                let counts = if series.id == TRIGGERED { &mut triggered } else { &mut matched };
                counts.extend(points(series)?);
            }
            // The query protocol's empty token is no token.
            request.next_token = next_token.filter(|token| !token.is_empty());
            if request.next_token.is_none() {
                break;
            }
        }
        let history = RateHistory::new(triggered);
        Ok(if history.is_empty() { RateHistory::new(matched) } else { history })
    }
}

impl History for CloudWatchHistory {
    /// One request for both metrics; `MatchedEvents` counts only if there is nothing of `TriggeredRules`.
    async fn triggered(
        &self,
        rule: &RuleArn,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<RateHistory, Fault> {
        let request = Request {
            // As CloudWatch itself rounds it.
            start_time: since.as_second() - since.as_second().rem_euclid(PERIOD.into()),
            end_time: until.as_second(),
            metric_data_queries: vec![
                query(TRIGGERED, "TriggeredRules", rule),
                query(MATCHED, "MatchedEvents", rule),
            ],
            next_token: None,
        };
        let late = |_| {
            Fault::new(FaultKind::Timeout, format!("GetMetricData: no answer within {}s", DEADLINE.as_secs()))
        };
        tokio::time::timeout(DEADLINE, self.read(request)).await.map_err(late)?
    }
}

/// Metrics of rules on the default bus have the rule's name alone; on other buses, the bus as well.
fn query(id: &'static str, metric_name: &'static str, rule: &RuleArn) -> Query {
    let mut dimensions = vec![Dimension { name: "RuleName", value: rule.name().to_owned() }];
    if rule.bus() != "default" {
        dimensions.push(Dimension { name: "EventBusName", value: rule.bus().to_owned() });
    }
    let metric = Metric { namespace: "AWS/Events", metric_name, dimensions };
    Query { id, metric_stat: MetricStat { metric, period: PERIOD, stat: "Sum" } }
}

fn points(series: Series) -> Result<Vec<(Timestamp, u64)>, Fault> {
    let failed = |kind, problem: &str| Fault::new(kind, format!("GetMetricData: {problem}"));
    match series.status_code.as_deref() {
        Some("Forbidden") => return Err(failed(FaultKind::Denied, "Forbidden")),
        Some("InternalError") => return Err(failed(FaultKind::Other, "InternalError")),
        _ => {}
    }
    if series.timestamps.len() != series.values.len() {
        return Err(failed(FaultKind::Other, "there are not as many timestamps as values"));
    }
    let points = series.timestamps.iter().zip(&series.values).map(|(at, firings)| {
        // A sum of counts is a whole number below 2^53; the conversions saturate.
        let at = Timestamp::from_second(*at as i64);
        at.map(|at| (at, firings.round() as u64))
            .map_err(|error| failed(FaultKind::Other, &error.to_string()))
    });
    points.collect()
}
