//! The rules of a world and what hangs on them: loops, honest machines, and rules that must never be touched.

use budget_guard_core::history::RateHistory;
use budget_guard_core::model::{Actor, RuleArn, RuleDefinition, RuleState, Target, Timestamp};

use super::Planted;
use super::aws::{Shared, State};
use super::cast;
use super::happenings::{Agenda, Call, Caller, Happening};
use super::wire::{body, deliver};

/// Small, so that a world is small.
pub const LIMIT: &str = "12/60s";

/// What a rule is, and what people may expect of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Somebody's call sets it going, and it does not stop.
    Loop,
    /// Must never be cut.
    Honest,
}

/// What the target of a rule does when the rule fires.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// The rule that its call fires.
    pub fires: usize,
    pub after_ms: i64,
    /// Whether it replies to the calls of other targets as well, or of people only.
    pub to_targets: bool,
}

pub struct Machine {
    pub rule: RuleArn,
    pub nature: Nature,
    pub reply: Option<Reply>,
    /// The guard may cut it.
    pub is_enforced: bool,
    /// The events tell what was called, on what. Of the others only the rate shows anything.
    pub names_resource: bool,
    /// No two calls have the same parameters.
    pub varies: bool,
    /// When people call, on which of its resources, of their own accord.
    pub people: Vec<(i64, usize)>,
    /// When its target calls by itself: by a schedule, or because somebody else wakes it.
    pub by_itself: Vec<i64>,
    /// Number of calls by which its target answers one.
    pub fan_out: usize,
    /// Milliseconds between those calls.
    pub apart_ms: i64,
    /// A rule that hears every call that this one hears.
    pub neighbour: Option<usize>,
    /// How often it has fired each minute for a day.
    pub always: u64,
    /// Every distinct firing: event time in whole seconds, and who fired it.
    pub fired: Vec<(i64, Caller)>,
}

pub struct Machines {
    pub list: Vec<Machine>,
    events: u64,
    /// Deliveries that nobody can read: all of them have to end in the dead-letter queue.
    pub bad_messages: usize,
}

impl Machines {
    pub fn new(seed: u64, shared: &Shared, end: i64) -> Self {
        let mut state = shared.lock();
        let mut list = Vec::new();
        for (machine, edit) in cast::of(seed, &mut state.rng, end) {
            let mut definition = definition(machine.rule.name());
            edit(&mut definition);
            state.add_rule(machine.rule.clone(), definition);
            state.always.insert(machine.rule.clone(), machine.always);
            list.push(machine);
        }
        Self { list, events: 0, bad_messages: 0 }
    }

    /// The calls that people make all along, and the guard's own.
    pub fn schedule(&self, agenda: &mut Agenda, rng: &mut fastrand::Rng, end: i64) {
        for (machine, one) in self.list.iter().enumerate() {
            for (at, thing) in &one.people {
                agenda.add(*at, Happening::Call(Call { machine, by: Caller::Person, thing: *thing }));
            }
            for at in &one.by_itself {
                agenda.add(*at, Happening::Call(Call { machine, by: Caller::Target(machine), thing: 0 }));
            }
            if one.nature == Nature::Honest && !one.names_resource {
                // The guard's own calls, far above the limit: they must not count.
                let from = rng.i64(0..end);
                (0..40).for_each(|n| {
                    let call = Call { machine, by: Caller::Guard, thing: 0 };
                    agenda.add(from + n * 50, Happening::Call(call));
                });
            }
        }
    }

    pub fn kick(&self, shared: &Shared, agenda: &mut Agenda) {
        let now = shared.lock().now;
        for (machine, one) in self.list.iter().enumerate() {
            if one.nature == Nature::Loop {
                agenda.add(now, Happening::Call(Call { machine, by: Caller::Person, thing: 0 }));
            }
        }
    }

    /// An API call: if the rule is really enabled, it fires, the guard is told, and the target reacts.
    pub fn call(&mut self, call: Call, shared: &Shared, agenda: &mut Agenda) {
        if let Some(neighbour) = self.list[call.machine].neighbour {
            self.call(Call { machine: neighbour, ..call }, shared, agenda);
        }
        let mut state = shared.lock();
        if !state.is_firing(&self.list[call.machine].rule) {
            return;
        }
        self.events += 1;
        let now = state.now;
        let id = format!("event-{}", self.events);
        let second = now / 1_000;
        let caller = match call.by {
            Caller::Target(of) => format!("role/{}", self.list[of].rule.name()),
            Caller::Guard => "role/guard".to_owned(),
            Caller::Person if state.planted == Planted::PeopleLikeTargets => {
                format!("role/{}", self.list[call.machine].rule.name())
            }
            Caller::Person => "people/ann".to_owned(),
        };
        let machine = &mut self.list[call.machine];
        if call.by != Caller::Guard {
            machine.fired.push((second, call.by));
        }
        let variation = machine.varies.then_some(self.events);
        let on = machine.names_resource.then_some((call.thing, variation));
        let body = body(&machine.rule, &id, second, &caller, on);
        deliver(&mut state, agenda, &id, body);
        if state.rng.u32(0..200) == 0 {
            self.bad_messages +=
                deliver(&mut state, agenda, &format!("{id}-bad"), "neither JSON nor anything".to_owned());
        }
        // Nothing turns for ever: a world has to end.
        if let Some(reply) = machine.reply
            && (reply.to_targets || call.by == Caller::Person)
            && machine.fired.len() < 150
        {
            let call = Call { machine: reply.fires, by: Caller::Target(call.machine), thing: call.thing };
            for n in 0..machine.fan_out as i64 {
                agenda.add(now + reply.after_ms + n * machine.apart_ms, Happening::Call(call));
            }
        }
    }
}

/// What CloudWatch has seen: honest rules were always as busy as they are; the others are new.
pub fn past(state: &State, rule: &RuleArn, until: Timestamp) -> RateHistory {
    match state.always.get(rule) {
        None | Some(0) => RateHistory::default(),
        Some(rate) => {
            let minutes = (61..24 * 60).map(|m| until - jiff::SignedDuration::from_mins(m));
            RateHistory::new(minutes.map(|minute| (minute, *rate)))
        }
    }
}

fn definition(name: &str) -> RuleDefinition {
    let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    let actor = Actor::new(&function, Some("arn:aws:iam::123456789012:role/role"));
    RuleDefinition {
        state: RuleState::Enabled,
        event_pattern: Some(r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#.to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
        targets: vec![Target { actors: vec![actor], ..Target::new("1", function) }],
        tags: Default::default(),
    }
}
