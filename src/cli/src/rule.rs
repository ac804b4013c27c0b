//! Rules on the command line: parsing of RULE, and the look-up of its ARN.

use budget_guard_aws::{DynamoStore, EventBridgeRules};
use budget_guard_core::model::{DEFAULT_BUS, Excerpt, FaultKind, RuleArn};
use budget_guard_core::record::Record;
use budget_guard_core::run;
use budget_guard_core::stored::Key;

use crate::output;
use crate::problem::Problem;
use crate::session::Session;
use crate::similar::unknown;

/// RULE on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RuleName {
    /// An ARN.
    Arn(RuleArn),
    /// A name and its bus.
    Named { bus: String, name: String },
}

impl RuleName {
    /// Parses a name on `bus`, `BUS/NAME` or an ARN. With the latter two, `bus` must be the same bus.
    pub(crate) fn parse(text: &str, bus: Option<&str>) -> Result<Self, Problem> {
        if let Some(bus) = bus {
            check_bus(bus)?;
        }
        let rule = if text.starts_with("arn:") {
            Self::Arn(text.parse().map_err(|error| Problem::usage(format!("{error}")))?)
        } else {
            let (own, name) = text.rsplit_once('/').map_or((None, text), |(own, name)| (Some(own), name));
            own.map_or(Ok(()), check_bus)?;
            if name.len() > 64 || !is_word(name, ".-_") {
                return Err(Problem::usage(format!(
                    "{} is not a rule; expected a name (1 to 64 of A-Z a-z 0-9 . - _), BUS/NAME or an ARN",
                    Excerpt::new(text)
                )));
            }
            let bus = own.or(bus).unwrap_or(DEFAULT_BUS);
            Self::Named { bus: bus.to_owned(), name: name.to_owned() }
        };
        match bus {
            Some(bus) if bus != rule.bus() => Err(Problem::usage(format!(
                "--bus is {}, but {text} stands on bus \"{}\"; expected the same bus, or no --bus",
                Excerpt::new(bus),
                rule.bus()
            ))),
            _ => Ok(rule),
        }
    }

    /// Name of the rule's bus.
    pub(crate) fn bus(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.bus(),
            Self::Named { bus, .. } => bus,
        }
    }

    /// Name of the rule, without its bus.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.name(),
            Self::Named { name, .. } => name,
        }
    }

    /// ARN, if one was given.
    pub(crate) fn arn(&self) -> Option<&RuleArn> {
        match self {
            Self::Arn(arn) => Some(arn),
            Self::Named { .. } => None,
        }
    }

    /// Returns true if this names the rule.
    fn is(&self, rule: &RuleArn) -> bool {
        match self {
            Self::Arn(arn) => arn == rule,
            Self::Named { bus, name } => bus == rule.bus() && name == rule.name(),
        }
    }
}

/// ARN of an existing rule, from EventBridge.
pub(crate) async fn existing(
    session: &Session,
    rules: &EventBridgeRules,
    name: &RuleName,
) -> Result<RuleArn, Problem> {
    match rules.find(name.bus(), name.name()).await {
        Ok(found) => as_meant(name, found),
        Err(fault) if fault.kind == FaultKind::NotFound => Err(unknown(session, rules, name).await),
        Err(fault) => Err(session.problem(&fault)),
    }
}

/// ARN of a rule, from EventBridge or, if the rule is deleted or may not be read, from the guard's records.
pub(crate) async fn known(
    session: &Session,
    rules: &EventBridgeRules,
    store: &DynamoStore,
    name: &RuleName,
) -> Result<RuleArn, Problem> {
    let fault = match rules.find(name.bus(), name.name()).await {
        Ok(found) => return as_meant(name, found),
        Err(fault) => fault,
    };
    if !matches!(fault.kind, FaultKind::NotFound | FaultKind::Denied) {
        return Err(session.problem(&fault));
    }
    let recorded = match name {
        RuleName::Arn(arn) => run::load::<Record>(store, Key::Record(arn))
            .await
            .map(|stored| stored.map(|(record, _)| record.rule)),
        RuleName::Named { .. } => run::records(store)
            .await
            .map(|records| records.into_iter().map(|record| record.rule).find(|rule| name.is(rule))),
    };
    match recorded.map_err(|fault| session.problem(&fault))? {
        Some(rule) => {
            let why = if fault.kind == FaultKind::NotFound {
                "is gone from EventBridge"
            } else {
                "could not be read"
            };
            output::warning(format_args!("the rule {why} ({fault}); going by the guard's record"));
            Ok(rule)
        }
        None if fault.kind == FaultKind::NotFound => Err(unknown(session, rules, name).await),
        None => Err(session.problem(&fault)),
    }
}

/// Returns the rule found. An ARN of another account with the same name is an error.
fn as_meant(name: &RuleName, found: RuleArn) -> Result<RuleArn, Problem> {
    match name.arn() {
        Some(arn) if *arn != found => Err(Problem::usage(format!(
            "{arn} is a rule of account {}, but the credentials in use are for account {}",
            arn.account(),
            found.account()
        ))
        .hint("choose the profile of that account with --profile")),
        _ => Ok(found),
    }
}

/// Checks the syntax of a bus name.
pub(crate) fn check_bus(bus: &str) -> Result<(), Problem> {
    if bus.len() <= 256 && is_word(bus, "/.-_") {
        return Ok(());
    }
    Err(Problem::usage(format!(
        "{} is not the name of an event bus; expected 1 to 256 of A-Z a-z 0-9 / . - _",
        Excerpt::new(bus)
    )))
}

fn is_word(text: &str, more: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || more.as_bytes().contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}
