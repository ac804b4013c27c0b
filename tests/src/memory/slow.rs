//! Virtual time in which calls take time. Calls that are made side by side take it together.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use jiff::SignedDuration;

use super::World;
use super::faults::Call;
use budget_guard_core::model::{Fault, Timestamp};

/// Durations of calls, and the tasks that wait for an end.
#[derive(Debug, Default)]
pub(super) struct Timers {
    takes: Option<fn(Call) -> SignedDuration>,
    waiting: Vec<(Timestamp, Waker)>,
}

/// Notes that a task can go on.
#[derive(Debug, Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl World {
    /// Lets each call take this long from now on. The guard is then run by [`World::play`].
    pub fn slow_down(&self, takes: fn(Call) -> SignedDuration) {
        self.lock().timers.takes = Some(takes);
    }

    /// Runs a future to its end. Whenever all of its tasks wait, the clock moves on to the first end of a wait.
    ///
    /// # Panics
    /// The future waits for something that does not come.
    pub fn play<F: Future>(&self, future: F) -> F::Output {
        let (mut future, flag) = (pin!(future), Arc::new(Flag::default()));
        let waker = Waker::from(Arc::clone(&flag));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            if !flag.0.swap(false, Ordering::SeqCst) {
                self.go_on();
            }
        }
    }

    /// Moves the clock to the first end of a wait, and wakes the tasks whose wait is over.
    fn go_on(&self) {
        let woken: Vec<_> = {
            let mut state = self.lock();
            let first = state.timers.waiting.iter().map(|(until, _)| *until).min();
            state.now = state.now.max(first.expect("a wait that ends"));
            let now = state.now;
            state.timers.waiting.extract_if(.., |(until, _)| *until <= now).collect()
        };
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Waits in virtual time. Without slow calls the clock moves at once.
    pub(super) async fn wait_until(&self, until: Timestamp) {
        std::future::poll_fn(|context| {
            let mut state = self.lock();
            if state.timers.takes.is_none() {
                state.now = state.now.max(until);
            }
            if state.now >= until {
                return Poll::Ready(());
            }
            state.timers.waiting.push((until, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Makes a call, which takes its time and then has the planned fate.
    pub(super) async fn call<T, E: From<Fault>>(
        &self,
        call: Call,
        effect: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.take_time(call).await;
        self.faults.run(call, effect).await
    }

    /// Lets the time of a call pass.
    pub(super) async fn take_time(&self, call: Call) {
        let end = {
            let state = self.lock();
            state.timers.takes.map(|takes| state.now + takes(call))
        };
        if let Some(end) = end {
            self.wait_until(end).await;
        }
    }
}
