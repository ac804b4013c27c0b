//! Types shared by all modules. Imports no other module.

mod actor;
mod acts_as;
mod amount;
mod answer;
mod arn;
mod budget;
mod call;
mod cause;
mod excerpt;
mod fault;
mod firing;
mod grouped;
mod hash;
mod lease;
mod listed;
mod millis;
mod money;
mod own;
mod put;
mod rule;
mod rule_arn;
mod schedule;
mod seconds;
mod session;
mod throttle;
mod withheld;

/// Returns true for zero. Serde leaves such members out.
pub(crate) fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

pub use actor::{Actor, unqualified};
pub use acts_as::{ACTS_AS_TAG, ActsAs, ParseActsAsError};
pub use amount::{Amount, ParseAmountError};
pub use answer::{ActorTime, Answering, DELIVERY, Durations, MeanDurations};
pub use arn::{Arn, BUS, bus_name, is_account};
pub use budget::{
    AlertBasis, BudgetNotification, BudgetPeriod, BudgetStatus, Comparison, NotificationState, Threshold,
};
pub use call::{Call, CallOutcome, Resource, ResourceIds};
pub use cause::{ActorId, Cause, Proof};
pub use excerpt::{Excerpt, printable, printable_ascii};
pub use fault::{Fault, FaultKind};
pub use firing::{Caller, Firing, FiringId};
pub use grouped::{grouped, plural};
pub use hash::{Fingerprint, HashUse, TextId, content_hash};
pub use jiff::Timestamp;
pub use lease::{LEASE, Lease};
pub use listed::{ListedRule, ListedSchedule};
pub use millis::Millis;
pub use money::MicroUsd;
pub use own::{Own, ParseOwnError};
pub use put::{Put, TraceRoot};
pub use rule::{ParseRuleStateError, Restoration, RuleDefinition, RuleState, Tags, Target, same_json};
pub use rule_arn::{DEFAULT_BUS, DRILL_PREFIX, GUARD_TARGET_ID, OWN_PREFIX, ParseRuleArnError, RuleArn};
pub use schedule::{MAX_SCHEDULES, ScheduleDefinition, Schedules, period_of};
pub use seconds::{ParseSecondsError, Seconds, about, whole_seconds};
pub use session::{OpenSessions, Opened, Session, SessionKey};
pub use throttle::{DAILY, Throttle};
pub use withheld::{is_management, is_withheld, is_withheld_perhaps};
