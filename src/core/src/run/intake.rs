//! Content of one invocation, sorted: changes of rules, events of the bus, and the observations of each rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::call_quota::CallQuota;
use super::directory::StoredDirectory;
use super::groups::Groups;
use super::{Guard, HandleError, Summary, told};
use crate::attribution::{Attributed, Changed, Skipped, Touched};
use crate::directory::{Directory, Edit, Entry};
use crate::guard::Observation;
use crate::model::{Call, Caller, Cause, Fault, FaultKind, Firing, RuleArn, Timestamp, TraceRoot};
use crate::ports::{Ports, Rules};
use crate::sources::cost::CostMessage;
use crate::sources::{Bus, Change, Made};
use eventbridge_pattern::Scratch;

/// Maximum number of changed rules that an invocation reads. If a deployment changes more, the next tick lists all
/// rules.
const READ_AT_ONCE: usize = 3;
/// Calls to read a rule: `DescribeRule`, `ListTargetsByRule`, `ListTagsForResource`.
const CALLS_TO_INSPECT: i32 = 3;
/// Time within which these rules are read.
const READ_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

/// Age from which the targets of a rule are read again if it fires as an attached rule, and they do not say so.
const READ_AGAIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

/// Content of one invocation. Messages are identified by their position in the batch.
#[derive(Default)]
pub(super) struct Intake<'a> {
    groups: Groups<'a>,
    changes: Vec<(usize, Changed)>,
    touched: Vec<(usize, Touched)>,
    events: Vec<(usize, Bus<'a>)>,
    money: Vec<(usize, Box<CostMessage>)>,
    pub ticks: Vec<usize>,
}

/// Failure, with the messages that have to be delivered again.
pub(super) struct Failed {
    /// Positions of the messages.
    pub messages: Vec<usize>,
    /// Reason of the failure.
    pub error: HandleError,
}

impl<'a> Intake<'a> {
    /// Adds an attributed message.
    pub(super) fn add(&mut self, message: usize, attributed: Attributed<'a>, summary: &mut Summary) {
        match attributed {
            Attributed::Forwarded(firing) => {
                self.groups.add(message, firing.rule.clone(), Observation::Firing(firing));
            }
            Attributed::Attached(firing) => {
                self.groups.add(message, firing.rule.clone(), Observation::Attached(firing));
            }
            Attributed::Skipped(skipped) => summary.skip(skipped),
            Attributed::Bus { changed, event, touched, money } => {
                summary.bus_events += 1;
                self.touched.extend(touched.map(|touched| (message, *touched)));
                self.money.extend(money.map(|money| (message, money)));
                if let Some(changed) = changed {
                    self.change(message, changed);
                }
                match event {
                    Ok(bus) => self.events.push((message, bus)),
                    Err(skipped) => summary.skip(skipped),
                }
            }
            Attributed::Tick => self.ticks.push(message),
            Attributed::Cost(money) => self.money.push((message, money)),
        }
    }

    fn change(&mut self, message: usize, changed: Changed) {
        if changed.change == Change::Definition {
            let (by, at) = (changed.by.clone(), changed.at);
            self.groups.add(message, changed.rule.clone(), Observation::Changed { by, at });
        }
        self.changes.push((message, changed));
    }

    /// Event time of the first `AssumeRole` in the batch that EventBridge delivered.
    fn assume_role(&self) -> Option<Timestamp> {
        let opens =
            |(_, bus): &&(usize, Bus<'_>)| matches!(bus.event.made.as_deref(), Some(Made::Session(_)));
        self.events.iter().find(opens).map(|(_, bus)| bus.event.at)
    }

    /// Finds the rules that the events of the bus fire.
    fn attribute(&mut self, directory: &Directory, summary: &mut Summary) -> Vec<Failed> {
        let (mut scratch, mut failed) = (Scratch::default(), Vec::new());
        let mut reported = BTreeSet::new();
        for (message, bus) in std::mem::take(&mut self.events) {
            let event = bus.event;
            let fired = match directory.fires(&bus.json.bytes(), event.at, bus.is_withheld, &mut scratch) {
                Ok(fired) => fired,
                Err(error) => {
                    summary.decode_errors += 1;
                    failed.push(Failed { messages: vec![message], error: HandleError::Match(error) });
                    continue;
                }
            };
            summary.matched += u64::from(!fired.rules.is_empty());
            summary.read_only += fired.withheld;
            summary.unknown += fired.unknown.len() as u64;
            for rule in fired.unknown {
                if reported.insert(rule) {
                    tracing::warn!(%rule, event_id = %event.event_id, "not known whether this event fires the rule");
                    let problem = format!(
                        "whether the event {} fires it cannot be said",
                        crate::model::Excerpt::new(&event.event_id)
                    );
                    self.groups.add(message, rule.clone(), Observation::Unmatched { problem });
                }
            }
            for (rule, told) in told::of(directory, &event) {
                self.groups.add(message, rule, told);
            }
            let firing = |rule: &RuleArn| {
                let (event_id, caller, call) =
                    (event.event_id.clone(), event.caller.clone(), event.call.clone());
                let cause = maker(directory, rule, &caller, call.as_ref(), event.trace);
                Firing { rule: rule.clone(), event_id, at: event.at, caller, call, cause }
            };
            for rule in fired.rules {
                self.groups.add(message, rule.clone(), Observation::Firing(firing(rule)));
            }
            for rule in fired.missed {
                self.groups.add(message, rule.clone(), Observation::Missed(firing(rule)));
            }
        }
        failed
    }

    /// Removes firings of rules that are not attached. `queue` is the one that attached rules send to. A rule whose
    /// targets are not known yet is read before it is cut.
    fn remove_unattached(&mut self, directory: &Directory, queue: &str, summary: &mut Summary) {
        for group in &mut self.groups.list {
            let is_unattached = |entry: &Entry| entry.details_at.is_some() && !entry.sends_to(queue);
            if !directory.get(&group.rule).is_some_and(is_unattached) {
                continue;
            }
            let all = group.observations.len();
            group.observations.retain(|one| !matches!(one, Observation::Attached(_)));
            let count = all - group.observations.len();
            if count > 0 {
                summary.unattached += count as u64;
                tracing::warn!(rule = %group.rule, count, "firings of a rule that does not send to the guard's queue are not counted");
            }
        }
    }

    /// Sets the causes of firings that attached rules delivered, or trusted senders forwarded.
    fn name_causes(&mut self, directory: &Directory) {
        let observations = self.groups.list.iter_mut().flat_map(|group| &mut group.observations);
        for observation in observations {
            if let Observation::Firing(firing) | Observation::Attached(firing) = observation {
                let trace = match firing.cause {
                    Cause::Traced(root) => Some(root),
                    _ => None,
                };
                firing.cause = maker(directory, &firing.rule, &firing.caller, firing.call.as_ref(), trace);
            }
        }
    }
}

/// Maker of a firing. An event that is no API call has none, but may have a trace.
fn maker(
    directory: &Directory,
    rule: &RuleArn,
    caller: &Caller<'_>,
    call: Option<&Call<'_>>,
    trace: Option<TraceRoot>,
) -> Cause {
    match directory.cause(rule, caller, call) {
        Cause::Unknown if call.is_none() => trace.map_or(Cause::Unknown, Cause::Traced),
        cause => cause,
    }
}

impl<P: Ports> Guard<P> {
    /// Processes everything except ticks. Returns the failures.
    pub(super) async fn work(&self, mut intake: Intake<'_>, summary: &mut Summary) -> Vec<Failed> {
        let mut failed = Vec::new();
        self.read_pressure().await;
        let mut quota = CallQuota::new(self.now(), CALLS_TO_INSPECT * READ_AT_ONCE as i32, READ_WITHIN);
        // First, so that the events in the same batch are matched with the rules as they are now.
        if let Err(fault) = self.read_again(&intake.changes, &mut quota).await {
            let messages = intake.changes.iter().map(|(message, _)| *message).collect();
            failed.push(Failed { messages, error: HandleError::Directory(fault) });
        }
        let touched = std::mem::take(&mut intake.touched);
        let messages = touched.iter().map(|(message, _)| *message).collect();
        if let Err(fault) = self.report_touched(touched.into_iter().map(|(_, touched)| touched)).await {
            failed.push(Failed { messages, error: HandleError::Directory(fault) });
        }
        match self.directory().await {
            Ok(Some(stored)) if stored.is_usable() => {
                let stored = self.read_attached(&intake, stored, &mut quota).await;
                if let Some(queue) = &self.home.attached_queue {
                    intake.remove_unattached(&stored.directory, queue, summary);
                }
                self.note_assume_role(&intake, &stored).await;
                intake.name_causes(&stored.directory);
                failed.extend(intake.attribute(&stored.directory, summary));
            }
            Ok(_) if intake.events.is_empty() => {}
            Ok(_) => {
                let count = intake.events.len();
                summary.unattributed += count as u64;
                tracing::warn!(
                    count,
                    "there is no directory of rules yet, so nobody knows what these events fire; the tick builds it"
                );
            }
            Err(fault) if intake.events.is_empty() => {
                tracing::warn!(%fault, "the directory of rules was not read; the tags of each rule are");
            }
            Err(fault) => {
                let messages = intake.events.iter().map(|(message, _)| *message).collect();
                failed.push(Failed { messages, error: HandleError::Directory(fault) });
            }
        }
        let groups = intake.groups.list.into_iter().filter(|group| !group.observations.is_empty()).collect();
        for (group, result) in self.groups(groups, summary).await {
            if let Err(fault) = summary.take(&group.rule, result) {
                let error = HandleError::Rule { rule: group.rule, fault };
                failed.push(Failed { messages: group.messages, error });
            }
        }
        if let Err(fault) = self.publish_unwatched().await {
            tracing::warn!(%fault, "an alert was not published; the next tick tries again");
        }
        // Last, so that the records that are judged contain the firings of this batch.
        for (message, money) in intake.money {
            if let Err(fault) = Box::pin(self.money(&money, summary)).await {
                failed.push(Failed { messages: vec![message], error: HandleError::Money(fault) });
            }
        }
        failed
    }

    /// Notes the first `AssumeRole` that a plain rule receives, for information.
    async fn note_assume_role(&self, intake: &Intake<'_>, stored: &StoredDirectory) {
        if stored.head.assume_role_at.is_some() || !stored.directory.is_shown_by_plain() {
            return;
        }
        let Some(at) = intake.assume_role() else { return };
        if let Err(fault) = self.edit_directory(|head, _| head.assume_role_at = Some(at)).await {
            tracing::debug!(%fault, "it was not noted that plain rules receive AssumeRole; the next one is");
        }
    }

    /// Reads the rules that were changed, so that the directory has them as they are.
    async fn read_again(&self, changes: &[(usize, Changed)], quota: &mut CallQuota) -> Result<(), Fault> {
        // Time of the last change of each rule.
        let mut rules: BTreeMap<&RuleArn, Timestamp> = BTreeMap::new();
        for (_, changed) in changes {
            let at = rules.entry(&changed.rule).or_insert(changed.at);
            *at = changed.at.max(*at);
        }
        let last = |rule: &RuleArn| changes.iter().rev().find(|(_, changed)| changed.rule == *rule);
        let by = |rule: &RuleArn| last(rule).map(|(_, changed)| changed.by.clone());
        if rules.is_empty() || self.load_directory().await?.is_none() {
            return Ok(());
        }
        let mut edits = Vec::new();
        let mut is_missing_some = rules.len() > READ_AT_ONCE;
        for (rule, since) in &rules {
            let read = if is_missing_some { None } else { self.read_now(rule, Some(*since), quota).await };
            if let Some(Err(fault)) = &read {
                tracing::warn!(%rule, %fault, "a changed rule was not read; the next tick lists all rules");
            }
            edits.push(match read {
                Some(Ok(edit)) => edit,
                Some(Err(_)) | None => {
                    is_missing_some = true;
                    Edit::DetailsStale { rule: (*rule).clone(), by: by(rule).unwrap_or_default() }
                }
            });
        }
        let now = self.now();
        self.edit_directory(|head, entries| {
            head.wants_pass |= is_missing_some;
            // Together with the tags, so that neither is ever known without the other.
            head.report_tampering(edits.iter().flat_map(|edit| edit.retagged(entries, by)).collect(), now);
            edits.iter().cloned().for_each(|edit| edit.apply(entries));
        })
        .await
        .map(|_| ())
    }

    /// Reads attached rules that fired and whose targets were never read, because the targets are needed for the causes
    /// of the firings, and rules that may have been attached since they were read. The tick reads the rest. A process
    /// tries each rule at most once a minute.
    async fn read_attached(
        &self,
        intake: &Intake<'_>,
        stored: Arc<StoredDirectory>,
        quota: &mut CallQuota,
    ) -> Arc<StoredDirectory> {
        let now = self.now();
        let queue = self.home.attached_queue.as_deref();
        let may_be_attached = |entry: &Entry| match entry.details_at {
            Some(at) => queue.is_some_and(|queue| !entry.sends_to(queue)) && at + READ_AGAIN <= now,
            None => true,
        };
        let is_due = |rule: &RuleArn| match stored.directory.get(rule) {
            Some(entry) => may_be_attached(entry) && entry.retry_at.is_none_or(|at| at <= now),
            None => true,
        };
        let mut edits = Vec::new();
        for rule in intake.groups.fired().filter(|rule| is_due(rule) && !self.tags.is_fresh(rule, now)) {
            match self.read_now(rule, None, quota).await {
                Some(Ok(edit)) => edits.push(edit),
                Some(Err(fault)) => {
                    tracing::info!(%rule, %fault, "an attached rule was not read; it is asked for later");
                    let is_transient = fault.is_transient();
                    edits.push(Edit::DetailsFailed { rule: rule.clone(), is_transient, at: now });
                    break;
                }
                None => break,
            }
        }
        if edits.is_empty() {
            return stored;
        }
        let edited =
            self.edit_directory(|_, entries| edits.iter().cloned().for_each(|edit| edit.apply(entries)));
        if let Err(fault) = edited.await {
            tracing::warn!(%fault, "attached rules were read, but not kept; they are asked for later");
        }
        self.directory.known().unwrap_or(stored)
    }

    /// Reads a rule completely. `None` if the call budget is used up.
    async fn read_now(
        &self,
        rule: &RuleArn,
        since: Option<Timestamp>,
        quota: &mut CallQuota,
    ) -> Option<Result<Edit, Fault>> {
        if !quota.acquire(self.ports.clock(), CALLS_TO_INSPECT).await {
            return None;
        }
        let (rule, at) = (rule.clone(), self.now());
        Some(match self.ports.rules().inspect(&rule).await {
            Ok(definition) => Ok(Edit::Read { rule, definition: Box::new(definition), at, since }),
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(Edit::Gone { rule, at }),
            Err(fault) => Err(fault),
        })
    }
}

impl Summary {
    fn skip(&mut self, skipped: Skipped) {
        match skipped {
            Skipped::Replay => self.replays += 1,
            Skipped::OwnCall => self.own_calls += 1,
            Skipped::Foreign => self.foreign += 1,
        }
    }
}
