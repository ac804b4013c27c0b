//! Stage 2: what was received → which rule fired, and whether the firing counts.

mod cause;
pub mod pattern;

pub use cause::is_target;

use std::fmt;

use crate::model::{Cause, Firing, OWN_PREFIX, RuleArn, Seen, Timestamp, bounded};

use crate::sources::{BusEvent, Received, RuleCall};

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
    /// Someone changed this rule.
    Changed {
        rule: RuleArn,
        by: String,
        at: Timestamp,
    },
    Tick,
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
}

/// Why a firing cannot be acted on. A retry does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributionError {
    #[error("ruleArn is {rule}, a rule of account {account} in {region}; this guard acts on {home} only",
        account = rule.account(), region = rule.region())]
    Foreign { rule: RuleArn, home: String },
    #[error(
        "the event {event_id} names no rule; give the guard's target the input transformer that adds ruleArn \
         (budget-guard attach does)"
    )]
    NoRule { event_id: String },
}

/// Works out which rule fired. `home` is the guard's own account and Region.
pub fn attribute<'a>(received: Received<'a>, home: &Home) -> Result<Attributed<'a>, AttributionError> {
    let (rule, event) = match received {
        Received::Tick { .. } => return Ok(Attributed::Tick),
        Received::Bus(event) => {
            return changed(&event, home).ok_or_else(|| AttributionError::NoRule {
                event_id: Seen::new(&event.event_id).to_string(),
            });
        }
        Received::Attached { rule, event } => (rule, event),
    };
    // The guard's own rules tell it of changes to others.
    if rule.name().starts_with(OWN_PREFIX)
        && let Some(changed) = changed(&event, home)
    {
        return Ok(changed);
    }
    if !home.owns(&rule) {
        return Err(AttributionError::Foreign { rule, home: home.to_string() });
    }
    if event.is_replay {
        return Ok(Attributed::Skipped(Skipped::Replay));
    }
    let is_own = |name: &str| home.function.as_deref() == Some(name) || name.starts_with(OWN_PREFIX);
    if cause::calling_function(&event.caller, &home.account).is_some_and(is_own) {
        return Ok(Attributed::Skipped(Skipped::OwnCall));
    }
    let BusEvent { event_id, at, caller, .. } = event;
    Ok(Attributed::Firing(Firing { rule, event_id, at, caller, call: None, cause: Cause::Unknown }))
}

/// The change of a rule that an event tells of, if the rule is one of this guard's.
fn changed<'a>(event: &BusEvent<'_>, home: &Home) -> Option<Attributed<'a>> {
    let (bus, name) = match event.rule_call.as_ref()? {
        RuleCall::Changed { bus, name } => (bus, name),
        RuleCall::WithoutEffect => return Some(Attributed::Skipped(Skipped::NoChange)),
    };
    let bus = bus.rsplit_once("event-bus/").map_or(&**bus, |(_, name)| name);
    let path = if bus == "default" { name.to_string() } else { format!("{bus}/{name}") };
    let Home { partition, region, account, .. } = home;
    let rule = format!("arn:{partition}:events:{region}:{account}:rule/{path}").parse().ok()?;
    Some(Attributed::Changed {
        rule,
        by: bounded(&event.caller.principal, MAX_PRINCIPAL).into_owned(),
        at: event.at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Caller;

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
            is_replay: false,
            rule_call: None,
        }
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
            let change = Some(RuleCall::Changed { bus: bus.into(), name: "fix-acl".into() });
            let seen = match attribute(Received::Bus(BusEvent { rule_call: change, ..event("ann") }), &home())
            {
                Ok(Attributed::Changed { rule, by, .. }) => format!("{rule} by {by}"),
                other => format!("{other:?}"),
            };
            assert_eq!(seen, format!("arn:aws:events:us-east-1:123456789012:rule/{expected} by ann"));
        };
        check("default", "fix-acl");
        check("orders", "orders/fix-acl");
        check("arn:aws:events:us-east-1:123456789012:event-bus/orders", "orders/fix-acl");
        // Through the guard's own rule it is a change, through any other a firing.
        let change = || Some(RuleCall::Changed { bus: "default".into(), name: "fix-acl".into() });
        let ours = "arn:aws:events:us-east-1:123456789012:rule/budget-guard-changes";
        check_received(
            ours,
            BusEvent { rule_call: change(), ..event("ann") },
            "Changed { rule: arn:aws:events",
        );
        let theirs = "arn:aws:events:us-east-1:123456789012:rule/audit";
        check_received(theirs, BusEvent { rule_call: change(), ..event("ann") }, "firing of audit");
    }

    #[test]
    fn an_event_without_a_rule_is_named() {
        let error = attribute(Received::Bus(event("ann")), &home()).unwrap_err().to_string();
        assert!(error.starts_with(r#"the event "c-1" names no rule; give"#), "{error}");
    }
}
