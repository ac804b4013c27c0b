//! One rule: load, step, save if the version is unchanged, carry out the plan, and again with the answer.

use jiff::SignedDuration;

use super::Guard;
use crate::actions::{Action, Note, Refusal, Tally};
use crate::guard::{self, Answer, Observation};
use crate::history::REACH;
use crate::model::{Fault, FaultKind, RuleArn, RuleDefinition, TextId};
use crate::policy::Limits;
use crate::ports::{Alerts, Clock, History, Ledger, Ports, Rules, SaveError, Version};
use crate::record::Record;

/// After this many lost races the messages go back to the queue: the rule is busier than optimism allows.
const MAX_CONFLICTS: u32 = 12;
/// A cut takes 4 steps; retries and waiting for others take more. Beyond, the tick goes on.
const MAX_STEPS: u32 = 40;

/// What became of one rule's observations. They are safe in the ledger.
#[derive(Debug, Clone, Default)]
pub struct Driven {
    pub tally: Tally,
    /// Observations of a rule that is ignored.
    pub ignored: u64,
    pub needs_watch: bool,
    pub refused: Option<Refusal>,
    pub notes: Vec<Note>,
    /// The record as it was last saved or read.
    pub record: Option<Record>,
    pub conflicts: u32,
}

impl Driven {
    pub(super) fn ignored(count: u64) -> Self {
        Self { ignored: count, ..Self::default() }
    }
}

/// Takes a rule through these observations and through the work that follows from them.
///
/// An error means that the observations may not have been saved and have to be delivered again. What fails after they
/// are safe is in the notes, and the next invocation that sees the record goes on with it.
pub async fn drive<P: Ports>(
    guard: &Guard<P>,
    rule: &RuleArn,
    mut limits: Limits,
    observations: &[Observation<'_>],
) -> Result<Driven, Fault> {
    let ledger = guard.ports.ledger();
    let mut driven = Driven::default();
    let mut answers: Vec<Observation<'_>> = Vec::new();
    let mut current: Option<(Record, Option<Version>)> = None;
    let mut is_safe = false;
    // Races lost in a row.
    let mut lost = 0;
    let order = observations.iter().find_map(|one| match one {
        Observation::Order(order) => Some(order.clone()),
        _ => None,
    });
    for _ in 0..MAX_STEPS {
        let loaded = match current.take() {
            Some(current) => Ok(current),
            None => ledger.load(rule).await.map(|stored| match stored {
                Some((record, version)) => (record, Some(version)),
                None => (Record::new(rule.clone(), limits.burst), None),
            }),
        };
        let (record, version) = match loaded {
            Ok(loaded) => loaded,
            Err(fault) => return driven.unless_safe(is_safe, fault),
        };
        let was_watched = record.needs_watch();
        let input = if is_safe { &answers[..] } else { observations };
        let (record, plan) = guard::step(&limits, record, input, guard.now());
        let version = if plan.save {
            match save(guard, &record, version, was_watched).await {
                Ok(version) => Some(version),
                Err(SaveError::Conflict) if lost < MAX_CONFLICTS => {
                    (lost, driven.conflicts) = (lost + 1, driven.conflicts + 1);
                    pause(guard, rule.as_str(), lost).await;
                    continue;
                }
                Err(SaveError::Conflict) => {
                    let message = format!("{MAX_CONFLICTS} races for the record were lost");
                    return driven.unless_safe(is_safe, Fault::new(FaultKind::Conflict, message));
                }
                Err(SaveError::Fault(fault)) => return driven.unless_safe(is_safe, fault),
            }
        } else {
            version
        };
        (is_safe, lost) = (true, 0);
        answers.clear();
        driven.tally.add(plan.tally);
        driven.notes.extend(plan.notes);
        driven.refused = driven.refused.or(plan.refused);
        driven.needs_watch = record.needs_watch();
        driven.record = Some(record.clone());
        let Some(action) = plan.next else { return Ok(driven) };
        answers.extend(order.clone().map(Observation::Attended));
        if let Some(answer) = carry_out(guard, rule, action, &mut limits).await {
            driven.notes.extend(learn(guard, rule, &answer).await);
            answers.push(Observation::Answer(answer));
            current = Some((record, version));
        }
    }
    driven.notes.push(Note::TooManySteps { rule: rule.clone(), steps: MAX_STEPS });
    Ok(driven)
}

impl Driven {
    fn unless_safe(mut self, is_safe: bool, fault: Fault) -> Result<Self, Fault> {
        if !is_safe {
            return Err(fault);
        }
        self.notes.push(Note::Stopped { fault });
        self.needs_watch = true;
        Ok(self)
    }
}

/// A rule is on the tick's list before a record says that there is work on it: a crash in between costs one idle look.
async fn save<P: Ports>(
    guard: &Guard<P>,
    record: &Record,
    version: Option<Version>,
    was_watched: bool,
) -> Result<Version, SaveError> {
    let ledger = guard.ports.ledger();
    if record.needs_watch() && !was_watched {
        ledger.watch(&record.rule).await?;
        let version = ledger.save(record, version).await?;
        // A tick may have taken it off the list between the two. The record is safe; a failure here costs only that.
        let _ = ledger.watch(&record.rule).await;
        return Ok(version);
    }
    ledger.save(record, version).await
}

/// The answer, or `None` when there was only something to wait for.
async fn carry_out<P: Ports>(
    guard: &Guard<P>,
    rule: &RuleArn,
    action: Action,
    limits: &mut Limits,
) -> Option<Answer> {
    let rules = guard.ports.rules();
    let answer = match action {
        Action::Inspect => {
            let found: Result<RuleDefinition, Fault> = rules.inspect(rule).await;
            if let Ok(found) = &found {
                *limits = guard.limits_from(rule, found);
            }
            Answer::Inspected(found.map(Box::new))
        }
        Action::Disable => Answer::Disabled(rules.disable(rule).await),
        Action::Check => Answer::Checked(rules.inspect(rule).await.map(Box::new)),
        Action::Restore(state) => Answer::Restored(rules.restore(rule, state).await.map(Box::new)),
        Action::Publish(alert) => {
            let result = guard.ports.alerts().publish(&alert).await;
            Answer::Published { dedup_id: alert.dedup_id, result }
        }
        Action::History => {
            let (now, functions) = (guard.now(), limits.answering.functions());
            Answer::History(guard.ports.history().triggered(rule, &functions, now - REACH, now).await)
        }
        Action::Sessions(sessions) => Answer::Sessions(guard.sessions(rule, &sessions).await),
        Action::Trace { actors, rules } => {
            Answer::Traced(guard.trace(rule, actors, rules).await.map(Box::new))
        }
        Action::Await { until } => {
            guard.ports.clock().sleep_until(until).await;
            return None;
        }
    };
    Some(answer)
}

/// Lets the directory know the state that the rule was found in or put to: a disabled rule gets no firings from events
/// of the bus. Returns what went wrong.
async fn learn<P: Ports>(guard: &Guard<P>, rule: &RuleArn, answer: &Answer) -> Option<Note> {
    let state = match answer {
        Answer::Disabled(Ok(state)) => *state,
        Answer::Checked(Ok(found)) => found.state,
        Answer::Restored(Ok(restoration)) => restoration.after.state,
        _ => return None,
    };
    let fault = guard.learn_state(rule, state).await.err()?;
    Some(Note::NotEntered { rule: rule.clone(), state, fault })
}

/// Waits up to 10 ms × 2ⁿ, spread by a hash so that those who collided do not meet again.
pub(super) async fn pause<P: Ports>(guard: &Guard<P>, what: &str, conflicts: u32) {
    let now = guard.now();
    let span = 10_000u64 << conflicts.min(6);
    let seed = format!("{what}/{conflicts}/{}", now.as_nanosecond());
    let micros = TextId::of(&seed).bits() % span;
    let wait = SignedDuration::from_micros(i64::try_from(micros).unwrap_or(0));
    guard.ports.clock().sleep_until(now + wait).await;
}
