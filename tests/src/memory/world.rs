//! Rules, ledger, alerts and clock in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::faults::{Call, Faults};
use super::slow::Timers;
use super::store::Item;
use budget_guard_core::alerts::{Alert, AlertJson, Commands, message};
use budget_guard_core::archive::Replay;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::{
    BudgetStatus, Durations, Fault, FaultKind, ListedRule, Restoration, RuleArn, RuleDefinition, RuleState,
    ScheduleDefinition, Tags, Target, Timestamp,
};
use budget_guard_core::ports::{Alerts, Clock, Page, Ports, Rules, TrailRecord};
use budget_guard_core::record::Record;
use budget_guard_core::stored::{Key, Stored};

/// One AWS account in memory. Clones share it, as Lambda instances do.
#[derive(Debug, Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    /// Planned failures of calls.
    pub faults: Arc<Faults>,
}

/// State of the account.
#[derive(Debug)]
pub(super) struct State {
    /// Present time.
    pub(super) now: Timestamp,
    /// Firings of rules by minute.
    pub(super) histories: BTreeMap<RuleArn, Vec<(Timestamp, u64)>>,
    /// Maximum durations of functions, by ARN.
    pub(super) longest: Durations,
    /// Rules by ARN.
    pub(super) rules: BTreeMap<RuleArn, RuleDefinition>,
    /// Enabled schedules of EventBridge Scheduler, by group and name.
    pub(super) schedules: BTreeMap<(String, String), (Timestamp, ScheduleDefinition)>,
    /// True if a function reads the guard's queue.
    pub(super) is_read: bool,
    /// Number of items on a page of a list.
    pub(super) page_size: usize,
    /// By their keys.
    pub(super) items: BTreeMap<String, Item>,
    pub(super) watched: BTreeSet<RuleArn>,
    /// Records of `AssumeRole` calls, each with the ARN of the role, by time.
    pub(super) openings: Vec<(String, TrailRecord)>,
    /// Duration of a request to CloudTrail.
    pub(super) trail_takes: jiff::SignedDuration,
    /// Budgets by name.
    pub(super) budgets: BTreeMap<String, BudgetStatus>,
    /// All that were published, as subscribers read them.
    alerts: Vec<AlertJson>,
    pub(super) conflicts: u32,
    broken_promises: Vec<String>,
    pub(super) timers: Timers,
    /// Write units that DynamoDB has used: one for each started KB of an item.
    pub(super) written: u64,
}

impl State {
    /// Checks promise 1 at the call: the stored record has the reason and the state found.
    fn check_before_disable(&mut self, arn: &RuleArn) {
        let item = self.items.get(&Key::Record(arn).to_string());
        let stored = item.and_then(|item| Record::decode(&item.blob).ok());
        let actual = self.rules.get(arn).map(|rule| rule.clone().without_actors());
        let promise = match stored.as_ref().map(|record| (&record.breaker, &record.last_trip)) {
            Some((Breaker::Open(cut), Some(_)))
                if cut.found().is_some() && cut.found() == actual.as_ref() =>
            {
                return;
            }
            // A second DisableRule after a lost reply finds the rule disabled.
            Some((Breaker::Open(cut), Some(_)))
                if cut.found().is_some()
                    && actual.as_ref().is_some_and(|rule| rule.state == RuleState::Disabled) =>
            {
                return;
            }
            other => format!("DisableRule on {arn} while the stored record says {other:?}"),
        };
        self.broken_promises.push(promise);
    }
}

impl World {
    /// Empty account at this time.
    pub fn new(now: Timestamp) -> Self {
        let state = State {
            now,
            rules: BTreeMap::new(),
            histories: BTreeMap::new(),
            longest: Durations::new(),
            schedules: BTreeMap::new(),
            is_read: true,
            page_size: 100,
            items: BTreeMap::new(),
            watched: BTreeSet::new(),
            openings: Vec::new(),
            trail_takes: jiff::SignedDuration::ZERO,
            budgets: BTreeMap::new(),
            alerts: Vec::new(),
            conflicts: 0,
            broken_promises: Vec::new(),
            timers: Timers::default(),
            written: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), faults: Arc::default() }
    }

    /// A rule with a pattern and nothing else.
    pub fn rule(state: RuleState) -> RuleDefinition {
        RuleDefinition::new(state, r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#)
    }

    /// Adds or replaces a rule.
    pub fn put_rule(&self, arn: &RuleArn, rule: RuleDefinition) {
        self.lock().rules.insert(arn.clone(), rule);
    }

    /// Takes away or gives back the function that reads the guard's queue.
    pub fn set_read(&self, is_read: bool) {
        self.lock().is_read = is_read;
    }

    /// Deletes a rule.
    pub fn delete_rule(&self, arn: &RuleArn) {
        self.lock().rules.remove(arn);
    }

    /// State of a rule. `None` if it does not exist.
    pub fn rule_state(&self, arn: &RuleArn) -> Option<RuleState> {
        self.lock().rules.get(arn).map(|rule| rule.state)
    }

    /// Sets the state of a rule, as a person would.
    pub fn set_state(&self, arn: &RuleArn, state: RuleState) {
        if let Some(rule) = self.lock().rules.get_mut(arn) {
            rule.state = state;
        }
    }

    /// The published alerts about single rules.
    pub fn alerts(&self) -> Vec<AlertJson> {
        self.published(|alert| alert.rule.is_some())
    }

    /// The published alerts for which this is true, in the order they came.
    pub fn published(&self, is_wanted: impl Fn(&AlertJson) -> bool) -> Vec<AlertJson> {
        self.lock().alerts.iter().filter(|alert| is_wanted(alert)).cloned().collect()
    }

    /// Rules in the list for the tick.
    pub fn watched_rules(&self) -> Vec<RuleArn> {
        self.lock().watched.iter().cloned().collect()
    }

    /// Broken promises, one sentence each.
    pub fn broken_promises(&self) -> Vec<String> {
        self.lock().broken_promises.clone()
    }

    /// Number of saves with an outdated version.
    pub fn conflicts(&self) -> u32 {
        self.lock().conflicts
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: jiff::SignedDuration) {
        let mut state = self.lock();
        state.now += by;
    }

    /// Locks the state.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn edit<T>(
        &self,
        rule: &RuleArn,
        edit: impl FnOnce(&mut RuleDefinition) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut state = self.lock();
        let found = state.rules.get_mut(rule);
        edit(
            found
                .ok_or_else(|| Fault::new(FaultKind::NotFound, "ResourceNotFoundException: no such rule"))?,
        )
    }
}

impl Rules for World {
    async fn has_reader(&self, _: &str) -> Result<bool, Fault> {
        Ok(self.lock().is_read)
    }

    async fn inspect(&self, rule: &RuleArn) -> Result<RuleDefinition, Fault> {
        self.call(Call::Inspect, || self.edit(rule, |found| Ok(found.clone()))).await
    }

    async fn tags(&self, rule: &RuleArn) -> Result<Tags, Fault> {
        self.call(Call::Tags, || self.edit(rule, |found| Ok(found.tags.clone()))).await
    }

    async fn disable(&self, rule: &RuleArn) -> Result<RuleState, Fault> {
        let disable = |found: &mut RuleDefinition| {
            if found.managed_by.is_some() {
                return Err(Fault::new(FaultKind::Managed, "ManagedRuleException"));
            }
            found.state = RuleState::Disabled;
            Ok(found.state)
        };
        let effect = || {
            self.lock().check_before_disable(rule);
            self.edit(rule, disable)
        };
        self.call(Call::Disable, effect).await
    }

    async fn restore(&self, rule: &RuleArn, state: RuleState) -> Result<Restoration, Fault> {
        let restore = |found: &mut RuleDefinition| {
            let before = found.clone();
            found.state = state;
            Ok(Restoration { before, after: found.clone() })
        };
        self.call(Call::Restore, || self.edit(rule, restore)).await
    }

    async fn replay(&self, _: &RuleArn, _: &str, _: &Replay) -> Result<(), Fault> {
        self.call(Call::Replay, || Ok(())).await
    }

    async fn buses(&self, next_token: Option<&str>) -> Result<Page<String>, Fault> {
        self.call(Call::Buses, || self.page_of_buses(next_token)).await
    }

    async fn list(&self, bus: &str, next_token: Option<&str>) -> Result<Page<ListedRule>, Fault> {
        self.call(Call::List, || self.page_of_rules(bus, next_token)).await
    }

    async fn list_targets(&self, rule: &RuleArn) -> Result<Vec<Target>, Fault> {
        let targets = || self.edit(rule, |found| Ok(found.targets.clone()));
        self.take_time(Call::ListTargets).await;
        self.faults.run_for(Call::ListTargets, rule, targets).await
    }
}

impl Alerts for World {
    fn topic_arn(&self) -> &str {
        super::budgets::TOPIC
    }

    async fn publish(&self, alert: &Alert) -> Result<(), Fault> {
        let publish = || {
            let message = message(alert, &Commands::default())
                .map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
            self.lock().alerts.push(message.alert);
            Ok(())
        };
        self.call(Call::Publish, publish).await
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// Takes no real time; the clock moves forward.
    async fn sleep_until(&self, until: Timestamp) {
        self.wait_until(until).await;
    }
}

impl Ports for World {
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
