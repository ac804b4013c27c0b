//! Time of the released `bootstrap` from its start to its first request for work, and its size, compared with an empty
//! Lambda function. `cargo bench --bench start -- dist/bootstrap target/release/examples/empty-lambda`

mod median;
use std::error::Error;
use std::io::Write;
use std::time::Duration;

use budget_guard_tests::bootstrap::Bootstrap;
use budget_guard_tests::own::own_arns;
use budget_guard_tests::runtime_api::RuntimeApi;
use flate2::Compression;
use flate2::write::GzEncoder;
use median::{middle, sorted};

const STARTS: usize = 40;
const DEADLINE: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds `--bench`.
    let paths: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let [guard, empty] = &paths[..] else {
        println!("start: not measured; it takes the paths of bootstrap and of an empty Lambda");
        return Ok(());
    };
    let mut samples = [Vec::new(), Vec::new()];
    for round in 0..=STARTS {
        for turn in 0..2 {
            let index = (round + turn) % 2;
            let millis = start([guard, empty][index]).await?;
            // The first start of each program reads its file from the disk.
            if round > 0 {
                samples[index].push(millis);
            }
        }
    }
    let ratio = middle(&sorted(samples[0].iter().zip(&samples[1]).map(|(guard, empty)| guard / empty)));
    println!("start to the first poll, {STARTS} starts each, in turn\n");
    println!(
        "{:<16} {:>10} {:>8} {:>8} {:>7} {:>12} {:>12}",
        "", "median ms", "min", "max", "ratio", "size KB", "gzip KB"
    );
    for (name, path, millis, ratio) in
        [("bootstrap", guard, &samples[0], ratio), ("empty Lambda", empty, &samples[1], 1.0)]
    {
        let millis = sorted(millis.iter().copied());
        let (size, gzip) = sizes(path)?;
        println!(
            "{name:<16} {:>10.2} {:>8.2} {:>8.2} {ratio:>7.2} {size:>12} {gzip:>12}",
            middle(&millis),
            millis[0],
            millis[millis.len() - 1],
        );
    }
    Ok(())
}

/// Duration of one start in milliseconds.
async fn start(path: &str) -> Result<f64, Box<dyn Error>> {
    let api = RuntimeApi::start().await?;
    let settings = [
        ("BUDGET_GUARD_TABLE", "budget-guard"),
        ("BUDGET_GUARD_ATTACHED_QUEUE_ARN", "arn:aws:sqs:us-east-1:123456789012:attached"),
        ("BUDGET_GUARD_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:alerts"),
        ("BUDGET_GUARD_OWN_ARNS", &own_arns("123456789012", &[])),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "example"),
        ("AWS_SESSION_TOKEN", "example"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let lambda = Bootstrap::spawn(path, &api, &settings)?;
    match api.first_poll(DEADLINE).await {
        Some(polled) => Ok((polled - lambda.started()).as_secs_f64() * 1e3),
        None => Err(format!("{path} does not ask for work: {:?}", lambda.logs()).into()),
    }
}

/// Size and compressed size, in kilobytes.
fn sizes(path: &str) -> Result<(u64, u64), Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&bytes)?;
    Ok((bytes.len() as u64 / 1_000, packed.finish()?.len() as u64 / 1_000))
}
