//! What was asked for: the options, and where they are silent the environment.

use budget_guard_core::alerts;
use budget_guard_core::attribution::Home;
use budget_guard_core::model::{RuleArn, Seen};
use budget_guard_core::policy::Limits;
use budget_guard_core::settings::{self, LIMIT, SettingError, TABLE, TOPIC};

use crate::args::{Format, Global};
use crate::problem::Problem;
use crate::queue::QueueArn;

pub const QUEUE: &str = "BUDGET_GUARD_QUEUE_ARN";

#[expect(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The options of one run, over the environment.
#[derive(Debug, Clone, Default)]
pub struct Context {
    pub global: Global,
    pub queue: Option<String>,
    pub limit: Option<String>,
}

/// What it takes to change a rule: where the guard keeps its records, whom it tells, and what it looks after.
#[derive(Debug)]
pub struct GuardSettings {
    pub table: String,
    pub topic_arn: String,
    pub home: Home,
    pub defaults: Limits,
}

impl Context {
    pub fn new(global: Global) -> Self {
        Self { global, queue: None, limit: None }
    }

    pub fn is_json(&self) -> bool {
        self.global.output == Format::Json
    }

    pub fn table(&self) -> Result<String, Problem> {
        settings::table(|name| self.setting(name)).map_err(|error| self.wrong(error))
    }

    pub fn guard(&self) -> Result<GuardSettings, Problem> {
        let table = self.table()?;
        let (topic_arn, home) =
            settings::topic(|name| self.setting(name)).map_err(|error| self.wrong(error))?;
        Ok(GuardSettings { table, topic_arn, home, defaults: self.defaults()? })
    }

    /// What holds for rules without tags, as far as this side can know it.
    pub fn defaults(&self) -> Result<Limits, Problem> {
        settings::defaults(|name| self.setting(name)).map_err(|error| self.wrong(error))
    }

    /// The guard's queue, where one is named.
    pub fn queue(&self) -> Result<Option<QueueArn>, Problem> {
        let Some(text) = self.setting(QUEUE).filter(|text| !text.is_empty()) else { return Ok(None) };
        let source = self.option(QUEUE).map_or(QUEUE, |(option, _)| option);
        QueueArn::parse(&text).map(Some).map_err(|error| Problem::usage(format!("{source}: {error}")))
    }

    /// The guard's queue, for what cannot do without it.
    pub fn required_queue(&self) -> Result<QueueArn, Problem> {
        self.queue()?.ok_or_else(|| {
            Problem::usage(format!(
                "{QUEUE} is not set; it takes the ARN of the guard's SQS queue, \
                 as in arn:aws:sqs:eu-west-1:123456789012:budget-guard"
            ))
            .hint(format!("give --queue, or export {QUEUE}"))
        })
    }

    /// A `budget-guard` command as it has to be typed after this one: with the same options.
    pub fn command(&self, verb: &str, rule: &RuleArn) -> String {
        self.with_options(alerts::command(verb, rule), matches!(verb, "enable" | "disable"))
    }

    /// The same for a command that is about no single rule.
    pub fn command_line(&self, words: &str, region: &str) -> String {
        self.with_options(format!("budget-guard {words} --region {region}"), words.contains("--clear"))
    }

    fn with_options(&self, mut command: String, needs_topic: bool) -> String {
        let Global { profile, table, topic, .. } = &self.global;
        let topic = topic.as_ref().filter(|_| needs_topic);
        for (option, value) in
            [("--profile", profile.as_ref()), ("--table", table.as_ref()), ("--topic", topic)]
        {
            if let Some(value) = value {
                command.push_str(&format!(" {option} {}", quote(value)));
            }
        }
        command
    }

    /// The AWS CLI's command for what the guard leaves to people.
    pub fn aws_events(&self, verb: &str, rule: &RuleArn) -> String {
        let (name, bus, region) = (rule.name(), rule.bus(), rule.region());
        let profile = self.global.profile.as_ref();
        let profile = profile.map(|profile| format!(" --profile {}", quote(profile))).unwrap_or_default();
        format!("aws events {verb} --name {name} --event-bus-name {bus} --region {region}{profile}")
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.option(name).and_then(|(_, value)| value.clone()).or_else(|| variable(name))
    }

    /// The option that overrides this variable, if it was given.
    fn option(&self, name: &str) -> Option<(&'static str, &Option<String>)> {
        let (option, value) = option_of(name)?;
        let value = value(self);
        value.is_some().then_some((option, value))
    }

    /// A setting's error in the words of whoever typed it: the option, if that is where the value came from.
    fn wrong(&self, error: SettingError) -> Problem {
        let variable = match &error {
            SettingError::Missing { variable, .. }
            | SettingError::Malformed { variable, .. }
            | SettingError::Invalid { variable, .. } => *variable,
        };
        match (error, self.option(variable)) {
            (SettingError::Missing { expected, .. }, Some((option, _))) => {
                malformed(option, Seen::new(""), expected)
            }
            (SettingError::Malformed { seen, expected, .. }, Some((option, _))) => {
                malformed(option, seen, expected)
            }
            (SettingError::Invalid { problem, .. }, Some((option, _))) => {
                Problem::usage(format!("{option}: {problem}"))
            }
            (error @ SettingError::Missing { .. }, None) => match option_of(variable) {
                Some((option, _)) => {
                    Problem::usage(error.to_string()).hint(format!("give {option}, or export {variable}"))
                }
                None => Problem::usage(error.to_string()),
            },
            (error, _) => Problem::usage(error.to_string()),
        }
    }
}

fn malformed(variable: &'static str, seen: Seen, expected: &'static str) -> Problem {
    Problem::usage(SettingError::Malformed { variable, seen, expected }.to_string())
}

type OptionValue = fn(&Context) -> &Option<String>;

fn option_of(variable: &str) -> Option<(&'static str, OptionValue)> {
    match variable {
        TABLE => Some(("--table", |context| &context.global.table)),
        TOPIC => Some(("--topic", |context| &context.global.topic)),
        QUEUE => Some(("--queue", |context| &context.queue)),
        LIMIT => Some(("--limit", |context| &context.limit)),
        _ => None,
    }
}

/// As a POSIX shell takes it for one word.
pub fn quote(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@+=".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let check = |word: &str, quoted: &str| assert_eq!(quote(word), quoted);
        check("prod", "prod");
        check("arn:aws:sns:eu-west-1:123456789012:alerts", "arn:aws:sns:eu-west-1:123456789012:alerts");
        check("", "''");
        check("my profile", "'my profile'");
        check("it's; rm", r"'it'\''s; rm'");
    }
}
