//! What `infra/README.md` counts and names is there: tests, alarms, metrics.

use std::fs;
use std::path::{Path, PathBuf};

use budget_guard::model::Timestamp;
use budget_guard::run::Summary;
use budget_guard::telemetry;
use serde_json::Value;

use crate::policies::Template;
use crate::support::Failure;
use crate::support::stack::expanded;

/// The test functions below a folder.
fn tests_below(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path: PathBuf = entry.expect("an entry").path();
        if path.is_dir() {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("UTF-8");
            let mut is_test = false;
            for line in text.lines().map(str::trim_start) {
                let name = line.split("fn ").nth(1).and_then(|rest| rest.split(['(', '<']).next());
                match name {
                    Some(name) if is_test => {
                        found.push(name.to_owned());
                        is_test = false;
                    }
                    _ => is_test |= line == "#[test]" || line == "#[tokio::test]",
                }
            }
        }
    }
}

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/README.md")).expect("the document")
}

#[tokio::test]
async fn standing_costs_are_those_of_what_there_is() -> Result<(), Failure> {
    let template = Template::new(&expanded().await?, &["WatchesSpend"]);
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let metrics_of = |alarm: &Value| {
        let queries = alarm["Properties"]["Metrics"].as_array().into_iter().flatten();
        queries.filter(|query| query.get("MetricStat").is_some()).count().max(1)
    };
    let metrics: usize = alarms.iter().map(|(_, alarm)| metrics_of(alarm)).sum();
    let written = telemetry::metrics(&Summary::default(), "", Timestamp::UNIX_EPOCH);
    let written = written["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().map_or(0, Vec::len);
    let usd = |count: usize, each: f64| format!("{:.2} USD", count as f64 * each);
    let readme = readme().split_whitespace().collect::<Vec<_>>().join(" ");
    // A tenth of a dollar for each metric of an alarm, and 0.30 USD for each custom metric of a function.
    for claim in [
        format!("{} alarms, the last of which reads", alarms.len()),
        usd(metrics, 0.10),
        format!("{written} metrics of each function {}", usd(2 * written, 0.30)),
    ] {
        assert!(readme.contains(&claim), "the document does not say: {claim}");
    }
    Ok(())
}

#[test]
fn each_threat_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = Vec::new();
    tests_below(&root.join("tests"), &mut tests);
    tests_below(&root.join("src"), &mut tests);
    assert!(tests.iter().any(|name| name == "each_threat_names_tests_that_exist"), "{tests:?}");

    let readme = readme();
    let threats = readme.split("## Threats").nth(1).and_then(|text| text.split("\n## ").next());
    let rows: Vec<&str> = threats.expect("the table").lines().filter(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 8, "{rows:?}");
    // After the head and the line below it.
    for row in &rows[2..] {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let named: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test: {row}");
        for name in named.into_iter().filter(|name| !name.starts_with("make ")) {
            assert!(tests.iter().any(|test| test == name), "there is no test {name}: {row}");
        }
    }
}
