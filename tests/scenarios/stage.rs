//! Plays a story: its calls become events of the bus, its rules have real patterns and targets, and the real guard
//! handles every event, with the ports in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use budget_guard::actions::AlertKind;
use budget_guard::attribution::Home;
use budget_guard::model::{Actor as Acting, RuleArn, RuleDefinition, RuleState, Target};
use budget_guard::policy::{Limits, Mode};
use budget_guard::run::Guard;
use budget_guard::testing::World;
use budget_guard::verdict::EvidenceKind;
use serde_json::{Value, json};

use super::events::{ACCOUNT, NOON, event, filled};
use super::language::{Actor, Answer, Call, Rule, Story};

/// More events than any story needs before its loops are cut.
const MAX_EVENTS: usize = 200_000;

/// What became of one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Distinct firings until the cut was seen, or all of them; of a loop on one resource, those on that one.
    pub firings: u64,
    /// The kind of evidence it was cut by.
    pub cut_by: Option<String>,
    /// … or would have been, in observe mode.
    pub would_be_cut_by: Option<String>,
    pub suspects: usize,
}

enum Happening {
    Call { who: String, call: Call },
    Delivery(String),
}

/// A story in play.
struct Stage<'a> {
    story: &'a Story,
    batch: usize,
    random: fastrand::Rng,
    world: World,
    guard: Guard<World>,
    /// By time; at one moment, what is delivered at once comes first, then the rest in the order it was added.
    agenda: BTreeMap<(Duration, bool, u64), Happening>,
    added: u64,
    events: usize,
    waiting: Vec<String>,
    /// By rule and resource.
    firings: BTreeMap<(String, String), u64>,
    /// Firings so far when the rule was seen to be cut, or reported as one that would be.
    ended: BTreeMap<String, u64>,
    /// How often each answer was asked for, and which resources it was given on.
    asked: BTreeMap<(String, usize), usize>,
    answered: BTreeSet<(String, usize, String)>,
}

/// Plays the story, the guard getting its events so many at a time. `shuffled`: in any order within a batch, each twice.
pub fn play(story: &Story, batch: usize, shuffled: Option<u64>) -> BTreeMap<String, Outcome> {
    let world = World::new(NOON);
    for rule in &story.rules {
        world.put_rule(&arn(&rule.name), definition(story, rule));
        if let Some((rate, span)) = rule.history {
            let minutes = i64::try_from(span.as_secs() / 60).expect("minutes");
            let minute = |n: i64| NOON - jiff::SignedDuration::from_mins(60 + n);
            world.put_history(&arn(&rule.name), (1..=minutes).map(|n| (minute(n), rate)));
        }
    }
    let home =
        Home { function: Some("budget-guard-ingest".into()), ..Home::new("aws", "us-east-1", ACCOUNT) };
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
        firings: BTreeMap::new(),
        ended: BTreeMap::new(),
        asked: BTreeMap::new(),
        answered: BTreeSet::new(),
    };
    stage.begin();
    stage.go_on(shuffled.is_some());
    assert_eq!(stage.world.broken_promises(), Vec::<String>::new(), "{}", story.title);
    story.rules.iter().map(|rule| (rule.name.clone(), stage.outcome(&rule.name))).collect()
}

impl Stage<'_> {
    /// The tick builds the directory; then the calls that are in the story.
    fn begin(&mut self) {
        let tick =
            json!({"source": "aws.events", "detail-type": "Scheduled Event", "time": NOON}).to_string();
        run(self.guard.handle(tick.as_bytes())).0.expect("a tick");
        for scene in &self.story.scenes {
            for n in 0..scene.times {
                let call = filled(&scene.call, n, "");
                let at = scene.at + scene.every * u32::try_from(n).expect("a count");
                self.add(at, Happening::Call { who: scene.who.clone(), call });
            }
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
            self.clock_to(at);
            match happening {
                Happening::Call { who, call } => self.happen(at, &who, &call),
                Happening::Delivery(body) => {
                    self.waiting.push(body);
                    if self.waiting.len() >= self.batch {
                        self.deliver(is_shuffled);
                    }
                }
            }
        }
        self.deliver(is_shuffled);
    }

    fn clock_to(&self, at: Duration) {
        let then = NOON + jiff::SignedDuration::try_from(at).expect("a time");
        let now = budget_guard::ports::Clock::now(&self.world);
        if then > now {
            self.world.advance(then.duration_since(now));
        }
    }

    /// A call is made: it fires the rules that take it and are enabled, and whoever they run answers.
    fn happen(&mut self, at: Duration, who: &str, call: &Call) {
        self.events += 1;
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
            let resource = call.resource.clone().unwrap_or_default();
            *self.firings.entry((rule.name.clone(), resource)).or_default() += 1;
            for (name, _) in &rule.runs {
                let actor = self.story.actors.iter().find(|actor| actor.name == *name);
                actor.into_iter().for_each(|actor| self.answer(at, actor, call));
            }
        }
    }

    fn answer(&mut self, at: Duration, actor: &Actor, heard: &Call) {
        let resource = heard.resource.as_deref().unwrap_or_default();
        let is_meant = |answer: &Answer| {
            answer.about.as_deref().is_none_or(|about| about == resource)
                && answer.to.as_ref().is_none_or(|to| heard.parameters.contains(to))
        };
        for (index, answer) in actor.answers.iter().enumerate().filter(|(_, answer)| is_meant(answer)) {
            let asked = self.asked.entry((actor.name.clone(), index)).or_default();
            let (n, Answer { times, every_second_time, .. }) = (*asked, answer);
            *asked += 1;
            let is_new = self.answered.insert((actor.name.clone(), index, resource.to_owned()));
            let is_over = times.is_some_and(|times| n >= times)
                || *every_second_time && n % 2 == 1
                || answer.once_per_resource && !is_new;
            if !is_over {
                let call = filled(&answer.call, n, resource);
                self.add(at + answer.after, Happening::Call { who: actor.name.clone(), call });
            }
        }
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
        for rule in &self.story.rules {
            let is_over = |name: &str| {
                let outcome = self.outcome(name);
                outcome.cut_by.or(outcome.would_be_cut_by).is_some()
            };
            if !self.ended.contains_key(&rule.name) && is_over(&rule.name) {
                let firings = self.firings(&rule.name);
                self.ended.insert(rule.name.clone(), firings);
            }
        }
    }

    /// The firings of a rule: if it was cut for what it does to one resource, those on that one.
    fn firings(&self, name: &str) -> u64 {
        let record = self.world.record(&arn(name));
        let trip = record.and_then(|record| record.last_trip);
        let looping = trip.and_then(|trip| trip.evidence.echo).map(|echo| echo.resource);
        let mine = || self.firings.iter().filter(|((rule, _), _)| rule == name);
        let on_that = mine().find(|((_, resource), _)| looping.as_ref() == Some(resource));
        on_that.map_or_else(|| mine().map(|(_, count)| count).sum(), |(_, count)| *count)
    }

    fn outcome(&self, name: &str) -> Outcome {
        let rule = arn(name);
        let alerts = self.world.alerts();
        let mine = || alerts.iter().filter(|alert| alert.rule.arn == rule);
        let by = |kind: AlertKind| {
            let alert = mine().find(|alert| alert.kind == kind)?;
            let evidence = alert.evidence.as_ref()?;
            let is_cycle = evidence.echo.as_ref().is_some_and(|echo| !echo.cycle.is_empty());
            Some(match evidence.kind {
                EvidenceKind::Echo if is_cycle => "cycle".to_owned(),
                EvidenceKind::Echo => "echo".to_owned(),
                EvidenceKind::Burst => "burst".to_owned(),
                other => format!("{other:?}"),
            })
        };
        let is_disabled = self.world.rule_state(&rule) == Some(RuleState::Disabled);
        assert_eq!(is_disabled, by(AlertKind::Tripped).is_some(), "{}: {name}", self.story.title);
        Outcome {
            firings: self.ended.get(name).copied().unwrap_or_else(|| self.firings(name)),
            cut_by: by(AlertKind::Tripped),
            would_be_cut_by: by(AlertKind::WouldTrip),
            suspects: mine().filter(|alert| alert.kind == AlertKind::Suspect).count(),
        }
    }
}

impl Rule {
    fn is_fired_by(&self, call: &Call) -> bool {
        let takes = |name: &String| match name.strip_suffix('*') {
            Some(prefix) => call.operation.starts_with(prefix),
            None => call.operation == *name,
        };
        self.service.as_ref().is_none_or(|service| *service == call.service)
            && (self.operations.is_empty() || self.operations.iter().any(takes))
    }

    fn pattern(&self) -> String {
        let kind = json!(["AWS API Call via CloudTrail"]);
        let Some(service) = &self.service else { return json!({"detail-type": kind}).to_string() };
        let source = json!([format!("aws.{service}")]);
        if self.operations.is_empty() {
            return json!({"source": source, "detail-type": kind}).to_string();
        }
        let name = |name: &String| match name.strip_suffix('*') {
            Some(prefix) => json!({"prefix": prefix}),
            None => json!(name),
        };
        let names: Vec<Value> = self.operations.iter().map(name).collect();
        json!({"source": source, "detail-type": kind, "detail": {"eventName": names}}).to_string()
    }
}

impl Actor {
    fn arn(&self) -> String {
        match self.is_workflow {
            true => format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{}", self.name),
            false => format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{}", self.name),
        }
    }

    fn role_arn(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:role/{}", self.role)
    }
}

pub fn arn(rule: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/{rule}").parse().expect("an ARN")
}

fn definition(story: &Story, rule: &Rule) -> RuleDefinition {
    let mut definition = World::rule(RuleState::Enabled);
    definition.event_pattern = Some(rule.pattern());
    for (name, queue) in &rule.runs {
        let actor = story.actors.iter().find(|actor| actor.name == *name);
        let actor = actor.unwrap_or_else(|| panic!("{}: nobody is called {name}", story.title));
        let acting = Acting::new(&actor.arn(), Some(&actor.role_arn()));
        let mut target = Target::new(name.clone(), actor.arn());
        if let Some(queue) = queue {
            target.arn = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}");
            target.actors = vec![acting.through(&target.arn)];
        } else {
            target.actors = vec![acting];
        }
        definition.targets.push(target);
    }
    let tag = |(name, value): &(String, String)| (format!("budget-guard:{name}"), value.clone());
    definition.tags = rule.tags.iter().map(tag).collect();
    definition
}

/// Runs a future that waits for nobody but itself.
fn run<F: Future>(future: F) -> F::Output {
    let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
