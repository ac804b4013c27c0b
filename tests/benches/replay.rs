//! Duration and memory of the released `budget-guard replay` over a large log, in packed files, in plain files and in
//! one plain file. `cargo bench --bench replay -- dist/budget-guard [RECORDS [RECORDS IN A FILE]]`

#[allow(dead_code, reason = "the other benches use the rest of it")]
mod events;
mod trail;

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::SignedDuration;

const RECORDS: usize = 1_000_000;
/// Number of records in a file. CloudTrail closes a file after five minutes or about 50 MB.
const IN_A_FILE: usize = 10_000;
/// Interval of a million records in a day.
const GAP: SignedDuration = SignedDuration::from_millis(86);
const CALLS: usize = 20;
const RULES: usize = 100;
const POLL: Duration = Duration::from_millis(5);

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds `--bench`.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let Some(program) = args.first() else {
        println!("replay: not measured; it takes the path of budget-guard");
        return Ok(());
    };
    let records = args.get(1).map_or(Ok(RECORDS), |records| records.parse())?;
    let folder = tempfile::Builder::new().prefix("budget-guard-bench-").tempdir()?;
    let rules = folder.path().join("rules.jsonl");
    fs::write(&rules, rule_file())?;
    let in_a_file = args.get(2).map_or(Ok(IN_A_FILE), |count| count.parse())?;
    let bytes = generate(folder.path(), records, in_a_file)?;
    println!(
        "{records} records in {} files, {} MB of JSON, {RULES} rules of which {} fire\n",
        records.div_ceil(in_a_file),
        bytes / 1_000_000,
        CALLS + 1
    );
    println!("{:<20} {:>8} {:>14} {:>10} {:>12}", "", "seconds", "records a s", "MB a s", "peak MiB");
    for (name, logs) in [("packed files", "packed"), ("plain files", "files"), ("one plain file", "plain")] {
        let (took, peak_kib) = measure(program, &rules, &folder.path().join(logs), records)?;
        let seconds = took.as_secs_f64();
        println!(
            "{name:<20} {seconds:>8.2} {:>14.0} {:>10.0} {:>12}",
            records as f64 / seconds,
            bytes as f64 / 1e6 / seconds,
            peak_kib / 1_024
        );
    }
    Ok(())
}

fn calls() -> Vec<String> {
    (0..CALLS).map(|n| format!("PutBucketThing{n}")).collect()
}

/// Rules: one for all calls, one for each call, and others that never fire.
fn rule_file() -> String {
    let everything =
        r#"{"name":"everything","pattern":{"detail-type":[{"suffix":"via CloudTrail"}]}}"#.to_owned();
    let of_call = |n| {
        format!(
            r#"{{"name":"rule-{n}","pattern":{{"source":["aws.s3"],"detail":{{"eventName":["PutBucketThing{n}"]}}}}}}"#
        )
    };
    (0..RULES - 1).map(of_call).chain(Some(everything)).collect::<Vec<_>>().join("\n")
}

/// Writes the same records to packed files, to plain ones and to a single one. Returns the size of the latter.
fn generate(folder: &Path, records: usize, in_a_file: usize) -> Result<u64, Box<dyn Error>> {
    let calls = calls();
    for layout in ["packed", "files", "plain"] {
        fs::create_dir_all(folder.join(layout))?;
    }
    let plain_path = folder.join("plain/all.json");
    let mut plain = BufWriter::new(File::create(&plain_path)?);
    plain.write_all(b"{\"Records\":[")?;
    for first in (0..records).step_by(in_a_file) {
        let part: Vec<String> =
            (first..records.min(first + in_a_file)).map(|n| trail::record(n, GAP, &calls)).collect();
        let part = part.join(",");
        let text = format!("{{\"Records\":[{part}]}}");
        fs::write(folder.join(format!("files/{first}.json")), &text)?;
        let path = folder.join(format!("packed/{first}.json.gz"));
        let mut packed = GzEncoder::new(BufWriter::new(File::create(path)?), Compression::fast());
        packed.write_all(text.as_bytes())?;
        packed.finish()?.flush()?;
        plain.write_all(if first > 0 { b"," } else { b"" })?;
        plain.write_all(part.as_bytes())?;
    }
    plain.write_all(b"]}")?;
    plain.flush()?;
    Ok(fs::metadata(&plain_path)?.len())
}

/// One run: its duration and its maximum memory in KiB.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock, and waits")]
fn measure(
    program: &str,
    rules: &Path,
    logs: &Path,
    records: usize,
) -> Result<(Duration, u64), Box<dyn Error>> {
    let mut command = Command::new(program);
    command.args(["replay", "--output", "json", "--limit", "1000/60s", "--rules"]).arg(rules).arg(logs);
    let start = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        // After the end of the process, the line is missing.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(peak);
        std::thread::sleep(POLL);
    }
    let took = start.elapsed();
    let output = child.wait_with_output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let everything = report["rules"][0]["firings"].as_u64();
    assert!(output.status.success() && everything == Some(records as u64), "{report}");
    Ok((took, peak))
}
