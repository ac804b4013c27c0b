//! The shell: decode, group by rule, load, step, save, carry out the plan. Generic over the ports.

mod drive;
mod limits;
mod summary;
mod trace;

pub use drive::{Driven, drive};
pub use limits::TagCache;
pub use summary::{Reply, Summary};

use std::collections::HashMap;

use futures_util::{StreamExt, stream};

use crate::attribution::{Attributed, AttributionError, Home, Skipped, attribute};
use crate::guard::Observation;
use crate::model::{Fault, RuleArn};
use crate::policy::{Limits, Mode};
use crate::ports::{Clock, Ledger, Ports};
use crate::sources::{self, Body, DecodeError, Message, Payload, Received};

/// How many rules are worked on at the same time. Each costs one read and one write when nothing trips.
const RULES_AT_ONCE: usize = 8;

/// One guard in one process: its ports, and what it keeps from one invocation to the next.
#[derive(Debug)]
pub struct Guard<P> {
    pub ports: P,
    pub home: Home,
    /// What holds for rules without tags.
    pub defaults: Limits,
    pub tags: TagCache,
}

/// Why an invocation failed as a whole. Single messages of a queue batch fail alone.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Attribution(#[from] AttributionError),
    #[error("rule {rule}: {fault}")]
    Rule { rule: RuleArn, fault: Fault },
    #[error("the list of rules to look after could not be read: {0}")]
    Watched(Fault),
}

/// The observations of one rule in one invocation, and the messages they came in.
struct Group<'a> {
    rule: RuleArn,
    observations: Vec<Observation<'a>>,
    messages: Vec<usize>,
}

impl<P: Ports> Guard<P> {
    pub fn new(ports: P, home: Home, defaults: Limits) -> Self {
        Self { ports, home, defaults, tags: TagCache::default() }
    }

    /// Handles one Lambda payload. The summary is complete even when the invocation fails.
    pub async fn handle(&self, payload: &[u8]) -> (Result<Reply, HandleError>, Summary) {
        let mut summary = Summary::default();
        let reply = match sources::decode(payload) {
            Ok(Payload::Queue(messages)) => Ok(self.queue(&messages, &mut summary).await),
            Ok(Payload::Single(received)) => self.single(received, &mut summary).await,
            Err(error) => {
                summary.decode_errors += 1;
                Err(error.into())
            }
        };
        (reply, summary)
    }

    async fn queue(&self, messages: &[Message<'_>], summary: &mut Summary) -> Reply {
        let mut failures = Vec::new();
        let mut groups = Groups::default();
        let mut wants_tick = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            summary.messages += 1;
            let received = message.body.as_ref().map_err(Clone::clone).and_then(Body::received);
            let attributed = received
                .map_err(HandleError::Decode)
                .and_then(|received| attribute(received, &self.home).map_err(HandleError::Attribution));
            match attributed {
                Ok(Attributed::Firing(firing)) => {
                    groups.add(index, firing.rule.clone(), Observation::Firing(firing))
                }
                Ok(Attributed::Skipped(skipped)) => summary.skip(skipped),
                Ok(Attributed::Changed { rule, by, at }) => {
                    groups.add(index, rule, Observation::Changed { by, at })
                }
                Ok(Attributed::Tick) => wants_tick.push(index),
                Err(error) => {
                    summary.decode_errors += 1;
                    tracing::error!(message_id = %message.id, %error, "message rejected");
                    failures.push(index);
                }
            }
        }
        let driven = stream::iter(groups.list).map(|group| self.group(group)).buffer_unordered(RULES_AT_ONCE);
        for (group, result) in driven.collect::<Vec<_>>().await {
            if let Err(fault) = summary.take(&group.rule, result) {
                tracing::error!(rule = %group.rule, %fault, "firings not counted; their messages go back to the queue");
                failures.extend(group.messages);
            }
        }
        if !wants_tick.is_empty()
            && let Err(error) = self.tick(summary).await
        {
            tracing::error!(%error, "tick failed");
            failures.extend(wants_tick);
        }
        failures.sort_unstable();
        summary.failed += failures.len() as u64;
        Reply::batch(failures.into_iter().map(|index| messages[index].id.to_string()))
    }

    async fn single(&self, received: Received<'_>, summary: &mut Summary) -> Result<Reply, HandleError> {
        let attributed = attribute(received, &self.home).inspect_err(|_| summary.decode_errors += 1)?;
        match attributed {
            Attributed::Tick => self.tick(summary).await?,
            Attributed::Skipped(skipped) => summary.skip(skipped),
            Attributed::Firing(firing) => {
                self.one(firing.rule.clone(), Observation::Firing(firing), summary).await?;
            }
            Attributed::Changed { rule, by, at } => {
                self.one(rule, Observation::Changed { by, at }, summary).await?;
            }
        }
        Ok(summary.reply())
    }

    async fn one(
        &self,
        rule: RuleArn,
        observation: Observation<'_>,
        summary: &mut Summary,
    ) -> Result<(), HandleError> {
        let group = Group { rule, observations: vec![observation], messages: Vec::new() };
        let (group, result) = self.group(group).await;
        summary.take(&group.rule, result).map_err(|fault| {
            summary.failed += 1;
            HandleError::Rule { rule: group.rule, fault }
        })
    }

    async fn group<'a>(&self, group: Group<'a>) -> (Group<'a>, Result<Driven, Fault>) {
        let limits = self.limits(&group.rule).await;
        if limits.mode == Mode::Ignore {
            let count = group.observations.len() as u64;
            return (group, Ok(Driven::ignored(count)));
        }
        // Boxed: eight of these wait side by side in one future.
        let result = Box::pin(drive(self, &group.rule, limits, &group.observations)).await;
        (group, result)
    }

    /// Finishes what was left unfinished, rule by rule.
    async fn tick(&self, summary: &mut Summary) -> Result<(), HandleError> {
        let ledger = self.ports.ledger();
        for rule in ledger.watched().await.map_err(HandleError::Watched)? {
            let limits = self.limits(&rule).await;
            let result = Box::pin(drive(self, &rule, limits, &[Observation::Tick])).await;
            let needs_watch = result.as_ref().map_or(true, |driven| driven.needs_watch);
            if let Err(fault) = summary.take(&rule, result) {
                tracing::error!(%rule, %fault, "unfinished work could not be taken up; the next tick tries again");
                summary.failed += 1;
            }
            if !needs_watch {
                self.unwatch(&rule).await;
            }
        }
        Ok(())
    }

    /// Takes a rule off the list, and puts it back if it tripped in that very moment.
    async fn unwatch(&self, rule: &RuleArn) {
        let ledger = self.ports.ledger();
        let unwatched = async {
            ledger.unwatch(rule).await?;
            match ledger.load(rule).await? {
                Some((record, _)) if record.needs_watch() => ledger.watch(rule).await,
                _ => Ok(()),
            }
        };
        if let Err(fault) = unwatched.await {
            tracing::warn!(%rule, %fault, "the list of rules to look after could not be changed");
        }
    }

    fn now(&self) -> crate::model::Timestamp {
        self.ports.clock().now()
    }
}

/// Groups by rule, in order of first appearance.
#[derive(Default)]
struct Groups<'a> {
    list: Vec<Group<'a>>,
    by_rule: HashMap<RuleArn, usize>,
}

impl<'a> Groups<'a> {
    fn add(&mut self, message: usize, rule: RuleArn, observation: Observation<'a>) {
        // Batches are mostly of one rule: look at the last one before the map.
        let index = match self.list.last() {
            Some(last) if last.rule == rule => self.list.len() - 1,
            _ => *self.by_rule.entry(rule.clone()).or_insert_with(|| {
                self.list.push(Group { rule, observations: Vec::new(), messages: Vec::new() });
                self.list.len() - 1
            }),
        };
        self.list[index].observations.push(observation);
        self.list[index].messages.push(message);
    }
}

impl Summary {
    fn skip(&mut self, skipped: Skipped) {
        match skipped {
            Skipped::Replay => self.replays += 1,
            Skipped::OwnCall => self.own_calls += 1,
            Skipped::NoChange => {}
        }
    }
}

#[cfg(test)]
mod tests;
