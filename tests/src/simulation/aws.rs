//! AWS with its faults: slow, throttled, with lost replies and delayed effects. Promises are checked at each call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use budget_guard_core::alerts::AlertJson;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::history::{RateHistory, SinceCut};
use budget_guard_core::model::{
    Fault, FaultKind, ListedSchedule, RuleArn, RuleDefinition, RuleState, ScheduleDefinition, Timestamp,
};
use budget_guard_core::ports::{Clock, History, Page, Ports, Scheduler, Trail, TrailRecord, Version};
use budget_guard_core::stored::Blob;

use super::Planted;

/// Start of every world.
pub const START: Timestamp = Timestamp::constant(1_795_176_000, 0);

/// State of the world, which all processes share.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Mutex<State>>);

/// State of the world.
#[derive(Debug)]
pub struct State {
    /// Virtual milliseconds since the start.
    pub now: i64,
    /// Random numbers of the world.
    pub rng: fastrand::Rng,
    /// True while calls fail, processes die and people interfere.
    pub chaos: bool,
    /// Planted bug.
    pub planted: Planted,
    /// Rules by ARN.
    pub rules: BTreeMap<RuleArn, SimRule>,
    /// Stored items by their keys.
    pub items: BTreeMap<String, (Blob, Version)>,
    pub watched: BTreeSet<RuleArn>,
    /// All that were published, as subscribers read them.
    pub alerts: Vec<AlertJson>,
    pub is_overspent: bool,
    /// Broken promises, one sentence each.
    pub broken: Vec<String>,
    /// Everything that happened, in order.
    pub trace: Vec<String>,
    /// Number of calls that failed.
    pub faults: u32,
    /// Time at which the future being polled wants to be polled again.
    pub wake_at: Option<i64>,
    /// Time of a person's last change of the state, by rule.
    pub clicked: BTreeMap<RuleArn, i64>,
    /// Firings per minute over the last day, by rule.
    pub always: BTreeMap<RuleArn, u64>,
    /// Times of the firings in virtual milliseconds, by rule.
    pub fired: BTreeMap<RuleArn, Vec<i64>>,
    /// Number of changes from enabled to disabled by the guard, by rule and epoch.
    pub cuts: BTreeMap<(RuleArn, u64), u32>,
}

/// A rule of the world.
#[derive(Debug)]
pub struct SimRule {
    /// Definition that the API returns.
    pub definition: RuleDefinition,
    /// State of the rule on the bus. It follows the definition after a delay.
    is_firing: bool,
    follows_at: Option<i64>,
}

impl Shared {
    /// Start of the world of this seed.
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
            fired: BTreeMap::new(),
            always: BTreeMap::new(),
            cuts: BTreeMap::new(),
        })))
    }

    /// Locks the state.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds a line to the trace.
    pub fn note(&mut self, what: String) {
        let now = self.now;
        self.trace.push(format!("{now} {what}"));
    }

    /// Notes a broken promise. Numbers above 9 are checks of the simulation itself.
    pub fn broke(&mut self, promise: u32, what: String) {
        let now = self.now;
        self.broken.push(format!("promise {promise} at {now} ms: {what}"));
    }

    /// Adds a rule.
    pub fn add_rule(&mut self, arn: RuleArn, definition: RuleDefinition) {
        let is_firing = definition.state.is_enabled();
        self.rules.insert(arn, SimRule { definition, is_firing, follows_at: None });
    }

    /// Returns true if the rule is enabled on the bus.
    pub fn is_firing(&self, rule: &RuleArn) -> bool {
        self.rules.get(rule).is_some_and(|rule| rule.is_firing)
    }

    fn records_where(&self, keep: impl Fn(&Breaker) -> bool) -> Vec<RuleArn> {
        let kept = self.records().filter(|record| keep(&record.breaker));
        kept.map(|record| record.rule).collect()
    }

    /// Rules with an open breaker.
    pub fn cut_rules(&self) -> Vec<RuleArn> {
        self.records_where(|breaker| matches!(breaker, Breaker::Open(_)))
    }

    /// Rules with a restore in progress.
    pub fn restoring_rules(&self) -> Vec<RuleArn> {
        self.records_where(|breaker| matches!(breaker, Breaker::Restoring { .. }))
    }

    /// Sets the state of a rule. The bus follows after a delay.
    pub fn set_state(&mut self, arn: &RuleArn, state: RuleState) {
        let delay = if self.chaos { self.rng.i64(0..20_000) } else { self.rng.i64(0..500) };
        let now = self.now;
        if let Some(rule) = self.rules.get_mut(arn) {
            rule.definition.state = state;
            rule.follows_at = Some(now + delay);
        }
    }

    /// Applies the changes of state that are due on the bus.
    pub fn let_effects_happen(&mut self) {
        let now = self.now;
        for rule in self.rules.values_mut().filter(|rule| rule.follows_at.is_some_and(|at| at <= now)) {
            rule.is_firing = rule.definition.state.is_enabled();
            rule.follows_at = None;
        }
    }

    /// Changes a random rule as a person does, without the guard. Returns the rule if its state changed.
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

/// Ports of one process, with a clock of its own.
#[derive(Clone, Debug)]
pub struct Process {
    shared: Shared,
    skew_ms: i64,
}

impl Process {
    /// Process with a clock that is wrong by this number of milliseconds.
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
            // Several calls may be pending at once; each is polled again when the process is resumed.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Makes one call. It takes time, and may fail, or succeed with a lost reply.
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

/// Fault for a resource that does not exist.
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

    /// Number of firings before the cut. The metrics of this world say nothing about the time after it.
    async fn since_cut(
        &self,
        rule: &RuleArn,
        _: &[String],
        cut_at: Timestamp,
        _: Timestamp,
    ) -> Result<SinceCut, Fault> {
        let cut = cut_at.duration_since(START).as_millis() as i64;
        let hour = cut - 3_600_000..cut;
        let count = |state: &mut State| {
            state.fired.get(rule).map_or(0, |fired| fired.iter().filter(|at| hour.contains(at)).count())
        };
        self.call("GetMetricData", |state| {
            Ok(SinceCut { fired_before: count(state) as u64, ..SinceCut::default() })
        })
        .await
    }
}

impl Trail for Process {
    /// Empty: no call of this world is made with an assumed role.
    async fn openings(&self, _: &str, _: Timestamp, _: Timestamp) -> Result<Vec<TrailRecord>, Fault> {
        self.call("LookupEvents", |_| Ok(Vec::new())).await
    }
}

impl Scheduler for Process {
    /// Empty: this world has no schedules. It is not a call of the simulation, because each call draws from the seed.
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
