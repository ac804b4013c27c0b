//! Observations grouped by rule, and the work on many rules side by side, within the time of the invocation.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use super::drive::drive_only;
use super::{Driven, Guard, Summary};
use crate::guard::Observation;
use crate::model::{Fault, FaultKind, LEASE, RuleArn};
use crate::policy::Mode;
use crate::ports::Ports;

/// Number of rules processed at the same time. Each costs one read and one write when nothing trips.
pub(super) const RULES_AT_ONCE: usize = 8;
/// Number of rules between two edits of the directory.
const RULES_IN_A_SLICE: usize = 64;
/// Time to count the firings of a rule: one read and one write. What follows from them is left for the tick if there is no
/// time for it.
const TO_COUNT: SignedDuration = SignedDuration::from_secs(5);

impl<P: Ports> Guard<P> {
    /// Processes the observations of rules, a few of them side by side, and returns the results in the same order. What was
    /// learned of the rules is entered in one edit of the directory for each slice of them.
    pub(super) async fn groups<'a>(&self, groups: Vec<Group<'a>>, summary: &mut Summary) -> Vec<Done<'a>> {
        let (mut groups, mut done) = (groups.into_iter(), Vec::new());
        while groups.len() > 0 {
            let slice: Vec<Group<'a>> = groups.by_ref().take(RULES_IN_A_SLICE).collect();
            let driven = stream::iter(slice).map(|group| self.group(group)).buffered(RULES_AT_ONCE);
            let mut driven: Vec<Done<'a>> = driven.collect().await;
            let of_all = driven.iter_mut().filter_map(|(_, result)| result.as_mut().ok());
            let learned = of_all.flat_map(|driven| std::mem::take(&mut driven.learned)).collect();
            summary.notes.extend(self.enter(learned).await.iter().map(ToString::to_string));
            done.append(&mut driven);
        }
        done
    }

    /// Processes the observations of one rule. Without the time for it, firings go back to the queue, and a tick comes again.
    async fn group<'a>(&self, group: Group<'a>) -> Done<'a> {
        let is_tick = matches!(group.observations[..], [Observation::Tick]);
        if is_tick && !self.has_time(LEASE) {
            return (group, Ok(Driven::postponed()));
        }
        if !self.has_time(TO_COUNT) {
            return (group, Err(Fault::new(FaultKind::Timeout, "no time was left to count its firings")));
        }
        let limits = self.limits(&group.rule).await;
        if limits.mode == Mode::Ignore && !is_tick {
            let count = group.observations.len() as u64;
            return (group, Ok(Driven::ignored(count)));
        }
        // Boxed to keep the future small: eight of these run concurrently.
        let result = Box::pin(drive_only(self, &group.rule, limits, &group.observations)).await;
        (group, result)
    }
}

/// Observations of one rule, with the result of the work on them.
pub(super) type Done<'a> = (Group<'a>, Result<Driven, Fault>);

/// Observations of one rule in one invocation, and the messages that they came in.
pub(super) struct Group<'a> {
    /// ARN of the rule.
    pub rule: RuleArn,
    /// Observations, in order.
    pub observations: Vec<Observation<'a>>,
    /// Positions of these messages in the batch.
    pub messages: Vec<usize>,
}

/// Groups by rule, in the order of first appearance.
#[derive(Default)]
pub(super) struct Groups<'a> {
    pub list: Vec<Group<'a>>,
    by_rule: HashMap<RuleArn, usize>,
}

impl<'a> Groups<'a> {
    /// Rules with a firing that a rule or a forwarder delivered.
    pub(super) fn fired(&self) -> impl Iterator<Item = &RuleArn> {
        let is_firing =
            |one: &Observation<'_>| matches!(one, Observation::Firing(_) | Observation::Attached(_));
        self.list
            .iter()
            .filter(move |group| group.observations.iter().any(is_firing))
            .map(|group| &group.rule)
    }

    pub(super) fn add(&mut self, message: usize, rule: RuleArn, observation: Observation<'a>) {
        // Most batches concern one rule, so the last group is tried before the map.
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
