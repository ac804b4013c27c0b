//! One rule: load, step, save if the version is unchanged, carry out the plan, and again with the answer.

use super::{Guard, store};
use crate::guard::{self, Action, Answer, Note, Observation, Refusal, Tally};
use crate::history::REACH;
use crate::model::{Fault, RuleArn, RuleDefinition};
use crate::policy::Limits;
use crate::ports::{Alerts, Clock, History, Ports, Rules, SaveError, Store, Version};
use crate::record::Record;
use crate::stored::Key;

/// A cut takes 4 steps; retries and waiting for others take more. Beyond, the tick goes on.
const MAX_STEPS: u32 = 40;

/// What became of one rule's observations. They are safe in the store.
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
    let mut driven = Driven::default();
    let mut answers: Vec<Observation<'_>> = Vec::new();
    let mut current: Option<(Record, Option<Version>)> = None;
    let mut is_safe = false;
    let order = observations.iter().find_map(|one| match one {
        Observation::Order(order) => Some(order.clone()),
        _ => None,
    });
    for _ in 0..MAX_STEPS {
        let input = if is_safe { &answers[..] } else { observations };
        let stepped = guard.retry(Key::Record(rule), async || {
            let (record, version) = match current.take() {
                Some(current) => current,
                None => match store::load(guard.ports.store(), Key::Record(rule)).await? {
                    Some((record, version)) => (record, Some(version)),
                    None => (Record::new(rule.clone(), limits.burst), None),
                },
            };
            let was_watched = record.needs_watch();
            let (record, plan) = guard::step(&limits, record, input, guard.now());
            let version =
                if plan.save { Some(save(guard, &record, version, was_watched).await?) } else { version };
            Ok((record, version, plan))
        });
        let (record, version, plan) = match stepped.await {
            Ok(stepped) => stepped,
            Err(fault) => return driven.unless_safe(is_safe, fault),
        };
        is_safe = true;
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
    let (store, now) = (guard.ports.store(), guard.now());
    if record.needs_watch() && !was_watched {
        store.watch(&record.rule).await?;
        let version = store::save(store, record, version, now).await?;
        // A tick may have taken it off the list between the two. The record is safe; a failure here costs only that.
        let _ = store.watch(&record.rule).await;
        return Ok(version);
    }
    store::save(store, record, version, now).await
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
            Answer::Published { key: alert.key, result }
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
