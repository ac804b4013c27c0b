//! Wrong arguments, missing files, and settings that other commands read too.

use crate::{FIX_ACL, folder, program};
use budget_guard_tests::Failure;

#[tokio::test]
async fn bad_input_says_what_was_seen_and_what_is_expected() -> Result<(), Failure> {
    let folder = folder(&[
        ("rules.jsonl", FIX_ACL.as_bytes()),
        ("no-rules.json", br#"{"Rules":[]}"#),
        ("bad-rules.json", b"{\"name\":\"a\",\"pattern\":{}}\n{\"name\":"),
        ("pattern.json", br#"{"source":["aws.s3"]}"#),
        ("latin.json", b"{\"name\":\"\xe9\"}"),
        ("notes/read.txt", b"no log"),
        ("bad-log/log.json", b"hello"),
        ("event.json", br#"{"id":"e","source":"aws.s3"}"#),
        ("empty.json", b" \n"),
    ])?;
    let cases: &[(&str, &[&str])] = &[
        ("replay", &["--rules <FILE>", "<LOG>..."]),
        ("replay --rules @rules.jsonl", &["<LOG>..."]),
        ("replay @notes", &["--rules <FILE>"]),
        ("replay --rules @none @notes", &["none: No such file"]),
        ("replay --rules @notes @notes", &["notes: Is a directory"]),
        ("replay --rules @rules.jsonl @none", &["none: No such file"]),
        (
            "replay --rules @rules.jsonl @notes",
            &["no log file in ", "files that are neither", "hint: CloudTrail's bucket"],
        ),
        (
            "replay --rules @rules.jsonl @bad-log",
            &["not JSON at byte 0", "no CloudTrail record could be read"],
        ),
        ("replay --rules @rules.jsonl @event.json", &["record 1: eventID or eventTime is missing"]),
        (
            "replay --rules @no-rules.json @notes",
            &["line 1, column 1: no rule is here; expected what", "hint: budget-guard rules export"],
        ),
        (
            "replay --rules @bad-rules.json @notes",
            &["line 2, column 8: not a file of rules: EOF", "\n  {\"name\":\n         ^"],
        ),
        (
            "replay --rules @pattern.json @notes",
            &["line 1, column 1: saw \"{", "expected a rule, with its name"],
        ),
        ("replay --rules @latin.json @notes", &["latin.json: byte 9 is no UTF-8"]),
        (
            "replay --rules @rules.jsonl --limit 0/60s @notes",
            &["--limit: \"0/60s\" is not a burst limit", "expected N/DURATION"],
        ),
        ("match @event.json", &["--pattern <FILE>|--rules <FILE>"]),
        ("match --pattern @pattern.json", &["<EVENTS>"]),
        ("match --pattern @pattern.json --rules @rules.jsonl @event.json", &["cannot be used with"]),
        ("match --pattern @none @event.json", &["none: No such file"]),
        ("match --pattern @pattern.json @none", &["none: No such file"]),
        (
            "match --pattern @pattern.json @empty.json",
            &["empty.json holds no event; expected a JSON event or JSON lines"],
        ),
        ("match --pattern @pattern.json @bad-log/log.json", &["event 1: not JSON at byte 0: saw \"hello\""]),
        ("match --rules @no-rules.json @event.json", &["no rule is here"]),
    ];
    let at = format!("{}/", folder.path().display());
    for (args, stderr) in cases {
        program()?.check(&args.replace('@', &at), 2, &[], stderr).await?;
    }
    let args = "replay --rules @rules.jsonl @notes".replace('@', &at);
    let limited = program()?.with("BUDGET_GUARD_LIMIT", Some("many"));
    limited.check(&args, 2, &[], &["BUDGET_GUARD_LIMIT: \"many\" is not a burst limit"]).await?;
    Ok(())
}

#[tokio::test]
async fn the_limit_is_the_one_that_was_asked_for() -> Result<(), Failure> {
    let folder = folder(&[("rules.jsonl", FIX_ACL.as_bytes()), ("log.json", br#"{"Records":[]}"#)])?;
    let args = format!("replay --rules {0}/rules.jsonl {0}/log.json", folder.path().display());
    let limit = async |variable: Option<&str>, option: &str| -> Result<String, Failure> {
        let program = program()?.with("BUDGET_GUARD_LIMIT", variable);
        let report = program.json(&format!("{args} {option}"), 0).await?;
        Ok(report["limit"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(limit(None, "").await?, "200/60s");
    assert_eq!(limit(Some("9/5m"), "").await?, "9/5m");
    assert_eq!(limit(Some("9/5m"), "--limit 7/60s").await?, "7/60s");
    assert_eq!(limit(Some("many"), "--limit 7/60s").await?, "7/60s");
    Ok(())
}
