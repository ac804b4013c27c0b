//! Knowledge about the actors behind a rule's targets: whether all are known, and how long they may take to answer.

use super::{Seconds, Target};

/// Time from a call until its event has reached a target: CloudTrail delivers most events within a minute.
pub const DELIVERY: Seconds = Seconds::new(60);
/// Time limit of a function that sets none. Source: "Configure Lambda function timeout" (AWS Lambda developer guide).
const FUNCTION_DEFAULT: u32 = 3;
/// Time limit assumed for a function whose configuration could not be read.
const FUNCTION_UNREAD: u32 = 5 * 60;
/// Time limit assumed for state machines, containers, builds and jobs that set none.
const JOB_UNREAD: u32 = 60 * 60;

/// Knowledge about the targets of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answering {
    /// Longest time after a firing in which a target can have answered it: delivery, queue delay and time limit.
    pub within: Seconds,
    /// Every target's actors are known.
    pub is_known: bool,
}

impl Answering {
    /// Nothing is known of the targets.
    pub const UNKNOWN: Self =
        Self { within: Seconds::new(DELIVERY.get() + FUNCTION_UNREAD), is_known: false };

    /// Longest answer of any of these targets.
    pub fn of(targets: &[Target]) -> Self {
        let limits = targets.iter().filter_map(longest);
        let limit = limits.max().unwrap_or(FUNCTION_UNREAD);
        let is_known = !targets.is_empty() && targets.iter().all(is_known);
        Self { within: Seconds::new(DELIVERY.get().saturating_add(limit)), is_known }
    }

    /// Longest time that one invocation of a target takes, in seconds.
    pub fn time_limit(self) -> i64 {
        i64::from(self.within.get()).saturating_sub(i64::from(DELIVERY.get())).max(1)
    }
}

/// Seconds that the slowest actor of a target may take; `None` if nobody is known to act for it.
fn longest(target: &Target) -> Option<u32> {
    let by_actor = target.actors.iter().map(|actor| {
        let limit = actor.time_limit.map(Seconds::get);
        let limit = limit.unwrap_or_else(|| match (service(&actor.arn), &actor.role) {
            ("lambda", Some(_)) => FUNCTION_DEFAULT,
            ("lambda", None) => FUNCTION_UNREAD,
            _ => JOB_UNREAD,
        });
        limit.saturating_add(actor.delay.map_or(0, Seconds::get))
    });
    by_actor.max().or_else(|| match service(&target.arn) {
        "lambda" => Some(FUNCTION_UNREAD),
        "states" | "ecs" | "codebuild" | "batch" | "glue" | "ssm" | "codepipeline" => Some(JOB_UNREAD),
        _ => None,
    })
}

/// Returns true if all actors of a target were found, with the roles they act with. Log groups make no calls.
fn is_known(target: &Target) -> bool {
    let actors_are_read = target.actors.iter().all(|actor| actor.role.is_some());
    let has_actors = !target.actors.is_empty() && target.unfollowed.is_none() && actors_are_read;
    has_actors || service(&target.arn) == "logs"
}

fn service(arn: &str) -> &str {
    arn.split(':').nth(2).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Actor;

    #[test]
    fn the_slowest_target_counts() {
        let check = |targets: &[Target], within: u32, is_known: bool| {
            let expected = Answering { within: Seconds::new(within), is_known };
            assert_eq!(Answering::of(targets), expected, "{targets:?}");
        };
        let target = |arn: &str, actors: Vec<Actor>| Target { actors, ..Target::new("1", arn) };
        let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let queue = "arn:aws:sqs:us-east-1:123456789012:q";
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
        let role = Some("arn:aws:iam::123456789012:role/r");
        let actor = |limit, delay| Actor { time_limit: limit, delay, ..Actor::new(function, role) };
        check(&[], 360, false);
        check(&[target(function, vec![actor(None, None)])], 63, true);
        check(&[target(function, vec![Actor::new(function, None)])], 360, false);
        check(&[target(function, vec![actor(Some(Seconds::new(900)), None)])], 960, true);
        check(&[target(queue, vec![actor(Some(Seconds::new(30)), Some(Seconds::new(600)))])], 690, true);
        check(&[target(queue, vec![])], 360, false);
        check(&[target(function, vec![])], 360, false);
        check(&[target(machine, vec![])], 3_660, false);
        check(
            &[target(machine, vec![Actor::new(machine, role)]), target(function, vec![actor(None, None)])],
            3_660,
            true,
        );
        check(&[target("arn:aws:logs:us-east-1:123456789012:log-group:g", vec![])], 360, true);
    }
}
