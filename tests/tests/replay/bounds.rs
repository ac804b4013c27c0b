//! Limits of what `replay` reads: size of a value, layers of packing, and an archive through a pipe.

use std::fs;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;

use crate::logs::{gzip, in_file};
use crate::{FIX_ACL, calls, folder, given, program};
use budget_guard_tests::Failure;

/// Content packed this many times.
fn packed(content: &[u8], layers: usize) -> Result<Vec<u8>, Failure> {
    (0..layers).try_fold(content.to_vec(), |content, _| gzip(&content))
}

#[tokio::test]
async fn what_is_too_large_costs_only_its_file() -> Result<(), Failure> {
    let log = in_file(&calls(3, 1_000));
    let wide = format!("{{\"Records\":[{{\"a\":\"{}\"}}]}}", "x".repeat(17 << 20));
    let row = format!("eventJson\n\"{}", "x".repeat(17 << 20));
    let cases: [(&str, Vec<u8>, i32, &str); 4] = [
        ("four layers", packed(b"{\"Records\":[]}", 4)?, 0, ""),
        ("five layers", packed(b"{\"Records\":[]}", 5)?, 2, "it is packed more than 4 times"),
        ("a value of 17 MiB", wide.into(), 2, "is larger than 16 MiB, which no event is"),
        ("an open quote", row.into(), 2, "a row of the table is larger than 16 MiB"),
    ];
    for (name, bytes, code, stderr) in cases {
        let files = [("rules.jsonl", FIX_ACL.as_bytes()), ("log.json", log.as_bytes()), ("other", &bytes)];
        let folder = folder(&files)?;
        let args = format!("replay --rules {0}/rules.jsonl {0}/log.json {0}/other", folder.path().display());
        let seen = program()?.check(&args, code, &["3 events in 2 files"], &[stderr]).await;
        seen.map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn an_archive_comes_through_a_pipe() -> Result<(), Failure> {
    let rules = given("samples/rules.json");
    let mut command = program()?.command(&format!("replay --rules {} -", rules.display()));
    let mut replay = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut pipe = replay.stdin.take().ok_or("a pipe")?;
    pipe.write_all(&fs::read(given("samples/logs.zip"))?).await?;
    drop(pipe);
    let output = replay.wait_with_output().await?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(String::from_utf8(output.stdout)?.starts_with("RULE"), "{said}");
    assert!(said.contains("left out 1 folder from standard input/CloudTrail-Digest"), "{said}");
    Ok(())
}
