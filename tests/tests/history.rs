//! A rule's history from CloudWatch: on both emulators, and against a server with planned replies.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use budget_guard_aws::{CloudWatchHistory, SystemClock};
use budget_guard_core::history::{REACH, RateHistory};
use budget_guard_core::model::{
    Durations, Fault, FaultKind, MeanDurations, Millis, RuleArn, Seconds, Timestamp,
};
use budget_guard_core::ports::{Clock, History};
use budget_guard_tests::Failure;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::metrics::{put_durations, put_rule_metric};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

fn rule(path: &str) -> Result<RuleArn, Failure> {
    Ok(format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse()?)
}

fn counts(points: &[(i64, u64)]) -> RateHistory {
    RateHistory::new(
        points.iter().map(|(at, firings)| (Timestamp::from_second(*at).expect("a time"), *firings)),
    )
}

async fn read(history: &CloudWatchHistory, rule: &RuleArn, now: Timestamp) -> Result<RateHistory, Fault> {
    history.triggered(rule, &[], now - REACH, now).await
}

fn function(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:123456789012:function:{name}")
}

fn longest(functions: &[(&str, u32)]) -> Durations {
    functions.iter().map(|(name, seconds)| (function(name), Seconds::new(*seconds))).collect()
}

fn means(functions: &[(&str, u32)]) -> MeanDurations {
    functions.iter().map(|(name, millis)| (function(name), Millis::new(*millis))).collect()
}

async fn what_was_counted_is_read(kind: Kind) -> Result<(), Failure> {
    let emulator = Emulator::start(kind).await?;
    let history = CloudWatchHistory::new(&emulator.sdk_config());
    let now = SystemClock.now();
    // Start of a minute, this many days and hours ago.
    let ago = |days: i64, hours: i64| now.as_second() / 60 * 60 - (days * 24 + hours) * 3_600;
    let put = async |metric, bus, rule, points: &[(i64, u64)]| {
        put_rule_metric(&emulator, metric, bus, rule, points).await
    };
    // Two values in one minute are added. Values older than 14 days are not requested.
    let hot = [(ago(6, 0), 5_000), (ago(6, 0) + 30, 12), (ago(0, 2), 3), (ago(14, 1), 900_000)];
    put("TriggeredRules", None, "hot", &hot).await?;
    put("MatchedEvents", None, "hot", &[(ago(6, 0), 1)]).await?;
    put("MatchedEvents", None, "matched-only", &[(ago(1, 0), 77)]).await?;
    // Two rules of the same name on two buses.
    put("TriggeredRules", Some("orders"), "hot", &[(ago(3, 0), 40)]).await?;

    let check = async |path: &str, expected: &[(i64, u64)]| -> Result<(), Failure> {
        assert_eq!(read(&history, &rule(path)?, now).await?, counts(expected), "{path}");
        Ok(())
    };
    check("hot", &[(ago(6, 0), 5_012), (ago(0, 2), 3)]).await?;
    check("orders/hot", &[(ago(3, 0), 40)]).await?;
    check("matched-only", &[(ago(1, 0), 77)]).await?;
    check("unknown", &[]).await?;

    // The maximum over all days in whole seconds, and the mean of the latest day. A function without runs and one of another Region have none.
    let quick = [(ago(13, 0), 900.0), (ago(6, 0), 1_200.5), (ago(6, 0) + 30, 40.0), (ago(0, 1), 1_000.0)];
    put_durations(&emulator, "quick", &quick).await?;
    put_durations(&emulator, "slow", &[(ago(2, 0), 61_000.0), (ago(16, 0), 890_000.0)]).await?;
    put_durations(&emulator, "elsewhere", &[(ago(2, 0), 5.0)]).await?;
    let elsewhere = function("elsewhere").replace("us-east-1", "eu-west-1");
    let functions = [function("quick"), elsewhere, function("never-ran"), function("slow")];
    let found = history.triggered(&rule("matched-only")?, &functions, now - REACH, now).await?;
    let expected = counts(&[(ago(1, 0), 77)]).with_longest(longest(&[("quick", 2), ("slow", 61)]));
    assert_eq!(found, expected.with_means(means(&[("quick", 1_000), ("slow", 61_000)])));
    Ok(())
}

#[tokio::test]
async fn what_was_counted_is_read_on_ministack() -> Result<(), Failure> {
    what_was_counted_is_read(Kind::Ministack).await
}

#[tokio::test]
async fn what_was_counted_is_read_on_moto() -> Result<(), Failure> {
    what_was_counted_is_read(Kind::Moto).await
}

/// Requests so far: head and body.
type Requests = Arc<Mutex<Vec<(Request<()>, Value)>>>;

/// A CloudWatch that gives these replies in order, each after its delay. It keeps the requests.
struct Stub {
    endpoint: String,
    requests: Requests,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Scripted {
    status: u16,
    body: String,
    after: Duration,
}

fn replies(status: u16, body: &Value) -> Scripted {
    Scripted { status, body: body.to_string(), after: Duration::ZERO }
}

impl Stub {
    async fn start(script: Vec<Scripted>) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let requests = Arc::new(Mutex::default());
        let script = Arc::new(Mutex::new(VecDeque::from(script)));
        let task = tokio::spawn(Self::serve(listener, script, Arc::clone(&requests)));
        Ok(Self { endpoint, requests, task })
    }

    async fn serve(listener: TcpListener, script: Arc<Mutex<VecDeque<Scripted>>>, requests: Requests) {
        while let Ok((stream, _)) = listener.accept().await {
            let (script, requests) = (Arc::clone(&script), Arc::clone(&requests));
            let answer = service_fn(move |request: Request<Incoming>| {
                let (script, requests) = (Arc::clone(&script), Arc::clone(&requests));
                async move {
                    let (parts, body) = request.into_parts();
                    let body = serde_json::from_slice(&body.collect().await?.to_bytes())?;
                    let request = (Request::from_parts(parts, ()), body);
                    requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                    let next = script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let next = next.ok_or("one request more than the script has replies")?;
                    tokio::time::sleep(next.after).await;
                    let reply = Response::builder().status(next.status);
                    Ok::<_, Failure>(reply.body(Full::new(Bytes::from(next.body)))?)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    }

    fn history(&self) -> CloudWatchHistory {
        let config = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::from_static("eu-west-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(
                aws_sdk_sqs::config::Credentials::new(
                    "AKIDEXAMPLE",
                    "secret",
                    Some("token".into()),
                    None,
                    "test",
                ),
            ))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        CloudWatchHistory::new(&config)
    }

    fn requests(&self) -> Vec<(Request<()>, Value)> {
        std::mem::take(&mut self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const NOON: i64 = 1_795_176_000;

fn noon() -> Timestamp {
    Timestamp::from_second(NOON).expect("a time")
}

fn series(id: &str, points: &[(f64, f64)], status: &str) -> Value {
    let (timestamps, values): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    json!({"Id": id, "Label": id, "Timestamps": timestamps, "Values": values, "StatusCode": status})
}

#[tokio::test]
async fn pages_are_read_to_the_end_in_one_signed_call_each() -> Result<(), Failure> {
    let page = |points: &[(f64, f64)], token: Value| {
        let results = [
            series("triggered", points, "Complete"),
            series(
                "longest0",
                &points.iter().map(|(at, n)| (*at, n * 1_000.0)).collect::<Vec<_>>(),
                "Complete",
            ),
            series("matched", &[(0.0, 9.0)], "Complete"),
            series("longest7", &[(0.0, 9.0)], "Complete"),
            series("mean0", &points.iter().map(|(at, n)| (*at, n * 100.5)).collect::<Vec<_>>(), "Complete"),
        ];
        replies(200, &json!({"MetricDataResults": results, "NextToken": token, "Messages": []}))
    };
    let at = NOON as f64;
    let script = vec![page(&[(at - 3_600.0, 4.0)], json!("more")), page(&[(at - 7_200.0, 5.0)], Value::Null)];
    let stub = Stub::start(script).await?;
    let (history, rule) = (stub.history(), rule("orders/fix-acl")?);
    let found = history.triggered(&rule, &[function("fixer")], noon() - REACH, noon()).await?;
    let expected = counts(&[(NOON - 7_200, 5), (NOON - 3_600, 4)]);
    assert_eq!(found, expected.with_longest(longest(&[("fixer", 5)])).with_means(means(&[("fixer", 402)])));

    let requests = stub.requests();
    assert_eq!(requests.len(), 2);
    let (head, body) = &requests[0];
    assert_eq!(head.headers()["x-amz-target"], "GraniteServiceVersion20100801.GetMetricData");
    assert_eq!(head.headers()["content-type"], "application/x-amz-json-1.0");
    assert_eq!(head.headers()["x-amz-security-token"], "token");
    let signature = head.headers()["authorization"].to_str()?;
    assert!(signature.contains("/eu-west-1/monitoring/aws4_request"), "{signature}");
    let query = |id: &str, metric: &str| {
        let dimensions = json!([
            {"Name": "RuleName", "Value": "fix-acl"},
            {"Name": "EventBusName", "Value": "orders"},
        ]);
        let metric = json!({"Namespace": "AWS/Events", "MetricName": metric, "Dimensions": dimensions});
        json!({"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}})
    };
    let dimensions = json!([{"Name": "FunctionName", "Value": "fixer"}]);
    let metric = json!({"Namespace": "AWS/Lambda", "MetricName": "Duration", "Dimensions": dimensions});
    let duration = |id: &str, stat: &str| json!({"Id": id, "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": stat}});
    let mut expected = json!({
        "StartTime": NOON - 14 * 86_400,
        "EndTime": NOON,
        "MetricDataQueries": [
            query("triggered", "TriggeredRules"),
            query("matched", "MatchedEvents"),
            duration("longest0", "Maximum"),
            duration("mean0", "Average"),
        ],
    });
    assert_eq!(*body, expected);
    expected["NextToken"] = json!("more");
    assert_eq!(requests[1].1, expected);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_is_named() -> Result<(), Failure> {
    let check = async |script: Vec<Scripted>, kind: FaultKind, words: &str| -> Result<(), Failure> {
        let stub = Stub::start(script).await?;
        let fault = read(&stub.history(), &rule("fix-acl")?, noon()).await.expect_err("a fault");
        assert_eq!((fault.kind, fault.to_string().as_str()), (kind, words));
        assert_eq!(stub.requests().len(), 1, "nothing is tried again");
        Ok(())
    };
    let error = |status: u16, kind: &str| {
        replies(status, &json!({"__type": format!("com.amazonaws.cloudwatch#{kind}"), "message": "sorry"}))
    };
    let denied = vec![error(400, "AccessDeniedException")];
    check(denied, FaultKind::Denied, "GetMetricData: AccessDeniedException: sorry").await?;
    let throttled = vec![error(400, "ThrottlingException")];
    check(throttled, FaultKind::Throttled, "GetMetricData: ThrottlingException: sorry").await?;
    let broken = Scripted { status: 503, body: "<html>".into(), after: Duration::ZERO };
    check(vec![broken], FaultKind::Other, "GetMetricData: HTTP 503").await?;
    let partly =
        |status: &str| vec![replies(200, &json!({"MetricDataResults": [series("triggered", &[], status)]}))];
    check(partly("Forbidden"), FaultKind::Denied, "GetMetricData: Forbidden").await?;
    check(partly("InternalError"), FaultKind::Other, "GetMetricData: InternalError").await?;
    let uneven = json!({"MetricDataResults": [{"Id": "triggered", "Timestamps": [1.0], "Values": []}]});
    let words = "GetMetricData: there are not as many timestamps as values";
    check(vec![replies(200, &uneven)], FaultKind::Other, words).await
}

#[tokio::test]
async fn a_slow_answer_is_not_waited_for() -> Result<(), Failure> {
    let page = json!({"MetricDataResults": [], "NextToken": "more"});
    let slow = |millis| Scripted { after: Duration::from_millis(millis), ..replies(200, &page) };
    // One reply that is too slow, and several that are too slow together.
    for script in [vec![slow(60_000)], vec![slow(900), slow(900), slow(900), slow(900)]] {
        let stub = Stub::start(script).await?;
        let began = Instant::now();
        let fault = read(&stub.history(), &rule("fix-acl")?, noon()).await.expect_err("a fault");
        let took = began.elapsed();
        assert_eq!(
            (fault.kind, fault.to_string().as_str()),
            (FaultKind::Timeout, "GetMetricData: no answer within 2s")
        );
        assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&took), "{took:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_end_of_the_firings_and_of_the_backlog_after_a_cut_is_read() -> Result<(), Failure> {
    // Minutes relative to the cut at noon, with the firings and the ages of the events in seconds.
    let check = async |fired: &[i64],
                       ages: &[&[(i64, f64)]],
                       expected: (Option<i64>, Option<i64>),
                       fired_before: u64| {
        let at = |minute: i64| (NOON + minute * 60) as f64;
        let fired: Vec<_> = fired.iter().map(|minute| (at(*minute), 3.0)).collect();
        let ages = ages.iter().enumerate().map(|(place, ages)| {
            let ages: Vec<_> = ages.iter().map(|(minute, age)| (at(*minute), age * 1_000.0)).collect();
            series(&format!("age{place}"), &ages, "Complete")
        });
        let results: Vec<Value> = [series("triggered", &fired, "Complete")].into_iter().chain(ages).collect();
        let stub = Stub::start(vec![replies(200, &json!({"MetricDataResults": results}))]).await?;
        let functions: Vec<String> = (1..results.len()).map(|n| function(&format!("f{n}"))).collect();
        let until = noon() + jiff::SignedDuration::from_mins(20);
        let seen = stub.history().since_cut(&rule("fix-acl")?, &functions, noon(), until).await?;
        let minutes = |at: Option<Timestamp>| at.map(|at| (at.as_second() - NOON) / 60);
        assert_eq!((minutes(seen.fired_until), minutes(seen.drained_at)), expected, "{results:#?}");
        assert_eq!(seen.fired_before, fired_before, "{results:#?}");
        let requests = stub.requests();
        let queries = requests[0].1["MetricDataQueries"].as_array().map_or(0, Vec::len);
        assert_eq!(queries, 1 + functions.len());
        Ok::<(), Failure>(())
    };
    // It fired until the fourth minute after the cut.
    check(&[-5, 0, 3], &[], (Some(4), None), 3).await?;
    check(&[-60, -5], &[], (Some(0), None), 6).await?;
    // Metrics that do not show the firings before the cut tell nothing.
    check(&[], &[], (None, None), 0).await?;
    check(&[1], &[], (None, None), 0).await?;
    // The queue held events of over a minute until minute 7; before the cut it says nothing.
    check(&[-5], &[&[(-2, 1.0), (3, 400.0), (7, 20.0), (8, 1.0)]], (Some(0), Some(8)), 3).await?;
    // The slower of two functions counts, and one that started nothing proves nothing.
    check(&[-5], &[&[(2, 1.0)], &[(9, 1.0)]], (Some(0), Some(10)), 3).await?;
    check(&[-5], &[&[(2, 1.0)], &[]], (Some(0), None), 3).await
}
