//! Folders as people have them: a bucket's copy, links, other files, and formats that are not read.

use std::os::unix::fs::symlink;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::logs::{gzip, in_file};
use crate::{FIX_ACL, calls, folder, program};
use budget_guard_tests::Failure;

/// Folder of a bucket's copy with one log, and these files.
struct Case {
    files: &'static [(&'static str, &'static [u8])],
    code: i32,
    stderr: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case { files: &[], code: 0, stderr: &[] },
    Case {
        files: &[
            ("AWSLogs/1/CloudTrail-Digest/a.json.gz", b"broken"),
            ("AWSLogs/2/CloudTrail-Digest/a.json.gz", b"broken"),
            ("AWSLogs/1/Config/us-east-1/2026/11/20/ConfigHistory/a.json.gz", b"broken"),
            ("AWSLogs/1/vpcflowlogs/us-east-1/a.log.gz", b"broken"),
        ],
        code: 0,
        stderr: &[
            "left out 2 folders from @/logs/AWSLogs/1/CloudTrail-Digest on: digest files",
            "left out 1 folder from @/logs/AWSLogs/1/Config on: files of AWS Config",
            "left out 1 folder from @/logs/AWSLogs/1/vpcflowlogs on: logs of other services",
        ],
    },
    Case {
        files: &[("README", b"notes"), ("notes.txt", b"more"), (".DS_Store", b"\0\0\0\x01Bud1")],
        code: 0,
        stderr: &["left out 3 files from @/logs/.DS_Store on: files that are neither"],
    },
    Case { files: &[("a.xz", b"\xfd7zXZ\0")], code: 2, stderr: &["a.xz: damaged content: packed with xz"] },
    Case { files: &[("part-0", b"PAR1")], code: 2, stderr: &["export the rows as JSON lines"] },
    Case { files: &[("EMPTY.JSON", b"")], code: 2, stderr: &["EMPTY.JSON: it is empty"] },
    Case { files: &[("app.log", b"started\n")], code: 2, stderr: &["app.log: not JSON at byte 0"] },
];

#[tokio::test]
async fn what_is_no_log_is_counted_and_named_once() -> Result<(), Failure> {
    let log = gzip(in_file(&calls(3, 1_000)).as_bytes())?;
    for case in CASES {
        let named = |(name, bytes): &(&str, &[u8])| (format!("logs/{name}"), bytes.to_vec());
        let mut files: Vec<(String, Vec<u8>)> = case.files.iter().map(named).collect();
        files.push(("rules.jsonl".to_owned(), FIX_ACL.into()));
        files.push(("logs/AWSLogs/1/CloudTrail/us-east-1/a.json.gz".to_owned(), log.clone()));
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
        let folder = folder(&files)?;
        let at = folder.path().display().to_string();
        let expected: Vec<String> = case.stderr.iter().map(|text| text.replace('@', &at)).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let args = format!("replay --rules {at}/rules.jsonl {at}/logs");
        program()?.check(&args, case.code, &["3 events in "], &expected).await?;
    }
    Ok(())
}

#[tokio::test]
async fn links_are_followed_and_a_circle_ends() -> Result<(), Failure> {
    let log = in_file(&calls(3, 1_000));
    let folder = folder(&[("rules.jsonl", FIX_ACL.as_bytes()), ("data/a.json", log.as_bytes())])?;
    let at = folder.path();
    std::fs::create_dir(at.join("logs"))?;
    symlink(at.join("data"), at.join("logs/data"))?;
    symlink(at.join("logs"), at.join("data/circle"))?;
    let args = format!("replay --rules {0}/rules.jsonl {0}/logs", at.display());
    program()?.check(&args, 0, &["3 events in 1 file"], &[]).await?;
    symlink(at.join("gone"), at.join("logs/gone"))?;
    program()?
        .check(&args, 2, &["3 events in 1 file"], &["left out 1 link from", "links to nothing"])
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_log_without_calls_is_no_failure() -> Result<(), Failure> {
    let insight = br#"{"Records":[{"eventID":"x","eventTime":"y","insightDetails":{}}]}"#;
    for log in [br#"{"Records":[]}"#.as_slice(), b"[]", insight] {
        let folder = folder(&[("rules.jsonl", FIX_ACL.as_bytes()), ("log.json", log)])?;
        let args = format!("replay --rules {0}/rules.jsonl {0}/log.json", folder.path().display());
        program()?.check(&args, 0, &["0 events in 1 file"], &["no call is in these logs"]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_dash_is_standard_input() -> Result<(), Failure> {
    let log = in_file(&calls(3, 1_000));
    let folder = folder(&[("rules.jsonl", FIX_ACL.as_bytes()), ("log.json", log.as_bytes())])?;
    let at = folder.path().display();
    for (args, input, code, expected) in [
        (format!("--rules {at}/rules.jsonl -"), gzip(log.as_bytes())?, 0, 3),
        (format!("--rules - {at}/log.json"), FIX_ACL.into(), 0, 3),
        (format!("--rules {at}/rules.jsonl {at}/log.json -"), b"-".to_vec(), 2, 3),
    ] {
        let mut command = program()?.command(&format!("replay --output json {args}"));
        let mut replay =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        replay.stdin.take().ok_or("a pipe")?.write_all(&input).await?;
        let output = replay.wait_with_output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args}: {said}");
        assert_eq!(said.contains("skipped standard input: not JSON"), code == 2, "{args}: {said}");
        let report: Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(report["events"], expected, "{args}");
    }
    program()?
        .check("replay --rules - -", 2, &[], &["standard input and standard input are the same"])
        .await?;
    Ok(())
}
