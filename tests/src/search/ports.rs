//! Ports of one process. Each call that another process may interfere with becomes a request, and waits for its reply.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use budget_guard_core::alerts::{Alert, AlertKey};
use budget_guard_core::archive::Replay;
use budget_guard_core::breaker::{Breaker, Cut};
use budget_guard_core::model::{
    Fault, FaultKind, ListedRule, Restoration, RuleArn, RuleDefinition, RuleState, Tags, Target, Timestamp,
};
use budget_guard_core::ports::{Alerts, Clock, Page, Ports, Rules, SaveError, Store, Version};
use budget_guard_core::record::Record;
use budget_guard_core::stored::{Blob, Key, Stored};

use super::Planted;
use crate::memory::World;

/// An item that processes compete for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// Record of the rule.
    Record,
    /// Cuts of the last hour.
    Cuts,
}

/// Request of a process, as AWS receives it.
#[derive(Debug, Clone)]
pub enum Request {
    /// Reads an item.
    Load(Item),
    /// Saves an item over this version.
    Save(Item, Arc<Blob>, Option<Version>),
    /// Reads the watch list.
    Watched,
    /// Adds the rule to the watch list.
    Watch,
    /// Removes the rule from the watch list.
    Unwatch,
    /// `DescribeRule`, with targets and tags.
    Describe,
    /// `DisableRule`.
    Disable,
    /// `EnableRule`, or `PutRule` for the third state.
    Enable(RuleState),
    /// Publishes an alert.
    Publish(Box<AlertKey>),
    /// Wait until this time.
    Wait(Timestamp),
}

/// Reply to a request, as the process receives it.
#[derive(Debug, Clone)]
pub enum Given {
    /// Item with its version.
    Item(Option<(Arc<Blob>, Version)>),
    /// The item was saved as this version.
    Saved(Version),
    /// The item has another version.
    Conflict,
    /// The rule is on the watch list.
    Watched(bool),
    /// State of the rule.
    State(RuleState),
    /// The request is carried out.
    Done,
    /// The request failed.
    Failed(FaultKind),
}

impl Given {
    fn fault(&self) -> Fault {
        match self {
            Self::Failed(kind) => Fault::new(*kind, "as the search chose"),
            other => Fault::new(FaultKind::Other, format!("{other:?} is no reply to this request")),
        }
    }

    fn done(self) -> Result<(), Fault> {
        match self {
            Self::Done => Ok(()),
            other => Err(other.fault()),
        }
    }
}

/// Conversation of one process with AWS.
#[derive(Debug)]
struct Talk {
    /// Replies that are already chosen, each with the time of its arrival.
    replies: VecDeque<(Given, Timestamp)>,
    /// Request after the last of these replies.
    asked: Option<Request>,
    now: Timestamp,
    /// Save that a planted bug makes only after `DisableRule`.
    put_off: Option<(Arc<Blob>, Option<Version>)>,
}

/// Ports of one process.
#[derive(Debug, Clone)]
pub struct Puppet {
    talk: Arc<Mutex<Talk>>,
    rule: RuleDefinition,
    planted: Planted,
    /// Account without a history, budgets or schedules.
    nothing: World,
}

impl Puppet {
    /// Ports of a process that starts at this time and receives these replies.
    pub fn new(
        rule: RuleDefinition,
        planted: Planted,
        now: Timestamp,
        replies: impl Iterator<Item = (Given, Timestamp)>,
    ) -> Self {
        let talk = Talk { replies: replies.collect(), asked: None, now, put_off: None };
        Self { talk: Arc::new(Mutex::new(talk)), rule, planted, nothing: World::new(now) }
    }

    /// Returns the request that has no reply yet.
    pub fn asked(&self) -> Option<Request> {
        self.lock().asked.take()
    }

    fn lock(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: Request) -> Given {
        std::future::poll_fn(|_| {
            let mut talk = self.lock();
            match talk.replies.pop_front() {
                Some((given, at)) => {
                    talk.now = at;
                    Poll::Ready(given)
                }
                None => {
                    talk.asked = Some(request.clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    async fn save(
        &self,
        item: Item,
        blob: Arc<Blob>,
        expected: Option<Version>,
    ) -> Result<Version, SaveError> {
        match self.ask(Request::Save(item, blob, expected)).await {
            Given::Saved(version) => Ok(version),
            Given::Conflict => Err(SaveError::Conflict),
            other => Err(other.fault().into()),
        }
    }
}

impl Store for Puppet {
    async fn get(&self, key: Key<'_>) -> Result<Option<(Blob, Version)>, Fault> {
        let item = match key {
            Key::Record(_) => Item::Record,
            Key::Cuts => Item::Cuts,
            // This world has no directory and no overspent budget.
            Key::Head | Key::Chunk(_) | Key::Budgets => return Ok(None),
        };
        match self.ask(Request::Load(item)).await {
            Given::Item(found) => Ok(found.map(|(blob, version)| ((*blob).clone(), version))),
            other => Err(other.fault()),
        }
    }

    async fn put_if(
        &self,
        key: Key<'_>,
        blob: &Blob,
        _: Option<Timestamp>,
        expected: Option<Version>,
    ) -> Result<Version, SaveError> {
        let blob = Arc::new(blob.clone());
        match key {
            Key::Record(_) => {
                let is_put_off = self.planted == Planted::DisablesFirst && is_disabling(&blob);
                if is_put_off {
                    self.lock().put_off = Some((blob, expected));
                    return Ok(expected.unwrap_or(0) + 1);
                }
                self.save(Item::Record, blob, expected).await
            }
            Key::Cuts => self.save(Item::Cuts, blob, expected).await,
            Key::Head | Key::Chunk(_) | Key::Budgets => Err(SaveError::Conflict),
        }
    }

    async fn put(&self, _: Key<'_>, _: &Blob, _: Option<Timestamp>) -> Result<(), Fault> {
        Ok(())
    }

    async fn delete(&self, _: Key<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn scan(&self, _: Option<&str>) -> Result<Page<(String, Blob)>, Fault> {
        Ok(empty())
    }

    async fn watched(&self) -> Result<Vec<RuleArn>, Fault> {
        match self.ask(Request::Watched).await {
            Given::Watched(is_watched) => Ok(is_watched.then(super::scenes::rule).into_iter().collect()),
            other => Err(other.fault()),
        }
    }

    async fn watch(&self, _: &RuleArn) -> Result<(), Fault> {
        self.ask(Request::Watch).await.done()
    }

    async fn unwatch(&self, _: &RuleArn) -> Result<(), Fault> {
        self.ask(Request::Unwatch).await.done()
    }
}

fn is_disabling(blob: &Blob) -> bool {
    let breaker = Record::decode(blob).map(|record| record.breaker);
    matches!(breaker, Ok(Breaker::Open(Cut::Disabling { .. })))
}

/// As the adapter to EventBridge: a change of the state is one request, and each reading another.
impl Rules for Puppet {
    async fn has_reader(&self, _: &str) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn inspect(&self, _: &RuleArn) -> Result<RuleDefinition, Fault> {
        match self.ask(Request::Describe).await {
            Given::State(state) => Ok(RuleDefinition { state, ..self.rule.clone() }),
            other => Err(other.fault()),
        }
    }

    async fn tags(&self, _: &RuleArn) -> Result<Tags, Fault> {
        Ok(self.rule.tags.clone())
    }

    async fn disable(&self, rule: &RuleArn) -> Result<RuleState, Fault> {
        self.ask(Request::Disable).await.done()?;
        let put_off = self.lock().put_off.take();
        if let Some((blob, expected)) = put_off {
            let _ = self.save(Item::Record, blob, expected).await;
        }
        self.inspect(rule).await.map(|found| found.state)
    }

    async fn restore(&self, rule: &RuleArn, state: RuleState) -> Result<Restoration, Fault> {
        let before = self.inspect(rule).await?;
        if before.state != state {
            self.ask(Request::Enable(state)).await.done()?;
        }
        Ok(Restoration { before, after: self.inspect(rule).await? })
    }

    async fn replay(&self, _: &RuleArn, _: &str, _: &Replay) -> Result<(), Fault> {
        Err(Fault::new(FaultKind::NotFound, "the bus has no archive"))
    }

    async fn buses(&self, _: Option<&str>) -> Result<Page<String>, Fault> {
        Ok(empty())
    }

    async fn list(&self, _: &str, _: Option<&str>) -> Result<Page<ListedRule>, Fault> {
        Ok(empty())
    }

    async fn list_targets(&self, _: &RuleArn) -> Result<Vec<Target>, Fault> {
        Ok(self.rule.targets.clone())
    }
}

fn empty<T>() -> Page<T> {
    Page { items: Vec::new(), next_token: None }
}

impl Alerts for Puppet {
    fn topic_arn(&self) -> &'static str {
        "arn:aws:sns:us-east-1:123456789012:alerts"
    }

    async fn publish(&self, alert: &Alert) -> Result<(), Fault> {
        self.ask(Request::Publish(Box::new(alert.key.clone()))).await.done()
    }
}

impl Clock for Puppet {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    async fn sleep_until(&self, until: Timestamp) {
        if self.now() < until {
            self.ask(Request::Wait(until)).await;
        }
    }
}

impl Ports for Puppet {
    type Rules = Self;
    type Scheduler = World;
    type History = World;
    type Trail = World;
    type Budgets = World;
    type Store = Self;
    type Alerts = Self;
    type Clock = Self;

    fn rules(&self) -> &Self {
        self
    }
    fn scheduler(&self) -> &World {
        &self.nothing
    }
    fn history(&self) -> &World {
        &self.nothing
    }
    fn trail(&self) -> &World {
        &self.nothing
    }
    fn budgets(&self) -> &World {
        &self.nothing
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
