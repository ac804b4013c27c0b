//! `replay` and `match`: the real program over generated logs, without AWS.

mod bounds;
mod documents;
mod folders;
mod logs;
mod matching;
mod pipes;
mod rules;
mod shapes;
mod states;
mod turns;
mod usage;
mod verdicts;

use std::fs;
use std::path::PathBuf;

use budget_guard_tests::Failure;
use budget_guard_tests::folders::root;
use budget_guard_tests::own::own_arns;
use budget_guard_tests::program::Program;
use logs::{Record, gzip, in_file};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Path of a file in this test's input folder.
fn given(path: &str) -> PathBuf {
    root().join("tests/tests/replay").join(path)
}

/// Program without AWS, table and topic. It knows the guard's own stack.
fn program() -> Result<Program, Failure> {
    Program::new(&[("BUDGET_GUARD_OWN_ARNS", own_arns("123456789012", &[]))])
}

/// Folder with these files, which is removed at its drop.
fn folder(files: &[(&str, &[u8])]) -> Result<TempDir, Failure> {
    let folder = tempfile::Builder::new().prefix("budget-guard-replay-").tempdir()?;
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
        fs::write(path, bytes)?;
    }
    Ok(folder)
}

const FIX_ACL: &str =
    r#"{"name":"fix-acl","pattern":{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}}"#;

#[tokio::test]
async fn a_whole_account_is_replayed() -> Result<(), Failure> {
    let (rules, logs) = (given("account/rules.json"), given("account/logs"));
    let args = format!("replay --rules {} {} --limit 3/60s", rules.display(), logs.display());
    let mut seen = program()?.json(&args, 4).await?;
    let mut expected: Value = serde_json::from_slice(&fs::read(given("account/expected.json"))?)?;
    // The texts are those of the matcher and the parser. Only the rules and places are checked here.
    let unknown = seen["unknown"].as_array().into_iter().flatten().map(|one| one["rule"].clone()).collect();
    let problem = |one: &Value| {
        let file = one["file"].as_str().unwrap_or_default();
        let file = file.split("account/logs/").last().unwrap_or_default();
        one["record"].as_u64().map_or(json!(file), |record| json!(format!("{file} record {record}")))
    };
    let problems = seen["problems"].as_array().into_iter().flatten().map(problem).collect();
    (seen["unknown"], seen["problems"]) = (unknown, problems);
    // All events that count are from one place, so that its part of a rule repeats the rule.
    for rule in seen["rules"].as_array_mut().into_iter().flatten() {
        let places = rule["places"].take();
        rule.as_object_mut().ok_or("an object")?.remove("places");
        for name in ["firings", "peak", "trip", "verdict"] {
            places
                .as_array()
                .into_iter()
                .flatten()
                .for_each(|place| assert_eq!(place[name], rule[name], "{name}"));
        }
    }
    for (key, expected) in expected.as_object_mut().into_iter().flatten() {
        assert_eq!(&seen[key.as_str()], expected, "{key}");
    }
    Ok(())
}

#[tokio::test]
async fn the_report_reads_well() -> Result<(), Failure> {
    let (rules, logs) = (given("account/rules.json"), given("account/logs"));
    let args = format!("replay --rules {} {} --limit 3/60s", rules.display(), logs.display());
    let output = program()?.run(&args).await?;
    let page = format!(
        "{}--- standard error\n{}",
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?
    );
    let page = page.replace(&given("").display().to_string(), "");
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("report", page);
    });
    Ok(())
}

/// JSON result of `replay` for the rule `fix-acl` over these records in one file.
async fn outcome(records: &[Record], limit: &str) -> Result<Value, Failure> {
    let folder = folder(&[("rules.jsonl", FIX_ACL.as_bytes()), ("log.json", in_file(records).as_bytes())])?;
    let at = folder.path().display();
    let output = program()?
        .run(&format!("replay --rules {at}/rules.jsonl {at}/log.json --limit {limit} --output json"))
        .await?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let tripped = !report["rules"][0]["trip"].is_null();
    assert_eq!(output.status.code(), Some(if tripped { 4 } else { 0 }), "{report}");
    Ok(report["rules"][0].clone())
}

/// This many calls, this many milliseconds apart.
fn calls(count: u64, gap_ms: u64) -> Vec<Record> {
    (0..count).map(|n| Record::new(n, n * gap_ms)).collect()
}

#[tokio::test]
async fn the_smallest_limit_is_the_first_that_does_not_trip() -> Result<(), Failure> {
    // (calls, milliseconds between them, limit, firings before the trip, peak)
    let cases: &[(u64, u64, &str, Option<u64>, u64)] = &[
        (199, 0, "200/60s", None, 199),
        (200, 0, "200/60s", Some(200), 200),
        (500, 50, "200/60s", Some(200), 500),
        (300, 1_000, "200/60s", None, 60),
        (300, 1_000, "60/60s", Some(60), 60),
        (300, 1_000, "61/60s", None, 60),
        (10, 30_000, "3/60s", None, 2),
        (10, 30_000, "3/61s", Some(3), 3),
        (1, 0, "1/1s", Some(1), 1),
    ];
    for (count, gap, limit, before, peak) in cases {
        let seen = outcome(&calls(*count, *gap), limit).await?;
        let case = format!("{count} calls, {gap} ms apart, {limit}: {seen}");
        assert_eq!(seen["trip"]["firings_before"].as_u64(), *before, "{case}");
        assert_eq!(
            (seen["firings"].as_u64(), seen["peak"]["count"].as_u64()),
            (Some(*count), Some(*peak)),
            "{case}"
        );
        let smallest = seen["smallest_limit"].as_str().unwrap_or_default();
        assert!(outcome(&calls(*count, *gap), smallest).await?["trip"].is_null(), "{case}");
        let one_less = format!("{peak}/{}", limit.split('/').next_back().unwrap_or_default());
        assert!(!outcome(&calls(*count, *gap), &one_less).await?["trip"].is_null(), "{case}");
    }
    Ok(())
}

#[tokio::test]
async fn neither_order_nor_files_nor_copies_make_a_difference() -> Result<(), Failure> {
    let records = calls(300, 400);
    let straight = outcome(&records, "100/60s").await?;
    assert_eq!(straight["peak"]["count"], 150);
    let backwards: Vec<Record> = records.iter().rev().cloned().collect();
    let parts: Vec<String> = backwards.chunks(7).map(in_file).collect();
    let mut files: Vec<(String, Vec<u8>)> = vec![("rules.jsonl".to_owned(), FIX_ACL.as_bytes().to_vec())];
    for (n, part) in parts.iter().enumerate() {
        let packed = gzip(part.as_bytes())?;
        files.push((format!("logs/{n}/{n}.json.gz"), packed.clone()));
        if n % 3 == 0 {
            files.push((format!("logs/copy-{n}.json"), part.clone().into_bytes()));
            // A gzip file with the name of a plain one.
            files.push((format!("logs/odd-{n}.json"), packed));
        }
    }
    let named: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let folder = folder(&named)?;
    let at = folder.path().display();
    let args = format!("replay --rules {at}/rules.jsonl {at}/logs {at}/logs/0/0.json.gz --limit 100/60s");
    let report = program()?.json(&args, 4).await?;
    assert_eq!((&report["rules"][0], report["events"].as_u64()), (&straight, Some(300)));
    assert!(report["duplicates"].as_u64() > Some(100), "{report}");
    Ok(())
}

#[tokio::test]
async fn what_is_broken_is_named_and_the_rest_counts() -> Result<(), Failure> {
    let whole = in_file(&calls(50, 0));
    let more = in_file(&(50..100).map(|n| Record::new(n, 0)).collect::<Vec<_>>());
    let packed = gzip(more.as_bytes())?;
    let folder = folder(&[
        ("rules.jsonl", FIX_ACL.as_bytes()),
        ("logs/1.json", whole.as_bytes()),
        ("logs/2.json.gz", &packed[..packed.len() - 9]),
        ("logs/3.json.gz", b"\x1f\x8bnot really"),
        ("logs/4.json", b"<html>"),
        ("logs/5.json", b""),
        (
            "logs/6.json",
            br#"{"Records":[{"eventID":"x","eventTime":"soon","eventSource":"s3.amazonaws.com"},{}]}"#,
        ),
        ("logs/7.json", br#"{"awsAccountId":"123456789012"}"#),
    ])?;
    let at = folder.path().display();
    let args = format!("replay --rules {at}/rules.jsonl {at}/logs");
    let stderr = [
        "2.json.gz: damaged content: ",
        "3.json.gz: damaged content: ",
        "4.json: not JSON at byte 0: saw \"<html>\", expected an object or an array",
        "5.json: it is empty",
        "6.json, record 1: eventTime is \"soon\"; expected",
        "6.json, record 2: eventID or eventTime is missing; expected a CloudTrail record",
        "7.json, record 1: eventID",
    ];
    program()?.check(&args, 2, &["0 would have tripped at 200/60s"], &stderr).await?;
    let report = program()?.json(&args, 2).await?;
    assert_eq!(report["skipped"], 7);
    assert!(report["events"].as_u64() >= Some(50), "{report}");
    // Problems after the tenth are counted, but not named.
    let broken: Vec<(String, &[u8])> = (0..25).map(|n| (format!("{n:02}.json"), b"-".as_slice())).collect();
    let mut files: Vec<(&str, &[u8])> = broken.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    files.extend([("rules.jsonl", FIX_ACL.as_bytes()), ("whole.json", whole.as_bytes())]);
    let folder = self::folder(&files)?;
    let at = folder.path().display();
    let args = format!("replay --rules {at}/rules.jsonl {at}");
    program()?
        .check(&args, 2, &[], &["00.json: not JSON", "09.json: not JSON", "skipped 15 more, not named here"])
        .await?;
    Ok(())
}
