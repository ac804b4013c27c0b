//! `make soak`: puts a flood and a backlog on the deployed stack. Nothing may be lost, and no honest rule cut.

mod check;
mod load;
mod stage;

use std::process::ExitCode;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use tokio::time::{Instant, sleep};

use budget_guard_tests::Failure;
use check::{Course, Report};
use load::{CALL, Call, offer};
use stage::{Rule, Stage};

/// Firings per second of the loop for a minute: the rate of a published loop, rounded up.
const LOOP_RATE: usize = 400;
const FLOOD: Duration = Duration::from_secs(60);
/// Number of honest rules beside it, each with four firings a second.
const FLOOD_HONEST: usize = 10;
const HONEST_RATE: usize = 4;

/// Number of firings, in blocks of ten of one rule: 90 honest rules, and ten blocks in a hundred of a rule that loops.
const BACKLOG: usize = 50_000;
const BACKLOG_HONEST: usize = 90;
const BACKLOG_TURN: usize = 100;
/// Time span of the firings in the backlog.
const BACKLOG_SPAN: SignedDuration = SignedDuration::from_mins(4);

/// Time limit for emptying the queue.
const PATIENCE: Duration = Duration::from_secs(900);
const LOOK: Duration = Duration::from_millis(250);

#[tokio::main]
async fn main() -> ExitCode {
    let mut report = Report::default();
    let soaked = soak(&mut report).await;
    match report.end(soaked) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

async fn soak(report: &mut Report) -> Result<(), Failure> {
    let began = Instant::now();
    let stage = Stage::set().await?;
    let ready = Instant::now();
    println!("The stack is deployed, {:.1} s after the start.", (ready - began).as_secs_f64());
    let flood = stage.rules("flood", FLOOD_HONEST).await?;
    stage.learn_rules().await?;
    println!("It knows its rules, {:.1} s later.", ready.elapsed().as_secs_f64());
    let course = run(&stage, "flood", &flood, flood_calls(), true).await?;
    report.first_cut(ready, &course);
    report.check(&stage, &flood, course).await?;

    let backlog = stage.rules("backlog", BACKLOG_HONEST).await?;
    stage.feed(false).await?;
    let course = run(&stage, "backlog", &backlog, backlog_calls(), false).await?;
    report.check(&stage, &backlog, course).await
}

/// Offers the load and waits until it is processed, while it is offered or after all of it is queued.
async fn run(
    stage: &Stage,
    name: &'static str,
    rules: &[Rule],
    calls: Vec<Call>,
    at_once: bool,
) -> Result<Course, Failure> {
    let before = stage.totals().await?;
    let messages: usize = calls.iter().map(|call| call.rules.len()).sum();
    let offered_of = |place| calls.iter().flat_map(|call| &call.rules).filter(|rule| **rule == place).count();
    let offered_by_rule = (0..rules.len()).map(|place| offered_of(place) as u64).collect();
    println!("\n{name}: {messages} messages, {} rules.", rules.len());
    let bars = MultiProgress::new();
    let offering = bar(&bars, "offered", messages)?;
    let working = bar(&bars, "worked off", messages)?;

    let offer = offer(stage, rules, calls, &offering);
    let (offered, drained, cut) = if at_once {
        let drain = async {
            sleep(LOOK).await;
            drained(stage, &offering, &working).await
        };
        tokio::try_join!(offer, drain, stage.cut(&rules[0]))?
    } else {
        let offered = offer.await?;
        let seconds = (offered.ended - offered.began).as_secs_f64();
        println!("   All of it waits, after {seconds:.0} s. The guard may have it.");
        stage.feed(true).await?;
        let (drained, cut) = tokio::try_join!(drained(stage, &offering, &working), stage.cut(&rules[0]))?;
        (offered, drained, cut)
    };
    let done = stage.totals().await? - before;
    Ok(Course { name, messages: messages as u64, offered, offered_by_rule, drained, cut, at_once, done })
}

/// Time at which the queue is empty after the offer.
async fn drained(stage: &Stage, offering: &ProgressBar, working: &ProgressBar) -> Result<Instant, Failure> {
    let deadline = Instant::now() + PATIENCE;
    let all = offering.length().unwrap_or_default();
    loop {
        let offered = offering.position();
        let waiting = stage.waiting().await?;
        working.set_position(offered.saturating_sub(waiting));
        if waiting == 0 && offered == all {
            return Ok(Instant::now());
        }
        if Instant::now() > deadline {
            return Err(format!("after {PATIENCE:?} {waiting} messages still wait").into());
        }
        sleep(LOOK).await;
    }
}

fn bar(bars: &MultiProgress, what: &'static str, length: usize) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{prefix:>12} {wide_bar} {pos}/{len} {per_sec:>12}")?;
    Ok(bars.add(ProgressBar::new(length as u64)).with_style(style).with_prefix(what))
}

/// Calls of the loop at a constant rate, and of every honest rule in turn.
fn flood_calls() -> Vec<Call> {
    let seconds = FLOOD.as_secs() as usize;
    let at = |n: usize, all: usize| FLOOD.mul_f64(n as f64 / all as f64);
    let of_loop = LOOP_RATE * seconds / CALL;
    let looping = (0..of_loop).map(|n| (at(n, of_loop), vec![0; CALL]));
    let of_honest = HONEST_RATE * seconds;
    let honest = (0..of_honest).map(|n| (at(n, of_honest), (1..=FLOOD_HONEST).collect()));
    let mut calls: Vec<Call> =
        looping.chain(honest).map(|(due, rules)| Call { due, rules, age: SignedDuration::ZERO }).collect();
    calls.sort_by_key(|call| call.due);
    calls
}

fn backlog_calls() -> Vec<Call> {
    let all = BACKLOG / CALL;
    let call = |n: usize| {
        let place = n % BACKLOG_TURN;
        let rule = if place < BACKLOG_HONEST { place + 1 } else { 0 };
        let age = BACKLOG_SPAN.mul_f64((all - n) as f64 / all as f64);
        Call { due: Duration::ZERO, rules: vec![rule; CALL], age }
    };
    (0..all).map(call).collect()
}
