//! Traits of everything that the guard needs from outside: rules, schedules, history, CloudTrail, budgets, a store,
//! alerts and a clock.

use crate::alerts::Alert;
use crate::archive::Replay;
use crate::history::{RateHistory, SinceCut};
use crate::model::{
    BudgetStatus, Fault, ListedRule, ListedSchedule, Restoration, RuleArn, RuleDefinition, RuleState,
    ScheduleDefinition, Tags, Target, Timestamp,
};
use crate::stored::{Blob, Key};

/// EventBridge rules. Every call names the bus of the rule.
pub trait Rules {
    /// Returns the rule with its targets and tags.
    fn inspect(&self, rule: &RuleArn) -> impl Future<Output = Result<RuleDefinition, Fault>> + Send;
    /// Returns the tags of the rule.
    fn tags(&self, rule: &RuleArn) -> impl Future<Output = Result<Tags, Fault>> + Send;
    /// Disables the rule and returns the state that it reads afterwards.
    fn disable(&self, rule: &RuleArn) -> impl Future<Output = Result<RuleState, Fault>> + Send;
    /// Puts the rule into this state. Everything else about the rule stays as it is now.
    fn restore(
        &self,
        rule: &RuleArn,
        state: RuleState,
    ) -> impl Future<Output = Result<Restoration, Fault>> + Send;
    /// Starts a replay from the archive with this ARN to this rule alone. Succeeds if it was started before.
    fn replay(
        &self,
        rule: &RuleArn,
        archive: &str,
        replay: &Replay,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Returns true if an enabled event source mapping reads the queue with this ARN.
    fn has_reader(&self, queue: &str) -> impl Future<Output = Result<bool, Fault>> + Send;
    /// Returns one page of the names of all event buses, `default` included.
    fn buses(&self, next_token: Option<&str>) -> impl Future<Output = Result<Page<String>, Fault>> + Send;
    /// Returns one page of the rules of a bus. A rule that cannot be parsed is left out, and named in the log.
    fn list(
        &self,
        bus: &str,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<Page<ListedRule>, Fault>> + Send;
    /// Returns the rule's targets with their actors. This is one call to EventBridge in general, because a rule has at
    /// most five targets.
    fn list_targets(&self, rule: &RuleArn) -> impl Future<Output = Result<Vec<Target>, Fault>> + Send;
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Items of the page.
    pub items: Vec<T>,
    /// Token of the next page. `None` on the last page.
    pub next_token: Option<String>,
}

/// Schedules of EventBridge Scheduler, which are separate from scheduled rules.
pub trait Scheduler {
    /// Returns one page of the enabled schedules of all groups.
    fn enabled(
        &self,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<Page<ListedSchedule>, Fault>> + Send;
    /// Returns the schedule with its expression and dates, which the list does not contain.
    fn read(
        &self,
        schedule: &ListedSchedule,
    ) -> impl Future<Output = Result<ScheduleDefinition, Fault>> + Send;
}

/// Earlier firings of rules, and the longest runs of their functions.
pub trait History {
    /// Returns the firings of a rule per minute from `since` up to `until`, and the longest runs of `functions`.
    /// Minutes without firings and functions without runs are left out. Returns or fails within 2 seconds, because
    /// firings wait for the decision.
    fn triggered(
        &self,
        rule: &RuleArn,
        functions: &[String],
        since: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<RateHistory, Fault>> + Send;
    /// Returns the end of a rule's firings after a cut, and of the backlog of its `functions`. Metrics of the last three
    /// minutes may be missing.
    fn since_cut(
        &self,
        rule: &RuleArn,
        functions: &[String],
        cut_at: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<SinceCut, Fault>> + Send;
}

/// Records of CloudTrail about sessions of roles.
pub trait Trail {
    /// Returns records of `AssumeRole` calls for the role with this ARN from `since` up to `until`, newest first, at
    /// most 100. A call is found 5 to 15 minutes after it happened. Source: "LookupEvents" (AWS CloudTrail API
    /// reference).
    fn openings(
        &self,
        role: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Vec<TrailRecord>, Fault>> + Send;
}

/// One CloudTrail record and the time of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailRecord {
    /// Time of the event.
    pub at: Timestamp,
    /// Record as JSON.
    pub json: String,
}

/// AWS Budgets of the guard's own account.
pub trait Budgets {
    /// Returns the id of the account that is asked.
    fn account(&self) -> &str;
    /// Returns the budget of this name with the states of its alerts. AWS updates them a few times a day.
    fn budget(&self, name: &str) -> impl Future<Output = Result<BudgetStatus, Fault>> + Send;
}

/// Version of a stored item. Each save increases it by one.
pub type Version = u64;

/// Reason why an item was not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// Another invocation saved the item after it was loaded.
    #[error("the item was changed meanwhile")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The guard's items in one table, and the watch list: the rules that the tick has work to do for. [`crate::stored`]
/// defines the content of the items.
pub trait Store {
    /// Returns the current item with its version. The version of a chunk is 0.
    fn get(&self, key: Key<'_>) -> impl Future<Output = Result<Option<(Blob, Version)>, Fault>> + Send;
    /// Saves the item if the stored version is still `expected`, and returns the new version. `None` expects that there
    /// is no such item. The store may delete the item after `expires`.
    fn put_if(
        &self,
        key: Key<'_>,
        blob: &Blob,
        expires: Option<Timestamp>,
        expected: Option<Version>,
    ) -> impl Future<Output = Result<Version, SaveError>> + Send;
    /// Saves an item that never changes, without a version. Saving it again only moves `expires`.
    fn put(
        &self,
        key: Key<'_>,
        blob: &Blob,
        expires: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Deletes the item, if there is one.
    fn delete(&self, key: Key<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Returns one page of the records of all rules, each with the text of its key.
    fn scan(
        &self,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<Page<(String, Blob)>, Fault>> + Send;
    /// Returns the rules on the watch list: those with unfinished work or an open breaker. The list has no version,
    /// because several instances add to it at the same time.
    fn watched(&self) -> impl Future<Output = Result<Vec<RuleArn>, Fault>> + Send;
    /// Adds a rule to the watch list.
    fn watch(&self, rule: &RuleArn) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Removes a rule from the watch list.
    fn unwatch(&self, rule: &RuleArn) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Publisher of alerts.
pub trait Alerts {
    /// Returns the ARN of the topic for alerts. Messages that come from it are never answered.
    fn topic_arn(&self) -> &str;
    /// Publishes one alert. The same alert may be published again, with the same key.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Current time, and waiting.
pub trait Clock {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
    /// Waits until this time. Returns at once if it has passed.
    fn sleep_until(&self, until: Timestamp) -> impl Future<Output = ()> + Send;
}

/// All ports together.
pub trait Ports: Sync {
    /// Port for EventBridge.
    type Rules: Rules + Sync;
    /// Port for EventBridge Scheduler.
    type Scheduler: Scheduler + Sync;
    /// Port for CloudWatch.
    type History: History + Sync;
    /// Port for CloudTrail.
    type Trail: Trail + Sync;
    /// Port for AWS Budgets.
    type Budgets: Budgets + Sync;
    /// Port for stored items.
    type Store: Store + Sync;
    /// Port for alerts.
    type Alerts: Alerts + Sync;
    /// Port for the clock.
    type Clock: Clock + Sync;

    /// Returns the port for EventBridge.
    fn rules(&self) -> &Self::Rules;
    /// Returns the port for EventBridge Scheduler.
    fn scheduler(&self) -> &Self::Scheduler;
    /// Returns the port for CloudWatch.
    fn history(&self) -> &Self::History;
    /// Returns the port for CloudTrail.
    fn trail(&self) -> &Self::Trail;
    /// Returns the port for AWS Budgets.
    fn budgets(&self) -> &Self::Budgets;
    /// Returns the port for stored items.
    fn store(&self) -> &Self::Store;
    /// Returns the port for alerts.
    fn alerts(&self) -> &Self::Alerts;
    /// Returns the port for the clock.
    fn clock(&self) -> &Self::Clock;
}
