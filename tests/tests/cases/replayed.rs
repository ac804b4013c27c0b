//! Runs `replay` over a case: a rules file with the roles of the targets, and a log with the records of the events.
//!
//! A rules file has one role for each target. It has no history of a rule, and no function behind a queue, a topic or
//! a state machine.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use budget_guard_tests::programs;
use serde_json::{Value, json};

use super::cast::Cast;
use super::folder::Case;

/// Reason of the trip by the name of the rule. `None` for a rule without a trip.
pub type Replayed = BTreeMap<String, Option<String>>;

/// Runs the command over a case. The error is the text that was printed instead of a report.
pub fn replay(case: &Case) -> Result<Replayed, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (rules, log) = (folder.path().join("rules.jsonl"), folder.path().join("log.json"));
    let opened = Cast::new(case).openings(&case.rules);
    let records: Vec<&Value> = opened
        .iter()
        .map(|(_, record)| record)
        .chain(case.events.iter().map(|event| &event.json["detail"]))
        .collect();
    let written = fs::write(&rules, rules_file(case));
    written
        .and_then(|()| fs::write(&log, json!({ "Records": records }).to_string()))
        .map_err(|e| e.to_string())?;
    let mut command = Command::new(programs::command());
    command.env_clear().args(["replay", "--output", "json", "--rules"]).arg(&rules).arg(&log);
    let output = command.output().map_err(|error| error.to_string())?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let outcome = |one: &Value| {
        let reason =
            one["trip"].as_object().map(|trip| trip["reason"].as_str().unwrap_or_default().to_owned());
        Some((one["rule"].as_str()?.to_owned(), reason))
    };
    Ok(report["rules"].as_array().into_iter().flatten().filter_map(outcome).collect())
}

/// Rules as AWS prints them, with the role of the first actor on each target. All actors are written as well, in the
/// form of the directory, for a reader that supports it.
fn rules_file(case: &Case) -> String {
    let cast = Cast::new(case);
    let line = |rule: &super::folder::Rule| {
        let mut json = rule.json.clone();
        let listed = json["Targets"].as_array_mut().into_iter().flatten();
        for (told, target) in listed.zip(cast.targets(rule)) {
            told["actors"] = json!(target.actors);
            if let Some(role) = target.actors.first().and_then(|actor| actor.role.as_deref()) {
                told["role"] = json!(role);
            }
        }
        json.to_string()
    };
    case.rules.iter().map(line).collect::<Vec<_>>().join("\n")
}
