//! Puts metrics into an emulator with the JSON protocol, which both emulators speak.

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::Failure;
use super::emulator::{Emulator, REGION};

/// Puts a metric of a rule in the form of EventBridge, with one value for each time (seconds since 1970).
///
/// `bus` is `None` for the default bus, because metrics of its rules have no bus dimension.
pub async fn put_rule_metric(
    emulator: &Emulator,
    metric: &str,
    bus: Option<&str>,
    rule: &str,
    points: &[(i64, u64)],
) -> Result<(), Failure> {
    let mut dimensions = vec![json!({"Name": "RuleName", "Value": rule})];
    dimensions.extend(bus.map(|bus| json!({"Name": "EventBusName", "Value": bus})));
    let datum = |(at, value): &(i64, u64)| json!({"MetricName": metric, "Dimensions": dimensions, "Timestamp": at, "Value": value, "Unit": "Count"});
    put(emulator, "AWS/Events", points.iter().map(datum).collect()).await
}

/// Puts durations of a function in the form of Lambda: milliseconds for each time (seconds since 1970).
pub async fn put_durations(
    emulator: &Emulator,
    function: &str,
    points: &[(i64, f64)],
) -> Result<(), Failure> {
    let dimensions = json!([{"Name": "FunctionName", "Value": function}]);
    let datum = |(at, value): &(i64, f64)| {
        let unit = "Milliseconds";
        json!({"MetricName": "Duration", "Dimensions": dimensions, "Timestamp": at, "Value": value, "Unit": unit})
    };
    put(emulator, "AWS/Lambda", points.iter().map(datum).collect()).await
}

async fn put(emulator: &Emulator, namespace: &str, data: Vec<Value>) -> Result<(), Failure> {
    let body = json!({"Namespace": namespace, "MetricData": data});
    let host = emulator.endpoint().trim_start_matches("http://").to_owned();
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::connect(&host).await?)).await?;
    tokio::spawn(connection);
    // The emulators read the service and the Region from the signature's scope and do not check the signature.
    let scope = format!("testing/20261120/{REGION}/monitoring/aws4_request");
    let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
    let request = Request::post("/")
        .header("host", &host)
        .header("authorization", signature)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "GraniteServiceVersion20100801.PutMetricData")
        .body(Full::new(Bytes::from(body.to_string())))?;
    let reply = sender.send_request(request).await?;
    let status = reply.status();
    let body = reply.into_body().collect().await?.to_bytes();
    if status.is_success() {
        return Ok(());
    }
    Err(format!("PutMetricData: {status}: {}", String::from_utf8_lossy(&body)).into())
}
