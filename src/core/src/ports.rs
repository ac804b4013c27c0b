//! Traits of everything that the guard needs from outside: rules, schedules, history, budgets, a store, alerts, a clock.

use crate::alerts::Alert;
use crate::history::RateHistory;
use crate::model::{
    BudgetStatus, Fault, ListedRule, ListedSchedule, Restoration, RuleArn, RuleDefinition, RuleState,
    ScheduleDefinition, Tags, Target, Timestamp,
};
use crate::stored::{Blob, Key};

/// EventBridge rules. Every call names the bus of the rule.
pub trait Rules {
    /// The rule with its targets and tags.
    fn inspect(&self, rule: &RuleArn) -> impl Future<Output = Result<RuleDefinition, Fault>> + Send;
    fn tags(&self, rule: &RuleArn) -> impl Future<Output = Result<Tags, Fault>> + Send;
    /// Disables the rule and reads its state back.
    fn disable(&self, rule: &RuleArn) -> impl Future<Output = Result<RuleState, Fault>> + Send;
    /// Puts the rule into this state, with everything else as it stands now.
    fn restore(
        &self,
        rule: &RuleArn,
        state: RuleState,
    ) -> impl Future<Output = Result<Restoration, Fault>> + Send;
    /// One page of the names of all buses, `default` included.
    fn buses(&self, next_token: Option<&str>) -> impl Future<Output = Result<Page<String>, Fault>> + Send;
    /// One page of the rules of a bus. A rule that cannot be understood is left out, and named in the log.
    fn list(
        &self,
        bus: &str,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<Page<ListedRule>, Fault>> + Send;
    /// The rule's targets and who acts for them; in general one call to EventBridge, for a rule has five at most.
    fn list_targets(&self, rule: &RuleArn) -> impl Future<Output = Result<Vec<Target>, Fault>> + Send;
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next_token: Option<String>,
}

/// EventBridge Scheduler, whose schedules are no rules.
pub trait Scheduler {
    /// One page of the enabled schedules of all groups.
    fn enabled(
        &self,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<Page<ListedSchedule>, Fault>> + Send;
    /// The schedule with its times, which the list does not show.
    fn read(
        &self,
        schedule: &ListedSchedule,
    ) -> impl Future<Output = Result<ScheduleDefinition, Fault>> + Send;
}

/// Firings of rules before the guard was asked about them, and the longest runs of their functions.
pub trait History {
    /// The firings of a rule by the minute, from `since` up to `until`, and the longest runs of these functions behind it;
    /// minutes and functions without any are left out. Answers or fails within 2 seconds: firings are waiting for the
    /// decision.
    fn triggered(
        &self,
        rule: &RuleArn,
        functions: &[String],
        since: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<RateHistory, Fault>> + Send;
}

/// CloudTrail's record of who opened sessions of roles.
pub trait Trail {
    /// Records of `AssumeRole` calls for the role with this ARN from `since` up to `until`, the newest first: at most 100.
    /// An opening is found 5 to 15 minutes after it happened. Source: "LookupEvents" (AWS CloudTrail API reference).
    fn openings(
        &self,
        role: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Vec<TrailRecord>, Fault>> + Send;
}

/// One CloudTrail record as JSON, and the time of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailRecord {
    pub at: Timestamp,
    pub json: String,
}

/// AWS Budgets of the guard's own account.
pub trait Budgets {
    /// The account that is asked.
    fn account(&self) -> &str;
    /// The budget of this name with the states of its alerts, as AWS has them now: a few times a day it updates them.
    fn budget(&self, name: &str) -> impl Future<Output = Result<BudgetStatus, Fault>> + Send;
}

/// The version of a stored item; it grows by one with each save.
pub type Version = u64;

/// Why an item was not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// Somebody else saved it since it was loaded.
    #[error("the item was changed meanwhile")]
    Conflict,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The guard's items in one table, and the list of rules that the tick has to look after. Their content is a matter of
/// [`crate::stored`].
pub trait Store {
    /// The item as it is at this moment, with its version: 0 of a chunk, which has none.
    fn get(&self, key: Key<'_>) -> impl Future<Output = Result<Option<(Blob, Version)>, Fault>> + Send;
    /// Saves if the stored version is still `expected` (`None`: there is no such item yet). Returns the new version. The
    /// item may be deleted once it `expires`.
    fn put_if(
        &self,
        key: Key<'_>,
        blob: &Blob,
        expires: Option<Timestamp>,
        expected: Option<Version>,
    ) -> impl Future<Output = Result<Version, SaveError>> + Send;
    /// Saves an item that is never changed, without a version. The same again only moves the time when it expires.
    fn put(
        &self,
        key: Key<'_>,
        blob: &Blob,
        expires: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Deletes the item, if there is one.
    fn delete(&self, key: Key<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
    /// One page of the records of all rules, each with the text of its key.
    fn scan(
        &self,
        next_token: Option<&str>,
    ) -> impl Future<Output = Result<Page<(String, Blob)>, Fault>> + Send;
    /// Rules with unfinished work or an open breaker. This is a set that changes without a version: several instances
    /// add to it at once.
    fn watched(&self) -> impl Future<Output = Result<Vec<RuleArn>, Fault>> + Send;
    /// Adds a rule to it.
    fn watch(&self, rule: &RuleArn) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Takes a rule out of it.
    fn unwatch(&self, rule: &RuleArn) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Where alerts go.
pub trait Alerts {
    /// The topic that takes them: what comes from it is never answered.
    fn topic_arn(&self) -> &str;
    /// Publishes one alert. The same one may come again, with the same key.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The time, and waiting for it to pass.
pub trait Clock {
    fn now(&self) -> Timestamp;
    fn sleep_until(&self, until: Timestamp) -> impl Future<Output = ()> + Send;
}

/// All of them together.
pub trait Ports: Sync {
    type Rules: Rules + Sync;
    type Scheduler: Scheduler + Sync;
    type History: History + Sync;
    type Trail: Trail + Sync;
    type Budgets: Budgets + Sync;
    type Store: Store + Sync;
    type Alerts: Alerts + Sync;
    type Clock: Clock + Sync;

    fn rules(&self) -> &Self::Rules;
    fn scheduler(&self) -> &Self::Scheduler;
    fn history(&self) -> &Self::History;
    fn trail(&self) -> &Self::Trail;
    fn budgets(&self) -> &Self::Budgets;
    fn store(&self) -> &Self::Store;
    fn alerts(&self) -> &Self::Alerts;
    fn clock(&self) -> &Self::Clock;
}
