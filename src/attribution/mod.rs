//! Stage 2: what was received → which rule fired, and whether the firing counts.

mod cause;

pub use cause::is_target;

use std::fmt;

use crate::model::{Firing, RuleArn};
use crate::sources::{BusEvent, Received};

/// Where this guard stands: the only place whose rules it may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub partition: String,
    pub region: String,
    pub account: String,
    /// The guard's own function name, which is also the session name of every call it makes.
    pub function: Option<String>,
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} in {}", self.account, self.region)
    }
}

impl Home {
    pub fn owns(&self, rule: &RuleArn) -> bool {
        rule.account() == self.account && rule.region() == self.region && rule.partition() == self.partition
    }
}

/// What an observation means for the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attributed<'a> {
    Firing(Firing<'a>),
    /// A rule fired, but this firing must not count.
    Skipped(Skipped),
    Tick,
}

/// Why a firing does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// An archive replay: someone asked for these events again.
    Replay,
    /// The guard's own call fired the rule.
    OwnCall,
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
            return Err(AttributionError::NoRule {
                event_id: crate::model::Seen::new(&event.event_id).to_string(),
            });
        }
        Received::Attached { rule, event } => (rule, event),
    };
    if !home.owns(&rule) {
        return Err(AttributionError::Foreign { rule, home: home.to_string() });
    }
    if event.is_replay {
        return Ok(Attributed::Skipped(Skipped::Replay));
    }
    if home
        .function
        .as_deref()
        .is_some_and(|function| cause::made_by_function(&event.caller, function, &home.account))
    {
        return Ok(Attributed::Skipped(Skipped::OwnCall));
    }
    let BusEvent { event_id, at, caller, .. } = event;
    Ok(Attributed::Firing(Firing { rule, event_id, at, caller }))
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
        }
    }

    fn check(rule: &str, event: BusEvent<'static>, expected: &str) {
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
        check(ours, event("arn:aws:iam::123456789012:user/ann"), "firing of fix-acl");
        check(ours, BusEvent { is_replay: true, ..event("ann") }, "Skipped(Replay)");
        check(
            ours,
            event("arn:aws:sts::123456789012:assumed-role/any/budget-guard-ingest"),
            "Skipped(OwnCall)",
        );
        check(
            ours,
            event("arn:aws:sts::999999999999:assumed-role/any/budget-guard-ingest"),
            "firing of fix-acl",
        );
        for foreign in [
            "arn:aws:events:us-east-1:999999999999:rule/fix-acl",
            "arn:aws:events:eu-west-1:123456789012:rule/fix-acl",
            "arn:aws-cn:events:us-east-1:123456789012:rule/fix-acl",
        ] {
            check(foreign, event("ann"), &format!("ruleArn is {foreign}, a rule of account"));
        }
    }

    #[test]
    fn an_event_without_a_rule_is_named() {
        let error = attribute(Received::Bus(event("ann")), &home()).unwrap_err().to_string();
        assert!(error.starts_with(r#"the event "c-1" names no rule; give"#), "{error}");
    }
}
