//! The alarm on the guard's own spend. Emulators have no alarms on metric math, so its expression is computed here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cost::{FIRINGS_OF_A_LOOP, SECONDS, million, price};
use crate::policies::Template;
use budget_guard_tests::Failure;
use budget_guard_tests::stack::expanded;

/// Price per unit of each metric of the alarm's expression, a sum of products. The first value is its factor.
fn expression(alarm: &Value) -> (f64, BTreeMap<String, f64>) {
    let metrics = alarm["Metrics"].as_array().expect("metrics");
    let usd = metrics.iter().find(|metric| metric["Id"] == "usd").expect("an expression");
    let pieces = usd["Expression"]["Fn::Join"][1].as_array().expect("pieces").iter();
    let text: String = pieces.map(|piece| piece.as_str().expect("text")).collect();
    let (factor, sum) = text.split_once(" * (").expect("a factor and a sum");
    let product = |product: &str| {
        let product = product.strip_prefix("FILL(")?;
        let (id, price) = product.split_once(", 0) * ")?;
        Some((id.to_owned(), price.parse().ok()?))
    };
    let sum = sum.strip_suffix(')').expect("the end of the sum").split(" + ");
    let prices = sum.map(|one| product(one).unwrap_or_else(|| panic!("no product: {one}")));
    (factor.parse().expect("a number"), prices.collect())
}

#[tokio::test]
async fn the_alarm_on_own_spend_counts_all_that_grows_with_events() -> Result<(), Failure> {
    let expanded = expanded().await?;
    let off = &expanded["Conditions"]["WatchesSpend"];
    assert_eq!(*off, json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "OwnSpendPerDayUSD"}, 0]}]}));
    for (met, message) in [(&["WatchesSpend"][..], 0.48e-6), (&["WatchesSpend", "HasArchive"], 0.63e-6)] {
        let template = Template::new(&expanded, met);
        let alarm = &template.resource("SpendAlarm")["Properties"];
        assert_eq!(
            json!([
                alarm["Threshold"],
                alarm["ComparisonOperator"],
                alarm["AlarmActions"],
                alarm["EvaluationPeriods"]
            ]),
            json!(["${OwnSpendPerDayUSD}", "GreaterThanThreshold", ["${AlertTopic}"], 1])
        );
        let memory =
            |id: &str| template.resource(id)["Properties"]["MemorySize"].as_f64().unwrap_or_default();
        let millisecond = |id: &str| memory(id) / 1_024.0 * price::GB_SECOND / 1_000.0;
        let expected = [
            ("sent", "AWS/SQS NumberOfMessagesSent QueueName=${Queue.QueueName}", message),
            ("attached", "AWS/SQS NumberOfMessagesSent QueueName=${AttachedQueue.QueueName}", 0.48e-6),
            ("ingested", "AWS/Lambda Invocations FunctionName=${Ingest}", price::INVOCATION),
            ("controlled", "AWS/Lambda Invocations FunctionName=${Control}", price::INVOCATION),
            ("ingesting", "AWS/Lambda Duration FunctionName=${Ingest}", millisecond("Ingest")),
            ("controlling", "AWS/Lambda Duration FunctionName=${Control}", millisecond("Control")),
            ("ingestlogs", "AWS/Logs IncomingBytes LogGroupName=${IngestLogs}", price::LOG_BYTE),
            ("controllogs", "AWS/Logs IncomingBytes LogGroupName=${ControlLogs}", price::LOG_BYTE),
            ("writes", "AWS/DynamoDB ConsumedWriteCapacityUnits TableName=${Table}", price::WRITE_UNIT),
            ("reads", "AWS/DynamoDB ConsumedReadCapacityUnits TableName=${Table}", price::READ_UNIT),
        ];
        let (factor, prices) = expression(alarm);
        let metrics = alarm["Metrics"].as_array().ok_or("no metrics")?;
        // CloudWatch takes ten metrics in an alarm at most. Source: "CloudWatch service quotas" (Amazon CloudWatch user guide).
        assert!(metrics.len() <= 11 && metrics.len() == expected.len() + 1 && prices.len() == expected.len());
        let mut seconds = Vec::new();
        for (id, name, price) in expected {
            let metric = metrics.iter().find(|metric| metric["Id"] == id).ok_or(id)?;
            let (stat, of) = (&metric["MetricStat"], &metric["MetricStat"]["Metric"]);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let dimension = &of["Dimensions"][0];
            let seen = format!(
                "{} {} {}={}",
                text(&of["Namespace"]),
                text(&of["MetricName"]),
                text(&dimension["Name"]),
                text(&dimension["Value"])
            );
            assert_eq!(
                (seen.as_str(), &stat["Stat"], &metric["ReturnData"]),
                (name, &json!("Sum"), &json!(false))
            );
            seconds.push(stat["Period"].as_f64().ok_or("no period")?);
            assert!((prices[id] / price - 1.0).abs() < 1e-4, "{id}: {} USD, not {price}", prices[id]);
        }
        // From one period to a day.
        assert!(
            seconds.iter().all(|period| (period * factor - 86_400.0).abs() < f64::EPSILON),
            "{seconds:?}"
        );
    }
    Ok(())
}

/// The alarm's figure for a loop is that of the table in `infra/cost.md`, and above the default.
#[tokio::test]
async fn a_published_loop_rings_the_alarm_on_own_spend() -> Result<(), Failure> {
    const RECORD: f64 = 2_900.0;
    const LOGGED: f64 = 1_400.0;
    let expanded = expanded().await?;
    let template = Template::new(&expanded, &["WatchesSpend"]);
    let (factor, prices) = expression(&template.resource("SpendAlarm")["Properties"]);
    let firings = 380.0 * 3_600.0;
    let invocations = firings / FIRINGS_OF_A_LOOP;
    let hour = BTreeMap::from([
        ("sent", firings),
        ("attached", 0.0),
        ("ingested", invocations),
        ("controlled", 60.0),
        ("ingesting", invocations * SECONDS * 1_000.0),
        ("controlling", 60.0 * 100.0),
        ("ingestlogs", invocations * LOGGED),
        ("controllogs", 60.0 * LOGGED),
        ("writes", invocations * (RECORD / 1_024.0).ceil()),
        ("reads", invocations * (RECORD / 4_096.0).ceil()),
    ]);
    let day = factor * prices.iter().map(|(id, price)| hour[id.as_str()] * price).sum::<f64>();
    let documented =
        million(FIRINGS_OF_A_LOOP, 10.0, RECORD as usize, LOGGED as usize) * 380.0 * 86_400.0 / 1e6;
    assert!((day / documented - 1.0).abs() < 0.01, "{day:.2} USD a day, and {documented:.2} by the table");
    let default = expanded["Parameters"]["OwnSpendPerDayUSD"]["Default"].as_f64().ok_or("no default")?;
    assert!(day > default, "{day:.2} USD a day do not ring at {default}");
    Ok(())
}
