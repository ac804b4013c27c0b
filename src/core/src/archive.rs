//! Archives of a bus: the replay of events that a rule missed, to this one rule.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::escape::{option, shell};
use crate::model::{Arn, BUS, Lease, RuleArn, Seconds, Timestamp};

/// Time between the last event and its replay. Source: "Archiving and replaying events in Amazon EventBridge" (user
/// guide), which asks for 10 minutes.
pub const ARCHIVE_DELAY: Seconds = Seconds::new(600);
/// Time after which a replay that AWS does not start is given up.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Beginning of the names of replays. The policies of the stack allow these names only.
const PREFIX: &str = "budget-guard-";
/// Maximum length of the rule's part of a replay's name, whose own maximum is 64.
const MAX_RULE_PART: usize = 32;

/// Replay that the guard starts by itself after a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Event time of the first missed event.
    pub from: Timestamp,
    /// Time at which the rule was enabled again.
    pub to: Timestamp,
    /// Time from which the archive has all of these events.
    pub due: Timestamp,
    /// Lease of the invocation that starts it.
    #[serde(default)]
    pub work: Lease,
}

impl Replay {
    /// Plans the replay of the events from one time to another.
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to, due: to + SignedDuration::from(ARCHIVE_DELAY), work: Lease::default() }
    }

    /// Name of the replay. It is the same for each attempt, so that AWS starts only one.
    pub fn name(&self, rule: &RuleArn) -> String {
        replay_name(rule, self.from)
    }

    /// Returns true if it is not tried again.
    pub fn is_given_up(&self, now: Timestamp) -> bool {
        now.duration_since(self.due) > TRIED_FOR
    }
}

/// Name of a replay: 64 characters at most, of those that AWS allows.
pub fn replay_name(rule: &RuleArn, at: Timestamp) -> String {
    let rule: String = rule.name().chars().take(MAX_RULE_PART).collect();
    format!("{PREFIX}{rule}-{}", at.as_millisecond())
}

/// ARN of the rule's bus.
pub fn bus_arn(rule: &RuleArn) -> String {
    let arn = Arn::parse(rule.as_str()).unwrap_or_default();
    arn.beside("events", BUS, rule.bus())
}

/// The AWS CLI's command for a replay to this rule alone, for a POSIX shell. `to` is text of that shell.
pub fn by_hand(rule: &RuleArn, archive: &str, name: &str, from: Timestamp, to: &str) -> String {
    let destination = json!({"Arn": bus_arn(rule), "FilterArns": [rule.as_str()]});
    format!(
        "aws events start-replay {} {} --event-start-time {from} --event-end-time {to} --destination {}",
        option("--replay-name", name),
        option("--event-source-arn", archive),
        shell(&destination.to_string()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replays_have_names_that_aws_takes() {
        let check = |rule: &str, expected: &str| {
            let rule: RuleArn = format!("arn:aws:events:eu-west-1:123456789012:rule/{rule}").parse().unwrap();
            let name = replay_name(&rule, "2026-11-20T12:00:00Z".parse().unwrap());
            assert_eq!(name, expected);
            assert!(name.len() + "-rest".len() <= 64, "{name}");
        };
        check("fix-acl", "budget-guard-fix-acl-1795176000000");
        check("orders/fix.acl_2", "budget-guard-fix.acl_2-1795176000000");
        let long = "x".repeat(64);
        check(&long, &format!("budget-guard-{}-1795176000000", &long[..32]));
    }
}
