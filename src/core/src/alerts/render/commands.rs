//! Commands of `budget-guard` in alerts, as a person types them.

use crate::escape::{option, shell};
use crate::model::{Arn, OWN_PREFIX, RuleArn};

/// Ending of the name of the stack's topic, after the name of the guard.
const TOPIC_ENDING: &str = "-alerts";

/// Commands for one guard. A guard with another name than the default one is named by `--stack` in each of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commands {
    stack: Option<String>,
}

impl Commands {
    /// Commands for the guard whose alerts go to this topic. A topic that the stack did not name belongs to the default
    /// guard, as far as alerts can tell.
    pub fn of_topic(topic_arn: &str) -> Self {
        let name =
            Arn::parse(topic_arn).and_then(|arn| arn.name().strip_suffix(TOPIC_ENDING).map(str::to_owned));
        let default = OWN_PREFIX.trim_end_matches('-');
        Self { stack: name.filter(|name| !name.is_empty() && name != default) }
    }

    /// Returns the command for one rule. A name that begins like an option gives way to the ARN.
    pub fn about(&self, verb: &str, rule: &RuleArn) -> String {
        let region = option("--region", rule.region());
        if rule.name().starts_with('-') {
            return self.with_stack(format!("budget-guard {verb} {} {region}", shell(rule.as_str())));
        }
        let bus = match rule.is_on_default_bus() {
            true => String::new(),
            false => format!(" {}", option("--bus", rule.bus())),
        };
        self.with_stack(format!("budget-guard {verb} {}{bus} {region}", shell(rule.name())))
    }

    /// Returns a command without a rule, for a Region.
    pub fn within(&self, verb: &str, region: &str) -> String {
        self.with_stack(format!("budget-guard {verb} {}", option("--region", region)))
    }

    /// Returns a command whose rule and Region the reader fills in.
    pub fn bare(&self, words: &str) -> String {
        self.with_stack(format!("budget-guard {words}"))
    }

    fn with_stack(&self, mut command: String) -> String {
        if let Some(stack) = &self.stack {
            command.push(' ');
            command.push_str(&option("--stack", stack));
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_guard_is_named_in_each_command() {
        let check = |topic: &str, ending: &str| {
            let commands = Commands::of_topic(&format!("arn:aws:sns:us-east-1:123456789012:{topic}"));
            let rule =
                |path: &str| format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse().unwrap();
            let region = "--region us-east-1";
            let enable = |path: &str| commands.about("enable", &rule(path));
            assert_eq!(enable("fix-acl"), format!("budget-guard enable fix-acl {region}{ending}"));
            assert_eq!(enable("orders/x"), format!("budget-guard enable x --bus orders {region}{ending}"));
            let dashed = "budget-guard enable arn:aws:events:us-east-1:123456789012:rule/-x";
            assert_eq!(enable("-x"), format!("{dashed} {region}{ending}"));
            assert_eq!(
                commands.within("resume", "us-east-1"),
                format!("budget-guard resume {region}{ending}")
            );
            assert_eq!(commands.bare("explain"), format!("budget-guard explain{ending}"));
        };
        check("budget-guard-alerts", "");
        check("team-blue-alerts", " --stack team-blue");
        check("pages", "");
        check("-alerts", "");
    }
}
