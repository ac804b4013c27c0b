//! `make demo`: rules that fire themselves, the guard that cuts them, and the restore, on an emulator.

mod cost;
mod fast;
mod fixer;
mod people;
mod proof;
mod report;
mod screen;
mod stage;
mod story;
mod undone;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use budget_guard_tests::Failure;
use report::Report;
use screen::Screen;
use stage::Stage;
use story::Story;

/// Exit code of a program that Ctrl-C ended, as a shell reports it.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let screen = Screen::new();
    let mut report = Report::new(&screen);
    // The first to end drops the other. The stage's processes and folders end with it.
    let played = tokio::select! {
        played = play(&screen, &mut report) => played,
        () = interrupted() => {
            screen.line("\nInterrupted. Everything that was started is stopped.");
            return ExitCode::from(INTERRUPTED);
        }
    };
    match report.end(played) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Plays all acts. Each states its expectation and reads the result back.
async fn play(screen: &Screen, report: &mut Report<'_>) -> Result<(), Failure> {
    report.begin();
    let (stage, mut crew) = Stage::set().await?;
    let told = async {
        let mut story = Story::begin(&stage, screen, report).await?;
        story.let_it_loop().await?;
        story.prove_that_it_is_cut().await?;
        story.read_the_alert().await?;
        story.ask_the_guard().await?;
        story.cure_it_and_put_it_back().await?;
        story.turn_fast().await?;
        story.undo_a_wrong_cut().await?;
        story.turn_slowly().await?;
        story.run_out_of_money().await?;
        story.sum_up().await
    };
    tokio::select! {
        told = told => match told {
            Ok(()) => Ok(()),
            Err(failure) => Err(stage.with_logs(failure).await),
        },
        failure = crew.failure() => Err(stage.with_logs(failure).await),
    }
}

async fn interrupted() {
    let signals = signal(SignalKind::interrupt()).and_then(|one| Ok((one, signal(SignalKind::terminate())?)));
    match signals {
        Ok((mut interrupt, mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
        // Without handlers, a signal ends this process, and the watchdogs of its children clean up.
        Err(_) => std::future::pending().await,
    }
}
