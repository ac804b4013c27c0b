//! `match` with one pattern or many rules, and one event or many.

use std::process::Stdio;

use crate::{folder, program};
use budget_guard_tests::Failure;

const EVENTS: &str = r#"{"id":"e-1","source":"aws.s3","detail":{"eventName":"PutBucketAcl"}}
{"id":"e-2","source":"aws.s3","detail":{"eventName":"PutObject"}}
{"source":"aws.iam"}
"#;
const RULES: &str = r#"{"name":"acl","pattern":{"detail":{"eventName":["PutBucketAcl"]}},"state":"DISABLED"}
{"name":"s3","pattern":"{\"source\":[\"aws.s3\"]}"}
{"Name":"nightly","ScheduleExpression":"rate(1 day)"}
"#;

#[tokio::test]
async fn events_are_matched_by_a_pattern_or_by_rules() -> Result<(), Failure> {
    let folder = folder(&[
        ("s3.json", br#"{"source": ["aws.s3"]}"#),
        ("rules.jsonl", RULES.as_bytes()),
        ("lines.jsonl", EVENTS.as_bytes()),
        ("one.json", b"{\n \"id\": \"e-1\",\n \"source\": \"aws.s3\",\n \"detail\": {\"eventName\": \"PutBucketAcl\"}\n}\n"),
        ("array.json", format!("[{}]", EVENTS.trim().replace('\n', ",")).as_bytes()),
    ])?;
    let at = format!("{}/", folder.path().display());
    let by_pattern =
        [r#"{"id":"e-1","match":true}"#, r#"{"id":"e-2","match":true}"#, r#"{"id":null,"match":false}"#];
    let by_rules = [
        r#"{"id":"e-1","matches":["acl","s3"]}"#,
        r#"{"id":"e-2","matches":["s3"]}"#,
        r#"{"id":null,"matches":[]}"#,
    ];
    let cases: &[(&str, &[&str])] = &[
        ("match --pattern @s3.json @lines.jsonl", &by_pattern),
        ("match --pattern @s3.json @array.json", &by_pattern),
        ("match --pattern @s3.json @one.json", &by_pattern[..1]),
        ("match --rules @rules.jsonl @lines.jsonl", &by_rules),
        ("match --rules @rules.jsonl @one.json", &by_rules[..1]),
    ];
    for (args, expected) in cases {
        let args = format!("{} --output json", args.replace('@', &at));
        let out = program()?.check(&args, 0, &[], &[]).await?;
        assert_eq!(out.lines().collect::<Vec<_>>(), *expected, "{args}");
    }
    let text = "match --pattern @s3.json @lines.jsonl".replace('@', &at);
    let lines = ["e-1  matches\ne-2  matches\nevent 3  does not match\n"];
    program()?.check(&text, 0, &lines, &["2 of 3 events matched"]).await?;
    let text = "match --rules @rules.jsonl @lines.jsonl".replace('@', &at);
    let out = ["e-1  acl, s3\ne-2  s3\nevent 3  no rule\n"];
    program()?.check(&text, 0, &out, &["left out: \"nightly\", which has no event pattern"]).await?;
    Ok(())
}

#[tokio::test]
async fn an_invalid_pattern_is_shown_where_it_is_wrong() -> Result<(), Failure> {
    let folder = folder(&[
        ("bad.json", b"{\n  \"source\": \"aws.s3\"\n}\n"),
        (
            "rules.jsonl",
            format!("{RULES}{{\"name\":\"bad\",\"pattern\":{{\"source\": \"aws.s3\"}}}}\n").as_bytes(),
        ),
        (
            "encoded.jsonl",
            format!("{RULES}{{\"name\":\"bad\",\"pattern\":\"{{\\\"source\\\":7}}\"}}\n").as_bytes(),
        ),
        ("event.json", br#"{"id":"e","source":"aws.s3"}"#),
    ])?;
    let at = format!("{}/", folder.path().display());
    let pattern = "match --pattern @bad.json @event.json".replace('@', &at);
    program()?
        .check(
            &pattern,
            2,
            &[],
            &["bad.json: line 2, column 13: ", "\n    \"source\": \"aws.s3\"\n              ^\n"],
        )
        .await?;
    // An invalid rule of a file is unknown, and the others are matched all the same.
    for (rules, place) in
        [("rules.jsonl", "line 4, column 36"), ("encoded.jsonl", "line 1, column 11 of its pattern")]
    {
        let args = format!("match --rules @{rules} @event.json").replace('@', &at);
        let place = format!("rule \"bad\": {place}: ");
        program()?.check(&args, 2, &["e  s3; unknown: bad\n"], &[&place]).await?;
        let line = program()?.json(&args, 2).await?;
        assert_eq!(line, serde_json::json!({"id": "e", "matches": ["s3"], "unknown": ["bad"]}));
    }
    Ok(())
}

#[tokio::test]
async fn events_that_are_none_are_named_and_the_others_matched() -> Result<(), Failure> {
    let lines = "{\"id\":\"a\",\"source\":\"aws.s3\"}\nnot an event\n{\"id\":\"b\"\n,\"source\":\"aws.s3\"}\n{\"id\": tru}\n";
    let folder = folder(&[("s3.json", br#"{"source":["aws.s3"]}"#), ("events.jsonl", lines.as_bytes())])?;
    let args =
        "match --pattern @s3.json @events.jsonl".replace('@', &format!("{}/", folder.path().display()));
    let stderr = [
        "event 2: not JSON at byte 29: saw \"not an event",
        "event 4: not JSON: expected ident",
        "2 of 2 events matched",
    ];
    program()?.check(&args, 2, &["a  matches\nb  matches\n"], &stderr).await?;
    Ok(())
}

#[tokio::test]
async fn standard_input_is_read() -> Result<(), Failure> {
    let folder = folder(&[("s3.json", br#"{"source":["aws.s3"]}"#)])?;
    let program = program()?;
    let mut command = program.command(
        "match --output json --pattern @s3.json -"
            .replace('@', &format!("{}/", folder.path().display()))
            .as_str(),
    );
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    tokio::io::AsyncWriteExt::write_all(&mut stdin, EVENTS.as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    assert_eq!(String::from_utf8(output.stdout)?.lines().count(), 3);
    assert_eq!(output.status.code(), Some(0));
    Ok(())
}
