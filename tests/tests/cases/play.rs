//! Plays a case: the rules are put into a world in memory, and the real guard handles the events batch by batch.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use budget_guard_core::alerts::AlertJson;
use budget_guard_core::attribution::Home;
use budget_guard_core::model::{RuleArn, RuleDefinition, RuleState, Target, Timestamp};
use budget_guard_core::policy::{Limits, Mode};
use budget_guard_core::ports::{Clock, TrailRecord};
use budget_guard_core::run::Guard;
use budget_guard_tests::memory::World;
use budget_guard_tests::own::own;
use eventbridge_pattern::{Matcher, Pattern, Scratch};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::callers::{is_made_by, is_withheld};
use super::cast::Cast;
use super::folder::{Case, Event, Rule};

/// Time from a call until its event is in the queue.
const DELIVERY: SignedDuration = SignedDuration::from_secs(3);
/// Maximum time that a batch waits for more events. Source: `MaximumBatchingWindowInSeconds` of Lambda (2015-03-31).
const BATCHING_WINDOW: SignedDuration = SignedDuration::from_secs(300);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Time without events after which ticks are less frequent.
const QUIET: SignedDuration = SignedDuration::from_mins(10);
const QUIET_STEP: SignedDuration = SignedDuration::from_mins(15);
/// Duration of the ticks after the last event.
const AFTERWARDS: SignedDuration = SignedDuration::from_mins(10);

/// Outcome for one rule.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Number of distinct firings until the cut, or of all firings.
    pub firings: u64,
    pub cut: Option<Cut>,
    /// Kinds and reasons of the alerts about the rule, in the order of sending.
    pub alerts: Vec<(String, String)>,
}

/// The first cut of a rule.
#[derive(Debug, Clone, Default)]
pub struct Cut {
    pub kind: String,
    pub reason: String,
}

impl Outcome {
    /// Returns true if a suspect, advice or would-trip alert was sent.
    pub fn is_suspect(&self) -> bool {
        self.alerts.iter().any(|(kind, _)| ["suspect", "advice", "would-trip"].contains(&&**kind))
    }

    /// Outcome in one sentence, with the reasons that the guard gave.
    pub fn sentence(&self) -> String {
        let alerts = self.alerts.iter().filter(|(kind, _)| kind != "tripped");
        let alerts = alerts.map(|(kind, reason)| format!("{kind} ({reason})"));
        let alerts = alerts.collect::<Vec<_>>().join(", ");
        match &self.cut {
            Some(cut) => {
                let Cut { kind, reason } = cut;
                format!("cut by {kind} after {} firings ({reason}); {alerts}", self.firings)
            }
            None if alerts.is_empty() => format!("left alone, {} firings", self.firings),
            None => format!("{alerts}; {} firings", self.firings),
        }
    }
}

/// A case in play.
struct Stage<'a> {
    case: &'a Case,
    batch: usize,
    world: World,
    guard: Guard<World>,
    matcher: Matcher,
    /// Rules in the matcher, by index.
    matched: Vec<&'a RuleArn>,
    scratch: Scratch,
    targets: BTreeMap<&'a RuleArn, Vec<Target>>,
    /// Batch under construction, with the arrival time of its first event.
    waiting: Option<(Timestamp, Vec<&'a Event>)>,
    last_event: Timestamp,
    next_tick: Timestamp,
    firings: BTreeMap<&'a RuleArn, u64>,
    /// Number of firings when the rule was first seen disabled.
    cut_after: BTreeMap<&'a RuleArn, u64>,
    problems: Vec<String>,
}

/// Plays the case in batches of this size. Returns the outcomes by rule name, and the problems, one sentence each.
pub fn play(case: &Case, batch: usize) -> (BTreeMap<String, Outcome>, Vec<String>) {
    let (Some(first), Some(rule)) = (case.events.first(), case.rules.first()) else {
        return (BTreeMap::new(), vec!["there are no events, or no rules".to_owned()]);
    };
    let start = first.at - 2 * MINUTE;
    let mut stage = Stage::new(case, batch, start, &rule.arn);
    stage.ticks_until(first.at);
    for event in &case.events {
        stage.take(event);
        if stage.is_over() {
            break;
        }
    }
    stage.deliver();
    let end = stage.world.now() + AFTERWARDS;
    stage.ticks_until(end);
    stage.problems.extend(stage.world.broken_promises());
    let alerts = stage.world.alerts();
    let outcome = |rule: &'_ Rule| (rule.arn.name().to_owned(), stage.outcome(&rule.arn, &alerts));
    (case.rules.iter().map(outcome).collect(), stage.problems)
}

impl<'a> Stage<'a> {
    fn new(case: &'a Case, batch: usize, start: Timestamp, one: &RuleArn) -> Self {
        let cast = Cast::new(case);
        let world = World::new(start);
        let mut problems = cast.problems.clone();
        let (mut patterns, mut matched, mut targets) = (Vec::new(), Vec::new(), BTreeMap::new());
        for rule in &case.rules {
            let behind = cast.targets(rule);
            world.put_rule(&rule.arn, definition(rule, behind.clone()));
            targets.insert(&rule.arn, behind);
            if let Some(count) = case.busiest.get(rule.arn.name()) {
                world.put_history(&rule.arn, history(start, *count));
            }
            match rule.json["EventPattern"].as_str().map(Pattern::compile) {
                Some(Ok(pattern)) => {
                    patterns.push(pattern);
                    matched.push(&rule.arn);
                }
                Some(Err(error)) => problems.push(format!("pattern of {}: {error}", rule.arn.name())),
                None => {}
            }
        }
        for (role, record) in cast.openings(&case.rules) {
            world.put_opening(&role, TrailRecord { at: start, json: record.to_string() });
        }
        let home = Home::new(one.partition(), one.region(), one.account());
        let home = Home { own: own(one.account(), &[]), ..home };
        let limits = Limits::new(Mode::Enforce, "200/60s".parse().expect("a limit"));
        Self {
            case,
            batch,
            guard: Guard::new(world.clone(), home, limits),
            world,
            matcher: Matcher::new(patterns),
            matched,
            scratch: Scratch::default(),
            targets,
            waiting: None,
            last_event: start,
            next_tick: start,
            firings: BTreeMap::new(),
            cut_after: BTreeMap::new(),
            problems,
        }
    }

    /// Handles one event of the case. Drops the event if it was made by an actor of disabled rules only.
    fn take(&mut self, event: &'a Event) {
        if self.is_made_by_a_cut_rule(event) {
            return;
        }
        let at = event.at + DELIVERY;
        self.ticks_until(at);
        if self.waiting.as_ref().is_some_and(|(since, _)| *since + BATCHING_WINDOW <= at) {
            self.deliver();
        }
        self.clock_to(at);
        self.last_event = at;
        let (_, waiting) = self.waiting.get_or_insert_with(|| (at, Vec::new()));
        waiting.push(event);
        if waiting.len() >= self.batch {
            self.deliver();
        }
    }

    fn is_made_by_a_cut_rule(&self, event: &Event) -> bool {
        if self.cut_after.is_empty() {
            return false;
        }
        let is_of = |is_enabled: bool| {
            let rules = self.targets.iter();
            let those = rules.filter(|(rule, _)| {
                self.world.rule_state(rule).is_some_and(RuleState::is_enabled) == is_enabled
            });
            is_made_by(event, those.flat_map(|(_, targets)| targets).flat_map(|target| &target.actors))
        };
        is_of(false) && !is_of(true)
    }

    /// Returns true if every rule that is expected to be cut is cut.
    fn is_over(&self) -> bool {
        let expected = || self.case.expected.iter().filter(|(_, expected)| expected.ends_with_a_cut());
        let is_cut = |name: &str| self.cut_after.keys().any(|rule| rule.name() == name);
        expected().count() > 0 && expected().all(|(name, _)| is_cut(name))
    }

    fn clock_to(&self, then: Timestamp) {
        let now = self.world.now();
        if then > now {
            self.world.advance(then.duration_since(now));
        }
    }

    /// Sends the ticks up to this time: one a minute, and fewer in a long time without events.
    fn ticks_until(&mut self, until: Timestamp) {
        while self.next_tick <= until {
            let at = self.next_tick;
            if self.waiting.as_ref().is_some_and(|(since, _)| *since + BATCHING_WINDOW <= at) {
                self.deliver();
            }
            self.clock_to(at);
            let now = self.world.now();
            let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event", "time": now});
            self.handle(&tick);
            let step = if at > self.last_event + QUIET { QUIET_STEP } else { MINUTE };
            self.next_tick = at + step;
        }
        // The next event restores the usual interval.
        self.next_tick = self.next_tick.min(until + MINUTE);
    }

    fn deliver(&mut self) {
        let Some((_, events)) = self.waiting.take() else { return };
        let record = |(n, event): (usize, &&Event)| json!({"messageId": format!("m-{n}"), "eventSource": "aws:sqs", "body": event.text});
        let records: Vec<Value> = events.iter().enumerate().map(record).collect();
        for event in &events {
            self.count(event);
        }
        self.handle(&json!({ "Records": records }));
    }

    fn count(&mut self, event: &Event) {
        let found = self.matcher.matches(event.text.as_bytes(), &mut self.scratch);
        let numbers: Vec<u32> = found.map(|found| found.matched.to_vec()).unwrap_or_default();
        for rule in numbers.into_iter().map(|n| self.matched[n as usize]) {
            if !self.cut_after.contains_key(rule) && !is_withheld(event) {
                *self.firings.entry(rule).or_default() += 1;
            }
        }
    }

    fn handle(&mut self, payload: &Value) {
        let (reply, summary) = run(self.guard.handle(payload.to_string().as_bytes()));
        match reply.map(|reply| serde_json::to_value(reply).unwrap_or_default()) {
            Ok(reply) if reply["batchItemFailures"].as_array().is_some_and(|failed| !failed.is_empty()) => {
                self.problems.push(format!("messages were given back: {summary:?}"));
            }
            Ok(_) => {}
            Err(error) => self.problems.push(format!("the invocation failed: {error}")),
        }
        for rule in &self.case.rules {
            if self.world.rule_state(&rule.arn) == Some(RuleState::Disabled) {
                let firings = self.firings.get(&rule.arn).copied().unwrap_or_default();
                self.cut_after.entry(&rule.arn).or_insert(firings);
            }
        }
    }

    fn outcome(&self, rule: &RuleArn, alerts: &[AlertJson]) -> Outcome {
        let mine =
            || alerts.iter().filter(|alert| alert.rule.as_ref().is_some_and(|about| about.arn == *rule));
        let cut = mine().find(|alert| alert.kind.as_str() == "tripped").map(|alert| {
            let kind = alert.evidence.as_ref().map(|evidence| serde_json::to_value(evidence.kind));
            let kind = kind.and_then(Result::ok).unwrap_or_default();
            Cut { kind: kind.as_str().unwrap_or("?").to_owned(), reason: alert.reason.clone() }
        });
        // A rule that was disabled without an alert counts as cut.
        let cut = cut.or_else(|| self.cut_after.contains_key(rule).then(Cut::default));
        let firings = self.cut_after.get(rule).or(self.firings.get(rule)).copied().unwrap_or_default();
        let alerts = mine().map(|alert| (alert.kind.as_str().to_owned(), alert.reason.clone())).collect();
        Outcome { firings, cut, alerts }
    }
}

fn definition(rule: &Rule, targets: Vec<Target>) -> RuleDefinition {
    let text = |name: &str| rule.json[name].as_str().map(str::to_owned);
    let state = text("State").and_then(|state| state.parse().ok()).unwrap_or(RuleState::Enabled);
    let mut definition = World::rule(state);
    definition.event_pattern = text("EventPattern");
    definition.schedule_expression = text("ScheduleExpression");
    definition.description = text("Description");
    definition.role_arn = text("RoleArn");
    definition.managed_by = text("ManagedBy");
    definition.targets = targets;
    let tags = [&rule.json["Tags"], &rule.json["tags"]];
    let listed = tags.iter().filter_map(|tags| tags.as_array()).flatten();
    let pair = |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    let mapped = tags.iter().filter_map(|tags| tags.as_object()).flatten();
    let mapped = mapped.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    definition.tags = listed.filter_map(pair).chain(mapped).collect();
    definition
}

/// History with 30 minutes of this count on each of the last 13 days, at the time of day of the start.
fn history(start: Timestamp, busiest: u64) -> impl Iterator<Item = (Timestamp, u64)> {
    let day = move |day: i64| start - SignedDuration::from_hours(24 * day);
    let minutes = move |days: i64| (0..30).map(move |minute| day(days) + SignedDuration::from_mins(minute));
    (1..=13).flat_map(minutes).map(move |at| (at, busiest))
}

/// Polls a future that needs no reactor until it is ready.
fn run<F: Future>(future: F) -> F::Output {
    let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
