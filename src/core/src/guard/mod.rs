//! The six stages in one call: record and observations in, record and plan out. No IO, no clock, cannot fail.

mod aftermath;
mod answer;
mod attached;
mod chains;
mod cure;
mod cut;
mod cut_watch;
mod durations;
mod firing;
mod limit;
mod neighbours;
mod next;
mod note;
mod orders;
mod plan;
mod ranking;
mod rate;
mod refusal;
mod replay;
mod reports;
mod restore;
mod sessions;
mod state;
mod trial;
mod trip;
mod turns;
mod withheld;

use crate::alerts::AlertKey;
use crate::cuts::Pause;
use crate::history::{RateHistory, SinceCut};
use crate::model::{
    Fault, Firing, MeanDurations, Opened, Put, Restoration, RuleDefinition, RuleState, Timestamp,
};
use crate::policy::Limits;
use crate::record::Record;
use crate::verdict::Trace;

pub use chains::upstream;
pub use cure::CureOrder;
pub use note::{Attempt, Note};
pub use orders::Order;
pub use plan::{Action, Plan, Tally};
pub use ranking::{cut_for, is_open, rank, rank_entry};
pub use refusal::Refusal;

pub use cut::untouchable;

/// Time for which the guard is silent about a loop that it must not cut.
const QUIET: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// Maximum number of alerts that wait to be published, so that a record stays small if SNS fails for months.
const MAX_WAITING: usize = 4;
/// Number of trips within a day that ends automatic restores: from then on only a person restores the rule.
const LATCH_TRIPS: usize = 3;

/// Input of [`step`]: an event in the life of one rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation<'a> {
    /// The rule fired.
    Firing(Firing<'a>),
    /// The rule fired, as an attached rule says.
    Attached(Firing<'a>),
    /// An event matches the rule, which was disabled by the guard when the directory was last read.
    Missed(Firing<'a>),
    /// Time passed.
    Tick,
    /// A person gave an order.
    Order(Order),
    /// The person who gave this order waits for its result: the work on it goes on.
    Attended(Order),
    /// A principal was seen changing the rule.
    Changed {
        /// ARN of the principal, or what CloudTrail has instead.
        by: String,
        /// Time of the event.
        at: Timestamp,
    },
    /// A budget that covers the rule is overspent: it is judged now, and not only when it fires next.
    BudgetOverspent,
    /// A target of the rule, or of others, opened a session of a role.
    Opened(Opened),
    /// A known target put events on a bus.
    Put(Put),
    /// The events that fire the rule are not known, because its pattern is beyond the guard.
    Unmatched {
        /// Problem with the pattern, in a sentence.
        problem: String,
    },
    /// Outcome of the plan's action.
    Answer(Answer),
}

/// The answer to an action of the plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The rule before anything is done to it.
    Inspected(Result<Box<RuleDefinition>, Fault>),
    /// The state that was read back after `DisableRule`.
    Disabled(Result<RuleState, Fault>),
    /// The rule was not disabled, because the guard has cut too many.
    Withheld(Box<Pause>),
    /// The cut rule as it is now.
    Checked(Result<Box<RuleDefinition>, Fault>),
    /// The rule before and after it was restored.
    Restored(Result<Box<Restoration>, Fault>),
    /// Firings of the rule in the last 14 days, and the longest runs of its functions.
    History(Result<RateHistory, Fault>),
    /// The metrics since the cut.
    SinceCut(Result<SinceCut, Fault>),
    /// AWS started the replay, or did not.
    Replayed(Result<(), Fault>),
    /// The sessions whose opening was found.
    Sessions(Result<Vec<Opened>, Fault>),
    /// The chains of rules upstream.
    Traced(Result<Box<Trace>, Fault>),
    /// An alert was published, or could not be.
    Published {
        /// Identity of the alert.
        key: Box<AlertKey>,
        /// Outcome of the call.
        result: Result<(), Fault>,
    },
}

/// Decides what these observations mean for the rule. The order and the cutting of batches make no difference to what
/// is cut; whether a rule is a suspect is looked at once for each batch.
pub fn step(
    limits: &Limits,
    record: Record,
    observations: &[Observation<'_>],
    now: Timestamp,
) -> (Record, Plan) {
    let priced = limits.spend.map(|_| limits.clone().priced(means(&record, observations)));
    let mut step = Step {
        limits: priced.as_ref().unwrap_or(limits),
        record,
        now,
        plan: Plan::default(),
        owns_change: false,
        is_busy: false,
        wants_restore: false,
        question: None,
        counted: false,
        touched: false,
        awaits: None,
    };
    step.let_time_pass();
    step.apply_limit();
    step.report_bad_tags();
    for observation in observations {
        match observation {
            Observation::Firing(firing) => step.firing(firing),
            Observation::Attached(firing) => step.attached(firing),
            Observation::Missed(firing) => step.matched_while_cut(firing),
            Observation::Tick => {
                step.replay_missed();
                step.run_trial();
                step.judge_cut();
            }
            Observation::BudgetOverspent => step.overspent(),
            Observation::Attended(order) => step.wants_restore = matches!(order, Order::Enable { .. }),
            Observation::Order(order) => step.order(order),
            Observation::Changed { by, at } => step.changed(by, *at),
            Observation::Opened(opened) => step.opened(opened),
            // Once all firings of the batch are counted.
            Observation::Put(_) => {}
            Observation::Unmatched { problem } => step.unmatched(problem),
            Observation::Answer(answer) => step.answer(answer),
        }
    }
    for observation in observations {
        if let Observation::Put(put) = observation {
            step.put(put);
        }
    }
    step.judge_turns();
    step.judge_rate();
    step.advise();
    step.record.turns.settle();
    step.choose_action();
    (step.record, step.plan)
}

/// Mean durations of the rule's functions: those of an answer that has just come, or else those of the record.
fn means<'a>(record: &'a Record, observations: &'a [Observation<'_>]) -> &'a MeanDurations {
    let read = observations.iter().find_map(|observation| match observation {
        Observation::Answer(Answer::History(Ok(read))) => Some(read.means()),
        _ => None,
    });
    read.unwrap_or_else(|| record.means())
}

/// One call of [`step`].
struct Step<'a> {
    limits: &'a Limits,
    record: Record,
    now: Timestamp,
    plan: Plan,
    /// This invocation holds the lease for changes of the rule.
    owns_change: bool,
    /// A person's command is about to change the rule, or is not allowed to: no action is begun.
    is_busy: bool,
    /// A person ordered the restore in this invocation.
    wants_restore: bool,
    /// Question whose answer is needed before firings can be judged.
    question: Option<Action>,
    /// A firing was counted by the window.
    counted: bool,
    /// A firing was counted by the turns.
    touched: bool,
    /// Time until which another invocation's question is to be answered.
    awaits: Option<Timestamp>,
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
