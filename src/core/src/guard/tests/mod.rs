//! The decision as short stories: what happens to a rule, and what the record and the plan then say.

mod aftermath;
mod attached;
mod attacks;
mod budgets;
mod cure;
mod cut;
mod cut_watch;
mod durations;
mod neighbours;
mod ranking;
mod rate;
mod replay;
mod restore;
mod spend;
mod trial;
mod trial_worlds;
mod turns;
mod withheld;
mod worlds;

use super::*;
use crate::alerts::{AlertJson, AlertKind};
use crate::breaker::{Breaker, Cut};
use crate::model::{Caller, Cause, FaultKind, LEASE, RuleArn, Target};
use crate::policy::Mode;
use crate::record::Outcome;
use crate::verdict::Evidence;
use jiff::SignedDuration;

const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);

fn rule() -> RuleArn {
    "arn:aws:events:us-east-1:123456789012:rule/fix-acl".parse().unwrap()
}

fn limits(mode: Mode, burst: &str) -> Limits {
    // As a tag would set it: most of these stories are not about the rule's history.
    Limits { burst_is_tagged: true, ..Limits::new(mode, burst.parse().unwrap()) }
}

fn firing(n: i64, second: i64) -> Observation<'static> {
    let principal = "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer".into();
    Observation::Firing(Firing {
        rule: rule(),
        event_id: format!("event-{n}").into(),
        at: NOON + SignedDuration::from_secs(second),
        caller: Caller { principal, issued_to: None },
        call: None,
        cause: Cause::Unknown,
    })
}

fn found(state: RuleState) -> RuleDefinition {
    let mut rule =
        RuleDefinition::new(state, r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:fixer".to_owned();
    let mut target = Target::new("1", arn);
    let role = "arn:aws:iam::123456789012:role/fixer-role";
    target.actors = vec![crate::model::Actor::new(&target.arn, Some(role))];
    target.code_sha256 = Some("abc".to_owned());
    rule.targets.push(target);
    rule
}

fn inspected(found: RuleDefinition) -> Observation<'static> {
    Observation::Answer(Answer::Inspected(Ok(Box::new(found))))
}

/// A rule, its limits, and the clock; each call is one step.
struct Story {
    limits: Limits,
    record: Record,
    now: Timestamp,
}

impl Story {
    fn new(mode: Mode, burst: &str) -> Self {
        let limits = limits(mode, burst);
        Self { record: Record::new(rule(), limits.burst), limits, now: NOON }
    }

    fn step(&mut self, observations: &[Observation<'_>]) -> Plan {
        let (record, plan) = step(&self.limits, self.record.clone(), observations, self.now);
        self.record = record;
        plan
    }

    fn later(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    /// Three firings of a rule that takes three.
    fn tripped(mode: Mode) -> (Self, Plan) {
        let mut story = Self::new(mode, "3/60s");
        let plan = story.step(&[firing(1, 0), firing(2, 0), firing(3, 0)]);
        (story, plan)
    }

    fn cut() -> Self {
        let (mut story, _) = Self::tripped(Mode::Enforce);
        story.step(&[inspected(found(RuleState::Enabled))]);
        story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
        story.publish();
        story
    }

    /// Cut because its own target made the same call again and again.
    fn proved() -> Self {
        let mut story = Self::new(Mode::Enforce, "200/60s");
        turns::known(&mut story);
        story.later(3_600).step(&turns::loop_of_equal_calls(8));
        story.step(&[inspected(found(RuleState::Enabled))]);
        story.step(&[Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))]);
        story.publish();
        story
    }

    /// Put back at noon.
    fn restored() -> Self {
        let mut story = Self::cut();
        story.step(&[Observation::Order(ENABLE)]);
        story.step(&[
            Observation::Attended(ENABLE),
            restored(found(RuleState::Disabled), found(RuleState::Enabled)),
        ]);
        story.publish();
        story
    }

    /// Publishes all that waits, and returns it as subscribers read it.
    fn publish(&mut self) -> Vec<AlertJson> {
        let mut published = Vec::new();
        loop {
            let Some(alert) = self.record.outbox.alerts().next().cloned() else { return published };
            published.push(AlertJson::of(&alert));
            let answer = Answer::Published { key: Box::new(alert.key), result: Ok(()) };
            self.step(&[Observation::Answer(answer)]);
        }
    }
}

fn restored(before: RuleDefinition, after: RuleDefinition) -> Observation<'static> {
    Observation::Answer(Answer::Restored(Ok(Box::new(Restoration { before, after }))))
}

const ENABLE: Order = Order::Enable { force: true };
