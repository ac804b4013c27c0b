//! Busy days in memory: many rules that loop or are cut, and calls that take time.

use jiff::SignedDuration;
use serde_json::json;

use budget_guard_core::attribution::Home;
use budget_guard_core::model::{RuleArn, RuleState, Timestamp};
use budget_guard_core::policy::{Limits, Mode};
use budget_guard_core::ports::Clock;
use budget_guard_core::run::{Guard, Summary};

use crate::memory::{Call, World};
use crate::own::own;

const START: Timestamp = Timestamp::constant(1_795_176_000, 0);
/// Interval of ticks.
pub const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// Duration of a call: 50 ms for each request that the adapter makes.
pub fn slow_day(call: Call) -> SignedDuration {
    let requests = match call {
        Call::Inspect => 3,
        Call::Disable => 2,
        _ => 1,
    };
    SignedDuration::from_millis(50) * requests
}

/// The same while DynamoDB throttles: the SDK repeats each request.
pub fn throttled_store(call: Call) -> SignedDuration {
    match call {
        Call::Load | Call::Save | Call::Head | Call::SaveHead | Call::Chunk | Call::SaveChunk => {
            SignedDuration::from_millis(600)
        }
        other => slow_day(other),
    }
}

/// Account with rules, and a guard whose directory has them.
pub struct Busy {
    /// The account.
    pub world: World,
    /// A guard that may cut all rules.
    pub guard: Guard<World>,
    /// The rules.
    pub rules: Vec<RuleArn>,
}

impl Busy {
    /// Rules that are enabled. Three firings trip one.
    pub fn enabled(rules: usize) -> Self {
        let world = World::new(START);
        let name = |n| format!("arn:aws:events:us-east-1:123456789012:rule/rule-{n:05}");
        let rules: Vec<RuleArn> = (0..rules).map(|n| name(n).parse().expect("an ARN")).collect();
        rules.iter().for_each(|rule| world.put_rule(rule, World::rule(RuleState::Enabled)));
        let home = Home { own: own("123456789012", &[]), ..Home::new("aws", "us-east-1", "123456789012") };
        let mut limits = Limits::new(Mode::Enforce, "3/60s".parse().expect("a limit"));
        limits.max_cuts_per_hour = std::num::NonZeroU32::MAX;
        let busy = Self { guard: Guard::new(world.clone(), home, limits), world, rules };
        while busy.world.head_json().is_none_or(|head| head.contains(r#""pass""#)) {
            busy.handle(&tick(), MINUTE);
            busy.world.advance(MINUTE);
        }
        busy
    }

    /// Rules that were cut twenty minutes ago.
    pub fn cut(rules: usize) -> Self {
        let busy = Self::enabled(rules);
        busy.handle(&batch(&busy.firings()), MINUTE * 60);
        let is_cut = |rule| busy.world.rule_state(rule) == Some(RuleState::Disabled);
        assert!(busy.rules.iter().all(is_cut), "all are cut");
        busy.world.advance(MINUTE * 20);
        busy
    }

    /// Handles a payload, which has to end within this time. Returns the ids of messages that go back to the queue, the
    /// summary, and the duration in seconds.
    ///
    /// # Panics
    /// It takes longer.
    pub fn handle(&self, payload: &[u8], within: SignedDuration) -> (Vec<String>, Summary, f64) {
        let began = self.world.now();
        let (reply, summary) = self.world.play(self.guard.handle_by(payload, began + within));
        let took = self.world.now().duration_since(began);
        assert!(took < within, "it took {took:#} of {within:#}");
        let reply = serde_json::to_value(reply.expect("a reply")).expect("JSON");
        let failures = reply["batchItemFailures"].as_array().into_iter().flatten();
        let ids = failures.filter_map(|failure| failure["itemIdentifier"].as_str().map(str::to_owned));
        (ids.collect(), summary, took.as_secs_f64())
    }

    /// A tick, a minute after the one before. Returns its summary and its duration in seconds.
    pub fn tick(&self) -> (Summary, f64) {
        let start = self.world.now();
        let (_, summary, took) = self.handle(&tick(), MINUTE);
        self.world.advance(MINUTE - self.world.now().duration_since(start));
        (summary, took)
    }

    /// Bodies of messages that trip each rule.
    pub fn firings(&self) -> Vec<String> {
        let (now, caller) = (self.world.now(), "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer");
        let firing = |rule: &RuleArn, n: usize| {
            let detail = json!({"eventID": format!("event-{n}"), "userIdentity": {"arn": caller}});
            let event = json!({"id": format!("envelope-{n}"), "time": now, "detail": detail});
            json!({"ruleArn": rule, "event": event}).to_string()
        };
        self.rules.iter().flat_map(|rule| (0..3).map(move |n| firing(rule, n))).collect()
    }

    /// Number of rules whose cut was checked since this time.
    pub fn checked(&self, since: Timestamp) -> usize {
        let next_check = |rule| Some(self.world.record(rule)?.breaker.disabled()?.next_check);
        self.rules.iter().filter(|rule| next_check(rule).is_some_and(|at| at > since)).count()
    }

    /// A change of a tag, as CloudTrail reports it. Returns the write units that it costs.
    pub fn change_tag(&self) -> u64 {
        let rule = &self.rules[self.rules.len() / 2];
        let mut tagged = World::rule(RuleState::Enabled);
        tagged.tags.insert("budget-guard:limit".into(), "20/60s".into());
        self.world.put_rule(rule, tagged);
        let event = json!({
            "version": "0", "id": "tag", "source": "aws.events", "account": "123456789012",
            "time": self.world.now(), "detail-type": "AWS API Call via CloudTrail",
            "detail": {"eventID": "tag", "eventSource": "events.amazonaws.com", "eventName": "TagResource",
                "requestParameters": {"resourceARN": rule}, "userIdentity": {"arn": "ann"}},
        });
        let before = self.world.written();
        self.handle(&batch(&[event.to_string()]), MINUTE);
        self.world.written() - before
    }
}

/// Payload of the tick.
pub fn tick() -> Vec<u8> {
    json!({"source": "aws.events", "detail-type": "Scheduled Event", "time": START}).to_string().into_bytes()
}

/// Payload of the queue. The id of each message is its position.
pub fn batch(bodies: &[String]) -> Vec<u8> {
    let message = |(n, body): (usize, &String)| json!({"messageId": n.to_string(), "eventSource": "aws:sqs", "body": body});
    let records: Vec<_> = bodies.iter().enumerate().map(message).collect();
    json!({ "Records": records }).to_string().into_bytes()
}
