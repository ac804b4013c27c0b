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
    let metrics: Vec<Value> = names.iter().map(|name| json!({"Name": name, "Unit": "Count"})).collect();
    json!({
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_announced_has_a_value() {
        let document = metrics(&Summary::default(), "ingest", Timestamp::UNIX_EPOCH);
        let announced = document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(announced.len(), 11);
        for metric in announced {
            assert_eq!(document[metric["Name"].as_str().unwrap()], 0, "{metric}");
        }
    }
}
