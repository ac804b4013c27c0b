//! Actors behind a rule's targets: whether all are known, and the longest time in which they answer a firing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Actor, Arn, Millis, Seconds, Target};

/// Time allowed for the delivery of an event to a target. CloudTrail delivers most events within a minute.
pub const DELIVERY: Seconds = Seconds::new(60);
/// Time limit of a function that sets none, in seconds. Source: "Configure Lambda function timeout" (AWS Lambda
/// developer guide).
const FUNCTION_DEFAULT: u32 = 3;
/// Time limit assumed for a function whose configuration could not be read, in seconds.
const FUNCTION_UNREAD: u32 = 5 * 60;
/// Time limit assumed for state machines, containers, builds and jobs that set none, in seconds.
const JOB_UNREAD: u32 = 60 * 60;

/// Actors and answer time of one rule's targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    /// Maximum time between a firing and the call that answers it: delivery, queue delay and time limit.
    pub within: Seconds,
    /// True if the actors of every target are known.
    pub is_known: bool,
    /// Actors by the longest run, longest first.
    pub actors: Vec<ActorTime>,
    /// True if the only target starts one container per event, and there is no other actor.
    pub starts_one_task: bool,
}

/// Time limits of one actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorTime {
    /// ARN of the actor, without version or alias.
    pub arn: String,
    /// Maximum time of one run.
    pub limit: Seconds,
    /// Maximum time that the event waits before the run starts.
    pub delay: Seconds,
}

/// Longest run observed per function, by ARN.
pub type Durations = BTreeMap<String, Seconds>;

/// Mean duration of the latest runs per function, by ARN.
pub type MeanDurations = BTreeMap<String, Millis>;

impl Answering {
    /// Value for targets that have not been read.
    pub const UNKNOWN: Self = Self {
        within: Seconds::new(DELIVERY.get() + FUNCTION_UNREAD),
        is_known: false,
        actors: Vec::new(),
        starts_one_task: false,
    };
    /// Maximum number of functions per rule whose durations are requested.
    pub const MAX_FUNCTIONS: usize = 16;

    /// Derives the answer time from the targets and their actors. The slowest target counts.
    pub fn of(targets: &[Target]) -> Self {
        let mut actors: Vec<ActorTime> =
            targets.iter().flat_map(|target| &target.actors).map(ActorTime::of).collect();
        actors.sort_by_key(|actor| Reverse(actor.longest()));
        let unread = targets.iter().filter(|target| target.actors.is_empty()).filter_map(unread);
        let limit = actors.first().map(ActorTime::longest).into_iter().chain(unread).max();
        let is_known = !targets.is_empty() && targets.iter().all(is_known);
        let starts_one_task = is_known && matches!(targets, [target] if starts_one_task(target));
        Self { within: after_delivery(limit.unwrap_or(FUNCTION_UNREAD)), is_known, actors, starts_one_task }
    }

    /// Returns true if functions are the only actors, and no queue or stream lies before them.
    pub fn is_functions_alone(&self) -> bool {
        self.actors.iter().all(|actor| Arn::service_of(&actor.arn) == "lambda" && actor.delay.get() == 0)
    }

    /// Maximum time of one run of a target, in seconds.
    pub fn time_limit(&self) -> i64 {
        i64::from(self.within.get()).saturating_sub(i64::from(DELIVERY.get())).max(1)
    }

    /// ARNs of the functions whose durations can shorten the answer time: those slower than every other actor of the
    /// rule, at most [`Self::MAX_FUNCTIONS`]. Empty unless all actors are known.
    pub fn functions(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let slowest = self.actors.iter().filter(|_| self.is_known).map(|actor| &actor.arn);
        let functions =
            slowest.take_while(|arn| Arn::service_of(arn) == "lambda").filter(|arn| seen.insert(*arn));
        functions.take(Self::MAX_FUNCTIONS).cloned().collect()
    }

    /// Returns the answer time by the durations observed. A function is allowed twice its longest duration, and at most
    /// its limit. An actor without a duration keeps its limit.
    ///
    /// A timeout of 15 minutes hides that a function takes 2 s. The factor of two allows for a run that is slower than
    /// all before.
    pub fn within_by(&self, longest: &Durations) -> Seconds {
        let times = self.actors.iter().map(|actor| actor.longest_by(longest.get(&actor.arn)));
        match times.max() {
            Some(time) if self.is_known => after_delivery(time).min(self.within),
            _ => self.within,
        }
    }
}

impl ActorTime {
    fn of(actor: &Actor) -> Self {
        let unread = || match (Arn::service_of(&actor.arn), &actor.role) {
            ("lambda", Some(_)) => FUNCTION_DEFAULT,
            ("lambda", None) => FUNCTION_UNREAD,
            _ => JOB_UNREAD,
        };
        Self {
            arn: actor.arn.clone(),
            limit: actor.time_limit.unwrap_or_else(|| Seconds::new(unread())),
            delay: actor.delay.unwrap_or(Seconds::new(0)),
        }
    }

    /// Seconds from delivery to the last call of the run.
    fn longest(&self) -> u32 {
        self.limit.get().saturating_add(self.delay.get())
    }

    /// Same by the longest run observed, if there is one.
    fn longest_by(&self, seen: Option<&Seconds>) -> u32 {
        let limit =
            seen.map_or(self.limit.get(), |seen| seen.get().saturating_mul(2).max(1).min(self.limit.get()));
        limit.saturating_add(self.delay.get())
    }
}

fn after_delivery(seconds: u32) -> Seconds {
    Seconds::new(DELIVERY.get().saturating_add(seconds))
}

/// Time limit assumed for a target without a known actor, in seconds. `None` for targets that run nothing themselves.
fn unread(target: &Target) -> Option<u32> {
    match Arn::service_of(&target.arn) {
        "lambda" => Some(FUNCTION_UNREAD),
        "states" | "ecs" | "codebuild" | "batch" | "glue" | "ssm" | "codepipeline" => Some(JOB_UNREAD),
        _ => None,
    }
}

/// Returns true if all actors of a target were found, with their roles. Log groups make no calls.
fn is_known(target: &Target) -> bool {
    let actors_are_read = target.actors.iter().all(|actor| actor.role.is_some());
    let has_actors = !target.actors.is_empty() && target.unresolved_reason.is_none() && actors_are_read;
    has_actors || Arn::service_of(&target.arn) == "logs"
}

/// Returns true for an ECS task that is started once per event.
fn starts_one_task(target: &Target) -> bool {
    matches!(&target.actors[..], [actor] if Arn::service_of(&actor.arn) == "ecs" && actor.tasks.is_none())
        && Arn::service_of(&target.arn) == "ecs"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_target_counts() {
        let check = |targets: &[Target], within: u32, is_known: bool| {
            let answering = Answering::of(targets);
            let seen = (answering.within.get(), answering.is_known);
            assert_eq!(seen, (within, is_known), "{targets:?}");
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

    fn function(name: &str) -> String {
        format!("arn:aws:lambda:us-east-1:123456789012:function:{name}")
    }

    /// Targets with one actor each: service or function, time limit, and delay in seconds.
    fn answering(actors: &[(&str, u32, u32)]) -> Answering {
        let target = |(name, limit, delay): &(&str, u32, u32)| {
            let arn = match *name {
                "machine" => "arn:aws:states:us-east-1:123456789012:stateMachine:m".to_owned(),
                name => function(name),
            };
            let role = (*name != "unread").then_some("arn:aws:iam::123456789012:role/r");
            let actor = Actor {
                time_limit: Some(Seconds::new(*limit)),
                delay: Some(Seconds::new(*delay)),
                ..Actor::new(&arn, role)
            };
            Target { actors: vec![actor], ..Target::new("1", arn) }
        };
        Answering::of(&actors.iter().map(target).collect::<Vec<_>>())
    }

    #[test]
    fn the_longest_duration_shortens_the_answer_time() {
        let check = |actors: &[(&str, u32, u32)], seen: &[(&str, u32)], expected: u32| {
            let longest = seen.iter().map(|(name, seconds)| (function(name), Seconds::new(*seconds)));
            let within = answering(actors).within_by(&longest.collect());
            assert_eq!(within.get(), expected, "{actors:?} {seen:?}");
        };
        check(&[("a", 900, 0)], &[("a", 2)], 64);
        check(&[("a", 900, 0)], &[("a", 0)], 61);
        check(&[("a", 900, 30)], &[("a", 2)], 94);
        // Never above the time limit.
        check(&[("a", 900, 0)], &[("a", 451)], 960);
        check(&[("a", 900, 0)], &[("a", u32::MAX)], 960);
        check(&[("a", 3, 0)], &[("a", 2)], 63);
        // A function without a duration keeps its limit, and the slowest counts.
        check(&[("a", 900, 0)], &[], 960);
        check(&[("a", 900, 0)], &[("b", 2)], 960);
        check(&[("a", 900, 0), ("b", 30, 0)], &[("a", 2)], 90);
        check(&[("a", 900, 0), ("b", 600, 0)], &[("a", 2), ("b", 5)], 70);
        check(&[("a", 900, 0), ("machine", 600, 0)], &[("a", 2)], 660);
        check(&[("a", 900, 0), ("unread", 30, 0)], &[("a", 2)], 960);
        check(&[], &[("a", 2)], 360);
    }

    #[test]
    fn only_functions_are_asked_for_that_can_shorten_it() {
        let check = |actors: &[(&str, u32, u32)], expected: &[&str]| {
            let expected: Vec<String> = expected.iter().map(|name| function(name)).collect();
            assert_eq!(answering(actors).functions(), expected, "{actors:?}");
        };
        check(&[("a", 3, 0), ("b", 900, 0), ("b", 900, 0)], &["b", "a"]);
        check(&[("a", 30, 0), ("machine", 600, 0), ("b", 900, 0)], &["b"]);
        check(&[("machine", 3_600, 0), ("b", 900, 0)], &[]);
        check(&[("a", 900, 0), ("unread", 300, 0)], &[]);
        check(&[], &[]);
        let many: Vec<String> = (0..40).map(|n| format!("f{n}")).collect();
        let many: Vec<(&str, u32, u32)> = many.iter().map(|name| (name.as_str(), 900, 0)).collect();
        assert_eq!(answering(&many).functions().len(), Answering::MAX_FUNCTIONS);
    }
}
