//! Alarms and metrics that `infra/cost.md` counts.

use std::fs;

use budget_guard_core::model::Timestamp;
use budget_guard_core::run::Summary;
use budget_guard_core::telemetry;
use budget_guard_tests::folders::root;
use serde_json::Value;

use crate::policies::Template;
use budget_guard_tests::Failure;
use budget_guard_tests::stack::expanded;

#[tokio::test]
async fn standing_costs_are_those_of_what_there_is() -> Result<(), Failure> {
    let template = Template::new(&expanded().await?, &["WatchesSpend", "Watches"]);
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let metrics_of = |alarm: &Value| {
        let queries = alarm["Properties"]["Metrics"].as_array().into_iter().flatten();
        queries.filter(|query| query.get("MetricStat").is_some()).count().max(1)
    };
    let metrics: usize = alarms.iter().map(|(_, alarm)| metrics_of(alarm)).sum();
    let written = telemetry::metrics(&Summary::default(), "", Timestamp::UNIX_EPOCH);
    let written = written["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().map_or(0, Vec::len);
    let usd = |count: usize, each: f64| format!("{:.2} USD", count as f64 * each);
    let document = root().join("infra/cost.md");
    let document = fs::read_to_string(document)?.split_whitespace().collect::<Vec<_>>().join(" ");
    // A tenth of a dollar for each metric of an alarm, and 0.30 USD for each custom metric of a function.
    for claim in [
        format!("{} alarms, the last of them on", alarms.len()),
        usd(metrics, 0.10),
        format!("{written} metrics of each function {}", usd(2 * written, 0.30)),
    ] {
        assert!(document.contains(&claim), "the document does not say: {claim}");
    }
    Ok(())
}

/// An alarm on a metric that no function writes would never ring.
#[tokio::test]
async fn the_alarms_ask_for_metrics_that_there_are() -> Result<(), Failure> {
    let template = Template::new(&expanded().await?, &["WatchesSpend", "Watches"]);
    let tick = Summary { directory_age: Some(0), silent_minutes: Some(0), ..Summary::default() };
    let written = telemetry::metrics(&tick, "", Timestamp::UNIX_EPOCH);
    let written = written["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().cloned().unwrap_or_default();
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let ours = alarms.iter().filter(|(_, alarm)| alarm["Properties"]["Namespace"] == telemetry::NAMESPACE);
    let asked: Vec<&Value> = ours.map(|(_, alarm)| &alarm["Properties"]["MetricName"]).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    for name in asked {
        assert!(written.iter().any(|metric| metric["Name"] == *name), "{name}");
    }
    Ok(())
}
