//! Event patterns: verdicts of the reference engine of EventBridge, and events that are made to be slow.
//!
//! Neither is part of the project. Without them the tests print that they are skipped, and pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use budget_guard_tests::folders::root;
use eventbridge_pattern::{Facts, Known, Matcher, Pattern, Possibility, Scratch};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Time limit for one hostile event in a test build, which is hardly optimised.
const SLOWEST: Duration = Duration::from_millis(500);

#[derive(Deserialize)]
struct Case<'a> {
    id: String,
    /// The pattern, or its text if it is not JSON.
    #[serde(borrow)]
    pattern: &'a RawValue,
    event: &'a RawValue,
    /// True, false, or "invalid".
    expect: Value,
    /// Reasons why the verdict of the reference engine may be wrong.
    #[serde(default)]
    contested: Vec<String>,
    #[serde(default)]
    tag: String,
}

/// A file of the shared data. `None` if it is absent.
#[expect(clippy::disallowed_methods, reason = "where the data lies is told by the environment")]
fn shared(path: &str) -> Option<String> {
    let root =
        std::env::var_os("BUDGET_GUARD_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = root.join(path);
    if path.exists() {
        return Some(fs::read_to_string(path).expect("it can be read"));
    }
    eprintln!("skipped: {} is absent (BUDGET_GUARD_SHARED names another folder)", path.display());
    None
}

fn cases(text: &str) -> Vec<Case<'_>> {
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn pattern(case: &Case<'_>) -> String {
    let raw = case.pattern.get();
    serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned())
}

fn verdict(case: &Case<'_>, scratch: &mut Scratch) -> Value {
    let Ok(pattern) = Pattern::compile(&pattern(case)) else { return "invalid".into() };
    let matcher = Matcher::new([pattern]);
    let found = matcher.matches(case.event.get().as_bytes(), scratch).expect("an event");
    if found.unknown.is_empty() { (!found.matched.is_empty()).into() } else { "unknown".into() }
}

#[test]
fn agrees_with_the_reference_engine() {
    let Some(text) = shared("conformance/event-patterns.jsonl") else { return };
    let mut scratch = Scratch::default();
    let mut wrong = Vec::new();
    let mut contested: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    let cases = cases(&text);
    for case in &cases {
        let verdict = verdict(case, &mut scratch);
        let differs = verdict != case.expect;
        let told = format!(
            "{}: {} for {} on {}: {verdict}",
            case.id,
            case.expect,
            case.pattern.get(),
            case.event.get()
        );
        if case.contested.is_empty() {
            wrong.extend(differs.then_some(told));
            continue;
        }
        let (all, different) =
            contested.entry(format!("{} ({})", case.tag, case.contested.join(", "))).or_default();
        *all += 1;
        different.extend(differs.then_some(told));
    }
    println!("{} cases; contested ones by kind, and how many differ:", cases.len());
    for (kind, (all, different)) in &contested {
        println!("{kind:<50} {all:>5} {:>5}", different.len());
        different.iter().for_each(|told| println!("    {told}"));
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases.len() > 1_000, "only {} cases", cases.len());
}

/// All patterns in one matcher find the same as each pattern alone.
#[test]
fn many_patterns_find_what_each_finds() {
    let Some(text) = shared("conformance/event-patterns.jsonl") else { return };
    let cases = cases(&text);
    let compiled: Vec<Pattern> =
        cases.iter().filter_map(|case| Pattern::compile(&pattern(case)).ok()).collect();
    let alone: Vec<Matcher> = compiled.iter().map(|pattern| Matcher::new([pattern.clone()])).collect();
    let together = Matcher::new(compiled);
    let (mut scratch, mut other) = (Scratch::default(), Scratch::default());
    for case in cases.iter().step_by(25) {
        let event = case.event.get().as_bytes();
        let found = together.matches(event, &mut scratch).expect("an event");
        let is_found = |matcher: &Matcher, other: &mut Scratch| {
            !matcher.matches(event, other).expect("an event").matched.is_empty()
        };
        let expected: Vec<u32> =
            (0..alone.len() as u32).filter(|number| is_found(&alone[*number as usize], &mut other)).collect();
        assert_eq!(found.matched, expected, "{}", case.id);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "what takes too long is a hang")]
fn hostile_events_are_decided_at_once() {
    let Some(text) = shared("bench/adversarial.jsonl") else { return };
    let mut scratch = Scratch::default();
    for case in cases(&text) {
        let started = Instant::now();
        let verdict = verdict(&case, &mut scratch);
        let took = started.elapsed();
        println!("{:<24} {took:?}", case.id);
        assert_eq!(verdict, case.expect, "{}", case.id);
        assert!(took < SLOWEST, "{} took {took:?}", case.id);
    }
}

/// Facts that an event has: its texts and flags that stand in no list.
fn facts(event: &Value, path: &str, facts: Facts) -> Facts {
    match event {
        Value::String(text) => facts.with(path, Known::Text(text.clone())),
        Value::Bool(flag) => facts.with(path, Known::Flag(*flag)),
        Value::Object(members) => {
            let plain = members.iter().filter(|(name, _)| !name.contains('.'));
            plain.fold(facts, |all, (name, value)| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                self::facts(value, &path, all)
            })
        }
        _ => facts,
    }
}

/// An event that the reference engine matches is possible with the facts of that event.
#[test]
fn a_match_is_never_ruled_out() {
    let Some(text) = shared("conformance/event-patterns.jsonl") else { return };
    let (mut possible, mut shown, mut never) = (0, 0, 0);
    for case in cases(&text).iter().filter(|case| case.contested.is_empty()) {
        let Ok(pattern) = Pattern::compile(&pattern(case)) else { continue };
        let event: Value = serde_json::from_str(case.event.get()).expect("JSON");
        // A name that comes twice, which the value does not tell.
        if event.to_string().len() != case.event.get().chars().filter(|c| !c.is_whitespace()).count() {
            continue;
        }
        let possibility = pattern.possibility(&facts(&event, "", Facts::default()));
        match possibility {
            Possibility::Never(paths) => {
                assert_ne!(case.expect, true, "{}: {paths:?}", case.id);
                never += 1;
            }
            Possibility::Possible(example) => {
                possible += 1;
                shown += usize::from(example.is_some());
            }
        }
    }
    println!("{possible} possible, {shown} of them shown, {never} never");
    assert!(possible > 500 && never > 500 && shown * 10 > possible * 9, "{possible} {shown} {never}");
}
