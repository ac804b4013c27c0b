//! Settings of the Lambda: environment variables, read through a lookup and checked once at start.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;

use crate::attribution::Home;
use crate::model::{Arn, Excerpt, Own};
use crate::policy::{BurstLimit, LimitSetting, Limits, Mode, Switchable};

/// Variable with the name of the DynamoDB table.
pub const TABLE: &str = "BUDGET_GUARD_TABLE";
/// Variable with the ARN of the SNS topic for alerts.
pub const TOPIC: &str = "BUDGET_GUARD_TOPIC_ARN";
/// Variable with the ARNs of the parts of the guard's own stack.
pub const OWN: &str = "BUDGET_GUARD_OWN_ARNS";
/// Variable with the mode of rules without a tag.
pub const MODE: &str = "BUDGET_GUARD_MODE";
/// Variable with the burst limit.
pub const LIMIT: &str = "BUDGET_GUARD_LIMIT";
const SUSTAINED: &str = "BUDGET_GUARD_SUSTAINED";
const TURNS: &str = "BUDGET_GUARD_TURNS";
const PROBATION: &str = "BUDGET_GUARD_PROBATION";
const PRESSURE: &str = "BUDGET_GUARD_PRESSURE";
const AUTO_RESTORE: &str = "BUDGET_GUARD_AUTO_RESTORE";
const TAG_FLOOR: &str = "BUDGET_GUARD_TAG_FLOOR";
/// Variable that lets tags enforce.
pub const ENFORCE_BY_TAG: &str = "BUDGET_GUARD_ENFORCE_BY_TAG";
const TRIAL: &str = "BUDGET_GUARD_TRIAL";
/// Variable with the ARN of the queue of attached rules.
pub const ATTACHED_QUEUE: &str = "BUDGET_GUARD_ATTACHED_QUEUE_ARN";
const ARCHIVE: &str = "BUDGET_GUARD_ARCHIVE_ARN";
const MAX_CUTS: &str = "BUDGET_GUARD_MAX_CUTS_PER_HOUR";
const TRUSTED_SOURCES: &str = "BUDGET_GUARD_TRUSTED_SOURCES";

/// Settings of the Lambda at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of the DynamoDB table.
    pub table: String,
    /// ARN of the SNS topic for alerts.
    pub topic_arn: String,
    /// Account and Region of the topic. The guard touches only rules in this place.
    pub home: Home,
    /// Name of the function. Empty outside Lambda.
    pub function: String,
    /// Limits of rules without tags.
    pub defaults: Limits,
}

/// Setting that is missing or wrong. The text is one line with the variable, its value and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A required variable is not set, or empty.
    #[error("{variable} is not set; it takes {expected}")]
    Missing {
        /// Name of the variable.
        variable: &'static str,
        /// Description of valid values.
        expected: &'static str,
    },
    /// A variable has a value of another form.
    #[error("{variable} is {seen}; it takes {expected}")]
    Malformed {
        /// Name of the variable.
        variable: &'static str,
        /// Value of the variable, made printable.
        seen: Excerpt,
        /// Description of valid values.
        expected: &'static str,
    },
    /// A variable has a value that its parser refused.
    #[error("{variable}: {problem}")]
    Invalid {
        /// Name of the variable.
        variable: &'static str,
        /// Message of the parser.
        problem: String,
    },
}

impl Settings {
    /// Reads and checks all settings. `lookup` returns the value of an environment variable.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let table = table(&lookup)?;
        let (topic_arn, mut home) = topic(&lookup)?;
        let expected = "the ARNs of the stack's rules, functions and roles, with commas between them";
        required(&lookup, OWN, expected)?;
        home.own = own(&lookup)?;
        home.trusted_sources = trusted_sources(&lookup)?;
        let function = lookup("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
        let queue: Arc<str> = attached_queue(&lookup)?.into();
        home.attached_queue = Some(queue.clone());
        let defaults = Limits { attached_queue: Some(queue), ..defaults(&lookup)? };
        Ok(Self { table, topic_arn, home, function, defaults })
    }
}

/// Reads the ARN of the queue that attached rules send to.
fn attached_queue(lookup: impl Fn(&str) -> Option<String>) -> Result<String, SettingError> {
    let expected = "the ARN of an SQS queue, as in arn:aws:sqs:eu-west-1:123456789012:attached";
    let arn = required(&lookup, ATTACHED_QUEUE, expected)?;
    match Arn::parse(&arn).is_some_and(|arn| arn.service == "sqs" && arn.has_region() && arn.has_account()) {
        true => Ok(arn),
        false => {
            Err(SettingError::Malformed { variable: ATTACHED_QUEUE, seen: Excerpt::new(&arn), expected })
        }
    }
}

/// Reads `BUDGET_GUARD_TABLE`, also for the command line.
pub fn table(lookup: impl Fn(&str) -> Option<String>) -> Result<String, SettingError> {
    let expected = "the name of a DynamoDB table";
    let table = required(&lookup, TABLE, expected)?;
    let is_name = (3..=1_024).contains(&table.len())
        && table.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte));
    if is_name {
        Ok(table)
    } else {
        Err(SettingError::Malformed { variable: TABLE, seen: Excerpt::new(&table), expected })
    }
}

/// Reads `BUDGET_GUARD_TOPIC_ARN` and returns it with its account and Region, also for the command line.
pub fn topic(lookup: impl Fn(&str) -> Option<String>) -> Result<(String, Home), SettingError> {
    let expected = "the ARN of an SNS topic, as in arn:aws:sns:eu-west-1:123456789012:alerts";
    let arn = required(&lookup, TOPIC, expected)?;
    let malformed = || SettingError::Malformed { variable: TOPIC, seen: Excerpt::new(&arn), expected };
    let topic = Arn::parse(&arn).filter(|arn| arn.service == "sns").ok_or_else(malformed)?;
    let is_placed = topic.has_partition() && topic.has_region() && topic.has_account();
    // A subscription has one more colon. A FIFO topic would want a message group, and it cannot reach e-mail.
    let is_topic = !topic.resource.is_empty() && !topic.resource.contains(':');
    if !is_placed || !is_topic || topic.resource.ends_with(".fifo") {
        return Err(malformed());
    }
    let home = Home::new(topic.partition, topic.region, topic.account);
    Ok((arn, home))
}

/// Reads the parts of the guard's own stack, also for the command line. There are none if the variable is absent.
pub fn own(lookup: impl Fn(&str) -> Option<String>) -> Result<Own, SettingError> {
    let lookup = |name: &str| lookup(name).filter(|text| !text.is_empty());
    Ok(optional(lookup, OWN)?.unwrap_or_default())
}

/// Reads the prefixes of sources whose events count as CloudTrail's, in addition to those of AWS.
fn trusted_sources(lookup: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, SettingError> {
    let text = lookup(TRUSTED_SOURCES).unwrap_or_default();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let sources: Vec<String> = text.split(',').map(str::to_owned).collect();
    // An empty prefix would match every source.
    if sources.iter().all(|source| !source.is_empty() && source.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Ok(sources);
    }
    let expected = "how sources begin, with commas between them, as in trails.,audit.cloudtrail";
    Err(SettingError::Malformed { variable: TRUSTED_SOURCES, seen: Excerpt::new(&text), expected })
}

/// Reads the limits of rules without tags, also for the command line.
pub fn defaults(lookup: impl Fn(&str) -> Option<String>) -> Result<Limits, SettingError> {
    let mode = match lookup(MODE).as_deref() {
        None | Some("observe") => Mode::Observe,
        Some("enforce") => Mode::Enforce,
        Some(other) => {
            let seen = Excerpt::new(other);
            return Err(SettingError::Malformed { variable: MODE, seen, expected: "enforce or observe" });
        }
    };
    let mut limits = match optional(&lookup, LIMIT)?.unwrap_or(LimitSetting::Firings(BurstLimit::DEFAULT)) {
        LimitSetting::Firings(burst) => Limits::new(mode, burst),
        LimitSetting::Spend(spend) => Limits { spend: Some(spend), ..Limits::new(mode, BurstLimit::DEFAULT) },
    };
    if let Some(Switchable(sustained)) = optional(&lookup, SUSTAINED)? {
        limits.sustained = sustained;
    }
    if let Some(Switchable(turns)) = optional(&lookup, TURNS)? {
        limits.turns = turns;
    }
    if let Some(probation) = optional(&lookup, PROBATION)? {
        limits.probation = probation;
    }
    if let Some(pressure) = number(&lookup, PRESSURE, "a whole number of at least 1, as in 4")? {
        limits.pressure = pressure;
    }
    if let Some(max) = number(&lookup, MAX_CUTS, "a whole number of at least 1, as in 5")? {
        limits.max_cuts_per_hour = max;
    }
    if let Some(floor) = optional(&lookup, TAG_FLOOR)? {
        limits.tag_floor = floor;
    }
    limits.enforce_by_tag = switch(&lookup, ENFORCE_BY_TAG)?;
    limits.restores_exonerated = switch(&lookup, AUTO_RESTORE)?;
    limits.trial = switch(&lookup, TRIAL)?;
    limits.archive = archive(&lookup)?;
    limits.may_restore = limits.restores_exonerated || limits.trial;
    Ok(limits)
}

/// Reads the ARN of an archive, which may be absent or empty.
fn archive(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Arc<str>>, SettingError> {
    let expected = "the ARN of an archive, as in arn:aws:events:eu-west-1:123456789012:archive/calls";
    let Some(text) = lookup(ARCHIVE).filter(|text| !text.is_empty()) else { return Ok(None) };
    let is_archive = |arn: &Arn<'_>| {
        let is_placed = arn.has_partition() && arn.has_region() && arn.has_account();
        is_placed && arn.service == "events" && arn.resource.starts_with("archive/")
    };
    match Arn::parse(&text).is_some_and(|arn| is_archive(&arn)) {
        true => Ok(Some(text.into())),
        false => Err(SettingError::Malformed { variable: ARCHIVE, seen: Excerpt::new(&text), expected }),
    }
}

/// Reads a number that may be absent, but not zero.
fn number(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
    expected: &'static str,
) -> Result<Option<NonZeroU32>, SettingError> {
    let parse = |text: String| {
        let malformed = || SettingError::Malformed { variable, seen: Excerpt::new(&text), expected };
        text.parse().map_err(|_| malformed())
    };
    lookup(variable).map(parse).transpose()
}

/// Reads a switch. It is off if it is absent.
fn switch(lookup: impl Fn(&str) -> Option<String>, variable: &'static str) -> Result<bool, SettingError> {
    match lookup(variable).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            Err(SettingError::Malformed { variable, seen: Excerpt::new(other), expected: "true or false" })
        }
    }
}

/// Reads a variable that may be absent, but not malformed.
fn optional<T: FromStr<Err: Display>>(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
) -> Result<Option<T>, SettingError> {
    let parse = |text: String| {
        text.parse().map_err(|error| SettingError::Invalid { variable, problem: format!("{error}") })
    };
    lookup(variable).map(parse).transpose()
}

fn required(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
    expected: &'static str,
) -> Result<String, SettingError> {
    lookup(variable).filter(|value| !value.is_empty()).ok_or(SettingError::Missing { variable, expected })
}

#[cfg(test)]
mod tests;
