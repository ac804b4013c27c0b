//! Work on one rule: load, step, save if the version is unchanged, act, and step again with the answer.

use jiff::SignedDuration;

use super::{Guard, store};
use crate::cuts::Permit;
use crate::directory::Edit;
use crate::guard::{self, Action, Answer, Note, Observation, Refusal, Tally};
use crate::history::REACH;
use crate::model::{Fault, LEASE, RuleArn, RuleDefinition, RuleState, Timestamp};
use crate::policy::Limits;
use crate::ports::{Alerts, Clock, History, Ports, Rules, SaveError, Store, Version};
use crate::record::Record;
use crate::stored::Key;

/// Maximum number of steps. A cut takes 4; retries and waiting take more. The tick continues after that.
const MAX_STEPS: u32 = 40;

/// Result of the observations of one rule, after they were saved.
#[derive(Debug, Clone, Default)]
pub struct Driven {
    /// Counts of all steps.
    pub tally: Tally,
    /// Number of observations of a rule whose mode is `ignore`.
    pub ignored: u64,
    /// True if the tick has work to do for this rule.
    pub needs_watch: bool,
    /// Reason for which an order was refused. `None` if none was.
    pub refused: Option<Refusal>,
    /// Notes for the log.
    pub notes: Vec<Note>,
    /// True if there was no time for the rule, or for the rest of its work. The next tick goes on.
    pub is_postponed: bool,
    /// States of the rule that were set or read, for the directory.
    pub(super) learned: Vec<Learned>,
    /// Record as it was last saved or read. `None` if the rule is ignored or its turn did not come.
    pub record: Option<Record>,
}

impl Driven {
    pub(super) fn ignored(count: u64) -> Self {
        Self { ignored: count, ..Self::default() }
    }

    pub(super) fn postponed() -> Self {
        Self { is_postponed: true, needs_watch: true, ..Self::default() }
    }
}

/// Steps a rule through these observations, and carries out the actions that follow.
///
/// # Errors
/// The observations may not have been saved and have to be delivered again. Failures after they are saved are in the
/// notes. The next invocation that sees the record continues.
pub async fn drive<P: Ports>(
    guard: &Guard<P>,
    rule: &RuleArn,
    limits: Limits,
    observations: &[Observation<'_>],
) -> Result<Driven, Fault> {
    let mut driven = drive_only(guard, rule, limits, observations).await?;
    driven.notes.extend(guard.enter(std::mem::take(&mut driven.learned)).await);
    Ok(driven)
}

/// Does the same, and leaves it to the caller to enter what was learned in the directory.
pub(super) async fn drive_only<P: Ports>(
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
        // All is saved: the tick goes on with the plan, once the lease of the action is over.
        if !guard.has_time(longest(&action, guard.now())) {
            (driven.is_postponed, driven.needs_watch) = (true, true);
            return Ok(driven);
        }
        answers.extend(order.clone().map(Observation::Attended));
        if let Some(answer) = carry_out(guard, &record, action, &mut limits).await {
            driven.learned.extend(Learned::of(&record, &answer, guard.now()));
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

/// Saves a record. A rule is put on the watch list before its record needs the tick: a crash between the two costs one
/// needless tick.
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
        // A tick may have removed it from the list between the two calls. The record is saved; a failure is harmless.
        let _ = store.watch(&record.rule).await;
        return Ok(version);
    }
    store::save(store, record, version, now).await
}

/// Carries out an action and returns its answer. `None` if the action was only to wait.
async fn carry_out<P: Ports>(
    guard: &Guard<P>,
    record: &Record,
    action: Action,
    limits: &mut Limits,
) -> Option<Answer> {
    let rule = &record.rule;
    let rules = guard.ports.rules();
    let answer = match action {
        Action::Inspect => {
            let found: Result<RuleDefinition, Fault> = rules.inspect(rule).await;
            if let Ok(found) = &found {
                *limits = guard.limits_from(rule, found);
            }
            Answer::Inspected(found.map(Box::new))
        }
        Action::Disable => match guard.may_cut(record, limits.max_cuts_per_hour.get()).await {
            Ok(Permit::Granted) => Answer::Disabled(rules.disable(rule).await),
            Ok(Permit::Withheld(pause)) => Answer::Withheld(Box::new(pause)),
            Err(fault) => Answer::Disabled(Err(fault)),
        },
        Action::Check => Answer::Checked(rules.inspect(rule).await.map(Box::new)),
        Action::Restore(state) => Answer::Restored(rules.restore(rule, state).await.map(Box::new)),
        Action::Publish(alert) => {
            let result = guard.ports.alerts().publish(&alert).await;
            Answer::Published { key: Box::new(alert.key), result }
        }
        Action::History => {
            let (now, functions) = (guard.now(), limits.answering.functions());
            Answer::History(guard.ports.history().triggered(rule, &functions, now - REACH, now).await)
        }
        Action::SinceCut { cut_at } => {
            let functions = limits.answering.functions();
            Answer::SinceCut(guard.ports.history().since_cut(rule, &functions, cut_at, guard.now()).await)
        }
        Action::Replay { archive, replay } => Answer::Replayed(rules.replay(rule, &archive, &replay).await),
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

/// Longest duration of an action with the save that follows: that of its lease, and of a wait before it.
fn longest(action: &Action, now: Timestamp) -> SignedDuration {
    match action {
        Action::Await { until } => until.duration_since(now) + LEASE,
        _ => LEASE,
    }
}

/// State of a rule as it was set or read. Events of the bus do not fire a disabled rule, and a cut rule misses them.
#[derive(Debug, Clone)]
pub(super) struct Learned {
    /// ARN of the rule.
    pub rule: RuleArn,
    /// State that was set or read.
    pub state: RuleState,
    /// Change of the directory.
    pub edit: Edit,
}

impl Learned {
    fn of(record: &Record, answer: &Answer, at: Timestamp) -> Option<Self> {
        let rule = record.rule.clone();
        let state = match answer {
            Answer::Disabled(Ok(state)) => *state,
            Answer::Checked(Ok(found)) => found.state,
            Answer::Restored(Ok(restoration)) => restoration.after.state,
            _ => return None,
        };
        let cut_from = record.breaker.found().map(|found| found.state).filter(|_| !state.is_enabled());
        let edit = match cut_from {
            Some(from) => Edit::Cut { rule: rule.clone(), from, at },
            None => Edit::State { rule: rule.clone(), state, at },
        };
        Some(Self { rule, state, edit })
    }
}
