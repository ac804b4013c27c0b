//! Log line and metrics of an invocation, the latter in the embedded metric format.

use serde_json::{Value, json};

use crate::model::Timestamp;
use crate::run::{HandleError, Summary};

/// Logs the summary line of one invocation, and a line for each failure in it.
pub fn log(summary: &Summary, error: Option<&HandleError>) {
    for note in &summary.notes {
        tracing::warn!("{note}");
    }
    if let Some(error) = error {
        tracing::error!(%error, "invocation failed");
    }
    let names = |rules: &[crate::model::RuleArn]| {
        rules.iter().map(crate::model::RuleArn::as_str).collect::<Vec<_>>().join(" ")
    };
    tracing::info!(
        messages = summary.messages,
        firings = summary.tally.firings,
        duplicates = summary.tally.duplicates,
        late = summary.tally.late,
        bus_events = summary.bus_events,
        matched = summary.matched,
        unattributed = summary.unattributed,
        unattached = summary.unattached,
        foreign = summary.foreign,
        read_only = summary.read_only,
        unknown = summary.unknown,
        replays = summary.replays,
        own_calls = summary.own_calls,
        ignored = summary.ignored,
        trips = summary.tally.trips,
        tripped = names(&summary.tripped),
        suspects = names(&summary.suspects),
        decode_errors = summary.decode_errors,
        failed = summary.failed,
        postponed = summary.postponed,
        ok = error.is_none(),
        "invocation"
    );
}

/// Namespace of the metrics in CloudWatch.
pub const NAMESPACE: &str = "BudgetGuard";

/// Returns the metrics of one invocation as a document in the embedded metric format, for one line of standard output.
///
/// Source: "Specification: Embedded metric format" (Amazon CloudWatch user guide).
pub fn metrics(summary: &Summary, function: &str, now: Timestamp) -> Value {
    let names = [
        "Firings",
        "Trips",
        "Suspects",
        "Late",
        "Failed",
        "DecodeErrors",
        "BusEvents",
        "Unattributed",
        "Unattached",
        "Unknown",
        "Postponed",
    ];
    let mut metrics: Vec<Value> = names.iter().map(|name| json!({"Name": name, "Unit": "Count"})).collect();
    // Only ticks know these.
    let of_ticks = [
        ("DirectoryAge", "Seconds", summary.directory_age),
        ("SilentMinutes", "Count", summary.silent_minutes),
    ];
    let of_ticks = of_ticks.into_iter().filter_map(|(name, unit, value)| Some((name, unit, value?)));
    metrics.extend(of_ticks.clone().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})));
    let mut document = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["FunctionName"]],
                "Metrics": metrics,
            }],
        },
        "FunctionName": function,
        "Firings": summary.tally.firings,
        "Trips": summary.tally.trips,
        "Suspects": summary.suspects.len(),
        "Late": summary.tally.late,
        "Failed": summary.failed,
        "DecodeErrors": summary.decode_errors,
        "BusEvents": summary.bus_events,
        "Unattributed": summary.unattributed,
        "Unattached": summary.unattached,
        "Unknown": summary.unknown,
        "Postponed": summary.postponed,
    });
    of_ticks.for_each(|(name, _, value)| document[name] = value.into());
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_announced_has_a_value() {
        let check = |summary: &Summary, expected: usize| {
            let document = metrics(summary, "ingest", Timestamp::UNIX_EPOCH);
            let announced = document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
            assert_eq!(announced.len(), expected);
            for metric in announced {
                assert_eq!(document[metric["Name"].as_str().unwrap()], 0, "{metric}");
            }
        };
        check(&Summary::default(), 11);
        check(&Summary { directory_age: Some(0), silent_minutes: Some(0), ..Summary::default() }, 13);
    }
}
