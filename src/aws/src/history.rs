//! A rule's history from CloudWatch: its firings per minute, and the maximum and mean durations of its functions.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;

use super::json_client::{JsonClient, Retry};
use super::metrics::{Dimension, Metric, MetricStat, Query, Reply, Request, Series, get_metric_data};
use budget_guard_core::history::{RateHistory, SinceCut};
use budget_guard_core::model::{
    Durations, Fault, FaultKind, MeanDurations, Millis, RuleArn, Seconds, Timestamp,
};
use budget_guard_core::ports::History;

/// Time limit for all pages together, since firings wait for the decision.
const DEADLINE: Duration = Duration::from_secs(2);
/// Period of the counts of firings, in seconds.
const PERIOD: u32 = 60;
/// Period of a function's maximum and mean durations, in seconds. A query returns 14 or 15 points.
const DAY: u32 = 86_400;
/// Query ID of `TriggeredRules`.
const TRIGGERED: &str = "triggered";
/// Query ID of `MatchedEvents`.
const MATCHED: &str = "matched";
/// Prefix of the query IDs of durations; the index of the function follows.
const LONGEST: &str = "longest";
/// Prefix of the query IDs of mean durations; the index of the function follows.
const MEAN: &str = "mean";
/// Prefix of the query IDs of the ages of waiting events; the index of the function follows.
const AGE: &str = "age";
/// Time before a cut in which a rule that fired has metrics, in seconds.
const BEFORE_CUT: i64 = 3_600;
/// Age of a waiting event below which a function has no backlog, in milliseconds.
const NO_BACKLOG: f64 = 60_000.0;

/// Reads metrics of the namespaces `AWS/Events` and `AWS/Lambda`.
///
/// Sources: "Monitoring Amazon EventBridge" (Amazon EventBridge user guide), "Types of metrics for Lambda functions"
/// (AWS Lambda developer guide).
#[derive(Debug, Clone)]
pub struct CloudWatchHistory {
    client: JsonClient,
}

impl CloudWatchHistory {
    /// Reads from the Region of `config`, without retries.
    pub fn new(config: &SdkConfig) -> Self {
        // Firings wait for the decision, so there is no time for retries.
        Self { client: JsonClient::new(config, Retry::Never) }
    }

    /// Reads all pages. `functions` are the ARNs of the functions, in the order of their queries.
    async fn read(&self, mut request: Request, functions: &[&String]) -> Result<RateHistory, Fault> {
        let (mut triggered, mut matched) = (Vec::new(), Vec::new());
        let (mut longest, mut means) = (Durations::new(), BTreeMap::new());
        loop {
            let Reply { metric_data_results, next_token } = get_metric_data(&self.client, &request).await?;
            for series in metric_data_results {
                let function = |prefix| {
                    let place: usize = series.id.strip_prefix(prefix)?.parse().ok()?;
                    functions.get(place)
                };
                let points = points(&series)?;
                match (&*series.id, function(LONGEST), function(MEAN)) {
                    (TRIGGERED, ..) => triggered.extend(counts(points)?),
                    (MATCHED, ..) => matched.extend(counts(points)?),
                    (_, Some(function), _) => {
                        for seconds in points.map(|(_, millis)| whole_seconds(millis)) {
                            let known = longest.entry((*function).clone()).or_insert(seconds);
                            *known = seconds.max(*known);
                        }
                    }
                    (_, None, Some(function)) => {
                        for (at, millis) in points {
                            let latest = means.entry((*function).clone()).or_insert((at, millis));
                            if at > latest.0 {
                                *latest = (at, millis);
                            }
                        }
                    }
                    _ => {}
                }
            }
            // An empty token means that there are no more pages.
            request.next_token = next_token.filter(|token| !token.is_empty());
            if request.next_token.is_none() {
                break;
            }
        }
        let history = RateHistory::new(triggered);
        let history = if history.is_empty() { RateHistory::new(matched) } else { history };
        // The conversion saturates.
        let mean =
            |(function, (_, millis)): (String, (f64, f64))| (function, Millis::new(millis.ceil() as u32));
        let means: MeanDurations = means.into_iter().map(mean).collect();
        Ok(history.with_longest(longest).with_means(means))
    }
}

impl History for CloudWatchHistory {
    /// Reads all metrics with one request. `MatchedEvents` counts only if `TriggeredRules` has no data. Functions of
    /// other accounts and Regions have no metrics here, and are left out.
    async fn triggered(
        &self,
        rule: &RuleArn,
        functions: &[String],
        since: Timestamp,
        until: Timestamp,
    ) -> Result<RateHistory, Fault> {
        let home = home_of(rule);
        let (functions, durations): (Vec<&String>, Vec<[Query; 2]>) = functions
            .iter()
            .filter_map(|arn| Some((arn, arn.strip_prefix(&home)?)))
            .enumerate()
            .map(|(place, (arn, name))| (arn, durations(place, name)))
            .unzip();
        let firings = [query(TRIGGERED, "TriggeredRules", rule), query(MATCHED, "MatchedEvents", rule)];
        let request = Request {
            // CloudWatch rounds the start down in the same way.
            start_time: since.as_second() - since.as_second().rem_euclid(PERIOD.into()),
            end_time: until.as_second(),
            metric_data_queries: firings.into_iter().chain(durations.into_iter().flatten()).collect(),
            next_token: None,
        };
        let late = |_| failed(FaultKind::Timeout, &format!("no answer within {}s", DEADLINE.as_secs()));
        tokio::time::timeout(DEADLINE, self.read(request, &functions)).await.map_err(late)?
    }

    /// Reads `TriggeredRules` of the rule, and `AsyncEventAge` of its functions, by the minute.
    async fn since_cut(
        &self,
        rule: &RuleArn,
        functions: &[String],
        cut_at: Timestamp,
        until: Timestamp,
    ) -> Result<SinceCut, Fault> {
        let home = home_of(rule);
        let names: Option<Vec<&str>> = functions.iter().map(|arn| arn.strip_prefix(&home)).collect();
        // A function elsewhere has no metrics here, so its backlog is not known.
        let names = names.unwrap_or_default();
        let ages = names.iter().enumerate().map(|(place, name)| age(place, name));
        let since = cut_at.as_second() - BEFORE_CUT;
        let request = Request {
            start_time: since - since.rem_euclid(PERIOD.into()),
            end_time: until.as_second(),
            metric_data_queries: [query(TRIGGERED, "TriggeredRules", rule)].into_iter().chain(ages).collect(),
            next_token: None,
        };
        let late = |_| failed(FaultKind::Timeout, &format!("no answer within {}s", DEADLINE.as_secs()));
        let read = self.read_since_cut(request, names.len(), cut_at);
        let mut seen = tokio::time::timeout(DEADLINE, read).await.map_err(late)??;
        seen.drained_at = seen.drained_at.filter(|_| !names.is_empty());
        Ok(seen)
    }
}

/// Beginning of the ARNs of functions in the rule's account and Region.
fn home_of(rule: &RuleArn) -> String {
    format!("arn:{}:lambda:{}:{}:function:", rule.partition(), rule.region(), rule.account())
}

/// Query for the maximum age of the events that a function started, in milliseconds.
///
/// Source: `AsyncEventAge` in "Types of metrics for Lambda functions" (AWS Lambda developer guide).
fn age(place: usize, function: &str) -> Query {
    let dimensions = vec![Dimension { name: "FunctionName", value: function.to_owned() }];
    let metric = Metric { namespace: "AWS/Lambda", metric_name: "AsyncEventAge", dimensions };
    Query { id: format!("{AGE}{place}"), metric_stat: MetricStat { metric, period: PERIOD, stat: "Maximum" } }
}

impl CloudWatchHistory {
    /// Reads the firings around a cut, and the ages of the events that waited for the functions since. Only the first
    /// page is read: a few hours of a few functions have one.
    async fn read_since_cut(
        &self,
        request: Request,
        functions: usize,
        cut_at: Timestamp,
    ) -> Result<SinceCut, Fault> {
        let reply = get_metric_data(&self.client, &request).await?;
        let (mut fired, mut fired_before, mut drained) = (Vec::new(), 0, vec![None; functions]);
        for series in reply.metric_data_results {
            let place = series.id.strip_prefix(AGE).and_then(|place| place.parse::<usize>().ok());
            let points = points(&series)?;
            match place.and_then(|place| drained.get_mut(place)) {
                Some(drained) => {
                    let young = points.filter(|(_, age)| *age < NO_BACKLOG).map(|(at, _)| at as i64);
                    *drained = young.filter(|at| *at >= cut_at.as_second()).min();
                }
                None => {
                    for (at, firings) in points.filter(|(_, firings)| *firings > 0.0) {
                        // The conversions saturate.
                        let minute = at as i64;
                        fired.push(minute);
                        if minute < cut_at.as_second() {
                            fired_before += firings.round() as u64;
                        }
                    }
                }
            }
        }
        let end = |minute: i64| Timestamp::from_second(minute.saturating_add(PERIOD.into())).ok();
        let is_shown = fired.iter().any(|minute| *minute < cut_at.as_second());
        let last = fired.into_iter().max().filter(|_| is_shown);
        // The slowest function counts, and one without events is no proof of an empty queue.
        let drained = drained.into_iter().collect::<Option<Vec<i64>>>().and_then(|all| all.into_iter().max());
        Ok(SinceCut {
            fired_until: last.and_then(end).map(|until| until.max(cut_at)),
            drained_at: drained.and_then(end),
            fired_before,
        })
    }
}

/// Query for the firings of a rule. Metrics of rules on the default bus have the dimension `RuleName` only; those of
/// other buses have `EventBusName` as well.
fn query(id: &'static str, metric_name: &'static str, rule: &RuleArn) -> Query {
    let mut dimensions = vec![Dimension { name: "RuleName", value: rule.name().to_owned() }];
    if !rule.is_on_default_bus() {
        dimensions.push(Dimension { name: "EventBusName", value: rule.bus().to_owned() });
    }
    let metric = Metric { namespace: "AWS/Events", metric_name, dimensions };
    Query { id: id.to_owned(), metric_stat: MetricStat { metric, period: PERIOD, stat: "Sum" } }
}

/// Queries for the maximum and the mean duration of a function in milliseconds, over all versions, without cold starts.
fn durations(place: usize, function: &str) -> [Query; 2] {
    [(LONGEST, "Maximum"), (MEAN, "Average")].map(|(prefix, stat)| {
        let dimensions = vec![Dimension { name: "FunctionName", value: function.to_owned() }];
        let metric = Metric { namespace: "AWS/Lambda", metric_name: "Duration", dimensions };
        Query { id: format!("{prefix}{place}"), metric_stat: MetricStat { metric, period: DAY, stat } }
    })
}

fn failed(kind: FaultKind, problem: &str) -> Fault {
    Fault::new(kind, problem).in_call("GetMetricData")
}

/// Points of a series, each with its time in seconds since 1970.
fn points(series: &Series) -> Result<impl Iterator<Item = (f64, f64)>, Fault> {
    match series.status_code.as_deref() {
        Some("Forbidden") => return Err(failed(FaultKind::Denied, "Forbidden")),
        Some("InternalError") => return Err(failed(FaultKind::Other, "InternalError")),
        _ => {}
    }
    if series.timestamps.len() != series.values.len() {
        return Err(failed(FaultKind::Other, "there are not as many timestamps as values"));
    }
    Ok(series.timestamps.iter().copied().zip(series.values.iter().copied()))
}

fn counts(points: impl Iterator<Item = (f64, f64)>) -> Result<Vec<(Timestamp, u64)>, Fault> {
    let counts = points.map(|(at, firings)| {
        // A sum of counts is a whole number below 2^53; the conversions saturate.
        let at = Timestamp::from_second(at as i64);
        at.map(|at| (at, firings.round() as u64))
            .map_err(|error| failed(FaultKind::Other, &error.to_string()))
    });
    counts.collect()
}

/// Milliseconds as seconds, rounded up.
fn whole_seconds(millis: f64) -> Seconds {
    // The conversion saturates.
    Seconds::new((millis / 1_000.0).ceil() as u32)
}
