//! Random worlds of loops and honest machines around a cut: calls, CloudTrail's delay, queues with retries, schedules.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Seconds of an hour.
pub(crate) const HOUR: f64 = 3_600.0;
/// Maximum number of events of a world.
const MAX_EVENTS: usize = 6_000;

/// Maker of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    Own,
    Foreign,
    Sibling,
}

/// Time of the next call of a machine, from the present one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    Once,
    /// Random calls with this mean gap, up to an end.
    Random {
        gap: f64,
        end: f64,
    },
    /// Between two gaps.
    Between(f64, f64),
    /// The next multiple of the period after the first call, give or take a second.
    Clock {
        period: f64,
        first: f64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Happening {
    /// CloudTrail delivers a call.
    Delivery { at: f64, by: By },
    /// An event reaches the target or its queue.
    Ready { born: f64, tries: u32 },
    /// A poller took it.
    Polled { born: f64, tries: u32 },
    /// A run of the target ends.
    Done { born: f64, tries: u32 },
    /// Another machine calls.
    Call { by: By, pace: Pace },
    /// The target is started by something else.
    Start(Pace),
    /// Such a run ends.
    Started,
}

/// One world. Times are seconds.
pub(crate) struct World {
    pub(crate) rng: fastrand::Rng,
    /// Mean number of calls of one run.
    pub(crate) fan_out: f64,
    pub(crate) concurrency: u32,
    /// Mean duration of a run.
    pub(crate) duration: f64,
    /// Wait between the rule and its target.
    pub(crate) delay: f64,
    /// Probability that a run fails and is tried again.
    pub(crate) failures: f64,
    pub(crate) time_limit: i64,
    /// True if own calls fire the rule.
    pub(crate) is_loop: bool,
    /// Period of a poller between the rule and its target.
    pub(crate) poll: Option<f64>,
    propagation: f64,
    agenda: BinaryHeap<Reverse<(i64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    number: u64,
    busy: u32,
    waiting: BinaryHeap<Reverse<(i64, u32)>>,
    now: f64,
    /// Calls that the guard saw: arrival, event time, maker.
    pub(crate) seen: Vec<(f64, i64, By)>,
    pub(crate) cut: Option<f64>,
    /// Longest wait of a started event, by the minute.
    pub(crate) waits: BTreeMap<i64, f64>,
}

impl World {
    pub(crate) fn new(mut rng: fastrand::Rng, time_limit: i64) -> Self {
        let propagation = match rng.f64() < 0.97 {
            true => (rng.f64() * 180f64.ln()).exp(),
            false => uniform(&mut rng, 180.0, 300.0),
        };
        Self {
            rng,
            fan_out: 1.0,
            concurrency: 1_000,
            duration: 1.0,
            delay: 0.0,
            failures: 0.0,
            time_limit,
            is_loop: true,
            poll: None,
            propagation,
            agenda: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            number: 0,
            busy: 0,
            waiting: BinaryHeap::new(),
            now: 0.0,
            seen: Vec::new(),
            cut: None,
            waits: BTreeMap::new(),
        }
    }

    pub(crate) fn call(&mut self, at: f64, by: By, pace: Pace) {
        self.add(at, Happening::Call { by, pace });
    }

    pub(crate) fn start(&mut self, at: f64, pace: Pace) {
        self.add(at, Happening::Start(pace));
    }

    /// Number of own calls that the guard saw.
    pub(crate) fn own(&self) -> usize {
        self.seen.iter().filter(|(_, _, by)| *by == By::Own).count()
    }

    fn add(&mut self, at: f64, happening: Happening) {
        self.number += 1;
        self.agenda.push(Reverse(((at * 1_000.0) as i64, self.number)));
        self.happenings.insert(self.number, happening);
    }

    fn calls(&mut self, by: By) {
        let late = match self.rng.f64() {
            chance if chance < 0.95 => uniform(&mut self.rng, 2.0, 15.0),
            chance if chance < 0.99 => uniform(&mut self.rng, 15.0, 120.0),
            _ => uniform(&mut self.rng, 120.0, 900.0),
        };
        if self.rng.f64() >= 0.003 {
            let at = self.now;
            self.add(at + late, Happening::Delivery { at, by });
        }
    }

    fn start_waiting(&mut self) {
        while self.busy < self.concurrency {
            let Some(Reverse((born, tries))) = self.waiting.pop() else { return };
            let born = born as f64 / 1_000.0;
            if self.now - born > 6.0 * HOUR {
                continue;
            }
            self.busy += 1;
            let wait = self.waits.entry((self.now / 60.0) as i64).or_default();
            *wait = wait.max(self.now - born);
            let duration = self.duration * uniform(&mut self.rng, 0.8, 1.2);
            self.add(self.now + duration, Happening::Done { born, tries });
        }
    }

    fn wait(&mut self, born: f64, tries: u32) {
        self.waiting.push(Reverse(((born * 1_000.0) as i64, tries)));
        self.start_waiting();
    }

    fn next(&mut self, pace: Pace) -> Option<f64> {
        let now = self.now;
        match pace {
            Pace::Once => None,
            Pace::Random { gap, end } => {
                Some(now - gap * (1.0 - self.rng.f64()).ln()).filter(|next| *next < end)
            }
            Pace::Between(from, to) => Some(now + uniform(&mut self.rng, from, to)),
            Pace::Clock { period, first } => {
                let turn = ((now - first) / period).round() + 1.0;
                Some(first + turn * period + uniform(&mut self.rng, -1.0, 1.0))
            }
        }
    }

    /// Runs up to a time. The rule is cut once `cut_when` holds.
    pub(crate) fn run(&mut self, until: f64, cut_when: impl Fn(&Self) -> bool) {
        self.run_while(until, cut_when, |_| true);
    }

    /// Runs up to a time, or until `goes_on` no longer holds.
    pub(crate) fn run_while(
        &mut self,
        until: f64,
        cut_when: impl Fn(&Self) -> bool,
        goes_on: impl Fn(&Self) -> bool,
    ) {
        while goes_on(self)
            && let Some(Reverse((at, number))) = self.agenda.pop()
        {
            if at as f64 / 1_000.0 > until {
                self.agenda.push(Reverse((at, number)));
                return;
            }
            self.now = at as f64 / 1_000.0;
            let Some(happening) = self.happenings.remove(&number) else { continue };
            self.happen(happening, &cut_when);
        }
    }

    fn happen(&mut self, happening: Happening, cut_when: impl Fn(&Self) -> bool) {
        match happening {
            Happening::Delivery { at, by } => {
                if self.seen.len() < MAX_EVENTS {
                    self.seen.push((self.now, at as i64, by));
                }
                if self.cut.is_none() && cut_when(self) {
                    self.cut = Some(self.now);
                }
                let is_on = self.cut.is_none_or(|cut| self.now <= cut + self.propagation);
                if is_on && (self.is_loop || by != By::Own) {
                    let wait = self.delay * uniform(&mut self.rng, 0.95, 1.05);
                    self.add(self.now + 0.5 + wait, Happening::Ready { born: self.now, tries: 1 });
                }
            }
            Happening::Ready { born, tries } => match self.poll {
                Some(period) => {
                    let at = (self.now / period).ceil() * period + 1.0;
                    self.add(at, Happening::Polled { born, tries });
                }
                None => self.wait(born, tries),
            },
            Happening::Polled { born, tries } => self.wait(born, tries),
            Happening::Done { born, tries } => self.done(born, tries),
            Happening::Call { by, pace } => {
                self.calls(by);
                if let Some(next) = self.next(pace) {
                    self.call(next, by, pace);
                }
            }
            Happening::Start(pace) => {
                self.waits.entry((self.now / 60.0) as i64).or_default();
                self.add(self.now + self.duration, Happening::Started);
                if let Some(next) = self.next(pace) {
                    self.start(next, pace);
                }
            }
            Happening::Started => self.calls(By::Own),
        }
    }

    fn done(&mut self, born: f64, tries: u32) {
        self.busy -= 1;
        if self.fan_out >= 1.0 || self.rng.f64() <= self.fan_out {
            let more = self.fan_out > 1.0 && self.rng.f64() < self.fan_out.fract();
            for _ in 0..self.fan_out.max(1.0) as u32 + u32::from(more) {
                self.calls(By::Own);
            }
        }
        if tries < 3 && self.rng.f64() < self.failures {
            let wait = if tries == 1 { 60.0 } else { 120.0 };
            self.add(self.now + wait, Happening::Ready { born, tries: tries + 1 });
        }
        self.start_waiting();
    }
}

/// Random number between two.
pub(crate) fn uniform(rng: &mut fastrand::Rng, from: f64, to: f64) -> f64 {
    from + rng.f64() * (to - from)
}

/// The same on a logarithmic scale.
pub(crate) fn log_uniform(rng: &mut fastrand::Rng, from: f64, to: f64) -> f64 {
    uniform(rng, from.ln(), to.ln()).exp()
}

/// One of these.
pub(crate) fn one_of<T: Copy>(rng: &mut fastrand::Rng, all: &[T]) -> T {
    all[rng.usize(0..all.len())]
}
