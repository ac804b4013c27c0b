//! Reads the folder of cases: rules, events and the expected verdict on each rule.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use budget_guard_core::model::{RuleArn, Timestamp};
use flate2::read::GzDecoder;
use serde_json::{Map, Value};

use super::expect::Expected;

/// One case, from its folder.
pub struct Case {
    pub name: String,
    pub is_loop: bool,
    pub rules: Vec<Rule>,
    pub events: Vec<Event>,
    /// Expected verdicts by the name of the rule.
    pub expected: BTreeMap<String, Expected>,
    /// Firings in the busiest minute of the last 14 days, by the name of the rule.
    pub busiest: BTreeMap<String, u64>,
    /// `functions` and `stage` of `case.json`, which name the actors.
    pub functions: Value,
    pub stage: Value,
    /// Parts of the case that cannot be read, one sentence each.
    pub problems: Vec<String>,
}

/// A rule as `aws events` prints it, with its targets.
pub struct Rule {
    pub arn: RuleArn,
    pub json: Value,
}

/// An event of the bus.
pub struct Event {
    pub at: Timestamp,
    /// Line of the file.
    pub text: String,
    pub json: Value,
}

/// Keys of `case.json` that are read here, and keys for readers only.
const KEYS: &[&str] = &[
    "story",
    "source",
    "kind",
    "expect",
    "functions",
    "stage",
    "history_per_minute",
    "note",
    "notes",
    "title",
];

/// All cases, ordered by name.
pub fn read_all(folder: &Path) -> Vec<Case> {
    let entries = fs::read_dir(folder).expect("the folder of cases");
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.retain(|path| path.join("case.json").exists());
    folders.sort();
    folders.iter().map(|folder| read(folder)).collect()
}

fn read(folder: &Path) -> Case {
    let name = folder.file_name().unwrap_or_default().display().to_string();
    let mut problems = Vec::new();
    let text = |file: &str| fs::read_to_string(folder.join(file)).map_err(|error| format!("{file}: {error}"));
    let json =
        text("case.json").and_then(|text| serde_json::from_str::<Value>(&text).map_err(|e| e.to_string()));
    let json = json.unwrap_or_else(|problem| {
        problems.push(problem);
        Value::Null
    });
    for key in keys(&json).filter(|key| !KEYS.contains(key)) {
        problems.push(format!("case.json has the key {key:?}, which is not known here"));
    }
    let rules = text("rules.jsonl").map(|text| lines(&text, "rules.jsonl", rule, &mut problems));
    let events = unpacked(folder).map(|text| lines(&text, "events.jsonl.gz", event, &mut problems));
    let rules = rules.unwrap_or_else(|problem| noted(problem, &mut problems));
    let events = events.unwrap_or_else(|problem| noted(problem, &mut problems));
    let expected = expected(&json["expect"], &rules, &mut problems);
    let busiest = busiest(&json["history_per_minute"], &mut problems);
    let is_loop = match json["kind"].as_str() {
        Some("loop") => true,
        Some("honest") => false,
        other => noted(format!("kind is {other:?}; expected \"honest\" or \"loop\""), &mut problems),
    };
    let (functions, stage) = (json["functions"].clone(), json["stage"].clone());
    Case { name, is_loop, rules, events, expected, busiest, functions, stage, problems }
}

fn noted<T: Default>(problem: String, problems: &mut Vec<String>) -> T {
    problems.push(problem);
    T::default()
}

pub fn keys(json: &Value) -> impl Iterator<Item = &str> {
    json.as_object().into_iter().flat_map(Map::keys).map(String::as_str)
}

fn unpacked(folder: &Path) -> Result<String, String> {
    let path = folder.join("events.jsonl.gz");
    let mut text = String::new();
    let file = fs::File::open(&path).map_err(|error| format!("events.jsonl.gz: {error}"))?;
    GzDecoder::new(file).read_to_string(&mut text).map_err(|error| format!("events.jsonl.gz: {error}"))?;
    Ok(text)
}

/// Reads each line that is not empty. Adds a problem for each line that cannot be read.
fn lines<T>(
    text: &str,
    file: &str,
    read: fn(&str) -> Result<T, String>,
    problems: &mut Vec<String>,
) -> Vec<T> {
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match read(line) {
            Ok(one) => all.push(one),
            Err(problem) => problems.push(format!("{file}, line {}: {problem}", number + 1)),
        }
    }
    all
}

fn rule(line: &str) -> Result<Rule, String> {
    let json: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let arn = json["Arn"].as_str().unwrap_or_default().parse().map_err(|error| format!("{error}"))?;
    Ok(Rule { arn, json })
}

fn event(line: &str) -> Result<Event, String> {
    let json: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let at = json["time"].as_str().unwrap_or_default().parse().map_err(|error| format!("time: {error}"))?;
    Ok(Event { at, text: line.to_owned(), json })
}

fn expected(json: &Value, rules: &[Rule], problems: &mut Vec<String>) -> BTreeMap<String, Expected> {
    let mut expected = BTreeMap::new();
    for name in keys(json) {
        if rules.iter().all(|rule| rule.arn.name() != name) {
            problems.push(format!("a verdict is expected for {name:?}, which is no rule of rules.jsonl"));
        }
        match json[name].as_str().unwrap_or_default().parse() {
            Ok(one) => drop(expected.insert(name.to_owned(), one)),
            Err(problem) => problems.push(format!("rule {name}: {problem}")),
        }
    }
    if expected.is_empty() {
        problems.push("nothing is expected of any rule".to_owned());
    }
    expected
}

fn busiest(json: &Value, problems: &mut Vec<String>) -> BTreeMap<String, u64> {
    let mut busiest = BTreeMap::new();
    for rule in keys(json) {
        let told = &json[rule];
        let most = told.as_array().and_then(|counts| counts.iter().filter_map(Value::as_u64).max());
        match told.as_u64().or(told["busiest"].as_u64()).or(most) {
            Some(count) => drop(busiest.insert(rule.to_owned(), count)),
            None => {
                problems.push(format!("history_per_minute of {rule} is {told}; expected {{\"busiest\": n}}"))
            }
        }
    }
    busiest
}
