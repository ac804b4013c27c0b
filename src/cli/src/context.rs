//! Options of a run, completed from the environment.

use std::sync::OnceLock;

use budget_guard_core::alerts;
use budget_guard_core::attribution::Home;
use budget_guard_core::escape;
use budget_guard_core::model::{Excerpt, Own, RuleArn};
use budget_guard_core::policy::{BurstLimit, Limits};
use budget_guard_core::settings::{self, ENFORCE_BY_TAG, LIMIT, MODE, SettingError, TABLE, TOPIC};

use crate::args::{Format, Global};
use crate::deployed::{Deployed, STACK};
use crate::problem::Problem;
use crate::queue::QueueArn;

/// Environment variable with the ARN of the guard's queue.
pub(crate) const QUEUE: &str = "BUDGET_GUARD_QUEUE_ARN";

#[expect(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Options of one run. An option that is not given is read from the environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    /// Options of all commands.
    pub global: Global,
    /// Value of `--queue`.
    pub queue: Option<String>,
    /// Value of `--limit`.
    pub limit: Option<String>,
    /// Settings of the deployed guard, once they were read.
    deployed: OnceLock<Deployed>,
}

/// Settings that a command cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// None: those that are given are used.
    Nothing,
    /// The table, to read records.
    Table,
    /// The table and the topic, to change a rule.
    Guard,
    /// The queue of attached rules.
    Queue,
    /// All of them.
    All,
}

impl Needs {
    /// Names of the variables.
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Table => &[TABLE],
            Self::Guard => &[TABLE, TOPIC],
            Self::Queue => &[QUEUE],
            Self::All => &[TABLE, TOPIC, QUEUE],
        }
    }
}

/// Settings of a command that changes a rule.
#[derive(Debug)]
pub(crate) struct GuardSettings {
    /// Name of the DynamoDB table.
    pub table: String,
    /// ARN of the SNS topic for alerts.
    pub topic_arn: String,
    /// Account and Region of the guard.
    pub home: Home,
    /// Limits of rules without tags.
    pub defaults: Limits,
}

impl Context {
    /// Context without the options of single commands.
    pub(crate) fn new(global: Global) -> Self {
        Self { global, ..Self::default() }
    }

    /// Problem for the first needed setting that is not given. Checks those that are.
    pub(crate) fn lacking(&self, needs: Needs) -> Result<Option<Problem>, Problem> {
        let mut lacking = None;
        for name in needs.variables() {
            let read = match *name {
                TABLE => self.table().map(drop),
                TOPIC => self.topic().map(drop),
                _ => self.required_queue().map(drop),
            };
            let is_given =
                self.option(name).is_some() || self.setting(name).is_some_and(|value| !value.is_empty());
            match read {
                Err(problem) if is_given => return Err(problem),
                read => lacking = lacking.or(read.err()),
            }
        }
        Ok(lacking)
    }

    /// Takes the settings of the deployed guard for those that are not given.
    pub(crate) fn complete(&self, deployed: Deployed) {
        // The settings are read once in a run.
        let _ = self.deployed.set(deployed);
    }

    /// Returns true if the output format is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.global.output == Format::Json
    }

    /// Format of the output.
    pub(crate) fn format(&self) -> Format {
        self.global.output
    }

    /// Name of the guard's table.
    pub(crate) fn table(&self) -> Result<String, Problem> {
        settings::table(|name| self.setting(name)).map_err(|error| self.wrong(error))
    }

    /// ARN of the topic for alerts, with its account and Region.
    fn topic(&self) -> Result<(String, Home), Problem> {
        settings::topic(|name| self.setting(name)).map_err(|error| self.wrong(error))
    }

    /// All settings that a change needs.
    pub(crate) fn guard(&self) -> Result<GuardSettings, Problem> {
        let table = self.table()?;
        let (topic_arn, home) = self.topic()?;
        let home = Home { own: self.own()?, ..home };
        // The functions judge tags, by their own settings. An order by hand reports none of them.
        let attached_queue = self.queue()?.map(|queue| queue.as_str().into());
        let defaults = Limits {
            enforce_by_tag: true,
            tag_floor: BurstLimit::NO_FLOOR,
            attached_queue,
            ..self.defaults()?
        };
        Ok(GuardSettings { table, topic_arn, home, defaults })
    }

    /// Parts of the guard's own stack. There are none if the variable is not set.
    pub(crate) fn own(&self) -> Result<Own, Problem> {
        settings::own(|name| self.setting(name)).map_err(|error| self.wrong(error))
    }

    /// Limits of rules without tags, from this environment. The function's own settings may differ.
    pub(crate) fn defaults(&self) -> Result<Limits, Problem> {
        let mut limits = settings::defaults(|name| self.setting(name)).map_err(|error| self.wrong(error))?;
        // Without the variable it is not known that the stack lets no tag enforce.
        limits.enforce_by_tag |= self.setting(ENFORCE_BY_TAG).is_none();
        Ok(limits)
    }

    /// Returns true if the guard's mode was read, or set in this environment.
    pub(crate) fn knows_mode(&self) -> bool {
        self.deployed.get().is_some() || self.setting(MODE).is_some()
    }

    /// ARN of the guard's queue. `None` if neither the option nor the variable is set.
    pub(crate) fn queue(&self) -> Result<Option<QueueArn>, Problem> {
        let Some(text) = self.setting(QUEUE).filter(|text| !text.is_empty()) else { return Ok(None) };
        let source = self.option(QUEUE).map_or(QUEUE, |(option, _)| option);
        QueueArn::parse(&text).map(Some).map_err(|error| Problem::usage(format!("{source}: {error}")))
    }

    /// The guard's queue, for what cannot do without it.
    pub(crate) fn required_queue(&self) -> Result<QueueArn, Problem> {
        self.queue()?.ok_or_else(|| {
            Problem::usage(format!(
                "{QUEUE} is not set; it takes the ARN of the guard's SQS queue, \
                 as in arn:aws:sqs:eu-west-1:123456789012:budget-guard"
            ))
            .hint(format!("give --queue, or export {QUEUE}"))
        })
    }

    /// A `budget-guard` command for a rule, with the options of this run, ready to paste into a shell.
    pub(crate) fn command(&self, verb: &str, rule: &RuleArn) -> String {
        self.with_options(alerts::command(verb, rule), matches!(verb, "enable" | "disable" | "cure"))
    }

    /// A `budget-guard` command without a rule, with the options of this run.
    pub(crate) fn command_line(&self, words: &str, region: &str) -> String {
        self.with_options(alerts::command_in(words, region), words.contains("--clear"))
    }

    fn with_options(&self, mut command: String, needs_topic: bool) -> String {
        let Global { profile, stack, table, topic, .. } = &self.global;
        let topic = topic.as_ref().filter(|_| needs_topic);
        let stack = stack.as_ref().filter(|stack| *stack != STACK);
        for (option, value) in [
            ("--profile", profile.as_ref()),
            ("--stack", stack),
            ("--table", table.as_ref()),
            ("--topic", topic),
        ] {
            if let Some(value) = value {
                command.push_str(&format!(" {}", escape::option(option, value)));
            }
        }
        command
    }

    /// The AWS CLI's command for a rule, for steps that the guard does not take.
    pub(crate) fn aws_events(&self, verb: &str, rule: &RuleArn) -> String {
        let profile = self.global.profile.as_deref().map(|profile| ("--profile", profile));
        let options =
            [("--name", rule.name()), ("--event-bus-name", rule.bus()), ("--region", rule.region())];
        let options = options.into_iter().chain(profile);
        let options: Vec<String> = options.map(|(name, value)| escape::option(name, value)).collect();
        format!("aws events {verb} {}", options.join(" "))
    }

    fn setting(&self, name: &str) -> Option<String> {
        let given = self.option(name).and_then(|(_, value)| value.clone());
        // A guard that is named outranks the environment, which may be about another.
        let named = || self.global.stack.as_ref().and_then(|_| self.deployed(name));
        given.or_else(named).or_else(|| variable(name)).or_else(|| self.deployed(name))
    }

    fn deployed(&self, name: &str) -> Option<String> {
        let name = if name == QUEUE { settings::ATTACHED_QUEUE } else { name };
        self.deployed.get()?.get(name).cloned()
    }

    /// The option that overrides this variable, with its value, if it was given.
    fn option(&self, name: &str) -> Option<(&'static str, &Option<String>)> {
        let (option, value) = option_of(name)?;
        let value = value(self);
        value.is_some().then_some((option, value))
    }

    /// Problem for an invalid setting. It names the option if the value came from there, and the variable otherwise.
    fn wrong(&self, error: SettingError) -> Problem {
        let variable = match &error {
            SettingError::Missing { variable, .. }
            | SettingError::Malformed { variable, .. }
            | SettingError::Invalid { variable, .. } => *variable,
        };
        match (error, self.option(variable)) {
            (SettingError::Missing { expected, .. }, Some((option, _))) => {
                malformed(option, Excerpt::new(""), expected)
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

fn malformed(variable: &'static str, seen: Excerpt, expected: &'static str) -> Problem {
    Problem::usage(SettingError::Malformed { variable, seen, expected }.to_string())
}

type OptionValue = fn(&Context) -> &Option<String>;

/// The option that overrides a variable.
fn option_of(variable: &str) -> Option<(&'static str, OptionValue)> {
    match variable {
        TABLE => Some(("--table", |context| &context.global.table)),
        TOPIC => Some(("--topic", |context| &context.global.topic)),
        QUEUE => Some(("--queue", |context| &context.queue)),
        LIMIT => Some(("--limit", |context| &context.limit)),
        _ => None,
    }
}
