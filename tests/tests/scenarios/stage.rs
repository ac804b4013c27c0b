//! Plays a story: its calls become events of the bus, its rules have real patterns and targets, and the real guard
//! handles every event, with the ports in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use budget_guard_core::attribution::Home;
use budget_guard_core::model::{RuleDefinition, RuleState, Target};
use budget_guard_core::policy::{Limits, Mode};
use budget_guard_core::ports::Clock;
use budget_guard_core::run::Guard;
use budget_guard_tests::memory::World;
use budget_guard_tests::own::own;
use serde_json::{Value, json};

use super::cast::{arn, seconds};
use super::events::{NOON, Numbers, event, filled};
use super::language::{Actor, Answer, Call, History, Rule, Story, To};
use super::outcome::Outcome;

/// Maximum number of events, more than any story needs.
const MAX_EVENTS: usize = 200_000;
/// Maximum time that a batch waits for more events. Source: `MaximumBatchingWindowInSeconds` of Lambda (2015-03-31).
const BATCHING_WINDOW: Duration = Duration::from_secs(300);
/// Interval of ticks, and after `QUIET` without an event `QUIET_TICK`.
const TICK: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(600);
const QUIET_TICK: Duration = Duration::from_secs(900);
/// Duration of the ticks after the last event.
const AFTERWARDS: Duration = Duration::from_secs(600);
/// Time for which the guard watches the cut rules after that.
const WATCHED: Duration = Duration::from_secs(8 * 3_600);
/// Pattern of the guard's catch-all rule.
const CATCH_ALL: &str = r#"{"detail-type":[{"suffix":"via CloudTrail"}]}"#;

enum Happening {
    Call {
        who: String,
        call: Call,
    },
    Delivery(String),
    /// The rule with this number is created.
    Made(usize),
    /// A run of the function with this ARN ended after this duration.
    Ran(String, Duration),
}

/// A story in play.
pub(super) struct Stage<'a> {
    pub(super) story: &'a Story,
    batch: usize,
    random: fastrand::Rng,
    pub(super) world: World,
    guard: Guard<World>,
    /// Happenings by time. At one time, immediate deliveries come first, and the rest in the order of addition.
    agenda: BTreeMap<(Duration, bool, u64), Happening>,
    added: u64,
    events: usize,
    /// Batch under construction. Its first event arrived at `waiting_since`.
    waiting: Vec<String>,
    waiting_since: Duration,
    last_event: Duration,
    next_tick: Duration,
    /// Number of firings by rule.
    firings: BTreeMap<String, u64>,
    /// Number of firings when the rule was seen to be cut, or reported as one that would be.
    pub(super) ended: BTreeMap<String, u64>,
    /// Number of requests for each answer, and the resources that it was given on.
    asked: BTreeMap<(String, usize), usize>,
    answered: BTreeSet<(String, usize, String)>,
    /// Times at which actors with a concurrency limit can run again.
    free_at: BTreeMap<String, Duration>,
}

/// Plays the story with batches of this size. `shuffled`: batches are in random order, with every event twice.
pub fn play(story: &Story, batch: usize, shuffled: Option<u64>) -> BTreeMap<String, Outcome> {
    let world = World::new(NOON);
    let home = Home {
        own: own(super::events::ACCOUNT, &["watch"]),
        ..Home::new("aws", "us-east-1", super::events::ACCOUNT)
    };
    let guard =
        Guard::new(world.clone(), home, Limits::new(Mode::Enforce, "200/60s".parse().expect("a limit")));
    let mut stage = Stage {
        story,
        batch: batch.max(story.batch),
        random: fastrand::Rng::with_seed(shuffled.unwrap_or_default()),
        world,
        guard,
        agenda: BTreeMap::new(),
        added: 0,
        events: 0,
        waiting: Vec::new(),
        waiting_since: Duration::ZERO,
        last_event: Duration::ZERO,
        next_tick: Duration::ZERO,
        firings: BTreeMap::new(),
        ended: BTreeMap::new(),
        asked: BTreeMap::new(),
        answered: BTreeSet::new(),
        free_at: BTreeMap::new(),
    };
    stage.begin();
    stage.go_on(shuffled.is_some());
    stage.watch_cuts();
    assert_eq!(stage.world.broken_promises(), Vec::<String>::new(), "{}", story.title);
    story.rules.iter().map(|rule| (rule.name.clone(), stage.outcome(&rule.name))).collect()
}

impl Stage<'_> {
    /// Builds the directory with a tick, and adds the calls of the story.
    fn begin(&mut self) {
        let state = RuleState::EnabledWithAllCloudtrailManagementEvents;
        let queue = format!("arn:aws:sqs:us-east-1:{}:budget-guard-firings", super::events::ACCOUNT);
        let ingest = Target::new("ingest", queue);
        let watch = RuleDefinition { targets: vec![ingest], ..RuleDefinition::new(state, CATCH_ALL) };
        self.world.put_rule(&arn("budget-guard-watch"), watch);
        for (index, rule) in self.story.rules.iter().enumerate() {
            match rule.made_at.is_zero() {
                true => self.make(rule),
                false => self.add(rule.made_at, Happening::Made(index)),
            }
        }
        for actor in &self.story.actors {
            if let Some(longest) = actor.longest {
                self.world.put_run(&actor.arn(), seconds(longest));
            }
        }
        self.ticks_until(Duration::ZERO);
        for scene in &self.story.scenes {
            for n in 0..scene.times {
                let call = filled(&scene.call, Numbers { n, k: 0, resource: "" });
                let at = scene.at + scene.every * u32::try_from(n).expect("a count");
                self.add(at, Happening::Call { who: scene.who.clone(), call });
            }
        }
    }

    /// Lets the guard watch the rules that it cut, until the outcomes of these cuts are known.
    fn watch_cuts(&mut self) {
        if !self.ended.is_empty() {
            self.ticks_until(self.next_tick + WATCHED);
        }
    }

    fn make(&self, rule: &Rule) {
        self.world.put_rule(&arn(&rule.name), rule.definition(self.story));
        if let Some(History { rate, span, ended }) = &rule.history {
            let minutes = |time: &Duration| i64::try_from(time.as_secs() / 60).expect("minutes");
            let minute = |n: i64| NOON - jiff::SignedDuration::from_mins(minutes(ended) + n);
            self.world.put_history(&arn(&rule.name), (1..=minutes(span)).map(|n| (minute(n), *rate)));
        }
    }

    fn add(&mut self, at: Duration, happening: Happening) {
        self.added += 1;
        self.agenda.insert((at, true, self.added), happening);
    }

    fn go_on(&mut self, is_shuffled: bool) {
        while let Some(((at, ..), happening)) = self.agenda.pop_first() {
            if at > self.story.lasts || self.events >= MAX_EVENTS {
                break;
            }
            self.wait_until(at, is_shuffled);
            match happening {
                Happening::Call { who, call } => self.happen(at, &who, &call),
                Happening::Ran(function, took) => self.world.put_run(&function, seconds(took)),
                Happening::Made(index) => {
                    let rule = &self.story.rules[index];
                    self.make(rule);
                    let parameters = vec![("name".to_owned(), rule.name.clone())];
                    let call = Call {
                        service: "events".into(),
                        operation: "PutRule".into(),
                        parameters,
                        ..Call::default()
                    };
                    self.happen(at, "deploy/pipeline", &call);
                }
                Happening::Delivery(body) => {
                    if self.waiting.is_empty() {
                        self.waiting_since = at;
                    }
                    self.waiting.push(body);
                    if self.waiting.len() >= self.batch {
                        self.deliver(is_shuffled);
                    }
                }
            }
        }
        let end = self.last_event + AFTERWARDS;
        self.wait_until(end, is_shuffled);
        self.deliver(is_shuffled);
        self.ticks_until(end + BATCHING_WINDOW);
    }

    /// Moves the time forward, with ticks, and hands over a batch that has waited long enough.
    fn wait_until(&mut self, at: Duration, is_shuffled: bool) {
        let due = self.waiting_since + BATCHING_WINDOW;
        if !self.waiting.is_empty() && due <= at {
            self.ticks_until(due);
            self.clock_to(due);
            self.deliver(is_shuffled);
        }
        self.ticks_until(at);
        self.clock_to(at);
    }

    fn ticks_until(&mut self, until: Duration) {
        while self.next_tick <= until {
            let at = self.next_tick;
            self.clock_to(at);
            let now = self.world.now();
            let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event", "time": now});
            run(self.guard.handle(tick.to_string().as_bytes())).0.expect("a tick");
            self.see_cuts();
            self.next_tick = at + if at > self.last_event + QUIET { QUIET_TICK } else { TICK };
        }
        self.next_tick = self.next_tick.min(until + TICK);
    }

    fn clock_to(&self, at: Duration) {
        let then = NOON + jiff::SignedDuration::try_from(at).expect("a time");
        let now = self.world.now();
        if then > now {
            self.world.advance(then.duration_since(now));
        }
    }

    /// Makes a call. It fires the enabled rules that match it, and their actors answer.
    fn happen(&mut self, at: Duration, who: &str, call: &Call) {
        self.events += 1;
        self.last_event = at;
        let body = event(self.story, self.events, at, who, call).to_string();
        let delivery = &self.story.delivery;
        let (copies, random) =
            (if delivery.twice { 2 } else { 1 }, delivery.disordered_within.as_millis() as u64);
        for _ in 0..copies {
            let delay = delivery.late_by + Duration::from_millis(self.random.u64(0..=random));
            self.added += 1;
            let place = (at + delay, !delay.is_zero(), self.added);
            self.agenda.insert(place, Happening::Delivery(body.clone()));
        }
        for rule in self.story.rules.iter().filter(|rule| rule.is_fired_by(call)) {
            if !self.world.rule_state(&arn(&rule.name)).is_some_and(RuleState::is_enabled) {
                continue;
            }
            *self.firings.entry(rule.name.clone()).or_default() += 1;
            for runs in &rule.runs {
                let actor = self.story.actors.iter().find(|actor| runs.actor.as_ref() == Some(&actor.name));
                let delay = runs.behind.as_ref().map_or(Duration::ZERO, |behind| behind.delay);
                actor.into_iter().for_each(|actor| self.answer(at + delay, actor, who, call));
            }
        }
    }

    fn answer(&mut self, at: Duration, actor: &Actor, who: &str, heard: &Call) {
        let resource = heard.resource.as_deref().unwrap_or_default();
        for (index, answer) in actor.answers.iter().enumerate() {
            if !answer.is_to(actor, who, heard) {
                continue;
            }
            let asked = self.asked.entry((actor.name.clone(), index)).or_default();
            let n = *asked;
            *asked += 1;
            let is_new = self.answered.insert((actor.name.clone(), index, resource.to_owned()));
            let is_over = answer.times.is_some_and(|times| n >= times)
                || answer.every.is_some_and(|every| (n as i64 % every.abs() != 0) == (every > 0))
                || answer.once_per_resource && !is_new;
            if is_over {
                continue;
            }
            let (calls, each) = answer.calls.unwrap_or((1, Duration::ZERO));
            for k in 0..calls {
                let call = filled(&answer.call, Numbers { n, k, resource });
                let ready = at + answer.after + each * u32::try_from(k).expect("a count");
                let at = self.once_free(actor, ready);
                let who = answer.by.clone().unwrap_or_else(|| actor.name.clone());
                self.add(at, Happening::Call { who, call });
            }
            if actor.longest.is_some() {
                let took = answer.after + each * u32::try_from(calls).expect("a count");
                self.add(at + took, Happening::Ran(actor.arn(), took));
            }
        }
    }

    /// Time of a call that is ready at this time, under the concurrency limit.
    fn once_free(&mut self, actor: &Actor, ready: Duration) -> Duration {
        if actor.one_call_each.is_zero() {
            return ready;
        }
        let free = self.free_at.entry(actor.name.clone()).or_default();
        let at = ready.max(*free);
        *free = at + actor.one_call_each;
        at
    }

    fn deliver(&mut self, is_shuffled: bool) {
        let mut bodies = std::mem::take(&mut self.waiting);
        if is_shuffled {
            bodies = [bodies.clone(), bodies].concat();
            self.random.shuffle(&mut bodies);
        }
        if bodies.is_empty() {
            return;
        }
        let record =
            |(n, body)| json!({"messageId": format!("m-{n}"), "eventSource": "aws:sqs", "body": body});
        let records: Vec<Value> = bodies.into_iter().enumerate().map(record).collect();
        let (reply, summary) = run(self.guard.handle(json!({ "Records": records }).to_string().as_bytes()));
        let reply = serde_json::to_value(reply.expect("a reply")).expect("JSON");
        assert_eq!(reply, json!({"batchItemFailures": []}), "{}: {summary:?}", self.story.title);
        self.see_cuts();
    }

    fn see_cuts(&mut self) {
        for rule in &self.story.rules {
            if self.ended.contains_key(&rule.name) {
                continue;
            }
            let is_disabled = self.world.rule_state(&arn(&rule.name)) == Some(RuleState::Disabled);
            let is_observed = rule.tags.iter().any(|(name, value)| name == "mode" && value == "observe");
            if is_disabled || is_observed && self.outcome(&rule.name).would_be_cut_by.is_some() {
                let firings = self.firings(&rule.name);
                self.ended.insert(rule.name.clone(), firings);
            }
        }
    }

    pub(super) fn firings(&self, rule: &str) -> u64 {
        self.firings.get(rule).copied().unwrap_or_default()
    }
}

impl Answer {
    /// Returns true if the actor gives this answer to a call.
    fn is_to(&self, actor: &Actor, who: &str, heard: &Call) -> bool {
        let is_own = || who == actor.name || actor.answers.iter().any(|one| one.by.as_deref() == Some(who));
        self.to.iter().all(|to| match to {
            To::Resource(resource) => heard.resource.as_ref() == Some(resource),
            To::Parameter(name, value) => heard.parameters.contains(&(name.clone(), value.clone())),
            To::Operation(operation) => heard.operation == *operation,
            To::Others => !is_own(),
        })
    }
}

/// Runs a future that waits only for itself.
fn run<F: Future>(future: F) -> F::Output {
    let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
