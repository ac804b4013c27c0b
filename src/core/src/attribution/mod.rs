//! Stage 2: message → rule that fired, or reason for which the firing does not count. For events of the bus,
//! `directory` knows the rules.

mod cause;
mod openings;
mod queues;
mod sessions;

pub use cause::{Actors, is_target};
pub use openings::{AssumeRoleCalls, Origin};

use std::fmt;
use std::sync::Arc;

use crate::model::{Caller, Cause, Excerpt, Firing, Own, RuleArn, Timestamp, bus_name, printable_ascii};

use crate::sources::cost::CostMessage;
use crate::sources::{Bus, BusEvent, Change, DecodeError, ForwardedFiring, Received, RuleCall, Sender};

/// Maximum length of a principal that changed a rule. It reaches alerts and records.
const MAX_PRINCIPAL: usize = 128;

/// Account and Region of the guard, to whose rules its actions are limited, the parts of its stack, and the event
/// sources that it trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Partition, as in `aws`.
    pub partition: String,
    /// Region, as in `eu-west-1`.
    pub region: String,
    /// Account id: twelve digits.
    pub account: String,
    /// Parts of the guard's own stack.
    pub own: Own,
    /// Prefixes of sources, besides those of AWS, whose events are CloudTrail's. A forwarder that uses `PutEvents`
    /// needs a source of its own.
    pub trusted_sources: Vec<String>,
    /// ARN of the queue that attached rules send to. `None` outside the Lambda.
    pub attached_queue: Option<Arc<str>>,
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} in {}", self.account, self.region)
    }
}

impl Home {
    /// Creates a home without trusted sources, and without a stack of its own.
    pub fn new(partition: impl Into<String>, region: impl Into<String>, account: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            region: region.into(),
            account: account.into(),
            own: Own::default(),
            trusted_sources: Vec::new(),
            attached_queue: None,
        }
    }

    /// Returns true for rules of this account and Region.
    pub fn owns(&self, rule: &RuleArn) -> bool {
        // Compared in place, without allocation, because this runs for every firing.
        let parts = ["arn", &self.partition, "events", &self.region, &self.account];
        let mut left = Some(rule.as_str());
        for part in parts {
            left = left.and_then(|left| left.strip_prefix(part)?.strip_prefix(':'));
        }
        left.is_some()
    }

    /// Returns true if the sender is trusted to name call and caller correctly.
    fn trusts(&self, sender: &Sender<'_>) -> bool {
        self.trusted_sources.iter().any(|trusted| sender.source.starts_with(trusted.as_str()))
    }
}

/// Meaning of a message for the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attributed<'a> {
    /// A rule fired, and the firing counts. A trusted sender forwarded it.
    Forwarded(Firing<'a>),
    /// An attached rule says that it fired, and the firing counts if it is attached.
    Attached(Firing<'a>),
    /// A rule fired, and the firing does not count.
    Skipped(Skipped),
    /// Event of the bus. It may report a change, and it fires every rule that matches it, unless it does not count.
    Bus {
        /// Change of a rule that the event reports.
        changed: Option<Changed>,
        /// Event to match with the rules, or the reason for which it does not count.
        event: Result<Bus<'a>, Skipped>,
        /// Call by others on a part of the guard's own stack.
        touched: Option<Box<Touched>>,
        /// Cost alert that the event carries.
        money: Option<Box<CostMessage>>,
    },
    /// Schedule event, once a minute.
    Tick,
    /// Cost alert, which concerns no single rule.
    Cost(Box<CostMessage>),
}

/// Observed change of a rule of this account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Rule that was changed.
    pub rule: RuleArn,
    /// Part of the rule that was changed.
    pub change: Change,
    /// Principal that changed it, at most 128 characters.
    pub by: String,
    /// Event time of the change.
    pub at: Timestamp,
}

/// Call by others on a part of the guard's own stack. Boxed, because it is rare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// ARN of the part.
    pub part: String,
    /// Name of the call, as in `events DisableRule`.
    pub call: String,
    /// Principal that made it, and the service that it used for it.
    pub by: String,
}

/// Reason for which a firing does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// The event comes from an archive replay.
    Replay,
    /// The guard's own call fired the rule.
    OwnCall,
    /// The event happened in another account.
    Foreign,
}

/// Error for a firing that cannot be acted on. A retry does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributionError {
    /// The firing is of a rule of another account or Region.
    #[error("ruleArn is {rule}, a rule of account {account} in {region}; this guard acts on {home} only",
        account = rule.account(), region = rule.region())]
    Foreign {
        /// Rule that fired.
        rule: RuleArn,
        /// Account and Region of the guard, for display.
        home: String,
    },
    /// The message came through a queue that does not carry its content.
    #[error("{content} came through {queue}; it is taken from {expected}")]
    WrongQueue {
        /// Content of the message.
        content: &'static str,
        /// ARN of the queue that delivered it.
        queue: Excerpt,
        /// Queue or sender of such content.
        expected: &'static str,
    },
    /// A trusted sender carries an event that is not a firing.
    #[error(transparent)]
    ForwardedFiring(#[from] DecodeError),
}

/// Attributes a message to a rule, as far as that is possible without the directory. `home` is the guard's own account
/// and Region.
///
/// # Errors
///
/// The rule belongs to another account or Region, or a trusted sender carries an event that is not a firing.
pub fn attribute<'a>(received: Received<'a>, home: &Home) -> Result<Attributed<'a>, AttributionError> {
    let (rule, mut event, is_forwarded) = match received {
        Received::Tick { .. } => return Ok(Attributed::Tick),
        Received::Cost(message) => return Ok(Attributed::Cost(message)),
        Received::Bus(mut bus) => {
            let carried = bus.carried.take();
            let is_ours = bus.account.as_deref() == Some(&home.account);
            let is_believed = bus.event.sender.as_ref().is_some_and(|sender| home.trusts(sender));
            match carried.filter(|_| is_ours && is_believed) {
                None => return Ok(from_bus(bus, home)),
                Some(carried) => (*carried).map(|ForwardedFiring { rule, event }| (rule, event, true))?,
            }
        }
        Received::Attached { rule, event } => (rule, event, false),
    };
    if !home.owns(&rule) {
        return Err(AttributionError::Foreign { rule, home: home.to_string() });
    }
    redact_untrusted(&mut event, home);
    if let Some(skipped) = skipped(&event, home) {
        return Ok(Attributed::Skipped(skipped));
    }
    let BusEvent { event_id, at, caller, call, trace, .. } = event;
    let cause = trace.filter(|_| call.is_none()).map_or(Cause::Unknown, Cause::Traced);
    let firing = Firing { rule, event_id, at, caller, call, cause };
    Ok(if is_forwarded { Attributed::Forwarded(firing) } else { Attributed::Attached(firing) })
}

/// Decides if an event of the bus counts, and extracts the change that it reports.
fn from_bus<'a>(mut bus: Bus<'a>, home: &Home) -> Attributed<'a> {
    // Events of other accounts are accepted here, because AWS Budgets is asked before any action.
    let money = bus.money.take().filter(|_| !bus.event.is_replay);
    if bus.account.as_deref() != Some(&home.account) {
        return Attributed::Bus { changed: None, event: Err(Skipped::Foreign), touched: None, money };
    }
    redact_untrusted(&mut bus.event, home);
    // A replayed event reports a change of the past.
    let changed = if bus.event.is_replay { None } else { changed(&bus.event, home) };
    let touched = touched(&bus, home, changed.as_ref());
    let event = skipped(&bus.event, home).map_or(Ok(bus), Err);
    Attributed::Bus { changed, event, touched, money }
}

/// Removes from the event of an untrusted sender everything that the sender could have made up: the call, the caller,
/// the id by which it could pass for an event counted before, and the time by which it could pass for a late one. Only
/// the fact that it reached the queue remains, and the time of that.
///
/// Sources: "PutEventsRequestEntry" (Amazon EventBridge API reference), whose `Time` the caller chooses;
/// "ReceiveMessage" (Amazon SQS API reference), whose `SentTimestamp` SQS sets.
fn redact_untrusted(event: &mut BusEvent<'_>, home: &Home) {
    let Some(sender) = event.sender.take_if(|sender| !home.trusts(sender)) else { return };
    let Sender { source, envelope_id, sent_at } = *sender;
    event.at = sent_at.unwrap_or(event.at);
    if !envelope_id.is_empty() {
        event.event_id = envelope_id;
    }
    // Written so that it is no ARN, because a sender may choose its source freely.
    event.caller = Caller { principal: format!("source {source}").into(), issued_to: None };
    event.call = None;
    event.made = None;
}

/// Reason for which this event does not count for any rule. `None` if it counts.
fn skipped(event: &BusEvent<'_>, home: &Home) -> Option<Skipped> {
    if event.is_replay {
        return Some(Skipped::Replay);
    }
    home.own.made(&event.caller).then_some(Skipped::OwnCall)
}

/// Call by others on a part of the guard's own stack that an event reports. Tags of its rules have no effect.
fn touched(bus: &Bus<'_>, home: &Home, changed: Option<&Changed>) -> Option<Box<Touched>> {
    let event = &bus.event;
    let call = event.call.as_ref().filter(|_| !event.is_replay && !home.own.made(&event.caller))?;
    let is_own = |changed: &&Changed| changed.change != Change::Tags && home.own.has_rule(&changed.rule);
    let rule = changed.filter(is_own).map(|changed| changed.rule.as_str());
    let part = rule.or_else(|| home.own.touched_by(call, || bus.json.bytes()))?;
    let principal = printable_ascii(&event.caller.principal, MAX_PRINCIPAL);
    let by = match &call.invoked_by {
        Some(service) => format!("{principal} through {}", printable_ascii(service, MAX_PRINCIPAL)),
        None => principal.into_owned(),
    };
    Some(Box::new(Touched { part: part.to_owned(), call: call.name(), by }))
}

/// Change that an event reports. `None` if the rule is not in this account and Region.
fn changed(event: &BusEvent<'_>, home: &Home) -> Option<Changed> {
    let RuleCall::Changed { bus, rule, change } = event.rule_call.as_ref()? else { return None };
    let rule: RuleArn = match change {
        Change::Tags => rule.parse().ok()?,
        Change::Definition | Change::Targets => {
            let Home { partition, region, account, .. } = home;
            RuleArn::new(partition, region, account, bus_name(bus), rule).ok()?
        }
    };
    home.owns(&rule).then(|| Changed {
        rule,
        change: *change,
        by: printable_ascii(&event.caller.principal, MAX_PRINCIPAL).into_owned(),
        at: event.at,
    })
}

#[cfg(test)]
mod tests;
