//! `replay` and `match` on pipes: `mkfifo`, and a shell's `<(…)`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use crate::logs::{gzip, in_file};
use crate::{FIX_ACL, calls, folder, program};
use budget_guard_tests::Failure;

const PATTERN: &str = r#"{"source":["aws.s3"]}"#;
const EVENT: &[u8] = b"{\"id\":\"e\",\"source\":\"aws.s3\"}\n";
/// Time after which a command that waits for ever is given up.
const PATIENCE: Duration = Duration::from_secs(30);

fn pipe(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    let made = Command::new("mkfifo").arg(&path).status()?;
    made.success().then_some(path).ok_or_else(|| format!("mkfifo {name}: {made}").into())
}

/// Writes to these pipes in turn. Each write waits for a reader.
fn write(pipes: Vec<(PathBuf, Vec<u8>)>) {
    thread::spawn(move || {
        for (path, bytes) in pipes {
            // A reader that has enough closes the pipe.
            let _ = OpenOptions::new().write(true).open(path).and_then(|mut pipe| pipe.write_all(&bytes));
        }
    });
}

#[tokio::test]
async fn pipes_are_read_like_files() -> Result<(), Failure> {
    let folder = folder(&[("rules.jsonl", FIX_ACL.as_bytes())])?;
    let at = folder.path().display().to_string();
    let (pattern, events) = (pipe(folder.path(), "pattern")?, pipe(folder.path(), "events")?);
    write(vec![(pattern, PATTERN.into()), (events, EVENT.into())]);
    let matching = format!("match --pattern {at}/pattern {at}/events");
    timeout(PATIENCE, program()?.check(&matching, 0, &["e  matches"], &["1 of 1 events matched"])).await??;

    // One writer fills three pipes in the opposite order of their names, one of them packed.
    let pipes = ["1", "2", "3"].map(|name| pipe(folder.path(), name));
    let [one, two, three] = pipes;
    let part = |from: usize| in_file(&calls(90, 400)[from..from + 30]).into_bytes();
    write(vec![(three?, part(60)), (two?, gzip(&part(30))?), (one?, part(0))]);
    let replay = format!("replay --rules {at}/rules.jsonl {at}/1 {at}/2 {at}/3 --limit 200/60s");
    let seen = timeout(PATIENCE, program()?.json(&replay, 0)).await??;
    assert_eq!((&seen["events"], &seen["files"], &seen["skipped"]), (&90.into(), &3.into(), &0.into()));
    Ok(())
}

#[tokio::test]
async fn a_shell_may_put_a_command_in_the_place_of_each_file() -> Result<(), Failure> {
    let log = in_file(&calls(30, 400));
    let files = [("r", FIX_ACL.as_bytes()), ("p", PATTERN.as_bytes()), ("e", EVENT), ("l", log.as_bytes())];
    let folder = folder(&files)?;
    for (script, expected) in [
        ("match --pattern <(cat p) <(cat e)", "e  matches"),
        ("match --rules <(cat r) <(cat e)", "e  no rule"),
        ("replay --rules <(cat r) <(gzip -c l)", "30 events in 1 file"),
        ("replay --rules r /dev/stdin < l", "30 events in 1 file"),
    ] {
        let mut bash = tokio::process::Command::new("bash");
        bash.args(["-c", &format!("\"$0\" {script}")]).arg(budget_guard_tests::programs::command());
        let output = timeout(PATIENCE, bash.kill_on_drop(true).current_dir(folder.path()).output()).await??;
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(out.contains(expected), "{script}: {output:?}");
    }
    Ok(())
}

#[tokio::test]
async fn events_are_matched_as_they_come() -> Result<(), Failure> {
    let folder = folder(&[("p", PATTERN.as_bytes())])?;
    let events = pipe(folder.path(), "events")?;
    let args = format!("match --pattern {0}/p {0}/events", folder.path().display());
    let mut child = program()?.command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let mut writer: File =
        tokio::task::spawn_blocking(move || OpenOptions::new().write(true).open(events)).await??;
    for _ in 0..2 {
        writer.write_all(EVENT)?;
        assert_eq!(timeout(PATIENCE, lines.next_line()).await??.as_deref(), Some("e  matches"));
    }
    drop(writer);
    assert_eq!(timeout(PATIENCE, child.wait()).await??.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn a_pipe_that_is_named_twice_is_refused() -> Result<(), Failure> {
    let folder = folder(&[])?;
    let both = pipe(folder.path(), "both")?;
    write(vec![(both, PATTERN.into())]);
    let stderr = ["are the same pipe, which can be read only once", "hint: use a pipe for each, or a file"];
    for args in ["match --pattern @both @both", "match --rules @both @./both", "replay --rules @both @both"] {
        let args = args.replace('@', &format!("{}/", folder.path().display()));
        timeout(PATIENCE, program()?.check(&args, 2, &[], &stderr)).await??;
    }
    Ok(())
}

#[tokio::test]
async fn after_ctrl_c_the_report_is_made_of_what_was_read() -> Result<(), Failure> {
    let folder = folder(&[("rules.jsonl", FIX_ACL.as_bytes())])?;
    let at = folder.path().display();
    let mut command =
        program()?.command(&format!("replay --rules {at}/rules.jsonl /dev/stdin --output json"));
    let mut replay = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut log = replay.stdin.take().ok_or("a pipe")?;
    let records: Vec<String> =
        calls(2_000, 1_000).iter().map(|record| in_file(std::slice::from_ref(record))).collect();
    // More than the pipe holds, so that most of it was read when the last byte is written.
    log.write_all(records.join("\n").as_bytes()).await?;
    let pid = replay.id().ok_or("it has ended")?.to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status()?.success());
    // It notices with the next record.
    let more = calls(2_001, 1_000).split_off(2_000);
    let written = log.write_all(format!("\n{}", in_file(&more)).as_bytes()).await;
    drop((written, log));
    let output = replay.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["is_interrupted"], true, "{report}");
    assert!(report["events"].as_u64() > Some(1_000), "{report}");
    assert!(said.contains("warning: interrupted: what follows is about a part of the files"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_pipe_without_a_writer_is_named_and_waited_for() -> Result<(), Failure> {
    let folder = folder(&[("p", PATTERN.as_bytes())])?;
    let events = pipe(folder.path(), "events")?;
    let args = format!("match --pattern {0}/p {0}/events", folder.path().display());
    let mut child = program()?.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stderr.take().ok_or("no standard error")?).lines();
    let told = timeout(PATIENCE, lines.next_line()).await??.unwrap_or_default();
    assert_eq!(
        told,
        format!("{} is a pipe, and no program writes to it yet; waiting for one", events.display())
    );
    write(vec![(events, EVENT.into())]);
    let output = timeout(PATIENCE, child.wait_with_output()).await??;
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"e  matches\n"[..]));
    Ok(())
}

#[tokio::test]
async fn rules_without_an_end_are_refused() -> Result<(), Failure> {
    let folder = folder(&[("e", EVENT)])?;
    for args in ["match --rules /dev/zero @e", "match --pattern /dev/zero @e", "replay --rules /dev/zero @e"]
    {
        let args = args.replace('@', &format!("{}/", folder.path().display()));
        let told =
            ["/dev/zero is larger than 64 MiB; expected a file of rules, one event pattern or a template"];
        timeout(PATIENCE, program()?.check(&args, 2, &[], &told)).await??;
    }
    Ok(())
}
