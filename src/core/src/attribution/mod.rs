//! Stage 2: what was received → which rule fired, and whether the firing counts. For events of the bus, `directory`
//! knows the rules.

mod cause;
mod openings;
mod sessions;

pub use cause::{Actors, is_target};
pub use openings::{Openings, Origin};

use std::fmt;

use crate::model::{Caller, Cause, Firing, OWN_PREFIX, RuleArn, Timestamp, bounded, bus_name};

use crate::sources::money::MoneyMessage;
use crate::sources::{Bus, BusEvent, Carried, Change, DecodeError, Received, RuleCall, Sender};

/// Longer names of who changed a rule are cut: they reach alerts and records.
const MAX_PRINCIPAL: usize = 128;

/// Where this guard stands: the only place whose rules it may touch. And whom it believes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub partition: String,
    pub region: String,
    pub account: String,
    /// The guard's own function name, which is also the session name of every call it makes. Its other functions are
    /// known by their prefix.
    pub function: Option<String>,
    /// How sources begin whose events are CloudTrail's, besides those of AWS: whoever forwards them with `PutEvents` has to
    /// write a source of its own.
    pub trusted_sources: Vec<String>,
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} in {}", self.account, self.region)
    }
}

impl Home {
    /// A place where nobody's word counts but AWS's, and no function is the guard's own but by its name's beginning.
    pub fn new(partition: impl Into<String>, region: impl Into<String>, account: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            region: region.into(),
            account: account.into(),
            function: None,
            trusted_sources: Vec::new(),
        }
    }

    pub fn owns(&self, rule: &RuleArn) -> bool {
        // Compared where it stands, part by part: this is asked for every firing.
        let parts = ["arn", &self.partition, "events", &self.region, &self.account];
        let mut left = Some(rule.as_str());
        for part in parts {
            left = left.and_then(|left| left.strip_prefix(part)?.strip_prefix(':'));
        }
        left.is_some()
    }

    /// Whether events of this sender say truly which call was made, and by whom.
    fn believes(&self, sender: &Sender<'_>) -> bool {
        self.trusted_sources.iter().any(|trusted| sender.source.starts_with(trusted.as_str()))
    }
}

/// What an observation means for the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attributed<'a> {
    Firing(Firing<'a>),
    /// A rule fired, but this firing must not count.
    Skipped(Skipped),
    /// Someone changed a rule.
    Changed(Changed),
    /// An event of the bus: it may tell of a change, and it fires whatever rules match it – unless it does not count.
    Bus {
        changed: Option<Changed>,
        event: Result<Bus<'a>, Skipped>,
        /// It carries an alert about money.
        money: Option<Box<MoneyMessage>>,
    },
    Tick,
    /// An alert about money names no rule.
    Money(Box<MoneyMessage>),
}

/// Someone was seen changing a rule of this guard's account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub rule: RuleArn,
    pub change: Change,
    pub by: String,
    pub at: Timestamp,
}

/// Why a firing does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// An archive replay: someone asked for these events again.
    Replay,
    /// The guard's own call fired the rule.
    OwnCall,
    /// A call about a rule that failed, or names none.
    NoChange,
    /// The event happened in another account.
    Foreign,
}

/// Why a firing cannot be acted on. A retry does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributionError {
    #[error("ruleArn is {rule}, a rule of account {account} in {region}; this guard acts on {home} only",
        account = rule.account(), region = rule.region())]
    Foreign { rule: RuleArn, home: String },
    /// A trusted sender carries what is no firing.
    #[error(transparent)]
    Carried(#[from] DecodeError),
}

/// Works out which rule fired, as far as that can be told without knowing the rules. `home` is the guard's own account
/// and Region.
pub fn attribute<'a>(received: Received<'a>, home: &Home) -> Result<Attributed<'a>, AttributionError> {
    let (rule, mut event) = match received {
        Received::Tick { .. } => return Ok(Attributed::Tick),
        Received::Money(message) => return Ok(Attributed::Money(message)),
        Received::Bus(mut bus) => {
            let carried = bus.carried.take();
            let is_ours = bus.account.as_deref() == Some(&home.account);
            let is_believed = bus.event.sender.as_ref().is_some_and(|sender| home.believes(sender));
            match carried.filter(|_| is_ours && is_believed) {
                None => return Ok(from_bus(bus, home)),
                Some(carried) => (*carried).map(|Carried { rule, event }| (rule, event))?,
            }
        }
        Received::Attached { rule, event } => (rule, event),
    };
    // The guard's own rules tell it of changes to others.
    if rule.name().starts_with(OWN_PREFIX) && event.rule_call.is_some() {
        return Ok(changed(&event, home).map_or(Attributed::Skipped(Skipped::NoChange), Attributed::Changed));
    }
    if !home.owns(&rule) {
        return Err(AttributionError::Foreign { rule, home: home.to_string() });
    }
    doubt(&mut event, home);
    if let Some(skipped) = skipped(&event, home) {
        return Ok(Attributed::Skipped(skipped));
    }
    let BusEvent { event_id, at, caller, call, trace, .. } = event;
    let cause = trace.filter(|_| call.is_none()).map_or(Cause::Unknown, Cause::Traced);
    Ok(Attributed::Firing(Firing { rule, event_id, at, caller, call, cause }))
}

/// Whether an event of the bus counts, and what it changes.
fn from_bus<'a>(mut bus: Bus<'a>, home: &Home) -> Attributed<'a> {
    // Also from another account: whoever forwards it, AWS Budgets is asked before anything follows from it.
    let money = bus.money.take().filter(|_| !bus.event.is_replay);
    if bus.account.as_deref() != Some(&home.account) {
        return Attributed::Bus { changed: None, event: Err(Skipped::Foreign), money };
    }
    doubt(&mut bus.event, home);
    // What is only replayed was a change once, and no longer tells of one.
    let changed = if bus.event.is_replay { None } else { changed(&bus.event, home) };
    let event = skipped(&bus.event, home).map_or(Ok(bus), Err);
    Attributed::Bus { changed, event, money }
}

/// Of what anybody may have put on the bus only that it happened is believed: not which call it tells of, nor who made
/// that, nor that it is one that was counted before.
fn doubt(event: &mut BusEvent<'_>, home: &Home) {
    let Some(sender) = event.sender.take_if(|sender| !home.believes(sender)) else { return };
    let Sender { source, envelope_id } = *sender;
    if !envelope_id.is_empty() {
        event.event_id = envelope_id;
    }
    // Put so that it is no ARN: a source may be spelled like anybody's.
    event.caller = Caller { principal: format!("source {source}").into(), issued_to: None };
    event.call = None;
    event.made = None;
}

/// Why this event must not count, whichever rule it fires.
fn skipped(event: &BusEvent<'_>, home: &Home) -> Option<Skipped> {
    if event.is_replay {
        return Some(Skipped::Replay);
    }
    let is_own = |name: &str| home.function.as_deref() == Some(name) || name.starts_with(OWN_PREFIX);
    let caller = cause::calling_function(&event.caller, &home.account);
    caller.is_some_and(is_own).then_some(Skipped::OwnCall)
}

/// The change of a rule that an event tells of, if the rule is one of this guard's.
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
        by: bounded(&event.caller.principal, MAX_PRINCIPAL).into_owned(),
        at: event.at,
    })
}

#[cfg(test)]
mod tests;
