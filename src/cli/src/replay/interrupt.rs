//! Ctrl-C during a replay: reading ends, and the report is made of what was read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::output;

/// Exit code of a program that Ctrl-C ended, as shells have it: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Waits for Ctrl-C on a thread of its own. The second one ends the program, because a read from a pipe may never end. Returns once
/// the thread listens.
pub(super) fn watch() {
    let (listens, listening) = channel();
    thread::spawn(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async move {
            let Ok(mut interrupts) = signal(SignalKind::interrupt()) else { return };
            drop(listens);
            interrupts.recv().await;
            IS_INTERRUPTED.store(true, Ordering::Relaxed);
            output::note("interrupted; the report is made of what was read. Ctrl-C again ends at once.");
            interrupts.recv().await;
            std::process::exit(INTERRUPTED);
        });
    });
    // The sender is dropped in any case.
    let _: Result<(), _> = listening.recv();
}

/// Returns true after Ctrl-C.
pub(super) fn is_interrupted() -> bool {
    IS_INTERRUPTED.load(Ordering::Relaxed)
}
