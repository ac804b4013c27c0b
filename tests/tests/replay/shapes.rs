//! Samples of the shapes in which tools export records: each gives the same result in `replay` and `match`.

use std::fs;

use serde_json::{Value, json};

use crate::logs::{Record, in_file};
use crate::{FIX_ACL, folder, given, program};
use budget_guard_tests::Failure;
use budget_guard_tests::folders::shared;

/// Checks each sample of a folder by its line in `expected.tsv`.
#[tokio::test]
async fn each_sample_gives_its_result() -> Result<(), Failure> {
    let folder = given("samples");
    let expected = fs::read_to_string(folder.join("expected.tsv"))?;
    let mut names = vec!["expected.tsv", "rules.json"];
    for line in expected.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, code, of_match, records, firings, remark] = fields[..] else { return Err(line.into()) };
        names.push(name);
        let input = format!("--rules {0}/rules.json {0}/{name} --output json", folder.display());
        let is = |seen: u64, expected: &str| expected == "-" || expected == seen.to_string();

        let output = program()?.run(&format!("replay {input}")).await?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), code.parse().ok(), "{name}: {said}");
        assert!(remark == "-" || said.contains(remark), "{name}: {said}");
        // Without a record there is no report.
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let count = |value: &Value| value.as_u64().unwrap_or_default();
        assert!(is(count(&report["events"]), records), "{name}: {report}");
        assert!(is(count(&report["rules"][0]["firings"]), firings), "{name}: {report}");

        let output = program()?.run(&format!("match {input}")).await?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), of_match.parse().ok(), "{name}: {said}");
        let lines = String::from_utf8(output.stdout)?;
        let matched = lines.lines().filter(|line| line.contains(r#""matches":["fix-acl"]"#)).count();
        assert!(is(matched as u64, firings), "{name}: {lines}{said}");
    }
    let mut files: Vec<String> = fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, Failure>>()?;
    files.sort();
    names.sort_unstable();
    assert_eq!(files, names, "expected.tsv names each sample");
    Ok(())
}

#[tokio::test]
async fn what_is_left_out_is_said_with_the_exit_code() -> Result<(), Failure> {
    let record = in_file(&[Record::new(1, 0)]);
    let insight = r#"{"Records":[{"eventType":"AwsCloudTrailInsight","eventID":"x","eventTime":"y","insightDetails":{}}]}"#;
    let events = |token: &str| {
        let text = json!(record[12..record.len() - 2]).to_string();
        format!(r#"{{"Events":[{{"CloudTrailEvent":{text}}}]{token}}}"#)
    };
    let notice = r#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{}}]}"#;
    let cases: [(&str, String, i32, &str); 6] = [
        ("insight", insight.to_owned(), 0, "Insight records, which report unusual activity"),
        (
            "digest",
            r#"{"digestStartTime":"x","logFiles":[]}"#.to_owned(),
            0,
            "digest files, which hold hashes",
        ),
        ("notice", notice.to_owned(), 2, "fetch it: aws s3 cp"),
        ("empty", String::new(), 2, "it is empty"),
        ("next", events(r#","NextToken":"abc""#), 2, "its NextToken names a next page"),
        ("last", events(r#","NextToken":null"#), 0, ""),
    ];
    for (name, text, code, expected) in cases {
        let files = [("rules.jsonl", FIX_ACL), ("whole.json", record.as_str()), (name, text.as_str())];
        let folder = folder(&files.map(|(name, text)| (name, text.as_bytes())))?;
        let at = folder.path().display();
        let args = format!("replay --rules {at}/rules.jsonl {at}/whole.json {at}/{name}");
        program()?.check(&args, code, &[], &[expected]).await?;
    }
    Ok(())
}

/// Names of files without a call, with the remark that gives the reason.
const WITHOUT_CALLS: [(&str, &str); 5] = [
    ("20-insight.json", "Insight records"),
    ("21-digest.json", "digest files"),
    ("28-nested-records-first-empty.json", "no call is in these logs"),
    ("29-s3-notification.json", "fetch it: aws s3 cp"),
    ("insight-real-shape.json", "Insight records"),
];

/// The same records, written by others in the shapes that they have met.
#[tokio::test]
async fn files_of_others_give_the_same_result_or_a_reason() -> Result<(), Failure> {
    let Some(folder) = shared("data/shapes") else { return Ok(()) };
    let mut counts = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_sample = name.starts_with(|c: char| c.is_ascii_digit()) || name.starts_with("insight");
        if !is_sample {
            continue;
        }
        let args = format!("replay --rules {0}/rules.json {0}/{name} --output json", folder.display());
        let output = program()?.run(&args).await?;
        let (report, said): (Value, _) =
            (serde_json::from_slice(&output.stdout)?, String::from_utf8(output.stderr)?);
        match WITHOUT_CALLS.iter().find(|(without, _)| *without == name) {
            Some((_, reason)) => assert!(said.contains(reason), "{name}: {said}"),
            None => {
                assert_eq!(
                    (output.status.code(), &report["skipped"]),
                    (Some(0), &0.into()),
                    "{name}: {said}"
                );
                counts.push((report["events"].clone(), report["rules"][0]["firings"].clone()));
            }
        }
    }
    assert!(counts.len() > 15 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    Ok(())
}
