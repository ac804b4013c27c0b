//! AWS as it can be: slow, throttled, with lost replies and delayed effect. And the promises that are checked at each call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use budget_guard_core::alerts::AlertJson;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::history::RateHistory;
use budget_guard_core::model::{
    Fault, FaultKind, ListedSchedule, RuleArn, RuleDefinition, RuleState, ScheduleDefinition, Timestamp,
};
use budget_guard_core::ports::{Clock, History, Page, Ports, Scheduler, Trail, TrailRecord, Version};
use budget_guard_core::stored::Blob;

use super::Planted;

pub const START: Timestamp = Timestamp::constant(1_795_176_000, 0);

/// The world that all processes share.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Mutex<State>>);

#[derive(Debug)]
pub struct State {
    /// Virtual milliseconds since the start.
    pub now: i64,
    pub rng: fastrand::Rng,
    /// Calls fail, processes die, people interfere.
    pub chaos: bool,
    pub planted: Planted,
    pub rules: BTreeMap<RuleArn, SimRule>,
    /// Stored items by their keys.
    pub items: BTreeMap<String, (Blob, Version)>,
    pub watched: BTreeSet<RuleArn>,
    /// All that were published, as subscribers read them.
    pub alerts: Vec<AlertJson>,
    pub is_overspent: bool,
    pub broken: Vec<String>,
    pub trace: Vec<String>,
    pub faults: u32,
    /// When the future that is being polled wants to be polled again.
    pub wake_at: Option<i64>,
    /// When a person last changed the state of a rule.
    pub clicked: BTreeMap<RuleArn, i64>,
    /// How often each rule has fired every minute for a day.
    pub always: BTreeMap<RuleArn, u64>,
    /// Real cuts (enabled → disabled by the guard) by rule and epoch.
    pub cuts: BTreeMap<(RuleArn, u64), u32>,
}

#[derive(Debug)]
pub struct SimRule {
    pub definition: RuleDefinition,
    /// What the bus goes by; it follows the state some time later.
    is_firing: bool,
    follows_at: Option<i64>,
}

impl Shared {
    pub fn new(seed: u64, planted: Planted) -> Self {
        Self(Arc::new(Mutex::new(State {
            now: 0,
            rng: fastrand::Rng::with_seed(seed),
            chaos: true,
            planted,
            rules: BTreeMap::new(),
            items: BTreeMap::new(),
            watched: BTreeSet::new(),
            alerts: Vec::new(),
            is_overspent: false,
            broken: Vec::new(),
            trace: Vec::new(),
            faults: 0,
            wake_at: None,
            clicked: BTreeMap::new(),
            always: BTreeMap::new(),
            cuts: BTreeMap::new(),
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub fn note(&mut self, what: String) {
        let now = self.now;
        self.trace.push(format!("{now} {what}"));
    }

    pub fn broke(&mut self, promise: u32, what: String) {
        let now = self.now;
        self.broken.push(format!("promise {promise} at {now} ms: {what}"));
    }

    pub fn add_rule(&mut self, arn: RuleArn, definition: RuleDefinition) {
        let is_firing = definition.state.is_enabled();
        self.rules.insert(arn, SimRule { definition, is_firing, follows_at: None });
    }

    pub fn is_firing(&self, rule: &RuleArn) -> bool {
        self.rules.get(rule).is_some_and(|rule| rule.is_firing)
    }

    fn records_where(&self, keep: impl Fn(&Breaker) -> bool) -> Vec<RuleArn> {
        let kept = self.records().filter(|record| keep(&record.breaker));
        kept.map(|record| record.rule).collect()
    }

    pub fn cut_rules(&self) -> Vec<RuleArn> {
        self.records_where(|breaker| matches!(breaker, Breaker::Open(_)))
    }

    pub fn restoring_rules(&self) -> Vec<RuleArn> {
        self.records_where(|breaker| matches!(breaker, Breaker::Restoring { .. }))
    }

    /// The bus takes notice of a change of state only some time later.
    pub fn set_state(&mut self, arn: &RuleArn, state: RuleState) {
        let delay = if self.chaos { self.rng.i64(0..20_000) } else { self.rng.i64(0..500) };
        let now = self.now;
        if let Some(rule) = self.rules.get_mut(arn) {
            rule.definition.state = state;
            rule.follows_at = Some(now + delay);
        }
    }

    pub fn let_effects_happen(&mut self) {
        let now = self.now;
        for rule in self.rules.values_mut().filter(|rule| rule.follows_at.is_some_and(|at| at <= now)) {
            rule.is_firing = rule.definition.state.is_enabled();
            rule.follows_at = None;
        }
    }

    /// A person changes a rule without asking the guard. Returns the rule whose state changed.
    pub fn click_in_the_console(&mut self) -> Option<RuleArn> {
        let rules: Vec<RuleArn> = self.rules.keys().cloned().collect();
        let rule = self.rng.choice(&rules).cloned()?;
        let state = [RuleState::Enabled, RuleState::Disabled][self.rng.usize(0..2)];
        let is_enabled = self.rules[&rule].definition.state.is_enabled();
        if self.rng.bool() && is_enabled != state.is_enabled() {
            self.note(format!("a person sets {rule} to {state}"));
            self.set_state(&rule, state);
            self.cuts.retain(|(cut, _), _| *cut != rule);
            self.clicked.insert(rule.clone(), self.now);
            return Some(rule);
        }
        if let Some(found) = self.rules.get_mut(&rule) {
            found.definition.description = Some("edited".to_owned());
        }
        None
    }
}

/// The ports of one process, with its own idea of the time.
#[derive(Clone, Debug)]
pub struct Process {
    shared: Shared,
    skew_ms: i64,
}

impl Process {
    pub fn new(shared: Shared, skew_ms: i64) -> Self {
        Self { shared, skew_ms }
    }

    async fn until(&self, at: i64) {
        std::future::poll_fn(|context| {
            let mut state = self.shared.lock();
            if state.now >= at {
                return Poll::Ready(());
            }
            state.wake_at = Some(state.wake_at.map_or(at, |other| other.min(at)));
            // Several calls may be waited for side by side; each is asked again when the process is resumed.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// One call: it takes time, and it may fail, or succeed without saying so.
    pub async fn call<T, E: From<Fault>>(
        &self,
        name: &str,
        effect: impl FnOnce(&mut State) -> Result<T, E>,
    ) -> Result<T, E> {
        let (before, after, luck) = {
            let mut state = self.shared.lock();
            let slow = if state.rng.u32(0..40) == 0 { 900 } else { 30 };
            let (before, after) = (state.rng.i64(1..slow), state.rng.i64(1..slow));
            let luck = if state.chaos { state.rng.u32(0..60) } else { 59 };
            state.faults += u32::from(luck < 4);
            (state.now + before, after, luck)
        };
        self.until(before).await;
        let fault = |kind, words: &str| E::from(Fault::new(kind, format!("{name}: {words}")));
        let result = match luck {
            0 | 1 => Err(fault(FaultKind::Throttled, "ThrottlingException")),
            2 => Err(fault(FaultKind::Conflict, "ConcurrentModificationException")),
            3 => {
                let _ = effect(&mut self.shared.lock());
                Err(fault(FaultKind::Timeout, "the reply was lost"))
            }
            _ => effect(&mut self.shared.lock()),
        };
        let at = self.shared.lock().now + after + if luck == 3 { 1_500 } else { 0 };
        self.until(at).await;
        result
    }
}

pub fn missing() -> Fault {
    Fault::new(FaultKind::NotFound, "ResourceNotFoundException")
}

impl History for Process {
    async fn triggered(
        &self,
        rule: &RuleArn,
        _: &[String],
        _: Timestamp,
        until: Timestamp,
    ) -> Result<RateHistory, Fault> {
        self.call("GetMetricData", |state| Ok(super::machines::past(state, rule, until))).await
    }
}

impl Trail for Process {
    /// None: no call of this world is made by an assumed role.
    async fn openings(&self, _: &str, _: Timestamp, _: Timestamp) -> Result<Vec<TrailRecord>, Fault> {
        self.call("LookupEvents", |_| Ok(Vec::new())).await
    }
}

impl Scheduler for Process {
    /// There are no schedules here. This is no call of the simulation: nothing hangs on it, and each call draws from the seed.
    async fn enabled(&self, _: Option<&str>) -> Result<Page<ListedSchedule>, Fault> {
        Ok(Page { items: Vec::new(), next_token: None })
    }

    async fn read(&self, _: &ListedSchedule) -> Result<ScheduleDefinition, Fault> {
        Err(missing())
    }
}

impl Clock for Process {
    fn now(&self) -> Timestamp {
        START + jiff::SignedDuration::from_millis(self.shared.lock().now + self.skew_ms)
    }

    async fn sleep_until(&self, until: Timestamp) {
        let at = until.duration_since(START).as_millis() - i128::from(self.skew_ms);
        self.until(i64::try_from(at).unwrap_or(i64::MAX)).await;
    }
}

impl Ports for Process {
    type Rules = Self;
    type Scheduler = Self;
    type History = Self;
    type Trail = Self;
    type Budgets = Self;
    type Store = Self;
    type Alerts = Self;
    type Clock = Self;

    fn rules(&self) -> &Self {
        self
    }
    fn scheduler(&self) -> &Self {
        self
    }
    fn history(&self) -> &Self {
        self
    }
    fn trail(&self) -> &Self {
        self
    }
    fn budgets(&self) -> &Self {
        self
    }
    fn store(&self) -> &Self {
        self
    }
    fn alerts(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
}
