//! Stage 2: what was received → which rule fired, and whether the firing counts. For events of the bus, `directory`
//! knows the rules.

mod cause;
pub mod pattern;

pub use cause::{Actors, is_target};

use std::fmt;

use crate::model::{Cause, Firing, OWN_PREFIX, RuleArn, Timestamp, bounded};

use crate::sources::money::MoneyMessage;
use crate::sources::{Bus, BusEvent, Change, Received, RuleCall};

/// Longer names of who changed a rule are cut: they reach alerts and records.
const MAX_PRINCIPAL: usize = 128;

/// Where this guard stands: the only place whose rules it may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub partition: String,
    pub region: String,
    pub account: String,
    /// The guard's own function name, which is also the session name of every call it makes. Its other functions are
    /// known by their prefix.
    pub function: Option<String>,
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} in {}", self.account, self.region)
    }
}

impl Home {
    pub fn owns(&self, rule: &RuleArn) -> bool {
        // Compared where it stands, part by part: this is asked for every firing.
        let parts = ["arn", &self.partition, "events", &self.region, &self.account];
        let mut left = Some(rule.as_str());
        for part in parts {
            left = left.and_then(|left| left.strip_prefix(part)?.strip_prefix(':'));
        }
        left.is_some()
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
}

/// Works out which rule fired, as far as that can be told without knowing the rules. `home` is the guard's own account
/// and Region.
pub fn attribute<'a>(received: Received<'a>, home: &Home) -> Result<Attributed<'a>, AttributionError> {
    let (rule, event) = match received {
        Received::Tick { .. } => return Ok(Attributed::Tick),
        Received::Money(message) => return Ok(Attributed::Money(message)),
        Received::Bus(bus) => return Ok(from_bus(bus, home)),
        Received::Attached { rule, event } => (rule, event),
    };
    // The guard's own rules tell it of changes to others.
    if rule.name().starts_with(OWN_PREFIX) && event.rule_call.is_some() {
        return Ok(changed(&event, home).map_or(Attributed::Skipped(Skipped::NoChange), Attributed::Changed));
    }
    if !home.owns(&rule) {
        return Err(AttributionError::Foreign { rule, home: home.to_string() });
    }
    if let Some(skipped) = skipped(&event, home) {
        return Ok(Attributed::Skipped(skipped));
    }
    let BusEvent { event_id, at, caller, call, .. } = event;
    Ok(Attributed::Firing(Firing { rule, event_id, at, caller, call, cause: Cause::Unknown }))
}

/// Whether an event of the bus counts, and what it changes.
fn from_bus<'a>(mut bus: Bus<'a>, home: &Home) -> Attributed<'a> {
    // Also from another account: whoever forwards it, AWS Budgets is asked before anything follows from it.
    let money = bus.money.take().filter(|_| !bus.event.is_replay);
    if bus.account.as_deref() != Some(&home.account) {
        return Attributed::Bus { changed: None, event: Err(Skipped::Foreign), money };
    }
    // What is only replayed was a change once, and no longer tells of one.
    let changed = if bus.event.is_replay { None } else { changed(&bus.event, home) };
    let event = skipped(&bus.event, home).map_or(Ok(bus), Err);
    Attributed::Bus { changed, event, money }
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
            let bus = bus.rsplit_once("event-bus/").map_or(&**bus, |(_, name)| name);
            let path = if bus == "default" { rule.to_string() } else { format!("{bus}/{rule}") };
            let Home { partition, region, account, .. } = home;
            format!("arn:{partition}:events:{region}:{account}:rule/{path}").parse().ok()?
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
mod tests {
    use super::*;
    use crate::model::Caller;
    use crate::sources::EventJson;

    fn home() -> Home {
        Home {
            partition: "aws".into(),
            region: "us-east-1".into(),
            account: "123456789012".into(),
            function: Some("budget-guard-ingest".into()),
        }
    }

    fn event(principal: &'static str) -> BusEvent<'static> {
        let caller = Caller { principal: principal.into(), issued_to: None };
        BusEvent {
            event_id: "c-1".into(),
            at: "2026-11-20T10:00:00Z".parse().unwrap(),
            caller,
            call: None,
            is_replay: false,
            rule_call: None,
        }
    }

    fn on_bus(event: BusEvent<'static>) -> Received<'static> {
        let account = Some("123456789012".into());
        Received::Bus(Bus { event, account, is_read_only: false, money: None, json: EventJson::plain(b"{}") })
    }

    fn change_on(bus: &'static str) -> RuleCall<'static> {
        RuleCall::Changed { bus: bus.into(), rule: "fix-acl".into(), change: Change::Definition }
    }

    fn check_received(rule: &str, event: BusEvent<'static>, expected: &str) {
        let rule = rule.parse().unwrap();
        let seen = match attribute(Received::Attached { rule, event }, &home()) {
            Ok(Attributed::Firing(firing)) => format!("firing of {}", firing.rule.name()),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        };
        assert!(seen.starts_with(expected), "{seen}");
    }

    #[test]
    fn counts_only_what_may_be_acted_on() {
        let ours = "arn:aws:events:us-east-1:123456789012:rule/fix-acl";
        check_received(ours, event("arn:aws:iam::123456789012:user/ann"), "firing of fix-acl");
        check_received(ours, BusEvent { is_replay: true, ..event("ann") }, "Skipped(Replay)");
        check_received(
            ours,
            event("arn:aws:sts::123456789012:assumed-role/any/budget-guard-ingest"),
            "Skipped(OwnCall)",
        );
        check_received(
            ours,
            event("arn:aws:sts::999999999999:assumed-role/any/budget-guard-ingest"),
            "firing of fix-acl",
        );
        for foreign in [
            "arn:aws:events:us-east-1:999999999999:rule/fix-acl",
            "arn:aws:events:eu-west-1:123456789012:rule/fix-acl",
            "arn:aws-cn:events:us-east-1:123456789012:rule/fix-acl",
        ] {
            check_received(foreign, event("ann"), &format!("ruleArn is {foreign}, a rule of account"));
        }
    }

    #[test]
    fn a_change_of_a_rule_is_recognised() {
        let check = |bus: &'static str, expected: &str| {
            let change = change_on(bus);
            let seen = match attribute(on_bus(BusEvent { rule_call: Some(change), ..event("ann") }), &home())
            {
                // It is a firing as well, of whatever rules watch such calls.
                Ok(Attributed::Bus { changed: Some(Changed { rule, by, .. }), event: Ok(_), .. }) => {
                    format!("{rule} by {by}")
                }
                other => format!("{other:?}"),
            };
            assert_eq!(seen, format!("arn:aws:events:us-east-1:123456789012:rule/{expected} by ann"));
        };
        check("default", "fix-acl");
        check("orders", "orders/fix-acl");
        check("arn:aws:events:us-east-1:123456789012:event-bus/orders", "orders/fix-acl");
        // Through the guard's own rule it is a change, through any other a firing.
        let change = || Some(change_on("default"));
        let ours = "arn:aws:events:us-east-1:123456789012:rule/budget-guard-changes";
        check_received(
            ours,
            BusEvent { rule_call: change(), ..event("ann") },
            "Changed(Changed { rule: arn:aws:events",
        );
        let theirs = "arn:aws:events:us-east-1:123456789012:rule/audit";
        check_received(theirs, BusEvent { rule_call: change(), ..event("ann") }, "firing of audit");
    }

    #[test]
    fn what_does_not_count_on_the_bus_is_told_apart() {
        let check = |bus: Bus<'static>, expected: &str| {
            let seen = match attribute(Received::Bus(bus), &home()) {
                Ok(Attributed::Bus { changed, event, .. }) => {
                    let changed = changed.map_or("no change".to_owned(), |changed| {
                        format!("{:?} of {}", changed.change, changed.rule.name())
                    });
                    let counts = event.map_or_else(|skipped| format!("{skipped:?}"), |_| "counts".to_owned());
                    format!("{counts}, {changed}")
                }
                other => format!("{other:?}"),
            };
            assert_eq!(seen, expected);
        };
        let bus = |event: BusEvent<'static>| match on_bus(event) {
            Received::Bus(bus) => bus,
            other => panic!("{other:?}"),
        };
        let guard = "arn:aws:sts::123456789012:assumed-role/any/budget-guard-ingest";
        let put = || Some(change_on("default"));
        let tagged = |arn: &'static str| {
            Some(RuleCall::Changed { bus: "default".into(), rule: arn.into(), change: Change::Tags })
        };
        check(bus(event("ann")), "counts, no change");
        check(bus(BusEvent { rule_call: put(), ..event("ann") }), "counts, Definition of fix-acl");
        check(bus(BusEvent { rule_call: put(), ..event(guard) }), "OwnCall, Definition of fix-acl");
        check(bus(BusEvent { rule_call: put(), is_replay: true, ..event("ann") }), "Replay, no change");
        check(
            bus(BusEvent { rule_call: Some(RuleCall::WithoutEffect), ..event("ann") }),
            "counts, no change",
        );
        let ours = "arn:aws:events:us-east-1:123456789012:rule/orders/fix-acl";
        check(bus(BusEvent { rule_call: tagged(ours), ..event("ann") }), "counts, Tags of fix-acl");
        let theirs = "arn:aws:events:us-east-1:999999999999:rule/fix-acl";
        check(bus(BusEvent { rule_call: tagged(theirs), ..event("ann") }), "counts, no change");
        let a_bus = "arn:aws:events:us-east-1:123456789012:event-bus/orders";
        check(bus(BusEvent { rule_call: tagged(a_bus), ..event("ann") }), "counts, no change");
        let foreign = Some("999999999999".into());
        check(
            Bus { account: foreign, ..bus(BusEvent { rule_call: put(), ..event("ann") }) },
            "Foreign, no change",
        );
        check(Bus { account: None, ..bus(event("ann")) }, "Foreign, no change");
    }
}
