//! A seeded world in virtual time: loops and honest machines, a faulty AWS, processes that crash, people who interfere.
//!
//! A seed determines its world completely. Promises are checked during the run and at its end.

mod aws;
mod budgets;
mod cast;
mod check;
mod happenings;
mod loops;
mod machines;
mod overspent;
mod rules;
mod store;
mod wire;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use budget_guard_core::attribution::Home;
use budget_guard_core::guard::{Observation, Order};
use budget_guard_core::model::RuleArn;
use budget_guard_core::policy::{Limits, Mode};
use budget_guard_core::run::{Guard, drive};

use crate::own::own;
use aws::{Process, Shared};
use happenings::{Agenda, Happening, Message, Person};
use machines::Machines;

/// A bug planted in the world, to test that the checks find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "only the tests plant bugs")]
pub enum Planted {
    /// No bug.
    Nothing,
    /// DisableRule ignores the bus.
    ForgottenBus,
    /// The ledger loses the start of the epoch.
    NoEpochCheck,
    /// The ledger saves without a check of the version.
    LastWriterWins,
    /// The targets of rules cannot be read.
    NoTargets,
    /// People use sessions with the name of the rule's target.
    PeopleLikeTargets,
}

/// Result of a world.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Everything that happened, in order.
    pub trace: Vec<String>,
    /// Broken promises, one sentence each.
    pub broken: Vec<String>,
    /// Number of alerts about trips.
    pub cuts: usize,
    /// Number of processes that crashed.
    pub crashes: usize,
}

/// Duration of the first phase, with faults. In the second, all unfinished work has to be completed.
const TURMOIL_MS: i64 = 15 * 60_000;
const QUIET_MS: i64 = 17 * 60_000;
/// Time of a last call after the first phase. Interrupted work is completed by then.
pub const KICK_MS: i64 = 40_000;
/// Maximum error of a process's clock.
const MAX_SKEW_MS: i64 = 20_000;
const CONCURRENCY: usize = 4;
/// Time after which the queue delivers the messages of a dead process again.
const VISIBILITY_MS: i64 = 30_000;
const MAX_RECEIVES: u32 = 3;

/// A running process: an invocation of the function, or a person's command.
struct Task {
    future: Pin<Box<dyn Future<Output = Option<Vec<String>>>>>,
    wake_at: i64,
    /// Messages that are delivered again if the process dies. Ticks and people repeat on their own.
    messages: Vec<Message>,
}

/// Runs the world of this seed.
pub fn run(seed: u64, planted: Planted) -> Outcome {
    let shared = Shared::new(seed, planted);
    let mut world = World {
        machines: Machines::new(seed, &shared, TURMOIL_MS),
        agenda: Rc::new(RefCell::new(Agenda::default())),
        tasks: Vec::new(),
        queue: Vec::new(),
        dead_letters: 0,
        crashes: 0,
        guards: Vec::new(),
        shared,
    };
    world.prepare();
    overspent::schedule(seed, &mut world.agenda.borrow_mut(), TURMOIL_MS);
    world.live(TURMOIL_MS);
    world.shared.lock().chaos = false;
    world.put_back_what_was_interrupted();
    world.live(TURMOIL_MS + QUIET_MS);
    check::at_rest(&world.shared, &world.machines, world.queue.len(), world.dead_letters);
    loops::at_rest(&world.shared, &world.machines, TURMOIL_MS);
    let end = aws::START + jiff::SignedDuration::from_millis(TURMOIL_MS + QUIET_MS);
    overspent::at_rest(&world.shared, end);
    let state = world.shared.lock();
    let cuts = state
        .alerts
        .iter()
        .filter(|alert| alert.kind == budget_guard_core::alerts::AlertKind::Tripped)
        .count();
    Outcome { trace: state.trace.clone(), broken: state.broken.clone(), cuts, crashes: world.crashes }
}

struct World {
    shared: Shared,
    machines: Machines,
    agenda: Rc<RefCell<Agenda>>,
    tasks: Vec<Task>,
    queue: Vec<Message>,
    /// Number of unreadable messages, after three attempts each.
    dead_letters: usize,
    crashes: usize,
    /// Warm processes of the function. A crash replaces one.
    guards: Vec<Rc<Guard<Process>>>,
}

impl World {
    fn prepare(&mut self) {
        for _ in 0..CONCURRENCY {
            let guard = self.new_guard();
            self.guards.push(guard);
        }
        let mut agenda = self.agenda.borrow_mut();
        let mut state = self.shared.lock();
        self.machines.schedule(&mut agenda, &mut state.rng, TURMOIL_MS);
        for minute in 0..(TURMOIL_MS + QUIET_MS) / 60_000 {
            agenda.add(minute * 60_000 + 17, Happening::Tick);
        }
        for _ in 0..state.rng.usize(4..14) {
            let at = state.rng.i64(0..TURMOIL_MS);
            let act = *state.rng.choice(&Person::ALL).unwrap_or(&Person::Kicks);
            agenda.add(at, Happening::Person(act));
        }
        // One more call in the second phase shows whether a restored rule loops.
        agenda.add(TURMOIL_MS + KICK_MS, Happening::Person(Person::Kicks));
        for poll in 0..(TURMOIL_MS + QUIET_MS) / 400 {
            agenda.add(poll * 400, Happening::Poll);
        }
    }

    fn new_guard(&self) -> Rc<Guard<Process>> {
        let home = Home { own: own("123456789012", &[]), ..Home::new("aws", "us-east-1", "123456789012") };
        let skew_ms = self.shared.lock().rng.i64(-MAX_SKEW_MS..MAX_SKEW_MS);
        let mut limits = Limits::new(Mode::Enforce, machines::LIMIT.parse().expect("a limit"));
        // A world has more loops than an account in an hour.
        limits.max_cuts_per_hour = NonZeroU32::MAX;
        Rc::new(Guard::new(Process::new(self.shared.clone(), skew_ms), home, limits))
    }

    /// Runs happenings and processes in the order of time, up to `end`.
    fn live(&mut self, end: i64) {
        loop {
            let next_task = self.tasks.iter().map(|task| task.wake_at).min();
            let next_happening = self.agenda.borrow().next_at();
            let Some(at) = [next_task, next_happening].into_iter().flatten().min().filter(|at| *at < end)
            else {
                self.shared.lock().now = end;
                return;
            };
            {
                let mut state = self.shared.lock();
                state.now = state.now.max(at);
                state.let_effects_happen();
            }
            let due: Vec<usize> = (0..self.tasks.len()).filter(|n| self.tasks[*n].wake_at <= at).collect();
            let prefers_task = next_happening != Some(at) || self.shared.lock().rng.bool();
            if !due.is_empty() && prefers_task {
                let pick = due[self.shared.lock().rng.usize(0..due.len())];
                self.resume(pick);
            } else {
                let happening = self.agenda.borrow_mut().take();
                self.happen(happening);
            }
        }
    }

    /// Runs one more step of a process, or kills it.
    fn resume(&mut self, index: usize) {
        let (dies, now) = {
            let mut state = self.shared.lock();
            (state.chaos && state.rng.u32(0..400) == 0, state.now)
        };
        if dies {
            let task = self.tasks.swap_remove(index);
            self.crashes += 1;
            self.shared.lock().note(format!("a process dies with {} messages", task.messages.len()));
            self.give_back(task.messages, now + VISIBILITY_MS);
            let guard = self.new_guard();
            let slot = self.shared.lock().rng.usize(0..CONCURRENCY);
            self.guards[slot] = guard;
            return;
        }
        let mut context = Context::from_waker(Waker::noop());
        match self.tasks[index].future.as_mut().poll(&mut context) {
            Poll::Pending => {
                let wake_at = self.shared.lock().wake_at.take().unwrap_or(now);
                self.tasks[index].wake_at = wake_at;
            }
            Poll::Ready(failed) => {
                let task = self.tasks.swap_remove(index);
                self.finish(task.messages, failed);
            }
        }
    }

    fn finish(&mut self, messages: Vec<Message>, failed: Option<Vec<String>>) {
        let failed = failed.unwrap_or_else(|| messages.iter().map(|message| message.id.clone()).collect());
        let now = self.shared.lock().now;
        let left = messages.into_iter().filter(|message| failed.contains(&message.id)).collect();
        self.give_back(left, now + VISIBILITY_MS);
    }

    /// Returns messages that were not deleted to the queue, and after the last attempt to the dead-letter queue.
    fn give_back(&mut self, messages: Vec<Message>, at: i64) {
        for mut message in messages {
            message.receives += 1;
            // Only unreadable messages can use up their attempts; the others wait for AWS to recover.
            if message.receives >= MAX_RECEIVES && !message.is_good {
                self.dead_letters += 1;
            } else {
                self.agenda.borrow_mut().add(at, Happening::Available(message));
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Call(call) => self.machines.call(call, &self.shared, &mut self.agenda.borrow_mut()),
            Happening::Available(message) => self.queue.push(message),
            Happening::Poll => self.poll_queue(),
            Happening::Tick => self.spawn(happenings::TICK.as_bytes().to_vec(), Vec::new()),
            Happening::Person(act) => self.person(act),
            Happening::Budget { is_overspent } => {
                let mut state = self.shared.lock();
                state.note(format!("the budget is overspent: {is_overspent}"));
                state.is_overspent = is_overspent;
            }
        }
    }

    fn poll_queue(&mut self) {
        let busy = self.tasks.iter().filter(|task| !task.messages.is_empty()).count();
        if self.queue.is_empty() || busy >= CONCURRENCY {
            return;
        }
        let size = self.shared.lock().rng.usize(1..60).min(self.queue.len());
        self.shared.lock().rng.shuffle(&mut self.queue);
        let messages: Vec<Message> = self.queue.drain(..size).collect();
        self.spawn(happenings::batch(&messages), messages);
    }

    fn spawn(&mut self, payload: Vec<u8>, messages: Vec<Message>) {
        let slot = self.shared.lock().rng.usize(0..CONCURRENCY);
        let guard = Rc::clone(&self.guards[slot]);
        let future = Box::pin(async move {
            let reply = guard.handle(&payload).await.0.ok()?;
            let reply = serde_json::to_value(reply).ok()?;
            let failures = reply["batchItemFailures"].as_array().cloned().unwrap_or_default();
            Some(
                failures.iter().filter_map(|one| one["itemIdentifier"].as_str().map(str::to_owned)).collect(),
            )
        });
        let now = self.shared.lock().now;
        self.tasks.push(Task { future, wake_at: now, messages });
    }

    fn person(&mut self, act: Person) {
        match act {
            Person::Kicks => self.machines.kick(&self.shared, &mut self.agenda.borrow_mut()),
            Person::Enables { force } => {
                let picked = {
                    let mut state = self.shared.lock();
                    let open = state.cut_rules();
                    state.rng.choice(&open).cloned()
                };
                if let Some(rule) = picked {
                    self.enable(rule, force);
                }
            }
            Person::Clicks => {
                let mut state = self.shared.lock();
                if let Some(rule) = state.click_in_the_console() {
                    wire::tell_of_change(&mut state, &mut self.agenda.borrow_mut(), &rule);
                }
            }
        }
    }

    /// Runs `budget-guard enable` as a process of its own.
    fn enable(&mut self, rule: RuleArn, force: bool) {
        let guard = self.new_guard();
        self.shared.lock().note(format!("a person runs enable {rule} (force {force})"));
        let future = Box::pin(async move {
            let order = Observation::Order(Order::Enable { force });
            let _ = drive(&guard, &rule, guard.defaults.clone(), &[order]).await;
            Some(Vec::new())
        });
        let now = self.shared.lock().now;
        self.tasks.push(Task { future, wake_at: now, messages: Vec::new() });
    }

    fn put_back_what_was_interrupted(&mut self) {
        let interrupted = self.shared.lock().restoring_rules();
        for rule in interrupted {
            self.enable(rule, true);
        }
    }
}

/// Number of worlds by result, for the output of a long run.
pub fn summary(outcomes: &[Outcome]) -> BTreeMap<&'static str, usize> {
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum();
    BTreeMap::from([
        ("worlds", outcomes.len()),
        ("cuts", sum(|one| one.cuts)),
        ("crashes", sum(|one| one.crashes)),
        ("broken promises", sum(|one| one.broken.len())),
    ])
}
