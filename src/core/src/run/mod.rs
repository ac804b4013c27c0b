//! Shell around the core: decodes, groups by rule, loads, steps, saves and acts. Generic over the ports.

mod budget;
mod call_quota;
mod cuts;
mod directory;
mod drive;
mod eyes;
mod fresh;
mod groups;
mod intake;
mod limits;
mod refresh;
mod schedules;
mod sessions;
mod store;
mod summary;
mod told;
mod trace;
mod unwatched;

pub use budget::{ClearedPressure, reference};
pub use directory::read_directory;
pub use drive::{Driven, drive};
pub use eyes::{Eye, look};
pub use store::{load, records, save};
pub use summary::{Reply, Summary};

use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use crate::attribution::{Attributed, AttributionError, Home, attribute};
use crate::guard::Observation;
use crate::model::{Fault, LEASE, RuleArn, Timestamp};
use crate::policy::Limits;
use crate::ports::{Clock, Ports, Store};
use crate::record::Record;
use crate::sources::cost::CostMessage;
use crate::sources::{self, DecodeError, Message, Payload, Received};
use crate::stored::Key;
use eventbridge_pattern::EventError;
use fresh::Kept;
use groups::{Group, RULES_AT_ONCE};
use intake::{Failed, Intake};

/// Guard of one process: its ports, and values kept between invocations.
#[derive(Debug)]
pub struct Guard<P> {
    /// Ports to the outside.
    pub ports: P,
    /// Account and Region of the guard, and the event sources that it trusts.
    pub home: Home,
    /// Limits of rules without tags.
    pub defaults: Limits,
    tags: limits::TagCache,
    directory: directory::DirectoryCache,
    pressure: budget::BudgetCache,
    schedules: schedules::ScheduleCache,
    /// Start of the present invocation, and the time by which it has to end. An instance of a function handles one after
    /// the other.
    deadline: Kept<Option<(Timestamp, Timestamp)>>,
    /// Rule for which the last tick had no time.
    next_rule: Kept<Option<RuleArn>>,
    silence: eyes::SilenceCache,
}

/// Reason why an invocation failed as a whole. Messages of a queue batch fail one by one.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The payload or a message cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The message cannot be attributed.
    #[error(transparent)]
    Attribution(#[from] AttributionError),
    /// The observations of a rule were not saved.
    #[error("rule {rule}: {fault}")]
    Rule {
        /// ARN of the rule.
        rule: RuleArn,
        /// The reason.
        fault: Fault,
    },
    /// The watch list could not be read.
    #[error("the list of rules to look after could not be read: {0}")]
    Watched(Fault),
    /// A message about costs was not saved.
    #[error("the alert about money is not safe yet: {0}")]
    Money(Fault),
    /// The directory could not be read or saved.
    #[error("the directory of rules is not available: {0}")]
    Directory(Fault),
    /// The event cannot be matched with event patterns.
    #[error("the event cannot be matched with event patterns: {0}")]
    Match(EventError),
}

impl<P: Ports> Guard<P> {
    /// Creates a guard with nothing cached.
    pub fn new(ports: P, home: Home, defaults: Limits) -> Self {
        Self {
            ports,
            home,
            defaults,
            tags: Kept::default(),
            directory: Kept::default(),
            pressure: Kept::default(),
            schedules: Kept::default(),
            deadline: Kept::default(),
            next_rule: Kept::default(),
            silence: Kept::default(),
        }
    }

    /// Handles one Lambda payload before this time. Work that does not fit is left for the next tick, and is counted in the
    /// summary; firings that are not counted go back to the queue.
    pub async fn handle_by(
        &self,
        payload: &[u8],
        deadline: Timestamp,
    ) -> (Result<Reply, HandleError>, Summary) {
        *self.deadline.lock() = Some((self.now(), deadline));
        let handled = Box::pin(self.handle(payload)).await;
        *self.deadline.lock() = None;
        handled
    }

    /// Returns true if something that may last so long ends before the deadline. A function with a short timeout works for
    /// half of it in any case.
    fn has_time(&self, lasts: SignedDuration) -> bool {
        let now = self.now();
        self.deadline.lock().is_none_or(|(began, deadline)| {
            let half = deadline.duration_since(began) / 2;
            lasts.min(half) < deadline.duration_since(now)
        })
    }

    /// Handles one Lambda payload. The summary is complete even if the invocation fails.
    pub async fn handle(&self, payload: &[u8]) -> (Result<Reply, HandleError>, Summary) {
        let mut summary = Summary::default();
        let reply = match sources::decode(payload) {
            Ok(Payload::Queue(messages)) => Ok(self.queue(&messages, &mut summary).await),
            Ok(Payload::Topic(messages)) => self.topic(messages, &mut summary).await,
            Ok(Payload::Single(received)) => self.single(received, &mut summary).await,
            Err(error) => {
                summary.decode_errors += 1;
                Err(error.into())
            }
        };
        (reply, summary)
    }

    /// An error makes Lambda deliver the messages again.
    async fn topic(&self, messages: Vec<CostMessage>, summary: &mut Summary) -> Result<Reply, HandleError> {
        let mut intake = Intake::default();
        for (index, message) in messages.into_iter().enumerate() {
            intake.add(index, Attributed::Cost(Box::new(message)), summary);
        }
        self.all(intake, summary).await
    }

    /// Handles a batch of the queue. The reply names the messages that have to be delivered again.
    async fn queue(&self, messages: &[Message<'_>], summary: &mut Summary) -> Reply {
        let mut failures = Vec::new();
        let mut intake = Intake::default();
        for (index, message) in messages.iter().enumerate() {
            summary.messages += 1;
            let attributed = message.received().map_err(HandleError::Decode).and_then(|received| {
                self.attribute(&message.queue, received).map_err(HandleError::Attribution)
            });
            match attributed {
                Ok(attributed) => intake.add(index, attributed, summary),
                Err(error) => {
                    summary.decode_errors += 1;
                    tracing::error!(message_id = %message.id, %error, "message rejected");
                    failures.push(index);
                }
            }
        }
        let ticks = std::mem::take(&mut intake.ticks);
        for Failed { messages, error } in self.work(intake, summary).await {
            tracing::error!(%error, count = messages.len(), "not counted; the messages go back to the queue");
            failures.extend(messages);
        }
        if !ticks.is_empty()
            && let Err(error) = self.tick(summary).await
        {
            tracing::error!(%error, "tick failed");
            failures.extend(ticks);
        }
        // A message may fire several rules. It goes back once if any of them failed; counting again changes nothing.
        failures.sort_unstable();
        failures.dedup();
        summary.failed += failures.len() as u64;
        Reply::batch(failures.into_iter().map(|index| messages[index].id.to_string()))
    }

    fn attribute<'a>(&self, queue: &str, received: Received<'a>) -> Result<Attributed<'a>, AttributionError> {
        self.home.admits(queue, &received)?;
        attribute(received, &self.home)
    }

    async fn single(&self, received: Received<'_>, summary: &mut Summary) -> Result<Reply, HandleError> {
        let attributed = attribute(received, &self.home).inspect_err(|_| summary.decode_errors += 1)?;
        let mut intake = Intake::default();
        intake.add(0, attributed, summary);
        if !intake.ticks.is_empty() {
            self.tick(summary).await?;
        }
        self.all(intake, summary).await
    }

    /// Processes everything, and returns the first error.
    async fn all(&self, intake: Intake<'_>, summary: &mut Summary) -> Result<Reply, HandleError> {
        let failed = self.work(intake, summary).await;
        summary.failed += failed.len() as u64;
        match failed.into_iter().next() {
            Some(failed) => Err(failed.error),
            None => Ok(summary.reply()),
        }
    }

    async fn one(
        &self,
        rule: RuleArn,
        observation: Observation<'_>,
        summary: &mut Summary,
    ) -> Result<(), HandleError> {
        let group = Group { rule, observations: vec![observation], messages: Vec::new() };
        for (group, result) in self.groups(vec![group], summary).await {
            summary.take(&group.rule, result).map_err(|fault| {
                summary.failed += 1;
                HandleError::Rule { rule: group.rule, fault }
            })?;
        }
        Ok(())
    }

    /// Refreshes the directory, follows up on budgets, and continues unfinished work of rules as long as there is time.
    async fn tick(&self, summary: &mut Summary) -> Result<(), HandleError> {
        self.read_pressure().await;
        if let Err(fault) = self.directory().await {
            tracing::warn!(%fault, "the directory of rules was not read");
        }
        if let Err(fault) = self.look_after_eyes().await {
            tracing::error!(%fault, "the guard's own rules and queues were not looked after; the next tick tries again");
            summary.failed += 1;
        }
        // Rules are guarded by the last known directory if the refresh fails.
        if let Err(fault) = self.refresh_directory(summary).await {
            tracing::error!(%fault, "the directory of rules was not refreshed; the next tick tries again");
            summary.failed += 1;
        }
        self.note_silence(summary).await;
        if let Err(fault) = self.publish_unwatched().await {
            tracing::error!(%fault, "an alert was not published; the next tick tries again");
            summary.failed += 1;
        }
        if let Err(fault) = Box::pin(self.follow_up_budgets(summary)).await {
            tracing::error!(%fault, "budget pressure was not looked after; the next tick tries again");
            summary.failed += 1;
        }
        self.tick_rules(summary).await
    }

    /// Continues unfinished work of rules, from the first one on for which the last tick had no time.
    async fn tick_rules(&self, summary: &mut Summary) -> Result<(), HandleError> {
        let mut rules = self.ports.store().watched().await.map_err(HandleError::Watched)?;
        rules.sort_unstable();
        let first = match &*self.next_rule.lock() {
            Some(next) => rules.partition_point(|rule| rule < next),
            None => 0,
        };
        rules.rotate_left(first);
        let count = rules.len();
        let ticked = |rule| Group { rule, observations: vec![Observation::Tick], messages: Vec::new() };
        let (mut postponed, mut done) = (Vec::new(), Vec::new());
        for (Group { rule, .. }, result) in
            self.groups(rules.into_iter().map(ticked).collect(), summary).await
        {
            match &result {
                Ok(driven) if driven.is_postponed && driven.record.is_none() => postponed.push(rule.clone()),
                Ok(driven) if !driven.needs_watch => done.push(rule.clone()),
                _ => {}
            }
            if let Err(fault) = summary.take(&rule, result) {
                tracing::error!(%rule, %fault, "unfinished work could not be taken up; the next tick tries again");
                summary.failed += 1;
            }
        }
        if let Some(next) = postponed.first() {
            tracing::warn!(postponed = postponed.len(), of = count, %next, "there was no time for all rules; the next tick goes on");
        }
        *self.next_rule.lock() = postponed.into_iter().next();
        // Rules that stay on the list cost a needless tick.
        let unwatch = async |rule| {
            if self.has_time(LEASE) {
                self.unwatch(&rule).await
            }
        };
        stream::iter(done).for_each_concurrent(RULES_AT_ONCE, unwatch).await;
        Ok(())
    }

    /// Removes a rule from the watch list, and adds it again if its record needs the tick by now.
    pub async fn unwatch(&self, rule: &RuleArn) {
        let store = self.ports.store();
        let unwatched = async {
            store.unwatch(rule).await?;
            match load::<Record>(store, Key::Record(rule)).await? {
                Some((record, _)) if record.needs_watch() => store.watch(rule).await,
                _ => Ok(()),
            }
        };
        if let Err(fault) = unwatched.await {
            tracing::warn!(%rule, %fault, "the list of rules to look after could not be changed");
        }
    }

    fn now(&self) -> Timestamp {
        self.ports.clock().now()
    }
}
