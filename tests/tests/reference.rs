//! The reference matcher follows AWS's rules, and the product agrees with it on generated patterns and events.

use budget_guard_tests::folders::{root, shared};

use budget_guard_tests::reference::check::{Tally, check};
use budget_guard_tests::reference::{NotCompiled, compile, matches, read_event};
use serde::Deserialize;
use serde_json::value::RawValue;

const CASES: usize = 20_000;

/// Verdict of the reference: `true`, `false`, `"invalid"`, or that it gave up.
fn verdict(pattern: &str, event: &str) -> &'static str {
    let rules = match compile(pattern) {
        Ok(rules) => rules,
        Err(NotCompiled::Refused(_)) => return "\"invalid\"",
        Err(NotCompiled::GaveUp) => return "gave up",
    };
    match matches(&rules, &read_event(event.as_bytes()).expect("an event")) {
        Some(true) => "true",
        Some(false) => "false",
        None => "gave up",
    }
}

#[track_caller]
fn check_verdicts(pattern: &str, expected: &[(&str, &str)]) {
    for (event, expected) in expected {
        assert_eq!(verdict(pattern, event), *expected, "{pattern} on {event}");
    }
}

#[test]
fn one_value_of_a_field_is_enough_and_all_fields_are_needed() {
    check_verdicts(
        r#"{"source": ["aws.s3", "aws.ec2"], "detail": {"n": [1]}}"#,
        &[
            (r#"{"source": "aws.s3", "detail": {"n": 1}}"#, "true"),
            (r#"{"source": ["x", ["aws.ec2"]], "detail": {"n": 10e-1}}"#, "true"),
            (r#"{"source": "aws.s3", "detail": {"n": "1"}}"#, "false"),
            (r#"{"source": "aws.s3"}"#, "false"),
        ],
    );
    check_verdicts(
        r#"{"$or": [{"a": ["1"]}, {"b": {"c": ["1"]}}]}"#,
        &[(r#"{"a": "1"}"#, "true"), (r#"{"b.c": "\u0031"}"#, "true"), (r#"{"c": "1"}"#, "false")],
    );
}

#[test]
fn fields_of_an_array_are_met_by_one_element_and_absence_looks_at_what_is_bound() {
    check_verdicts(
        r#"{"d": {"x": ["1"], "y": ["2"]}}"#,
        &[
            (r#"{"d": [{"x": "1"}, {"x": "1", "y": "2"}]}"#, "true"),
            (r#"{"d": [{"x": "1"}, {"y": "2"}]}"#, "false"),
            (r#"{"d": {"x": ["1", "3"], "y": ["2", "4"]}}"#, "true"),
        ],
    );
    let elements = r#"{"d": [{"a": 1, "c": 1}, {"b": "x"}]}"#;
    check_verdicts(r#"{"d": {"b": ["x"], "c": [{"exists": false}]}}"#, &[(elements, "true")]);
    check_verdicts(r#"{"d": {"b": ["x"], "a": [{"exists": false}]}}"#, &[(elements, "false")]);
}

#[test]
fn values_are_compared_by_what_they_mean() {
    let number = [(r#"{"a": 3.0e2}"#, "true"), (r#"{"a": "300"}"#, "false"), (r#"{"a": 301}"#, "false")];
    check_verdicts(r#"{"a": [300]}"#, &number);
    check_verdicts(r#"{"a": [{"numeric": [">", 299, "<=", 300]}]}"#, &number);
    let too_long = [(r#"{"a": 9007199254740993}"#, "true"), (r#"{"a": 9007199254740993.0}"#, "false")];
    check_verdicts(r#"{"a": [9007199254740993]}"#, &too_long);
    let address =
        [(r#"{"a": "0:0::1"}"#, "true"), (r#"{"a": "::2"}"#, "false"), (r#"{"a": "0.0.0.1"}"#, "false")];
    check_verdicts(r#"{"a": ["::1"]}"#, &address);
    check_verdicts(r#"{"a": [{"cidr": "::/127"}]}"#, &address);
    let text = [(r#"{"a": "xSSy"}"#, "true"), (r#"{"a": "x\u00dfY"}"#, "true"), (r#"{"a": "xsy"}"#, "false")];
    check_verdicts(r#"{"a": [{"equals-ignore-case": "X\u00dfy"}]}"#, &text);
    let wild = [(r#"{"a": "a*bb"}"#, "true"), (r#"{"a": "axb"}"#, "false"), (r#"{"a": "a*"}"#, "false")];
    check_verdicts(r#"{"a": [{"wildcard": "a\\**b"}]}"#, &wild);
    let others =
        [(r#"{"a": ["x", 1]}"#, "true"), (r#"{"a": ["x", "y"]}"#, "false"), (r#"{"b": 1}"#, "false")];
    check_verdicts(r#"{"a": [{"anything-but": ["x", "y"]}]}"#, &others);
}

#[test]
fn what_is_no_pattern_is_refused() {
    let patterns = [
        "",
        "[]",
        "{}",
        r#"{"a": "x"}"#,
        r#"{"a": []}"#,
        r#"{"a": [["x"]]}"#,
        r#"{"a": [{"Prefix": "x"}]}"#,
        r#"{"a": [{"prefix": "x", "suffix": "y"}]}"#,
        r#"{"a": [{"wildcard": "a**"}]}"#,
        r#"{"a": [01]}"#,
        r#"{"a": [{"numeric": ["<", 2, ">", 1]}]}"#,
        r#"{"a": [{"cidr": "10.0.0.0/32"}]}"#,
        r#"{"$or": [{"a": ["x"]}]}"#,
        r#"{"$or": [{"a": ["x"]}, {"b": {"prefix": ["x"]}}]}"#,
    ];
    for pattern in patterns {
        check_verdicts(pattern, &[("{}", "\"invalid\"")]);
    }
}

/// A recorded verdict. Pattern and event are raw, because spelling, escapes and duplicate keys matter.
#[derive(Deserialize)]
struct Recorded<'a> {
    id: &'a str,
    #[serde(borrow)]
    pattern: &'a RawValue,
    #[serde(borrow)]
    event: &'a RawValue,
    #[serde(borrow)]
    expect: &'a RawValue,
    contested: Vec<&'a str>,
}

#[test]
fn the_reference_agrees_with_recorded_verdicts() {
    let Some(path) = shared("conformance/event-patterns.jsonl") else { return };
    let text = std::fs::read_to_string(path).expect("UTF-8");
    let (mut wrong, mut contested) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let case: Recorded<'_> = serde_json::from_str(line).expect("a case");
        // A pattern that is not JSON is recorded as a string.
        let raw: Option<String> = serde_json::from_str(case.pattern.get()).ok();
        let pattern = raw.as_deref().unwrap_or(case.pattern.get());
        let seen = verdict(pattern, case.event.get());
        if seen != case.expect.get() {
            let told = format!("{}: {pattern} on {}: {seen}, not {}", case.id, case.event, case.expect);
            if case.contested.is_empty() { &mut wrong } else { &mut contested }.push(told);
        }
    }
    eprintln!("{} contested verdicts differ\n{}", contested.len(), contested.join("\n"));
    assert!(wrong.is_empty(), "{} verdicts differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Random cases with a fixed seed.
#[test]
fn the_product_agrees_on_generated_cases() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut tally = Tally::default();
    for _ in 0..CASES {
        let mut bytes = vec![0; random.usize(8..200)];
        random.fill(&mut bytes);
        // Other first bytes would mean plain text.
        bytes[0] = random.u8(..b'\t');
        tally += check(&bytes);
    }
    eprintln!("{tally:?}");
    let compared = tally.matched + tally.not_matched;
    assert!(compared > CASES && tally.matched > compared / 10, "too few matches to mean anything: {tally:?}");
    assert!(tally.refused > CASES / 100, "too few refusals: {tally:?}");
    assert!((tally.gave_up + tally.unknown) * 100 < compared, "too much is left undecided: {tally:?}");
}

/// Inputs that fuzzing has collected. `make fuzz` starts from the same inputs.
#[test]
fn the_product_agrees_on_what_fuzzing_collected() {
    let mut tally = Tally::default();
    for folder in ["seeds/patterns", "corpus/patterns"] {
        let folder = root().join("tests/fuzz").join(folder);
        for file in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            tally += check(&std::fs::read(file.expect("a readable folder").path()).expect("a readable file"));
        }
    }
    assert!(tally.matched > 100 && tally.not_matched > 100, "the corpus is not there: {tally:?}");
    assert!(tally.refused > 20, "the corpus is not there: {tally:?}");
}
